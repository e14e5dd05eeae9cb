"""What is under the pixels of an image that are not shown: a picture, or an interpolation of those that are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from igpaths.classifier import Classifier
from igpaths.metrics.pixels import map_in_threads, to_bytes
from igpaths.paths import resolve_baseline

# From numbers of images (P,) and their pixels that are shown (P, H, W), bool, to how they look (P, C, H, W)
Show = Callable[[Tensor, Tensor], Tensor]


def lay_on(canvas: Any, net: Classifier, images: Tensor) -> Show:
    """The images (B, C, H, W) on a canvas: a word, grey level, colour or tensor, as a baseline, or one like `Seeds`."""
    if hasattr(canvas, "under"):
        return canvas.under(images)
    below = resolve_baseline(canvas, net, images, name="canvas")
    return lambda which, shown: torch.where(shown.unsqueeze(1), images[which], below[which])


@dataclass(frozen=True, eq=False)
class Seeds:
    """A canvas of pixels interpolated from those that are shown, linearly over Delaunay triangles.

    The four corners and the pixels of `masks` (B, H, W), bool, are always shown. As PAIR's ``create_blurred_image``,
    with one triangulation for all channels; an image one pixel high or wide is interpolated along its line.

    >>> masks = metrics.seed_masks(2, x.shape[2:])
    >>> show = metrics.Seeds(masks).under(x)
    >>> canvas = show(torch.tensor([0]), torch.zeros(1, 176, 176, dtype=torch.bool))  # the first image's seeds alone
    >>> torch.equal(canvas[0][:, masks[0]], x[0][:, masks[0]])
    True
    """

    masks: Tensor

    def under(self, images: Tensor) -> Show:
        """The function from numbers of the images (P,) and pixels shown (P, H, W) to how they look (P, C, H, W)."""
        masks, wanted = torch.as_tensor(self.masks, device="cpu"), (len(images), *images.shape[2:])
        if masks.dtype != torch.bool or masks.shape != wanted:
            raise ValueError(f"the masks of Seeds must be bool {wanted}, got {tuple(masks.shape)} of {masks.dtype}")

        def show(which: Tensor, shown: Tensor) -> Tensor:
            known = shown.cpu() | masks[which.cpu()]
            known[:, [0, 0, -1, -1], [0, -1, 0, -1]] = True
            filled = np.stack(map_in_threads(_interpolate, to_bytes(images[which]), known.numpy()))
            below = torch.from_numpy(filled).permute(0, 3, 1, 2).to(images) / 255
            return torch.where(known.to(images.device).unsqueeze(1), images[which], below)

        return show


def seed_masks(count: int, size: Sequence[int], *, share: float = 0.01, seed: int = 0, start: int = 0) -> Tensor:
    """Random pixels that every method's curve starts from: (count, H, W), bool, ⌊share · H · W⌋ in each.

    Image number ``start + i`` has mask i: it depends on nothing but that number, the size and the seed.

    >>> metrics.seed_masks(2, (176, 176), share=0.01).sum((1, 2))
    tensor([309, 309])
    """
    masks = torch.zeros(count, size[0] * size[1], dtype=torch.bool, device="cpu")
    for i, mask in enumerate(masks):
        # 11: seeds, random maps and noise draw from streams of their own
        places = np.random.default_rng((seed, 11, start + i)).choice(len(mask), int(len(mask) * share), replace=False)
        mask[torch.from_numpy(places)] = True
    return masks.view(count, *size)


def _interpolate(image: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The image (H, W, C) with the pixels that are not `known` (H, W) interpolated from those that are."""
    from scipy.interpolate import LinearNDInterpolator

    if known.all():
        return image
    filled, colours = image.copy(), image[known].astype(np.float64)
    if 1 in known.shape:  # a line, which no triangle covers
        places, along = np.flatnonzero(~known), np.flatnonzero(known)
        values = np.stack([np.interp(places, along, channel) for channel in colours.T], axis=1)
    else:
        values = LinearNDInterpolator(np.argwhere(known), colours)(np.argwhere(~known)).astype(np.float32)
        values[np.isnan(values).any(1)] = image.mean((0, 1))  # by rounding, on an edge of the image
    filled[~known] = np.round(values)
    return filled
