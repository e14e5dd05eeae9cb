"""The verdict that the rows of a study give on each claim.

One number of each image is averaged over the images of a network, with an interval, for every comparison that the
claim makes; then it is counted where the intervals lie.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import pandas as pd

from igstudy.evidence.claims import AGREE, Claim, Comparison, Quantity, Side, claims
from igstudy.evidence.statistics import Estimate, bootstrap, slope
from igstudy.evidence.tables.quality import AVERAGES

HOLDS, FAILS, UNDECIDED, NOT_MEASURED = "holds", "does not hold", "undecided", "not measured"
THEIRS_ALONE = "holds only under the paper's protocol"
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
    networks = [str(network) for network in counted["network"].unique()]
    parts = dict(iter(counted.groupby(["protocol", "network", "metric"], sort=False)))

    @cache  # claims overlap
    def estimate(side: tuple[str, str], protocol: str, network: str, comparison: Comparison) -> Estimate | None:
        own = [parts.get((protocol, network, quantity.metric)) for quantity in comparison]
        tables = [_by_steps(part, quantity) for part, quantity in zip(own, comparison, strict=True) if part is not None]
        if len(tables) < len(comparison):
            return None
        values = _of_images(side[0], tables, comparison)
        return _estimate(*side, comparison[0].metric, values) if len(values) else None

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


def _by_steps(rows: pd.DataFrame, quantity: Quantity) -> pd.DataFrame:
    """A quantity's values: an image a row, a step count a column, the coarsest first."""
    chosen = rows["sign"].isin([quantity.sign, "none"])  # what has no negative values is there once
    for key in ("method", "metric", "variant"):
        chosen &= rows[key] == getattr(quantity, key)
    return rows[chosen].pivot(index=["photograph", "image"], columns="steps", values="value")


def _of_images(kind: str, tables: list[pd.DataFrame], comparison: Comparison) -> pd.Series:
    """One number of each image that has all it takes; the decimal logarithm of a ratio."""
    if kind == "exponent":
        steps = list(tables[0].columns)
        orders = [slope(steps, errors) if len(steps) > 1 else math.nan for errors in tables[0].abs().to_numpy()]
        return pd.Series(orders, index=tables[0].index, dtype=float).dropna()
    columns = [_at(table, quantity.steps) for table, quantity in zip(tables, comparison, strict=True)]
    found = pd.concat(columns, axis=1, join="inner", keys=range(len(columns)))
    if kind != "ratio":
        return (found[0] - (found[1] if kind == "difference" else 0)).dropna()
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithms = pd.Series(np.log10(found[0] / found[1]), index=found.index)
    return logarithms[np.isfinite(logarithms)]


def _at(table: pd.DataFrame, steps: tuple[int | str, ...]) -> pd.Series:
    """The values at a step count, or their change from one to another; none where it was not measured."""
    counts = list(table.columns)
    named = {"finest": counts[-1], "coarsest": counts[0]} if counts else {}
    ends = [named.get(str(count), count) for count in steps]
    if len(set(ends)) < len(steps) or not set(ends) <= set(counts):
        return pd.Series(dtype=float, index=table.index[:0])
    return table[ends[-1]] - (table[ends[0]] if len(ends) > 1 else 0)


def _estimate(kind: str, statistic: str, metric: str, values: pd.Series) -> Estimate:
    photographs = tuple(str(photograph) for photograph, _ in values.index)
    average = bootstrap(values, statistic=statistic or AVERAGES.get(metric, "mean"), clusters=photographs)
    if kind != "ratio":
        return average
    return Estimate(10**average.value, 10**average.low, 10**average.high, average.n)


def _outcome(side: Side, estimate: Estimate) -> str:
    if estimate.n < LEAST:
        return "open"
    if side.low < estimate.low and estimate.high < side.high:
        return "agrees"
    return "disagrees" if estimate.high <= side.low or estimate.low >= side.high else "open"
