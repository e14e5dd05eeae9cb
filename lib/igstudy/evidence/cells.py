"""A claim's comparison on one network: one number of each image, averaged over its images with an interval.

Rows are sorted once into the quantities of each network, from which claims, which overlap, take what they compare.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, reduce
from itertools import combinations

import numpy as np
import pandas as pd

from igstudy.evidence.claims import KINDS, LOGARITHMIC, Claim, Comparison, Quantity
from igstudy.evidence.inference import Inference, clustered, of_medians
from igstudy.evidence.papers import FAMILIES
from igstudy.evidence.statistics import slope
from igstudy.evidence.tables.quality import AVERAGES, SHARED, shared
from igstudy.measures.protocols import StepSensitivity

SWEEP = StepSensitivity()  # the same of every protocol that has one
GROUP = ["protocol", "network", "metric", "method", "variant", "sign"]


@dataclass(frozen=True, eq=False)
class Table:
    """A quantity on one network: images (n,) by their numbers, step counts, and `values` (n, step counts)."""

    images: np.ndarray
    steps: tuple[int, ...]
    values: np.ndarray  # NaN where an image has none

    @property
    def walked(self) -> set[int]:
        """Its step counts without 0, that of the controls."""
        return {*self.steps} - {0}

    def at(self, steps: tuple[int | str, ...], *, finest: int) -> np.ndarray:
        """The values (n,) at a step count, or their change from one to another; NaN where it was not measured.

        `finest` is what that word stands for; a control, which is not walked, has one value for all step counts.
        """
        named = {"finest": finest if self.walked else 0, "coarsest": SWEEP.coarsest}
        ends = [named.get(str(count), count) for count in steps]
        if len(set(ends)) < len(steps) or not set(ends) <= set(self.steps):
            return np.full(len(self.images), np.nan)
        columns = [self.values[:, self.steps.index(int(end))] for end in ends]
        return columns[-1] - columns[0] if len(columns) > 1 else columns[0]


class Cells:
    """The estimates of comparisons on networks, from the rows of studies that count.

    ValueError where a quantity has two values of one image.
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
        first = np.unique(image, return_index=True)[1]
        self._ways = [rows[name].iloc[first].to_numpy(dtype=object) for name in SHARED]
        self.networks = [str(network) for network in rows["network"].unique()]
        self.estimate = cache(self._estimate)
        self._images = cache(self._of_images)

    def _estimate(self, kind: str, statistic: str, network: str, comparison: Comparison) -> Inference | None:
        """The average of a comparison over a network's images, None where it was not measured.

        It is the decimal logarithm for a ratio. `n` counts the images that have all that the comparison takes.
        """
        images, columns = self._images(kind, network, comparison)
        if not len(images):
            return None
        statistic = statistic or AVERAGES.get(comparison[0].metric, "mean")
        ways = shared(*(way[images] for way in self._ways))
        weights = KINDS[kind]
        if statistic == "median" and len(weights) > 1 and kind not in LOGARITHMIC:
            return of_medians(columns, weights=weights, ways=ways)
        values = columns @ np.array(weights)
        if statistic == "mean size":
            return clustered(np.abs(values), ways=ways)
        return clustered(values, ways=ways, statistic=statistic)

    def correlation(self, kind: str, networks: Sequence[str], comparison: Comparison) -> float:
        """The mean correlation of two networks' values of the same images, from 0 to .95: their errors share it."""
        found = []
        for pair in combinations(networks, 2):
            (one, first), (other, second) = (self._images(kind, name, comparison) for name in pair)
            common = np.intersect1d(one, other)
            if len(common) > 2:
                values = [
                    columns[np.searchsorted(images, common)] @ np.array(KINDS[kind])
                    for images, columns in ((one, first), (other, second))
                ]
                found.append(_pearson(*values))
        return float(np.clip(np.mean(found), 0, 0.95)) if found else 0.0

    def _of_images(self, kind: str, network: str, comparison: Comparison) -> tuple[np.ndarray, np.ndarray]:
        tables = [self._find(network, quantity) for quantity in comparison]
        known = [table for table in tables if table is not None]
        return _of_images(kind, known, comparison) if len(known) == len(comparison) else (np.array([]), np.array([]))

    def _find(self, network: str, quantity: Quantity) -> Table | None:
        own = (quantity.protocol, network, quantity.metric, quantity.method, quantity.variant)
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


def _of_images(kind: str, tables: Sequence[Table], comparison: Comparison) -> tuple[np.ndarray, np.ndarray]:
    """The images that have all it takes, and the number (n, quantities) of each; decimal logarithms for a ratio."""
    if kind == "exponent":
        (table,) = tables
        orders = [slope(table.steps, errors) if len(table.steps) > 1 else math.nan for errors in np.abs(table.values)]
        images, columns = table.images, np.array(orders, dtype=float)[:, None]
    else:
        images = reduce(np.intersect1d, [table.images for table in tables])
        finest = _finest(tables, comparison)
        parts = [
            table.at(quantity.steps, finest=finest)[np.searchsorted(table.images, images)]
            for table, quantity in zip(tables, comparison, strict=True)
        ]
        columns = np.stack(parts, axis=1)
        if kind in LOGARITHMIC:
            with np.errstate(divide="ignore", invalid="ignore"):
                columns = np.log10(columns)
    known = np.isfinite(columns).all(axis=1)
    return images[known], columns[known]


def _finest(tables: Sequence[Table], comparison: Comparison) -> int:
    """The finest step count that all of a comparison's quantities have, lest one with more steps look better for them.

    Beside the coarsest it is the end of `SWEEP`, so that a change with more steps is the same change on every network.
    0 where they have none in common, or none is walked.
    """
    if any("coarsest" in of.steps for of in comparison):
        return SWEEP.finest
    asked = [table.walked for table, of in zip(tables, comparison, strict=True) if "finest" in of.steps]
    walked = [each for each in asked if each]
    return max(set.intersection(*walked), default=0) if walked else 0


def _pearson(x: np.ndarray, y: np.ndarray) -> float:
    spread = float(x.std() * y.std())
    return float(((x - x.mean()) * (y - y.mean())).mean()) / spread if spread else 0.0


def published(claim: Claim, printed: Cells) -> float | None:
    """The mean over a paper's networks and a claim's comparisons of what the paper prints, as `Cells` computes it.

    `printed` are the cells of `papers.as_rows`. None where the paper does not print all of the comparisons on the
    networks that the claim names.
    """
    named = [name for name in printed.networks if not claim.networks or FAMILIES[name][0] in claim.networks]
    side, found = claim.original, []
    for comparison in side.comparisons:
        estimates = [printed.estimate(side.kind, side.statistic, name, comparison) for name in named]
        known = [each.value for each in estimates if each is not None]
        if not known:
            return None
        found.append(float(np.mean(known)))
    return float(np.mean(found))
