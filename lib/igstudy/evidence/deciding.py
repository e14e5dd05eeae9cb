"""The verdict that the rows of a study give on each claim.

One number of each image is averaged over the images of a network, with an interval, for every comparison that the
claim makes; then it is counted where the intervals lie.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, reduce
from itertools import product

import numpy as np
import pandas as pd

from igstudy.evidence.claims import AGREE, Claim, Comparison, Quantity, Side, claims
from igstudy.evidence.statistics import Estimate, bootstrap, slope
from igstudy.evidence.tables.quality import AVERAGES

HOLDS, FAILS, UNDECIDED, NOT_MEASURED = "holds", "does not hold", "undecided", "not measured"
THEIRS_ALONE = "holds only under the paper's protocol"
GROUP = ["protocol", "network", "metric", "method", "variant", "sign"]
LEAST = 10  # images; with fewer an interval decides nothing


@dataclass(frozen=True)
class Cell:
    """One comparison on one network: its estimate, and whether it "agrees", "disagrees" or is "open"."""

    network: str
    comparison: Comparison
    estimate: Estimate
    outcome: str


@dataclass(frozen=True)
class Finding:
    """What the rows of one protocol say; no cells where they do not hold every comparison."""

    protocol: str
    verdict: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Verdict:
    """The verdict on a claim in a word or two, and what each of its sides finds; None for a side that it lacks."""

    claim: Claim
    verdict: str
    ours: Finding
    theirs: Finding | None
    also: Finding | None


@dataclass(frozen=True, eq=False)
class Table:
    """A quantity on one network: images (n,) by their numbers, step counts, and `values` (n, step counts)."""

    images: np.ndarray
    steps: tuple[int, ...]
    values: np.ndarray  # NaN where an image has none

    def at(self, steps: tuple[int | str, ...]) -> np.ndarray:
        """The values (n,) at a step count, or their change from one to another; NaN where it was not measured."""
        named = {"finest": self.steps[-1], "coarsest": self.steps[0]}
        ends = [named.get(str(count), count) for count in steps]
        if len(set(ends)) < len(steps) or not set(ends) <= set(self.steps):
            return np.full(len(self.images), np.nan)
        columns = [self.values[:, self.steps.index(int(end))] for end in ends]
        return columns[-1] - columns[0] if len(columns) > 1 else columns[0]


class Tables:
    """Rows sorted once into the quantities of each network, from which claims take what they compare.

    ValueError where a quantity has two values of one image. `photographs` has the one behind each image, by its number.
    """

    def __init__(self, rows: pd.DataFrame) -> None:
        group = rows.groupby(GROUP, sort=False, observed=True).ngroup().to_numpy()
        pairs = rows.groupby(["photograph", "image"], sort=False, observed=True)
        image, steps = pairs.ngroup().to_numpy(), rows["steps"].to_numpy()
        order = np.lexsort((image, steps, group))
        group, self._steps, self._image = group[order], steps[order], image[order]
        self._values = rows["value"].to_numpy(dtype=np.float64)[order]
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        names = zip(*(rows[name].iloc[order[starts]] for name in GROUP), strict=True)
        ends = [*starts[1:], len(group)][: len(starts)]
        self._ranges = {tuple(map(str, key)): pair for key, *pair in zip(names, starts, ends, strict=True)}
        self.photographs = rows["photograph"].iloc[np.unique(image, return_index=True)[1]].to_numpy(dtype=object)

    def find(self, protocol: str, network: str, quantity: Quantity) -> Table | None:
        """The quantity on a network under a protocol; None where it was not measured."""
        own = (protocol, network, quantity.metric, quantity.method, quantity.variant)
        keys = [(*own, sign) for sign in (quantity.sign, "none")]  # what has no negative values is there once
        found = [key for key in dict.fromkeys(keys) if key in self._ranges]
        return self._table(quantity, *self._ranges[found[0]]) if found else None

    def _table(self, quantity: Quantity, start: int, end: int) -> Table:
        steps, image, values = (each[start:end] for each in (self._steps, self._image, self._values))
        if bool(((steps[1:] == steps[:-1]) & (image[1:] == image[:-1])).any()):
            raise ValueError(f"there are two values of one image: {quantity}")
        counts, images = np.unique(steps), np.unique(image)
        table = np.full((len(images), len(counts)), np.nan)
        table[np.searchsorted(images, image), np.searchsorted(counts, steps)] = values
        return Table(images, tuple(counts.tolist()), table)


def metrics(about: Iterable[Claim]) -> set[str]:
    """The metrics whose rows decide these claims."""
    sides = [side for claim in about for side in claim.sides]
    return {quantity.metric for side in sides for comparison in side.comparisons for quantity in comparison}


def verdict(claim: Claim, rows: pd.DataFrame) -> Verdict:
    """The verdict of rows on one claim: see `verdicts`."""
    return next(verdicts(rows, (claim,)))


def verdicts(rows: pd.DataFrame, about: Iterable[Claim] | None = None) -> Iterator[Verdict]:
    """The verdicts of rows, of a study or published, on these claims, or on all.

    A comparison counts on every network that has rows for it; where one has rows on no network, nothing is decided.
    ValueError where a quantity has two rows for one image.
    """
    about = claims() if about is None else tuple(about)
    counted = rows[rows["metric"].isin(metrics(about)) & (rows["left_out"] == "")]
    networks, tables = [str(network) for network in counted["network"].unique()], Tables(counted)

    @cache  # claims overlap
    def estimate(side: tuple[str, str], protocol: str, network: str, comparison: Comparison) -> Estimate | None:
        own = [tables.find(protocol, network, quantity) for quantity in comparison]
        known = [table for table in own if table is not None]
        if len(known) < len(comparison):
            return None
        images, values = _of_images(side[0], known, comparison)
        if not len(values):
            return None
        return _estimate(*side, comparison[0].metric, values, tables.photographs[images])

    for claim in about:
        named = [network for network in networks if not claim.networks or network in claim.networks]
        ours, theirs, also = (
            _finding(side, AGREE[claim.agree], named, estimate) if side else None
            for side in (claim.ours, claim.theirs, claim.also)
        )
        assert ours
        alone = ours.verdict == FAILS and theirs and theirs.verdict == HOLDS
        yield Verdict(claim, THEIRS_ALONE if alone else ours.verdict, ours, theirs, also)


def _finding(side: Side, share: float, networks: list[str], estimate: Callable[..., Estimate | None]) -> Finding:
    for protocol in side.protocols:
        cells = []
        for network, comparison in product(networks, side.comparisons):
            found = estimate((side.kind, side.statistic), protocol, network, comparison)
            if found:
                cells.append(Cell(network, comparison, found, _outcome(side, found)))
        if {cell.comparison for cell in cells} == set(side.comparisons):
            return Finding(protocol, _counted([cell.outcome for cell in cells], share), tuple(cells))
    return Finding(side.protocols[0], NOT_MEASURED, ())


def _counted(outcomes: list[str], share: float) -> str:
    """Whether so large a share agrees, or no longer can."""
    needed = max(1, math.ceil(share * len(outcomes) - 1e-9))  # 2/3 of 3 is 2
    if outcomes.count("agrees") >= needed:
        return HOLDS
    return FAILS if len(outcomes) - outcomes.count("disagrees") < needed else UNDECIDED


def _of_images(kind: str, tables: list[Table], comparison: Comparison) -> tuple[np.ndarray, np.ndarray]:
    """The images that have all it takes, and one number of each; the decimal logarithm of a ratio."""
    if kind == "exponent":
        (table,) = tables
        steps = table.steps
        orders = [slope(steps, errors) if len(steps) > 1 else math.nan for errors in np.abs(table.values)]
        images, found = table.images, np.array(orders, dtype=float)
    else:
        columns = [table.at(quantity.steps) for table, quantity in zip(tables, comparison, strict=True)]
        images = reduce(np.intersect1d, [table.images for table in tables])
        parts = [column[np.searchsorted(table.images, images)] for table, column in zip(tables, columns, strict=True)]
        with np.errstate(divide="ignore", invalid="ignore"):
            if kind == "ratio":
                found = np.log10(parts[0] / parts[1])
            else:
                found = parts[0] - parts[1] if kind == "difference" else parts[0]
    known = np.isfinite(found) if kind == "ratio" else ~np.isnan(found)
    return images[known], found[known]


def _estimate(kind: str, statistic: str, metric: str, values: np.ndarray, photographs: np.ndarray) -> Estimate:
    average = bootstrap(values, statistic=statistic or AVERAGES.get(metric, "mean"), clusters=list(photographs))
    if kind != "ratio":
        return average
    return Estimate(10**average.value, 10**average.low, 10**average.high, average.n)


def _outcome(side: Side, estimate: Estimate) -> str:
    if estimate.n < LEAST:
        return "open"
    if side.low < estimate.low and estimate.high < side.high:
        return "agrees"
    return "disagrees" if estimate.high <= side.low or estimate.low >= side.high else "open"
