"""The ratio of two means of the same images, with an interval that holds where images share photographs."""

import math

from numpy.typing import ArrayLike

from igstudy.evidence.inference import Ways, clustered
from igstudy.evidence.statistics import Estimate, finite


def of_means_ratio(values: ArrayLike, others: ArrayLike, *, ways: Ways) -> Estimate:
    """The mean of n per-image values over the mean of n others of the same images, with a 95 % interval.

    The interval is that of the ratio's logarithm by the delta method: an image moves it by its value's share of the one
    mean less its share of the other, and `inference.clustered` tells how surely the mean of these is 0. So the inverse
    ratio has the inverse interval, and no end is below 0.

    Parameters
    ----------
    values, others : (n,), finite, of positive means.
    ways : as for `inference.clustered`.

    Raises
    ------
    ValueError
        For means that are not positive, or what `inference.clustered` refuses.
    """
    y, x = finite(values), finite(others)
    if len(x) != len(y) or not (y.mean() > 0 and x.mean() > 0):
        means = f"{len(y)} of mean {y.mean():g} and {len(x)} of mean {x.mean():g}"
        raise ValueError(f"values and others must be of the same images, of positive means, got {means}")
    ratio = float(y.mean() / x.mean())
    logarithm = clustered(y / y.mean() - x / x.mean(), ways=ways)
    return Estimate(ratio, ratio * math.exp(logarithm.low), ratio * math.exp(logarithm.high), len(x))
