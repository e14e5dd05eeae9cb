"""Scores against the number of steps, ours and Study A's: its Table 4 and Figure 4, for every network and protocol."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
from pandas.io.formats.style import Styler

from igstudy.evidence.papers import METHODS, METRICS, alike, by_network, study_a, table
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables.beside import NOTHING, SIDES, Cells, averages, changes, shown, text
from igstudy.evidence.tables.quality import choose

PAPERS_NETWORK = "InceptionV3"  # of Table 4 and Figure 4
Sweep = Mapping[
    str, tuple[list[str], list[float] | list[Estimate]]
]  # by method: step counts as words, equally far apart, and scores


def paper_scores(metric: str, variant: str) -> pd.DataFrame:
    """A metric of Study A's Tables 1–3 and 6–17: the paper's network and our method a row, a step count a column."""
    rows = pd.concat([table("study-a", number) for number in (*range(1, 4), *range(6, 18))])
    rows = rows[[METRICS[name] == (metric, variant) for name in rows["metric"]]]
    rows = rows.assign(network=rows["model"], method=rows["method"].map(METHODS), steps=rows["steps"].astype(int))
    order = pd.MultiIndex.from_frame(rows[["network", "method"]].drop_duplicates())  # as printed
    return rows.pivot(index=["network", "method"], columns="steps", values="value").loc[order]


def paper_changes(metric: str, variant: str, *, steps: tuple[int, int]) -> dict[str, dict[str, float]]:
    """What the paper's methods gain from the first step count to the second, by its network and our method."""
    scores = paper_scores(metric, variant)
    return by_network(scores[steps[1]].sub(scores[steps[0]]).dropna().reset_index(name="value"))


def paper_sweep(network: str, metric: str, variant: str) -> Sweep:
    """One metric of one of the paper's networks; its values have no intervals."""
    lines = {method: line.dropna() for method, line in paper_scores(metric, variant).xs(network).iterrows()}
    return {str(method): (list(map(str, line.index)), list(line)) for method, line in lines.items()}


def sweep(rows: pd.DataFrame, *, network: str, methods: Sequence[str], **choice: str) -> Sweep:
    """One metric of one network against its step counts; `choice` is that of `averages`."""
    own = choose(rows, methods=methods, network=network, **choice)
    found: dict[str, tuple[list[str], list[Estimate]]] = {}
    for n in sorted(set(own["steps"]) - {0}):
        for cells in averages(own, steps=n, better="neither", methods=methods, **choice):
            for method, estimate in cells.estimates.items():
                steps, estimates = found.setdefault(method, ([], []))
                steps.append(str(n))
                estimates.append(estimate)
    return dict(found)


def like_papers(rows: pd.DataFrame) -> str:
    """Of the networks with the most step counts the one beside the paper's of Table 4, or the first.

    "" where no network was walked at two.
    """
    counts = rows[rows["steps"] > 0].groupby("network", sort=False)["steps"].nunique()
    networks = list(map(str, counts.index[(counts > 1) & (counts == counts.max())]))
    return next((name for name in networks if PAPERS_NETWORK in alike(name)), networks[0] if networks else "")


def table_4(
    rows: pd.DataFrame, columns: Mapping[str, tuple[str, str]], *, network: str, caption: str, **options: Any
) -> Styler:
    """Step sensitivity in the paper's form: methods down, each as the paper and as we measure it, metrics across.

    `columns` are metrics with their variants, by the words at their head, and `options` the methods and the two step
    counts of `changes`.
    """
    change_of, lines = partial(changes, rows[rows["network"] == network], **options), []
    ways = {
        (kind, name): change_of(protocol=protocol, sign=sign, metric=metric, variant=variant)
        for kind, (protocol, sign) in SIDES.items()
        for name, (metric, variant) in columns.items()
    }
    paper = {name: study_a(4, *column)[PAPERS_NETWORK] for name, column in columns.items()}
    for method in options["methods"]:
        printed = {name: f"{values[method]:.3f}" for name, values in paper.items() if method in values}
        lines.append({"method": method, "by": f"paper, {PAPERS_NETWORK}", "n": "–"} | printed)
        for kind in SIDES:
            found = {name: cells[0] for (which, name), cells in ways.items() if which == kind and cells}
            texts = {name: text(each.estimates[method]) for name, each in found.items() if method in each.estimates}
            if texts:
                n = sorted({each.n for each in found.values()})
                lines.append({"method": method, "by": kind, "n": "–".join(map(str, (n[0], n[-1])[: len(n)]))} | texts)
    caption = caption if any(ways.values()) else f"{caption} {NOTHING}"
    return pd.DataFrame(lines).fillna("–").style.hide(axis="index").set_caption(caption)


def late_table(rows: pd.DataFrame, *, steps: int, caption: str) -> Styler:
    """What comes late on the straight and the blurred path, network by network, medians over images.

    The last of `steps` segments' share of the score's change and of the right sum's map, and the share of the path's
    length in its last tenth.
    """
    found: dict[str, Cells] = {}
    medians = partial(averages, rows, protocol="igpaths", sign="signed", better="neither", statistic="median")
    for head, metric, variant, which, n in (
        ("of the score", "last segment", "score", ", right sum", steps),
        ("of the map", "last segment", "map", ", right sum", steps),
        ("of the way", "late movement", "", "", "finest"),
    ):
        for path in ("IG", "Blur IG"):
            for each in medians(metric=metric, variant=variant, methods=(path + which,), steps=n):
                cells = found.setdefault(each.network, Cells(each.network, each.n, {}, ""))
                cells.estimates[f"{head}, {path}"] = each.estimates[path + which]
    return shown(list(found.values()), caption=caption, digits=2)


def progress(rows: pd.DataFrame) -> dict[str, dict[str, tuple[list[float], list[float]]]]:
    """How far the score has come along each path at its finest step count, the median over images.

    By path and network, the share of the segments behind and that of the change F(x) − F(x'). The rows are of the
    store, with the curves of "score change", of paths from x' to x.
    """
    walked = rows[rows["metric"] == "score change"]
    walked = walked[walked["steps"] == walked["steps"].max()]
    found: dict[str, dict[str, tuple[list[float], list[float]]]] = {}
    for (path, network), own in walked.groupby(["path", "network"], sort=False):
        shares = pd.DataFrame([(curve - curve[0]) / (curve[-1] - curve[0]) for curve in own["curve"]]).median()
        behind = [j / (len(shares) - 1) for j in range(len(shares))]
        found.setdefault(str(path), {})[str(network)] = behind, list(shares)
    return found
