"""How much an image tells: estimates of its information, each (revealed images, the images) → one number an image.

Both are (P, C, H, W) in [0, 1] with 8 bits a channel, and the numbers (P,) are in units of the estimator's own.
"""

import io
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from igpaths.metrics.msssim import ms_ssim
from igpaths.metrics.pixels import map_in_threads, to_bytes

Estimator = Callable[[Tensor, Tensor], Tensor]
CHANNELS = {"png": (1, 2, 3, 4), "webp": (1, 3)}  # that the formats hold without a loss


def png_bytes(revealed: Tensor, images: Tensor) -> Tensor:
    """The length (P,) of each image as a PNG file of Pillow's default compression; more is more information."""
    return _encode(revealed, format="png")


def webp_bytes(revealed: Tensor, images: Tensor) -> Tensor:
    """The length (P,) of each image as a lossless WebP file (quality 100): it depends on the version of libwebp."""
    return _encode(revealed, format="webp", lossless=True, quality=100)


def filtered_entropy(revealed: Tensor, images: Tensor) -> Tensor:
    """The bytes (P,) that PNG's filtered values need with an ideal code for each value, on the images' own device.

    Every row of pixels is predicted as in PNG, by the one of its five filters that leaves the smallest sum, and the
    entropy of the histogram of what is left is counted; what repeats is not looked for.
    """
    x = (revealed * 255).round().to(torch.int16)
    padded = F.pad(x, (1, 0, 1, 0))
    left, up, corner = padded[..., 1:, :-1], padded[..., :-1, 1:], padded[..., :-1, :-1]
    to_left, to_up, to_corner = (up - corner).abs(), (left - corner).abs(), (left + up - 2 * corner).abs()
    paeth = torch.where(to_up <= to_corner, up, corner)
    paeth = torch.where((to_left <= to_up) & (to_left <= to_corner), left, paeth)
    rows = torch.stack([x - guess for guess in (torch.zeros_like(x), left, up, (left + up) // 2, paeth)]) & 255
    cost = torch.minimum(rows, 256 - rows).sum((2, 4))  # (5, P, H)
    best = cost.argmin(0)[None, :, None, :, None].expand(1, *x.shape)
    values = rows.gather(0, best)[0].flatten(1)
    image = torch.arange(len(x), device=x.device).view(-1, 1)
    counts = torch.bincount((image * 256 + values).flatten(), minlength=256 * len(x)).view(-1, 256)
    return torch.special.entr(counts.double() / values.shape[1]).sum(1) / math.log(256) * values.shape[1]


ESTIMATORS: dict[str, Estimator] = {
    "png": png_bytes,
    "webp": webp_bytes,
    "ms-ssim": ms_ssim,
    "entropy": filtered_entropy,
}


def find_estimators(names: str | Iterable[str], channels: int) -> dict[str, Estimator]:
    """The estimators of these names; ValueError where there is none, or one cannot take images of so many channels."""
    names = (names,) if isinstance(names, str) else tuple(names)
    if not names or not set(names) <= set(ESTIMATORS):
        raise ValueError(f"estimators is {names}; it must name one or more of {', '.join(ESTIMATORS)}")
    for name in names:
        if channels not in CHANNELS.get(name, (channels,)):
            allowed = ", ".join(map(str, CHANNELS[name]))
            raise ValueError(
                f"{name} files hold images of {allowed} channels, got {channels}; take the entropy or MS-SSIM instead"
            )
    return {name: ESTIMATORS[name] for name in names}


def _encode(images: Tensor, **options: Any) -> Tensor:
    from PIL import Image

    def length(pixels: np.ndarray) -> int:
        file = io.BytesIO()
        Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels).save(file, **options)
        return file.tell()

    return torch.tensor(map_in_threads(length, to_bytes(images)), dtype=torch.float64)
