"""How much a revealed image tells: the bytes of its file, an entropy, or its likeness to the image, by MS-SSIM.

Each estimator takes the revealed images and the images themselves, (P, C, H, W) in [0, 1] with 8 bits a channel, and
gives a number for each (P,), in units of its own.
"""

import io
import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from igpaths.arguments import check_range
from igpaths.metrics.pixels import map_in_threads, to_bytes
from igpaths.modules import products

Estimator = Callable[[Tensor, Tensor], Tensor]
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of MS-SSIM's scales, from the finest
WINDOW, SIGMA = 11, 1.5  # of the Gaussian, in pixels
C1, C2 = 0.01**2, 0.03**2  # for images in [0, 1]
BLOCK = 32  # rows that the window slides over in one product
LEAST = (WINDOW - 1) * 2 ** (len(WEIGHTS) - 1) + 1  # pixels a side: the window must fit the coarsest scale


def png_bytes(revealed: Tensor, images: Tensor) -> Tensor:
    """The length (P,) of each image as a PNG file of Pillow's default compression; more is more information."""
    return _encode(revealed, (1, 2, 3, 4), format="png")


def webp_bytes(revealed: Tensor, images: Tensor) -> Tensor:
    """The length (P,) of each image as a lossless WebP file (quality 100): it depends on the version of libwebp."""
    return _encode(revealed, (1, 3), format="webp", lossless=True, quality=100)


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


def ms_ssim(a: Tensor, b: Tensor) -> Tensor:
    """The mean over channels of the multi-scale structural similarity of images in [0, 1]: (B,), in [0, 1].

    Of images (B, C, H, W) of at least 161 pixels a side; ValueError where they are smaller, differ in shape or leave
    [0, 1]. 1 for an image with itself, exactly. Symmetric. Negative contrast terms count as 0, as in pytorch-msssim
    1.0, which it agrees with. In float32 or float64, with all their bits (Wang et al. 2003).

    >>> metrics.ms_ssim(x, x), metrics.ms_ssim(x, x / 2) < 0.95
    (tensor([1., 1.]), tensor([True, True]))
    """
    if a.shape != b.shape or a.ndim != 4:
        raise ValueError(f"a and b must be (B, C, H, W) of one shape, got {tuple(a.shape)}, {tuple(b.shape)}")
    if min(a.shape[-2:]) < LEAST:
        raise ValueError(f"MS-SSIM needs at least {LEAST} pixels a side for its five scales, got {tuple(a.shape[-2:])}")
    for name, images in (("a", a), ("b", b)):
        check_range(name, images, "for MS-SSIM", remedy="")
    a, b = (images.to(torch.promote_types(images.dtype, torch.float32)) for images in (a, b))
    with products(a.device):
        factors = [_similarities(a, b, last=False)]
        for scale in range(1, len(WEIGHTS)):
            odd = [side % 2 for side in a.shape[-2:]]
            a, b = (F.avg_pool2d(image, kernel_size=2, padding=odd) for image in (a, b))
            factors.append(_similarities(a, b, last=scale == len(WEIGHTS) - 1))
    weighted = [factor.clamp(min=0) ** weight for factor, weight in zip(factors, WEIGHTS, strict=True)]
    return torch.stack(weighted).prod(0).mean(1).clamp(max=1)  # which rounding passes, on nearly equal images


ESTIMATORS = {"png": png_bytes, "webp": webp_bytes, "ms-ssim": ms_ssim, "entropy": filtered_entropy}


def find_estimators(names: str | Iterable[str]) -> dict[str, Estimator]:
    """The estimators of these names; ValueError where there is none."""
    names = (names,) if isinstance(names, str) else tuple(names)
    if not names or not set(names) <= set(ESTIMATORS):
        raise ValueError(f"estimators is {names}; it must name one or more of {', '.join(ESTIMATORS)}")
    return {name: ESTIMATORS[name] for name in names}


def _encode(images: Tensor, channels: tuple[int, ...], **options: Any) -> Tensor:
    from PIL import Image

    if images.shape[1] not in channels:
        kind, allowed = options["format"], ", ".join(map(str, channels))
        raise ValueError(f"{kind} files hold {allowed} channels, not {images.shape[1]}; take 'entropy' or 'ms-ssim'")

    def length(pixels: np.ndarray) -> int:
        file = io.BytesIO()
        Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, **options)
        return file.tell()

    return torch.tensor(map_in_threads(length, to_bytes(images)), dtype=torch.float64, device="cpu")


def _similarities(a: Tensor, b: Tensor, *, last: bool) -> Tensor:
    """The mean contrast and structure (B, C) of two images on one scale, on the last one with the luminance."""
    mean_a, mean_b = _window(a), _window(b)
    square, product = mean_a**2 + mean_b**2, mean_a * mean_b
    variances, covariance = _window(a * a + b * b) - square, _window(a * b) - product
    similarity = (2 * covariance + C2) / (variances + C2)
    if last:
        similarity = similarity * (2 * product + C1) / (square + C1)
    return similarity.mean((-2, -1))


def _window(images: Tensor) -> Tensor:
    """Images (…, H, W) under the Gaussian window, where it fits whole."""
    return _slide(_slide(images.mT).mT)


def _slide(images: Tensor) -> Tensor:
    """The window along the rows' direction: dense products of blocks, for a band in one matrix is mostly zeros."""
    rows, margin = images.shape[-2] - WINDOW + 1, WINDOW - 1
    blocks = [images[..., start : start + BLOCK + margin, :] for start in range(0, rows, BLOCK)]
    return torch.cat([_matrix(block.shape[-2], block.dtype, block.device) @ block for block in blocks], dim=-2)


@lru_cache(maxsize=64)
@torch.inference_mode(False)  # a matrix that is kept must serve in every mode
def _matrix(size: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The matrix (size − 10, size) that slides the window along a line of pixels."""
    offsets = torch.arange(WINDOW, dtype=torch.float64, device="cpu") - WINDOW // 2
    window = torch.exp(-(offsets**2) / (2 * SIGMA**2))
    window /= window.sum()
    j = torch.arange(size, device="cpu")
    i = j[: size - WINDOW + 1].view(-1, 1)
    inside = (j >= i) & (j < i + WINDOW)
    return torch.where(inside, window[(j - i).clamp(0, WINDOW - 1)], 0).to(device, dtype)
