"""Estimates with their uncertainty: bootstrap intervals of per-image values, and slopes of convergence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t

RESAMPLES = 10_000


@dataclass(frozen=True)
class Estimate:
    """A mean or median of `n` per-image values with its 95 % bootstrap interval from `low` to `high`.

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


def bootstrap(
    values: ArrayLike, *, statistic: str = "mean", clusters: Sequence[str] | None = None, seed: int = 0
) -> Estimate:
    """The mean or median of per-image values, with a 95 % percentile interval from 10,000 resamples.

    For a paired comparison give the images' differences.

    Parameters
    ----------
    values : (n,), finite, one or more.
    statistic : "mean" or "median".
    clusters : the photograph that each image was made from: photographs are resampled whole. Without it every image
        is its own.
    seed : of the resampling.

    Raises
    ------
    ValueError
        For no values, values that are not finite, or clusters of another length.
    """
    x = _finite(values)
    return _estimate(_average(statistic)(x, *_resample(len(x), clusters, seed)), len(x))


def ratio(values: ArrayLike, others: ArrayLike, **sampling: Any) -> Estimate:
    """The mean of n per-image values over the mean of n others of the same images, with an interval as `bootstrap`'s.

    Every resample draws the same images for both means. Errors, and clusters and seed, are those of `bootstrap`.
    """
    x, y = _finite(values), _finite(others)
    drawn = _resample(len(x), **sampling)
    return _estimate(_mean(x, *drawn) / _mean(y, *drawn), len(x))


def change(before: ArrayLike, after: ArrayLike, *, statistic: str = "mean", **sampling: Any) -> Estimate:
    """The average of the same n images after less that before; the interval resamples them together.

    For the mean it is `bootstrap` of the differences; a median of differences is not the difference of medians.
    Errors, and clusters and seed, are those of `bootstrap`.
    """
    x, y = _finite(before), _finite(after)
    if len(x) != len(y):
        raise ValueError(f"before and after must be values of the same images, got {len(x)} and {len(y)}")
    average, drawn = _average(statistic), _resample(len(x), **sampling)
    return _estimate(average(y, *drawn) - average(x, *drawn), len(x))


def kendall(a: ArrayLike, b: ArrayLike, *, statistics: tuple[str, str] = ("mean", "mean"), **sampling: Any) -> Estimate:
    """Kendall's τ_b between the orders of M methods by two metrics: 1 for the same order, −1 for the reverse.

    It is that of the averages over n images, by either metric's `statistics`; NaN where all methods tie. `a` and `b`
    (n, M) have each image's finite value for each of two methods or more; the interval resamples the images, together
    for both metrics.
    """
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if x.ndim != 2 or x.shape != y.shape or x.shape[1] < 2 or not np.isfinite(x).all() or not np.isfinite(y).all():
        raise ValueError(f"a and b must be two finite tables (n, M) with two methods or more, got {x.shape}, {y.shape}")
    drawn = _resample(len(x), **sampling)
    first, second = np.triu_indices(x.shape[1], k=1)
    signs = []
    for values, statistic in zip((x, y), statistics, strict=True):
        averages = np.stack([_average(statistic)(column, *drawn) for column in values.T], axis=1)
        signs.append(np.sign(averages[:, first] - averages[:, second]))
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN
        tau = (signs[0] * signs[1]).sum(1) / np.sqrt((signs[0] ** 2).sum(1) * (signs[1] ** 2).sum(1))
    return _estimate(tau, len(x))


def _estimate(averages: np.ndarray, n: int) -> Estimate:
    """From an average of n images as they are and, after it, of each resample; a resample's NaN does not count."""
    known = averages[1:][~np.isnan(averages[1:])]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
    return Estimate(float(averages[0]), float(low), float(high), n)


def _finite(values: ArrayLike) -> np.ndarray:
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or not len(x) or not np.isfinite(x).all():
        raise ValueError(
            f"values must be one or more finite numbers, got {x.size} of which {(~np.isfinite(x)).sum()} are not"
        )
    return x


@dataclass(frozen=True, eq=False)
class _Draws:
    """How often each of C clusters is there: once, then as each of R resamples draws it."""

    resamples: np.ndarray  # (1 + R, C), as floats, whose products with numbers are the quicker
    clusters: np.ndarray  # (C, 1 + R), the same as small numbers, which are quick to add up


def _average(statistic: str) -> Callable[[np.ndarray, np.ndarray, _Draws], np.ndarray]:
    """The mean or median (1 + R,) of values (n,), each a member of a cluster, as the clusters are drawn."""
    averages = {"mean": _mean, "median": _median}
    if statistic not in averages:
        raise ValueError(f"statistic is {statistic!r}; it must be one of {', '.join(averages)}")
    return averages[statistic]


def _mean(x: np.ndarray, members: np.ndarray, draws: _Draws) -> np.ndarray:
    """From each cluster's sum and size: the images need not be drawn one by one."""
    sizes = np.bincount(members).astype(np.float64)
    return draws.resamples @ np.bincount(members, x) / (draws.resamples @ sizes)


def _median(x: np.ndarray, members: np.ndarray, draws: _Draws) -> np.ndarray:
    order = np.argsort(x)
    most = 2 * len(draws.clusters) * int(np.bincount(members).max())  # of twice the images that a resample can draw
    number = np.int16 if most < 2**15 else np.int32
    twice = 2 * np.cumsum(draws.clusters[members[order]], axis=0, dtype=number)
    whole = twice[-1] // 2
    # Between the values at which half the weight is reached and passed.
    low, high = (twice < whole).sum(0, dtype=number), (twice <= whole).sum(0, dtype=number)
    return (x[order][low] + x[order][high]) / 2


def _resample(n: int, clusters: Sequence[str] | None = None, seed: int = 0) -> tuple[np.ndarray, _Draws]:
    """The cluster (n,) of each of n images, and how often each cluster is drawn."""
    names = np.arange(n) if clusters is None else np.asarray(clusters)
    if names.shape != (n,):
        raise ValueError(f"clusters must name the photograph of each of the {n} values, got {len(names)}")
    _, members = np.unique(names, return_inverse=True)
    return members, _draws(int(members.max()) + 1, seed)


@lru_cache(maxsize=32)  # the averages of the published studies are over fewer different numbers of photographs
def _draws(count: int, seed: int) -> _Draws:
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
    whole = np.vstack([np.ones((1, count)), draws])
    return _Draws(whole, np.ascontiguousarray(whole.T, dtype=np.int16))


def slope(steps: ArrayLike, errors: ArrayLike) -> float:
    """The order of convergence p of errors ∝ steps^(−p): minus the least-squares slope of log error on log steps.

    NaN where an error is zero or not finite: there is then no power law to fit.
    """
    n, e = np.asarray(steps, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    if not (np.isfinite(e).all() and (e > 0).all()):
        return float("nan")
    return float(-np.polyfit(np.log(n), np.log(e), 1)[0])


def over_networks(values: ArrayLike) -> Estimate:
    """The mean of N networks' averages with its 95 % interval by Student's t: the network is the unit, and n is N.

    One network has no interval. ValueError as for `bootstrap`.
    """
    x = _finite(values)
    reach = float(t.ppf(0.975, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x))) if len(x) > 1 else 0.0
    return Estimate(float(x.mean()), float(x.mean()) - reach, float(x.mean()) + reach, len(x))


def p_value(differences: ArrayLike) -> float:
    """Student's two-sided p of N networks' differences having the mean 0; 1 for a single network.

    ValueError as for `bootstrap`.
    """
    x = _finite(differences)
    if len(x) == 1 or not x.any():
        return 1.0
    error = x.std(ddof=1) / np.sqrt(len(x))
    return float(2 * t.sf(abs(x.mean()) / error, len(x) - 1)) if error > 0 else 0.0


def holm(p: Sequence[float]) -> list[float]:
    """The p values of one family of comparisons with Holm's step-down correction (1979), in their order."""
    order, largest, adjusted = np.argsort(p), 0.0, [1.0] * len(p)
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p) - rank) * p[place]))
        adjusted[place] = largest
    return adjusted
