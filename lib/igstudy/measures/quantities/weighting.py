"""The rules of path attribution as one family, Σ_j w_j g_j ⊙ v_j, which differ in two choices.

=================== ==================== =========================================
rule                v_j                  w_j
=================== ==================== =========================================
IG                  the step Δx_j        1
Left, Right         the step Δx_j        1 on their side of α*, 0 on the other
IDG                 the step Δx_j        ΔF_j / Δα_j, the slope
Σ g²                the gradient g_j     1 / N
IDGI                the gradient g_j     ΔF_j / (g_j · g_j), the slope over g · g
=================== ==================== =========================================

(Sundararajan et al. 2017; Miglani et al. 2020; Walker et al. 2024; Yang et al. 2023.) A segment that is walked along
its gradient, Δx = c g, has ΔF = c g · g to first order in c, so that IDGI's w is c and its credit is IG's.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from igpaths.arguments import check_word
from igpaths.classifier import send
from igpaths.walks import Segment

Weight = Callable[[Segment, Tensor], Tensor]  # of a segment and its gradient (B, C, H, W): w (B,), in float64


@dataclass(frozen=True)
class Weighted:
    """A member of the family, a rule like any other.

    Parameters
    ----------
    weight : the function that gives w_j.
    along : "step", where v_j is the path's step, or "gradient".
    at : where the gradient is taken: "start", "end", or "both" for the mean of the two.
    """

    weight: Weight
    along: str = "step"
    at: str = "start"

    def __post_init__(self) -> None:
        check_word("along", self.along, ("step", "gradient"))
        check_word("at", self.at, ("start", "end", "both"))

    def credit(self, segment: Segment) -> Tensor:
        """The segment's credit (B, C, H, W), computed in float64 for the sake of small gradients."""
        if self.at == "both":
            return (replace(self, at="start").credit(segment) + replace(self, at="end").credit(segment)) / 2
        gradient = segment.gradient(self.at)
        along = segment.step(self.at) if self.along == "step" else gradient
        weight = self.weight(segment, gradient).view(-1, 1, 1, 1)
        return (weight * gradient.double() * along.double()).to(gradient.dtype)

    def mass(self, segment: Segment) -> Tensor:
        """How much of the path the segment counts for, (B,), 0 or more, in float64: |w_j| Δα_j.

        Along the gradient it is |w_j|, which has the length of the segment in it.
        """
        if self.at == "both":
            return (replace(self, at="start").mass(segment) + replace(self, at="end").mass(segment)) / 2
        weight = self.weight(segment, segment.gradient(self.at)).abs()
        return weight * _length(segment) if self.along == "step" else weight


def one(segment: Segment, gradient: Tensor) -> Tensor:
    """1 (B,), as in IG."""
    return torch.ones_like(segment.score_change, dtype=torch.float64)


def even(segment: Segment, gradient: Tensor) -> Tensor:
    """1 / N (B,), as in Σ g²."""
    return one(segment, gradient) / segment.walk.path.segments(segment.steps)


def slope(segment: Segment, gradient: Tensor) -> Tensor:
    """ΔF / Δα (B,), as in IDG; 0 where the segment has no length."""
    length = _length(segment)
    return torch.where(length > 0, segment.score_change.double() / length, 0)


def slope_over_square(segment: Segment, gradient: Tensor) -> Tensor:
    """ΔF / (g · g) (B,), as in IDGI; 0 where the gradient is zero."""
    square = gradient.double().square().sum((1, 2, 3))
    return torch.where(square > 0, segment.score_change.double() / square, 0)


def before(star: Tensor) -> Weight:
    """1 on the segments up to α* (B,), 0 on the others, as in Left; 1 on all where α* is NaN."""
    return lambda segment, gradient: 1 - after(star)(segment, gradient)


def after(star: Tensor) -> Weight:
    """1 on the segments behind α* (B,), 0 on the others, as in Right; 0 on all where α* is NaN."""
    return lambda segment, gradient: (send(segment.end.alpha, star.device, star.dtype) > star).double()


def _length(segment: Segment) -> Tensor:
    """Δα (B,), 0 or more, beside the scores."""
    return send(segment.end.alpha - segment.start.alpha, segment.score_change.device, torch.float64)


FAMILY = {  # by the names of a study's rules, at the ends of the segments where it takes their gradients
    "ig": Weighted(one, at="both"),
    "idg": Weighted(slope, at="end"),
    "idgi": Weighted(slope_over_square, "gradient"),
    "squared-gradients": Weighted(even, "gradient"),
}
