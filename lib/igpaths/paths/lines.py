"""The two paths that are known beforehand: a straight line, and a blur that clears."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from igpaths.arguments import check_number, check_word
from igpaths.classifier import Classifier
from igpaths.gaussian import blur, blurring
from igpaths.paths.base import Along, Draw, spread
from igpaths.paths.baselines import Based

if TYPE_CHECKING:
    from igpaths.walks import Segment

TANGENT_WIDTH = 0.01  # of the finite difference in σ that stands for dx/dσ, in pixels


@dataclass(frozen=True)
class Straight(Based, Along):
    """x' + α (x − x'): the path of Integrated Gradients (Sundararajan et al. 2017).

    Parameters
    ----------
    baseline : "black", "white", "mean" (the Classifier's mean colour, Study B's grey), "blur" (the input blurred
        with σ = 50), a grey level, a colour (C numbers), or a tensor that broadcasts to (B, C, H, W);
        in the images' units, [0, 1].
    """

    def draw(self, images: Tensor, baseline: Tensor) -> Draw:
        """The function from alphas (k, B) to the points (k, B, C, H, W)."""
        way = images - baseline
        return lambda alphas: torch.addcmul(baseline, spread(alphas, images), way)

    def step(self, segment: "Segment", at: str) -> Tensor:
        """The step (B, C, H, W) of a segment: Δα (x − x')."""
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
        """The baseline x' (B, C, H, W): the image at its most blurred."""
        return blur(images, self.max_sigma, padding=self.padding)

    def draw(self, images: Tensor, baseline: Tensor) -> Draw:
        """The function from alphas (k, B) to the points (k, B, C, H, W)."""
        blurred = blurring(images, padding=self.padding)
        return lambda alphas, wider=0.0: blurred(self._sigma(alphas) + wider)

    def step(self, segment: "Segment", at: str) -> Tensor:
        """The step (B, C, H, W) of a segment, for a gradient taken at its "start" or "end"."""
        if self.increment == "difference":
            return super().step(segment, at)
        point, images, draw = segment.point(at), segment.walk.images, segment.walk.draw
        assert draw
        wider = draw(point.alpha, wider=TANGENT_WIDTH)
        change = spread(self._sigma(segment.end.alpha) - self._sigma(segment.start.alpha), images)
        return change * (wider - point.x) / TANGENT_WIDTH

    def _sigma(self, alpha: Tensor) -> Tensor:
        return self.max_sigma * (1 - alpha)
