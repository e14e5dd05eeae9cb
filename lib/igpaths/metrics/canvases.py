"""Pictures seen in an image's place: canvases under the pixels that are not shown, and photographs that are altered."""

import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from igpaths.classifier import Classifier, send
from igpaths.metrics.ranking import as_tensor
from igpaths.paths import resolve_baseline

if TYPE_CHECKING:  # imports within functions wait until they are needed: they take longer than all else here
    from PIL.Image import Image

Show = Callable[[Tensor, Tensor], Tensor]  # from images' numbers (P,) and pixels shown (P, H, W) to (P, C, H, W)


def lay_on(canvas: Any, net: Classifier, images: Tensor, *, levels: bool = False) -> Show:
    """The images (B, C, H, W) on a canvas: a word, grey level, colour or tensor, as a baseline, or one like `Seeds`.

    With `levels` what is seen is rounded to 8 bits.
    """
    if hasattr(canvas, "under"):
        show = canvas.under(images)
        return (lambda which, shown: in_8_bits(show(which, shown))) if levels else show
    below = resolve_baseline(canvas, net, images, name="canvas")
    if levels:  # once, not each time that they are seen
        images, below = in_8_bits(images), in_8_bits(below)
    return lambda which, shown: _choose(shown.unsqueeze(1), take(images, which), take(below, which))


def _choose(condition: Tensor, images: Tensor, others: Tensor) -> Tensor:
    """``torch.where``; on a CPU by the bits, in a quarter of its time, for it mispredicts scattered pixels."""
    if images.device.type != "cpu":
        return torch.where(condition, images, others)
    whole = {2: torch.int16, 4: torch.int32, 8: torch.int64}[images.element_size()]
    mine, theirs = images.view(whole), others.view(whole)
    return (-condition.to(whole) & (mine ^ theirs)).bitwise_xor_(theirs).view(images.dtype)


def in_8_bits(images: Tensor) -> Tensor:
    """Images in [0, 1] with their values rounded to multiples of 1/255."""
    return (images * 255).round() / 255


def take(images: Tensor, which: Tensor) -> Tensor:
    """The images of these numbers (P,), which are on the CPU: one alone (1, …) where they are all the same."""
    if bool((which == which[0]).all()):
        return images[int(which[0])].unsqueeze(0)
    return images[send(which, images.device)]


@dataclass(frozen=True, eq=False)
class Seeds:
    """A canvas of pixels interpolated from those that are shown, linearly over Delaunay triangles.

    The four corners and the pixels of `masks` (B, H, W), bool, are always shown. As PAIR's ``create_blurred_image``,
    with one triangulation for all channels; an image one pixel high or wide is interpolated along its line.
    """

    masks: Tensor

    def under(self, images: Tensor) -> Show:
        """The function from numbers of the images (P,) and pixels shown (P, H, W) to how they look (P, C, H, W)."""
        from threadpoolctl import threadpool_limits

        masks, wanted = torch.as_tensor(self.masks, device="cpu"), (len(images), *images.shape[2:])
        if masks.dtype != torch.bool or masks.shape != wanted:
            raise ValueError(f"the masks of Seeds must be bool {wanted}, got {tuple(masks.shape)} of {masks.dtype}")

        def show(which: Tensor, shown: Tensor) -> Tensor:
            known = shown.cpu() | masks[which.cpu()]
            known[:, [0, 0, -1, -1], [0, -1, 0, -1]] = True
            with threadpool_limits(
                limits=1, user_api="blas"
            ):  # SciPy solves tiny systems, for which threads would wait
                filled = np.stack(map_images(_interpolate, images[which], known.numpy()))
            below = torch.from_numpy(filled).permute(0, 3, 1, 2).to(images) / 255
            return torch.where(known.to(images.device).unsqueeze(1), images[which], below)

        return show


def seed_masks(count: int, size: Sequence[int], *, share: float = 0.01, seed: int = 0, start: int = 0) -> Tensor:
    """Random pixels that every method's curve starts from: (count, H, W), bool, ⌊share · H · W⌋ in each.

    Image number ``start + i`` has mask i: it depends on nothing but that number, the size and the seed.
    """
    pixels = size[0] * size[1]
    masks = np.zeros((count, pixels), dtype=bool)
    for i, mask in enumerate(masks):  # 11: seeds, random maps and noise draw from streams of their own
        mask[np.random.default_rng((seed, 11, start + i)).choice(pixels, int(pixels * share), replace=False)] = True
    return torch.from_numpy(masks.reshape(count, *size))


def blur_photograph(photograph: "Image", *, radius: float = 20) -> "Image":
    """The photograph under Pillow's Gaussian of `radius` pixels: the canvas of SIC and AIC in Study A's code."""
    from PIL.ImageFilter import GaussianBlur

    return photograph.filter(GaussianBlur(radius))


def jpeg(photograph: "Image", *, quality: int = 75) -> "Image":
    """The photograph after JPEG compression with Pillow's `quality` (1 to 95), in RGB."""
    from PIL.Image import open as open_image

    file = io.BytesIO()
    photograph.save(file, "JPEG", quality=quality)
    return open_image(file).convert("RGB")


def uniform_noise(
    net: Classifier, images: Tensor, *, radius: float = 0.05, samples: int = 10, seed: int = 0, start: int = 0
) -> Iterator[Tensor]:
    """The images (B, C, H, W) with uniform noise, `samples` times; they may leave [0, 1].

    The noise of each value lies in ±radius in the network's own normalised space, which its std gives. Image number
    ``start + i`` gets noise that depends on that number, the sample and the seed alone.
    """
    images = as_tensor(images, 4, "images")
    for sample in range(samples):
        streams = [np.random.default_rng((seed, 13, start + i, sample)) for i in range(len(images))]
        noise = np.array([stream.uniform(-1, 1, images.shape[1:]) for stream in streams]).reshape(images.shape)
        yield images + torch.from_numpy(noise).to(images) * radius * net.std.to(images)


def map_images(function: Callable[..., Any], images: Tensor, *arrays: np.ndarray) -> list[Any]:
    """Call a function with each of the images (P, C, H, W), in [0, 1] or of 8 bits, as (H, W, C) of 8 bits.

    In parallel threads, which codecs and SciPy let run.
    """
    pixels = in_bytes(images).permute(0, 2, 3, 1).cpu().numpy()
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        return list(pool.map(function, pixels, *arrays))


def in_bytes(images: Tensor) -> Tensor:
    """Images in [0, 1] as whole numbers of 8 bits, from 0 to 255, as others are already."""
    return images if images.dtype == torch.uint8 else (images * 255).round_().clamp_(0, 255).to(torch.uint8)


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
