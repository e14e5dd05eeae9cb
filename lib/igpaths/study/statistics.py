"""Estimates with their uncertainty: bootstrap intervals of per-image values, and slopes of convergence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

RESAMPLES = 10_000


@dataclass(frozen=True)
class Estimate:
    """A mean or median of `n` per-image values with its 95 % bootstrap interval from `low` to `high`."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


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
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or not len(x) or not np.isfinite(x).all():
        raise ValueError(
            f"values must be one or more finite numbers, got {x.size} of which {np.isnan(x).sum()} are NaN"
        )
    names = np.arange(len(x)) if clusters is None else np.asarray(clusters)
    if names.shape != x.shape:
        raise ValueError(f"clusters must name the photograph of each of the {len(x)} values, got {len(names)}")
    _, members = np.unique(names, return_inverse=True)
    count = int(members.max()) + 1
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)[:, members]
    if statistic == "mean":
        resampled, value = weights @ x / weights.sum(1), x.mean()
    elif statistic == "median":
        order = np.argsort(x)
        reached = np.cumsum(weights[:, order], axis=1)
        half = reached[:, -1:] / 2
        # The median of a weighted sample: between the values at which half the weight is reached and passed.
        low, high = (reached >= half).argmax(1), (reached > half).argmax(1)
        resampled, value = (x[order][low] + x[order][high]) / 2, np.median(x)
    else:
        raise ValueError(f"statistic is {statistic!r}; it must be one of mean, median")
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Estimate(float(value), float(low), float(high), len(x))


def slope(steps: ArrayLike, errors: ArrayLike) -> float:
    """The order of convergence p of errors ∝ steps^(−p): minus the least-squares slope of log error on log steps.

    NaN where an error is zero or not finite: there is then no power law to fit.
    """
    n, e = np.asarray(steps, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    if not (np.isfinite(e).all() and (e > 0).all()):
        return float("nan")
    return float(-np.polyfit(np.log(n), np.log(e), 1)[0])
