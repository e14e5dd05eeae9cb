"""A canvas that is filled in: hidden pixels are guessed from those that are shown, so that no colour is added."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from igpaths.metrics.canvases import Show, take

GREY = 0.5  # of an image of which nothing is shown


@dataclass(frozen=True)
class Filled:
    """The canvas of the shown pixels' means at the finest scale that has any, without edges of its own.

    A pyramid of means halves the picture until one pixel is left; on the way back each pixel that is not known takes
    the value of the coarser picture, interpolated linearly (pull-push, Gortler et al. 1996). It stands for
    scikit-image's ``inpaint_biharmonic``, which takes minutes where this takes milliseconds.
    """

    def under(self, images: Tensor) -> Show:
        """The function from numbers of the images (P,) and pixels shown (P, H, W) to how they look (P, C, H, W)."""

        def show(which: Tensor, shown: Tensor) -> Tensor:
            known = shown.unsqueeze(1).to(images)
            return fill(take(images, which) * known, known)

        return show


def fill(values: Tensor, known: Tensor) -> Tensor:
    """Values (P, C, H, W), 0 where they are not `known` (P, 1, H, W), filled in; grey where nothing is known."""
    height, width = values.shape[-2:]
    if height == width == 1:
        below = torch.full_like(values, GREY)
    else:
        share = F.avg_pool2d(known, 2, ceil_mode=True, count_include_pad=False)
        mean = F.avg_pool2d(values, 2, ceil_mode=True, count_include_pad=False) / share.clamp(min=0.25)
        coarse = fill(mean * (share > 0), (share > 0).to(values))
        below = F.interpolate(coarse, (height, width), mode="bilinear", align_corners=False)
    return torch.where(known > 0, values, below)
