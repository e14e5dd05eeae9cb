"""IG summed by Gauss–Legendre quadrature, as Captum does by default; to be set beside the sums over segments.

n nodes integrate a polynomial of degree 2n − 1 exactly, so on a smooth integrand the error falls faster than any power
of n. A network with ReLUs has gradients that jump, and where the integrand jumps no rule of fixed nodes does better
than the order 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from igpaths.paths import Point, Respaced, Straight
from igpaths.paths.base import Arrivals

if TYPE_CHECKING:
    from igpaths.walks import Segment, Walk


@dataclass(frozen=True)
class GaussLegendre(Respaced):
    """The nodes of Gauss–Legendre quadrature on a straight path, for ``IG("end")`` and for no other rule.

    With n steps there are n nodes, all inside (0, 1), and the sum Σ_j w_j g_j ⊙ (x − x') takes n gradients. A walk asks
    for those at x' and x too, for the scores. As `captum.attr.IntegratedGradients`, whose default this is (n = 50).

    A node stands for a weight and bounds no segment. So a rule that reads a change of score, as IDGI and IDG do, gets
    NaN; ValueError for one that takes a step from a segment's start, as ``IG("both")`` does, or that counts segments;
    for a path that is not straight; and for several step counts, since they share no nodes.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.path, Straight):
            raise ValueError(f"path must be straight, like Straight('black'), got {self.path!r}")

    def alphas(self, steps: int) -> Tensor:
        """α of x' and of the nodes; (steps + 1,)."""
        return torch.from_numpy(np.concatenate([[0.0], nodes(steps)[0]]))

    def visit(self, walk: "Walk", first: Point, steps: Sequence[int]) -> Arrivals:
        for n, point in super().visit(walk, first, steps):
            yield n, replace(point, score=torch.full_like(point.score, torch.nan))  # between nodes nothing changes

    def step(self, segment: "Segment", at: str) -> Tensor:
        """The weight of the node times the way, (B, C, H, W)."""
        if at != "end":
            raise ValueError(f"a node is the end of its step: read GaussLegendre with IG('end'), not at {at!r}")
        return float(nodes(segment.steps)[1][segment.number]) * segment.walk.way

    def segments(self, steps: int) -> int:
        """ValueError: nodes bound no segments."""
        raise ValueError("the nodes of GaussLegendre bound no segments: read it with IG('end')")

    def check(self, steps: Sequence[int]) -> None:
        if len(steps) > 1:
            raise ValueError(f"GaussLegendre takes one step count at a time, got {list(steps)}: they share no nodes")


@cache
def nodes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """The nodes of [0, 1], increasing, and their weights, which sum to 1; (count,) each, in float64."""
    places, weights = np.polynomial.legendre.leggauss(count)
    return (places + 1) / 2, weights / 2
