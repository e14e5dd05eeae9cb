"""Estimates with their uncertainty, Kendall's τ between the orders of methods, and slopes of convergence."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

RESAMPLES = 2_000


@dataclass(frozen=True)
class Estimate:
    """A mean or median of `n` images or networks with its 95 % interval from `low` to `high`.

    As text it is "0.50 [0.40, 0.60]"; the format of its three numbers is ``.2f`` unless another is given.
    """

    value: float
    low: float
    high: float
    n: int

    def __format__(self, form: str) -> str:
        value, low, high = (format(each, form or ".2f") for each in (self.value, self.low, self.high))
        return f"{value} [{low}, {high}]"

    def __str__(self) -> str:
        return format(self)


def kendall(
    a: ArrayLike,
    b: ArrayLike,
    *,
    ways: Sequence[Sequence[Hashable]],
    statistics: tuple[str, str] = ("mean", "mean"),
    seed: int = 0,
) -> Estimate:
    """Kendall's τ_b between the orders of M methods by two metrics: 1 for the same order, −1 for the reverse.

    It is that of the averages over n images, NaN where all methods tie. There is no closed form of its interval, which
    is from the 2.5 to the 97.5 % quantile of 2,000 resamples: of the photographs of every way, whole, together for both
    metrics; an image counts as often as its photographs do, multiplied. It covers about 95 %, for τ has few values.

    Parameters
    ----------
    a, b : (n, M), each image's finite value for each of two methods or more.
    ways : one or two sequences of labels (n,), as for `inference.clustered`.
    statistics : "mean" or "median", of either metric.
    seed : of the resampling.

    Raises
    ------
    ValueError
        For tables of other shapes or with values that are not finite.
    """
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if x.ndim != 2 or x.shape != y.shape or x.shape[1] < 2 or not np.isfinite(x).all() or not np.isfinite(y).all():
        raise ValueError(f"a and b must be two finite tables (n, M) with two methods or more, got {x.shape}, {y.shape}")
    counts = _resampled(ways, seed)
    first, second = np.triu_indices(x.shape[1], k=1)
    signs = []
    for values, statistic in zip((x, y), statistics, strict=True):
        averages = counts @ values / counts.sum(1)[:, None] if statistic == "mean" else _medians(values, counts)
        signs.append(np.sign(averages[:, first] - averages[:, second]))
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN
        tau = (signs[0] * signs[1]).sum(1) / np.sqrt((signs[0] ** 2).sum(1) * (signs[1] ** 2).sum(1))
    known = tau[1:][~np.isnan(tau[1:])]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
    return Estimate(float(tau[0]), float(low), float(high), len(x))


def _resampled(ways: Sequence[Sequence[Hashable]], seed: int) -> np.ndarray:
    """How often each of n images is there (1 + R, n): once, then as each resample draws its photographs."""
    rng, counts = np.random.default_rng(seed), np.ones((RESAMPLES, len(ways[0])))
    for way in ways:
        numbers = {label: number for number, label in enumerate(dict.fromkeys(way))}
        drawn = rng.multinomial(len(numbers), np.full(len(numbers), 1 / len(numbers)), size=RESAMPLES)
        counts *= drawn[:, [numbers[label] for label in way]]
    return np.vstack([np.ones(len(ways[0])), counts[counts.any(axis=1)]])  # two ways may meet in no image


def _medians(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Of each column of values (n, M), as often as each resample has them: (1 + R, M)."""
    found = []
    for x in values.T:
        order = np.argsort(x)
        twice = 2 * np.cumsum(counts[:, order], axis=1)
        whole = twice[:, -1:] / 2
        # Between the values at which half the weight is reached and passed.
        low, high = (twice < whole).sum(1), (twice <= whole).sum(1)
        found.append((x[order][low] + x[order][high]) / 2)
    return np.stack(found, axis=1)


def finite(values: ArrayLike) -> np.ndarray:
    """One or more finite numbers (n,), as floats; ValueError for others."""
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or not len(x) or not np.isfinite(x).all():
        raise ValueError(
            f"values must be one or more finite numbers, got {x.size} of which {(~np.isfinite(x)).sum()} are not"
        )
    return x


def slope(steps: ArrayLike, errors: ArrayLike) -> float:
    """The order of convergence p of errors ∝ steps^(−p): minus the least-squares slope of log error on log steps.

    NaN where an error is zero or not finite: there is then no power law to fit.
    """
    n, e = np.asarray(steps, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    if not (np.isfinite(e).all() and (e > 0).all()):
        return float("nan")
    return float(-np.polyfit(np.log(n), np.log(e), 1)[0])
