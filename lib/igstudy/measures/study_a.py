"""Study A's own walks and sums, as its code has them."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from igpaths.paths import Respaced
from igpaths.rules import Part, Rule
from igpaths.walks import Segment


@dataclass(frozen=True)
class Strided(Respaced):
    """A straight or blurred path whose n steps are n points, n − 1 segments.

    There are ``points`` points in all, evenly from x' to x, and n steps take every (points / n)-th of them from x' on.
    So coarse walks stop short of x: of 128 points, 8 steps stop at α = .882, 16 at .945, 32 at .976, 64 at .992.

    Parameters
    ----------
    path : `Straight` or `Blur`.
    points : 2 or more; each step count divides it.
    """

    points: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.points < 2:
            raise ValueError(f"points must be 2 or more, got {self.points}")

    def alphas(self, steps: int) -> Tensor:
        """α of the points that `steps` steps visit, x' first."""
        return torch.arange(0, self.points, self.points // steps, dtype=torch.float64, device="cpu") / (self.points - 1)

    def segments(self, steps: int) -> int:
        """One fewer than its points."""
        return steps - 1

    def check(self, steps: Any) -> None:
        """Every step count is 2 or more and divides the number of points, and the largest."""
        if odd := [n for n in steps if n < 2 or self.points % n]:
            raise ValueError(f"on Strided every step count must be 2 or more and divide {self.points}, got {odd}")
        super().check(steps)


@dataclass(frozen=True)
class Without(Part):
    """A rule's sum without the segment from x' ("first") or the one to x ("last")."""

    rule: Rule
    end: str

    def __post_init__(self) -> None:
        if self.end not in ("first", "last"):
            raise ValueError(f"end is {self.end!r}; it must be one of first, last")

    def mask(self, segment: Segment, before: Tensor | None) -> bool:
        """Whether the segment is not the one that is left out."""
        return not (segment.first if self.end == "first" else segment.last)
