"""The ladder from IG to IDGI: sums over the same walk, of which each is one plain change away from the next.

    |Σ g Δx|  →  Σ |g Δx|  →  Σ (g Δx)²           IG by magnitude; nothing cancels on the way; large credits count more
       ↓            ↓             ↓               the factor Δx is left out
    |Σ g|     →  Σ |g|     →  Σ g²     →  IDGI    each segment is weighed by ΔF / (g·g)

With the factor Δx a gradient is the mean of those at both ends of the segment, as in the trapezoid; without it, it is
the one at the start, as in IDGI. The rules that the library does not have are here, for users want none of them.
"""

from dataclasses import dataclass

from torch import Tensor

from igpaths.rules import IG, SquaredGradients, TotalVariation, check_whole
from igpaths.walks import Segment


@dataclass(frozen=True)
class MeanGradient:
    """The mean of the gradients over the segments, Σ_j g_j / N: IG without its factor Δx. It is not complete."""

    def credit(self, segment: Segment) -> Tensor:
        """g over the number of segments (B, C, H, W), with its sign, with the gradient at the start as in IDGI."""
        return segment.gradient("start") / segment.walk.path.segments(segment.steps)


@dataclass(frozen=True)
class SquaredCredit:
    """Σ_j (g_j Δx_j)²: the squares of IG's credits. It is not complete; its unit is that of the score squared."""

    rule: IG

    def __post_init__(self) -> None:
        check_whole(self, self.rule)

    def credit(self, segment: Segment) -> Tensor:
        """The segment's squared credit (B, C, H, W), 0 or more."""
        return self.rule.credit(segment).square()


UNSIGNED = (SquaredGradients, TotalVariation, SquaredCredit)  # rules whose credits are 0 or more
