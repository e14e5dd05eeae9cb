"""The paths that are known beforehand, a straight line and a blur that clears, and other points along them."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor

from igpaths.arguments import check_number, check_word
from igpaths.classifier import Classifier
from igpaths.gaussian import blur, blurring
from igpaths.paths.base import Along, Based, Draw, spread

if TYPE_CHECKING:
    from igpaths.walks import Segment, Walk

TANGENT_WIDTH = 0.01  # of the finite difference in σ that stands for dx/dσ, in pixels


@dataclass(frozen=True)
class Straight(Based, Along):
    """x' + α (x − x'): the path of Integrated Gradients (Sundararajan et al. 2017).

    Parameters
    ----------
    baseline : "black", "white", "mean" (the Classifier's mean colour, Study B's grey), "blur" (the input blurred
        with σ = 50), "max-distance" (the farthest image of all, 1 where a value is below 0.5 and else 0; Sturmfels et
        al. 2020), a grey level, a colour (C numbers), or a tensor that broadcasts to (B, C, H, W); in the images'
        units, [0, 1].
    """

    def draw(self, images: Tensor, baseline: Tensor) -> Draw:
        way = images - baseline
        return lambda alphas: torch.addcmul(baseline, spread(alphas, images), way)

    def step(self, segment: "Segment", at: str) -> Tensor:
        way = segment.walk.way
        return spread(segment.end.alpha - segment.start.alpha, way) * way


@dataclass(frozen=True)
class Blur(Along):
    """x blurred with a Gaussian whose σ falls from ``max_sigma`` to 0 in equal parts (Blur IG, Xu et al. 2020).

    Parameters
    ----------
    max_sigma : σ of the baseline, in pixels; positive.
    increment : "difference": a segment's step is x_{j+1} − x_j. "tangent": it is dx/dσ, a finite difference of 0.01
        pixels at the point where the gradient is taken, times Δσ, as in both papers' lineage (PAIR's BlurIG). At
        σ = 0 that difference is exactly 0, so the last segment, which is the largest, is lost.
    padding : "reflect" (the image is mirrored at its edges), or "zero" (black outside) with the Gaussian truncated at
        4σ, as PAIR's.
    """

    max_sigma: float = 50.0
    increment: str = "difference"
    padding: str = "reflect"

    def __post_init__(self) -> None:
        check_number("max_sigma", self.max_sigma, "positive and finite", lambda sigma: 0 < sigma < float("inf"))
        check_word("increment", self.increment, ("difference", "tangent"))
        check_word("padding", self.padding, ("reflect", "zero"))

    def start(self, net: Classifier, images: Tensor) -> Tensor:
        return blur(images, self.max_sigma, padding=self.padding)

    def draw(self, images: Tensor, baseline: Tensor) -> Draw:
        blurred = blurring(images, padding=self.padding)
        return lambda alphas, wider=0.0: blurred(self._sigma(alphas) + wider)

    def step(self, segment: "Segment", at: str) -> Tensor:
        if self.increment == "difference":
            return super().step(segment, at)
        point, images, draw = segment.start if at == "start" else segment.end, segment.walk.images, segment.walk.draw
        assert draw
        wider = draw(point.alpha, wider=TANGENT_WIDTH)
        change = spread(self._sigma(segment.end.alpha) - self._sigma(segment.start.alpha), images)
        return change * (wider - point.x) / TANGENT_WIDTH

    def _sigma(self, alpha: Tensor) -> Tensor:
        return self.max_sigma * (1 - alpha)


@dataclass(frozen=True)
class Respaced(Along):
    """A path along another one, whose points it places anew."""

    path: Along

    def __post_init__(self) -> None:
        if not isinstance(self.path, Along) or isinstance(self.path, Respaced):
            raise ValueError(f"path must be one whose points are known beforehand, like Straight(), got {self.path!r}")

    def cut(self, group: slice, count: int) -> Self:
        return replace(self, path=self.path.cut(group, count))

    def start(self, net: Classifier, images: Tensor) -> Tensor:
        return self.path.start(net, images)

    def draw(self, images: Tensor, baseline: Tensor) -> Draw:
        return self.path.draw(images, baseline)

    def step(self, segment: "Segment", at: str) -> Tensor:
        return self.path.step(segment, at)


@dataclass(frozen=True)
class Placed(Respaced):
    """A straight or blurred path whose points lie where the score moves, found by forward passes before the walk.

    The N segments of each image have equal parts of a mass: mostly of ∫ √|dF/dα| dα, which is how densely a sum
    should be cut whose error in a segment grows with its length squared and the score's slope, and of α itself, so
    that no stretch is left without points. The pilot has two rounds, the second placed by the first.

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
