"""How surely a mean lies between bounds, and how surely several hypotheses hold together."""

import math
from collections.abc import Sequence

from igstudy.evidence.inference import Inference


def conjunction(p: Sequence[float], r: int) -> float:
    """The p value of fewer than r of these m hypotheses' being false, by Bonferroni (Benjamini and Heller 2008)."""
    return min(1.0, (len(p) - r + 1) * sorted(p)[r - 1])


def p_inside(mean: Inference | None, low: float, high: float) -> float:
    """The one-sided p of a mean's not lying between its bounds: the larger of the two, as for equivalence."""
    return max(_above(mean, low), 1 - _above(mean, high)) if mean else 1.0


def p_outside(mean: Inference | None, low: float, high: float) -> float:
    """The one-sided p of a mean's lying between its bounds."""
    if not mean:
        return 1.0
    p = min(1 - _above(mean, low), _above(mean, high))
    return min(1.0, 2 * p if math.isfinite(low) and math.isfinite(high) else p)


def _above(mean: Inference, bound: float) -> float:
    """The one-sided p of a mean's not lying above a bound."""
    if math.isinf(bound):
        return 0.0 if bound < 0 else 1.0
    p = mean.p(bound) / 2
    return p if mean.value > bound else 1 - p
