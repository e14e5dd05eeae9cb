"""Scores against the number of steps, ours and Study A's, for every network and protocol; how many steps are enough.

The paper's are its Table 4 and Figure 4.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any

import pandas as pd
from pandas.io.formats.style import Styler

from igpaths.texts import amount
from igstudy.evidence import kinds
from igstudy.evidence.papers import METHODS, METRICS, alike, by_network, study_a, table
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables.beside import NOTHING, SIDES, Cells, averages, changes, out_of, shown, text
from igstudy.evidence.tables.choosing import QUESTIONS, answer
from igstudy.evidence.tables.quality import by_image, choose

PAPERS_NETWORK = "InceptionV3"  # of Table 4 and Figure 4
CLOSE = 0.05  # a share within which a score, or a sum, is near enough to its limit
OF_ONE_IMAGE = next(question for question in QUESTIONS if question.metric == "steps to 95 %")
ON = {**kinds.WORDS, kinds.CONTROL: kinds.CONTROL, kinds.OTHER: "other networks"}  # kinds of network in a sentence
Needed = Mapping[str, Mapping[str, float]]  # steps by method and network
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
    measured = [each for cells in ways.values() for each in cells]
    caption = " ".join([caption, *out_of(measured)]) if measured else f"{caption} {NOTHING}"
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
                cells = found.setdefault(each.network, Cells(each.network, each.n, {}, "", each.left_out))
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


def in_common(found: pd.DataFrame) -> pd.DataFrame:
    """The networks that have both ends of the longest sweep, at the step counts that all of these have.

    A median over networks is then of the same ones at every step count. Networks are down, step counts across, and what
    was not measured is NaN.
    """
    measured = [[int(n) for n in line.dropna().index] for _, line in found.iterrows()]
    spans = [(min(own), max(own)) for own in measured if own]
    if not spans:
        return found.iloc[:0, :0]
    longest = max(spans, key=lambda span: (span[1] / span[0], spans.count(span)))
    return found[found[list(longest)].notna().all(axis=1)].dropna(axis=1)


def enough_for_score(rows: pd.DataFrame, *, methods: Sequence[str], **choice: str) -> dict[str, dict[str, float]]:
    """The fewest steps from which on a method's average stays `CLOSE` to its finest one, by method and network.

    Networks are those with the longest sweep of their kind, and images those that count at all of a network's step
    counts; `choice` is that of `averages`. The finest count itself says that no coarser one is enough.
    """

    def close(table: pd.DataFrame) -> pd.Series:
        scores = table.mean()
        return (scores - scores.iloc[-1]).abs() <= CLOSE * abs(scores.iloc[-1])

    return _enough(choose(rows, methods=methods, **choice), methods, close)


def enough_for_sum(rows: pd.DataFrame, *, methods: Sequence[str]) -> dict[str, dict[str, float]]:
    """As `enough_for_score`, of the median |completeness gap| as a share of the change of score; infinite if none."""
    own = choose(rows, methods=methods, protocol="igpaths", metric="completeness gap", variant="", sign="signed")
    change = rows.loc[rows["metric"] == "score change", [*(keys := ["network", "image", "path", "steps"]), "value"]]
    own = own.merge(change.drop_duplicates(keys), on=keys, suffixes=("", " change"))
    own["value"] /= own["value change"]
    return _enough(own, methods, lambda table: table.abs().median() <= CLOSE)


def _enough(
    rows: pd.DataFrame, methods: Sequence[str], close: Callable[[pd.DataFrame], pd.Series]
) -> dict[str, dict[str, float]]:
    own = rows[rows["steps"] > 0]
    measured = own.groupby(["network", "steps"], sort=False, observed=True).size().unstack().astype(float)
    found: dict[str, dict[str, float]] = {}
    for _, its in measured.groupby(lambda network: kinds.kind_of(str(network)), sort=False):
        for network in in_common(its.sort_index(axis=1)).index:
            table = by_image(own[own["network"] == network], "method", "steps")
            for method in [each for each in methods if each in table]:
                complete = pd.DataFrame(table[method]).sort_index(axis=1).dropna()
                if complete.empty:  # each step count was run on other images
                    continue
                near = close(complete)
                from_there_on = near[::-1].cummin()[::-1]
                found.setdefault(method, {})[str(network)] = min(near.index[from_there_on], default=math.inf)
    return found


def in_steps(counts: Collection[float]) -> str:
    """Step counts in words, from fewest to most: "8 to 64", or "8 to more than were tried" where all are too few."""
    low, high = ("more than were tried" if math.isinf(each) else f"{each:g}" for each in (min(counts), max(counts)))
    return low if low == high else f"{low} to {high}"


def needs(found: Needed) -> str:
    """How many steps keep each method's but Guided IG's score near its finest one, by kind of network: a sentence."""
    of: dict[str, dict[str, list[float]]] = {}
    for method, own in found.items():
        for network, steps in own.items() if "Guided" not in method else ():
            of.setdefault(kinds.kind_of(network), {}).setdefault(method, []).append(steps)
    words = [
        f"on {ON[kind]} {', '.join(f'{method} {in_steps(steps)}' for method, steps in of[kind].items())}"
        for kind in ON
        if kind in of
    ]
    if not words:
        return "How many steps are enough was not measured."
    return (
        f"Ranked by magnitude, a network's mean insertion score is within {100 * CLOSE:.0f} % of its value at the most "
        f"steps that were tried from this many steps on, depending on the network: {'; '.join(words)}."
    )


def needs_table(ways: Mapping[str, Needed], *, methods: Sequence[str]) -> str:
    """Step counts from the least to the most demanding network of a kind in Markdown: ways of use across."""
    if not any(ways.values()):
        return f"{needs({})} It takes published results, and there are none here."
    rows = [["networks", "steps, from the least to the most demanding network", *ways], ["---"] * (len(ways) + 2)]
    for kind, method in product(ON, methods):
        found = [own.get(method, {}) for own in ways.values()]
        own = [[steps for network, steps in each.items() if kinds.kind_of(network) == kind] for each in found]
        if any(own):
            rows.append([ON[kind], method, *(in_steps(steps) if steps else "–" for steps in own)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def hardest(found: Needed, networks: Collection[str]) -> str:
    """What the most demanding method needs on some networks, and on how many it was measured: two sentences."""
    if not found:
        return ""
    by_network = pd.DataFrame(found).max(axis=1)
    counts = by_network[by_network.index.isin(list(networks))]
    real = [f"{amount(f'{n:g}', 'step')} on {', '.join(own.index)}" for n, own in counts.groupby(counts)]
    there = f"By score, the most demanding method needs {'; '.join(real)}."
    there = there if real else "None of them is an ImageNet network."
    return f"The numbers are of {amount(len(by_network), 'network')}. {there}"


def two_counts(rows: pd.DataFrame, single: pd.DataFrame) -> str:
    """How many steps a network's mean score takes, and how many a single image's, on ImageNet networks: sentences.

    `rows` hold insertion at several step counts, and `single` the steps that each image takes.
    """
    methods = ("IG", "IG + IDGI")
    choice = {"protocol": "igpaths", "metric": "insertion", "variant": "black, 21 counts", "sign": "absolute"}
    own = rows[rows["network"].astype(str).map(kinds.kind_of) == kinds.IMAGENET]
    means = enough_for_score(own, methods=methods, **choice)
    alone = answer(single, OF_ONE_IMAGE, kinds.IMAGENET, sigmas=[0])
    if not alone or not all(method in means and (method, 0.0) in alone.maps for method in methods):
        return "The steps that a network's mean score takes were not compared with those of a single image's."
    most = int(own.loc[own["network"].isin(means["IG"]), "steps"].max())
    of_images = {method: alone.values[method, 0.0].value for method in methods}
    first, second = (
        f"{in_steps(means[method].values())}{' steps' * (method == 'IG')} by {method}" for method in methods
    )
    larger = all(value > max(means[method].values()) for method, value in of_images.items())
    reason = "are larger, because the errors of images cancel in part in their mean"
    why = f"The second counts {reason}" if larger else "The two kinds of count answer different questions"
    each = " and ".join(f"{value:.0f}" for value in of_images.values())
    several, networks = amount(len(means["IG"]), "network"), amount(len(alone.means), "network")
    return (
        f"On ImageNet networks, a network's *mean* score takes {first} and {second} to come within "
        f"{100 * CLOSE:.0f} % of its value at {most} steps ({several}; {{doc}}`04-step-size`). A "
        f"*single image's* score takes {each} on average to come to 95 % of its value at 512 steps "
        f"({networks}, {amount(alone.images, 'image')} each; {{doc}}`09-which-map`). {why}: take the first to "
        "compare methods over many images, and the second to trust one map."
    )


def at_all_counts(rows: pd.DataFrame, metrics: Sequence[str]) -> str:
    """On how many networks some metrics were measured at the most step counts that any has: a sentence."""
    own = rows[rows["metric"].isin(metrics) & (rows["steps"] > 0)]
    counts = own.groupby("network", observed=True)["steps"].nunique()
    if counts.empty or counts.max() == 1:
        return "Information curves were not measured at several step counts."
    networks = amount(int((counts == counts.max()).sum()), "network")
    return f"Information curves were measured at {counts.max()} step counts on {networks}."
