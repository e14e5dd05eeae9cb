"""Tables of a study: networks down, methods across, each cell an average over images with its interval.

The paper's values stand above ours, network by network, and n in every row. A value is marked as the best only
where the interval of its difference to every other value of the row does.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pandas as pd
from pandas.io.formats.style import Styler

from igstudy.evidence.deciding import LEAST
from igstudy.evidence.inference import Inference, clustered, of_medians
from igstudy.evidence.papers import METHODS, alike, study_a
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables.quality import AVERAGES, CONTROLS, by_image, choose, reasons, ways
from igstudy.evidence.telling import ranking

# What stands beside a value of Study A: by its name in a table, a protocol and the sign of the ranking maps.
SIDES = {
    "study-a": ("study-a", "signed"),
    "igpaths, signed": ("igpaths", "signed"),
    "igpaths, by magnitude": ("igpaths", "absolute"),
}
NOTHING = "No published study holds this yet."


@dataclass(frozen=True)
class Cells:
    """The averages of one network, by its short name, over the n images that count for every method.

    `best` is the one method whose difference to each other one has an interval on the better side; or "", as where
    fewer images count than decide a claim. `left_out` says how many images do not count for which reason.
    """

    network: str
    n: int
    estimates: dict[str, Estimate]
    best: str
    left_out: Mapping[str, int] = field(default_factory=dict)


def averages(
    rows: pd.DataFrame,
    *,
    methods: Sequence[str],
    steps: int | str = "finest",
    better: str = "higher",
    statistic: str = "",
    **choice: str,
) -> list[Cells]:
    """One metric of several methods, network by network, over the images that count for all of them.

    `methods` has the order of the columns; those without rows are left out. `steps` is a step count, of which controls
    have none, `better` "higher", "lower" or "neither", `statistic` "mean", "median", or "" for the metric's own, and
    `choice` the protocol, metric, variant and sign of the rows, which are of the store or published.
    """
    average, found = statistic or AVERAGES.get(choice["metric"], "mean"), []
    for network, its, table in _by_network(choose(rows, methods=methods, **choice), steps):
        known = table[[method for method in methods if method in table]].dropna()
        found.append(_cells(network, known, average, better, reasons(its, known.index.get_level_values("image"))))
    return found


def changes(rows: pd.DataFrame, *, methods: Sequence[str], steps: tuple[int, int], **choice: str) -> list[Cells]:
    """What each method gains from the first step count to the second: the change of its average, network by network.

    Parameters are those of `averages`; a method counts the images that count at both step counts, and n is the fewest;
    left out are those that count for no method. A network that was walked at one of them alone is not there.
    """
    own, found = choose(rows, methods=methods, **choice), []
    statistic = AVERAGES.get(choice["metric"], "mean")
    for network, its in own[own["steps"].isin(steps)].groupby("network", sort=False):
        table, estimates, counted = by_image(its, "method", "steps"), dict[str, Estimate](), set[str]()
        for method in methods:
            pair = table[[(method, n) for n in steps if (method, n) in table]].dropna()
            if pair.shape[1] == 2 and len(pair):
                estimates[method] = _difference(pair, statistic)
                counted |= {*pair.index.get_level_values("image")}
        if estimates:
            n = min(each.n for each in estimates.values())
            found.append(Cells(str(network), n, estimates, "", reasons(its, counted)))
    return found


def _difference(pair: pd.DataFrame, statistic: str) -> Inference:
    """The average of the second of two columns less that of the first, with the interval of their differences."""
    if statistic == "median":
        return of_medians(pair, weights=(-1, 1), ways=ways(pair))
    return clustered(pair.iloc[:, 1] - pair.iloc[:, 0], ways=ways(pair))


def _by_network(rows: pd.DataFrame, steps: int | str) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """Each network's rows at a step count, controls among them, and their values: images down, methods across."""
    for network, every in rows.groupby("network", sort=False, observed=True):
        wanted = every["steps"].max() if steps == "finest" else steps
        its = every[every["steps"].isin([0, wanted])]
        if len(its):
            yield str(network), its, by_image(its, "method")


def _cells(network: str, table: pd.DataFrame, statistic: str, better: str, left_out: dict[str, int]) -> Cells:
    if table.empty:
        return Cells(network, 0, {}, "", left_out)
    by = ways(table)
    estimates: dict[str, Estimate] = {
        str(method): clustered(table[method], ways=by, statistic=statistic) for method in table
    }
    side = {"higher": 1, "lower": -1, "neither": 0}[better]
    first = max(estimates, key=lambda method: side * estimates[method].value)
    surely = side * (len(table) >= LEAST) and all(
        _difference(side * table[[other, first]], statistic).low > 0 for other in table if other != first
    )
    return Cells(network, len(table), estimates, first if surely and len(estimates) > 1 else "", left_out)


def tally(
    rows: pd.DataFrame, *, method: str, others: Sequence[str], better: str = "higher", **choice: str
) -> dict[str, str]:
    """On how many networks a method is better than another by its interval, open, and worse: "3 / 1 / 0", by the other.

    Sure is what the interval of the images' differences says, of as many images as decide a claim. Parameters are those
    of `averages`, at the finest step count; another without rows is left out.
    """
    found = counts(rows, method=method, others=others, better=better, **choice)
    return {other: " / ".join(map(str, its)) for other, its in found.items()}


def counts(
    rows: pd.DataFrame, *, method: str, others: Sequence[str], better: str = "higher", **choice: str
) -> dict[str, list[int]]:
    """The three numbers of a `tally`, by the other."""
    own, statistic = choose(rows, methods=(method, *others), **choice), AVERAGES.get(choice["metric"], "mean")
    found = {other: [0, 0, 0] for other in others if other in set(own["method"])}
    for _, _, table in _by_network(own, "finest"):
        for other in found:
            pair = table.reindex(columns=[other, method]).dropna()
            if len(pair):
                estimate = _difference({"higher": 1, "lower": -1}[better] * pair, statistic)
                found[other][(0 if estimate.low > 0 else 2) if decided(estimate) else 1] += 1
    return found


def decided(estimate: Estimate) -> bool:
    """Whether an interval excludes 0, of as many images as decide a claim."""
    return estimate.n >= LEAST and not estimate.low <= 0 <= estimate.high


def shown(
    cells: Sequence[Cells] | Mapping[str, Sequence[Cells]],
    *,
    caption: str,
    paper: Mapping[str, Mapping[str, float]] | None = None,
    digits: int = 3,
) -> Styler:
    """The table for a page, whose caption ends with why images are left out, or with that no network was measured.

    `cells` are of the networks, or several such lists by the words that tell them apart, which are a column then.
    `paper` has the published values by the paper's network and our method, as `papers.study_a` gives them. Those of
    ours that stand beside a network of the paper follow it, the others come last.
    """
    kinds = cells if isinstance(cells, Mapping) else {"ours": cells}
    measured = {(each.network, kind): each for kind, own in kinds.items() for each in own}
    lines, bold = [], []
    for network in _order(paper or {}, list(dict.fromkeys(name for name, _ in measured))):
        if paper and network in paper:
            values = {method: f"{value:.{digits}f}" for method, value in paper[network].items()}
            lines.append({"network": network, "by": "paper", "n": "–"} | values)
            bold.append("")
        for kind in kinds:
            if each := measured.get((network, kind)):
                values = {method: text(estimate, digits) for method, estimate in each.estimates.items()}
                lines.append({"network": network, "by": kind, "n": str(each.n)} | values)
                bold.append(each.best)
    table = pd.DataFrame(lines).fillna("–")
    if not paper and len(kinds) == 1:
        table = table.drop(columns="by", errors="ignore")
    marks = pd.DataFrame("", index=table.index, columns=table.columns)
    for line, method in zip(table.index, bold, strict=True):
        if method:
            marks.loc[line, method] = "font-weight: bold"
    caption = " ".join([caption, *out_of(measured.values())]) if measured else f"{caption} {NOTHING}"
    return table.style.apply(lambda _: marks, axis=None).hide(axis="index").set_caption(caption)


def out_of(cells: Iterable[Cells]) -> list[str]:
    """How many images the rows of a table leave out, by reason, as one sentence; none where none are."""
    rows = [each.left_out for each in cells]
    every = dict.fromkeys(reason for each in rows for reason in each)
    words = [f"{span([each.get(reason, 0) for each in rows])} {reason}" for reason in every]
    return [f"Images left out of a row: {'; '.join(words)}."] if words else []


def span(numbers: Iterable[int]) -> str:
    """ "3", or "3 to 9" from the least to the most."""
    low, high = min(numbers), max(numbers)
    return f"{low}" if low == high else f"{low} to {high}"


def beside_study_a(
    rows: pd.DataFrame, number: int, metric: str, variant: str, *, caption: str, methods: Iterable[str], **options: Any
) -> Styler:
    """A metric of a table of Study A: the paper's values, ours as its code does, and ours; options of `averages`."""
    own = partial(averages, rows, metric=metric, variant=variant, methods=tuple(methods), **options)
    cells = {name: own(protocol=protocol, sign=sign) for name, (protocol, sign) in SIDES.items()}
    return shown(cells, caption=caption, paper=study_a(number, metric, variant))


def grid(found: pd.Series, *, caption: str, digits: int = 3) -> Styler:
    """Estimates by the levels of their index, the first down, the others across; bold where the interval excludes 0.

    The caption ends with their n, or with that there are none; fewer images than decide a claim mark nothing. Methods
    and signs have the order of all tables, whatever that of the index.
    """
    if found.empty:
        return pd.DataFrame().style.set_caption(f"{caption} {NOTHING}")
    levels = list(range(1, found.index.nlevels))
    table, sure = (found.map(each).unstack(levels, sort=False) for each in (partial(text, digits=digits), decided))
    columns = sorted(table.columns, key=lambda names: [*map(rank, names if isinstance(names, tuple) else (names,))])
    marks = sure[columns].fillna(False).map(lambda bold: "font-weight: bold" if bold else "")
    table, marks = (each.rename(index=ranking, columns=ranking) for each in (table[columns], marks))
    caption = f"{caption} n = {span([each.n for each in found])}."
    return table.fillna("–").style.apply(lambda _: marks, axis=None).set_caption(caption)


def rank(name: object) -> int:
    """Where a method or sign stands in all tables."""
    order = [*METHODS.values(), *CONTROLS, "signed", "absolute"]
    return order.index(name) if name in order else len(order)


def text(estimate: Estimate, digits: int = 3) -> str:
    """A cell: the value, and its interval below it; images of one photograph have none."""
    if estimate.n == 1 or not math.isfinite(estimate.high - estimate.low):
        return f"{estimate.value:z.{digits}f}"
    low, high = (f"{end:z.{digits}f}" for end in (estimate.low, estimate.high))
    return f"{estimate.value:z.{digits}f}<br><small>[{low}, {high}]</small>"


def _order(paper: Mapping[str, object], networks: Sequence[str]) -> list[str]:
    """The paper's networks, each followed by those of ours that stand beside it and none after it; then the others."""
    beside = {network: [name for name in alike(network) if name in paper] for network in networks}
    last = {network: names[-1] if names else "" for network, names in beside.items()}
    places = (*paper, "")
    return [name for place in places for name in (place, *(ours for ours in networks if last[ours] == place)) if name]
