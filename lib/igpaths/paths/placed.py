"""Other points along a path that is known beforehand: where the score moves, found by forward passes."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor

from igpaths.arguments import check_number
from igpaths.classifier import Classifier
from igpaths.paths.base import Along, Draw

if TYPE_CHECKING:
    from igpaths.walks import Segment, Walk


@dataclass(frozen=True)
class Respaced(Along):
    """A path along another one, whose points it places anew."""

    path: Along

    def __post_init__(self) -> None:
        if not isinstance(self.path, Along) or isinstance(self.path, Respaced):
            raise ValueError(
                f"path must be one whose points are known beforehand, such as Straight(), got {self.path!r}"
            )

    def cut(self, group: slice, count: int) -> Self:
        """The path of some of `count` images."""
        return replace(self, path=self.path.cut(group, count))

    def start(self, net: Classifier, images: Tensor) -> Tensor:
        """The baseline x' (B, C, H, W)."""
        return self.path.start(net, images)

    def draw(self, images: Tensor, baseline: Tensor) -> Draw:
        """The function from alphas (k, B) to the points (k, B, C, H, W)."""
        return self.path.draw(images, baseline)

    def step(self, segment: "Segment", at: str) -> Tensor:
        """The step (B, C, H, W) of a segment, for a gradient taken at its "start" or "end"."""
        return self.path.step(segment, at)


@dataclass(frozen=True)
class Placed(Respaced):
    """A straight or blurred path whose points lie where the score moves, found by forward passes before the walk.

    The N segments of each image have equal parts of a mass: mostly of ∫ √|dF/dα| dα, which is how densely a sum
    should be cut whose error in a segment grows with its length squared and the score's slope, and of α itself, so
    that no stretch is left without points. A coarser step count merges neighbours, as it does on the path itself. The
    pilot is asked in two rounds, the second placed by the first.

    Parameters
    ----------
    path : `Straight` or `Blur`.
    pilot : scores that are asked of each image before the walk, 2 or more; each is one forward pass.
    share : of the mass that follows the score, in [0, 1); at 0 the points are the path's own.
    """

    pilot: int = 16
    share: float = 0.8

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("pilot", self.pilot, "2 or more, a whole number", lambda n: n >= 2 and int(n) == n)
        check_number("share", self.share, "in [0, 1)", lambda share: 0 <= share < 1)

    def place(self, walk: "Walk", draw: Draw, steps: int) -> Tensor:
        """α (steps + 1, B) between which each image has equal mass, by the scores of the pilot."""
        alphas, scores = walk.alphas, walk.scores.cpu()
        for count in (self.pilot // 2, self.pilot - self.pilot // 2):
            new = self.divide(alphas, scores, count + 1)[1:-1]
            of_new = torch.cat([walk.evaluate_scores(draw(part)) for part in new.split(walk.at_once)])
            alphas, order = torch.cat([alphas, new]).sort(dim=0)
            scores = torch.cat([scores, of_new]).gather(0, order)
        return self.divide(alphas, scores, steps)

    def divide(self, alphas: Tensor, scores: Tensor, steps: int) -> Tensor:
        """The alphas (steps + 1, B) between which each image has equal mass, by its scores (K, B) at alphas (K, B)."""
        lengths = alphas.diff(dim=0)
        moved = (scores.diff(dim=0).abs().to(alphas) * lengths).sqrt()
        still = moved.sum(0) == 0
        mass = torch.where(still, lengths, (1 - self.share) * lengths + self.share * moved / moved.sum(0))
        below = torch.cat([torch.zeros_like(alphas[:1]), (mass / mass.sum(0)).cumsum(0)]).T.contiguous()
        wanted = (torch.arange(1, steps, dtype=alphas.dtype, device="cpu") / steps).expand(len(below), -1)
        right = torch.searchsorted(below, wanted.contiguous()).clamp(1, len(lengths)).T
        (low, high), (left_alpha, right_alpha) = (
            (values.gather(0, right - 1), values.gather(0, right)) for values in (below.T, alphas)
        )
        part = ((wanted.T - low) / (high - low)).nan_to_num(0).clamp(0, 1)
        return torch.cat([alphas[:1], left_alpha + part * (right_alpha - left_alpha), alphas[-1:]])
