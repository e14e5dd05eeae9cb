"""How much a revealed image tells: the bytes of its file, an entropy, or its likeness to the image, by MS-SSIM.

Each estimator takes the revealed images and the images themselves, (P, C, H, W) in [0, 1] with 8 bits a channel, and
gives a number for each (P,), in units of its own.
"""

import io
import math
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from igpaths.arguments import check_range
from igpaths.metrics.canvases import map_images
from igpaths.modules import products

Estimator = Callable[[Tensor, Tensor], Tensor]
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of MS-SSIM's scales, from the finest
WINDOW, SIGMA = 11, 1.5  # of the Gaussian, in pixels
C1, C2 = 0.01**2, 0.03**2  # for images in [0, 1]
BLOCK = 32  # rows that the window slides over in one product
LEAST = (WINDOW - 1) * 2 ** (len(WEIGHTS) - 1) + 1  # pixels a side: the window must fit the coarsest scale


def file_bytes(revealed: Tensor, images: Tensor, *, kind: str, channels: tuple[int, ...], **options: Any) -> Tensor:
    """The length (P,) of each image as a file that Pillow writes; more is more information."""
    from PIL import Image

    if revealed.shape[1] not in channels:
        allowed, other = ", ".join(map(str, channels)), revealed.shape[1]
        raise ValueError(f"{kind} files hold {allowed} channels, not {other}; take 'entropy' or 'ms-ssim'")

    def length(pixels: np.ndarray) -> int:
        file = io.BytesIO()
        Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, kind, **options)
        return file.tell()

    return torch.tensor(map_images(length, revealed), dtype=torch.float64, device="cpu")


png_bytes = partial(file_bytes, kind="png", channels=(1, 2, 3, 4))
webp_bytes = partial(file_bytes, kind="webp", channels=(1, 3), lossless=True, quality=100)  # by the version of libwebp


def filtered_entropy(revealed: Tensor, images: Tensor) -> Tensor:
    """The bytes (P,) that PNG's filtered values need with an ideal code for each value, on the images' own device.

    Every row of pixels is predicted as in PNG, by the one of its five filters that leaves the smallest sum, and the
    entropy of the histogram of what is left is counted; what repeats is not looked for.
    """
    x = (revealed * 255).round().to(torch.int16)
    padded = F.pad(x, (1, 0, 1, 0))
    left, up, corner = padded[..., 1:, :-1], padded[..., :-1, 1:], padded[..., :-1, :-1]
    near = torch.stack([left, up, corner])  # of which Paeth's filter takes the first that is nearest
    paeth = near.gather(0, (near - (left + up - corner)).abs().argmin(0, keepdim=True))[0]
    rows = torch.stack([x - guess for guess in (torch.zeros_like(x), left, up, (left + up) // 2, paeth)]) & 255
    best = torch.minimum(rows, 256 - rows).sum((2, 4)).argmin(0)  # the filter of each row, (P, H)
    values = rows.take_along_dim(best[None, :, None, :, None], 0)[0].flatten(1)
    image = torch.arange(len(x), device=x.device).view(-1, 1)
    counts = torch.bincount((image * 256 + values).flatten(), minlength=256 * len(x)).view(-1, 256)
    return torch.special.entr(counts.double() / values.shape[1]).sum(1) / math.log(256) * values.shape[1]


def ms_ssim(a: Tensor, b: Tensor) -> Tensor:
    """The mean over channels of the multi-scale structural similarity of images in [0, 1]: (B,), in [0, 1].

    Of images (B, C, H, W) of at least 161 pixels a side; ValueError where they are smaller, differ in shape or leave
    [0, 1]. 1 for an image with itself, exactly. Symmetric. Negative contrast terms count as 0, as in pytorch-msssim
    1.0, which it agrees with. In float32 or float64, with all their bits (Wang et al. 2003).
    """
    if a.shape != b.shape or a.ndim != 4:
        raise ValueError(f"a and b must be (B, C, H, W) of one shape, got {tuple(a.shape)}, {tuple(b.shape)}")
    if min(a.shape[-2:]) < LEAST:
        raise ValueError(f"MS-SSIM needs at least {LEAST} pixels a side for its five scales, got {tuple(a.shape[-2:])}")
    for name, images in (("a", a), ("b", b)):
        check_range(name, images, "for MS-SSIM", remedy="")
    a, b = (images.to(torch.promote_types(images.dtype, torch.float32)) for images in (a, b))
    with products(a.device):
        factors = []
        for scale, weight in enumerate(WEIGHTS, 1):
            mean_a, mean_b = _window(a), _window(b)
            square, product = mean_a**2 + mean_b**2, mean_a * mean_b
            variances, covariance = _window(a * a + b * b) - square, _window(a * b) - product
            similarity = (2 * covariance + C2) / (variances + C2)  # of contrast and structure
            if scale == len(WEIGHTS):
                similarity = similarity * (2 * product + C1) / (square + C1)  # and of luminance
            factors.append(similarity.mean((-2, -1)).clamp(min=0) ** weight)
            odd = [side % 2 for side in a.shape[-2:]]
            a, b = (F.avg_pool2d(image, kernel_size=2, padding=odd) for image in (a, b))
    return torch.stack(factors).prod(0).mean(1).clamp(max=1)  # which rounding passes, on nearly equal images


ESTIMATORS: dict[str, Estimator] = {
    "png": png_bytes,
    "webp": webp_bytes,
    "ms-ssim": ms_ssim,
    "entropy": filtered_entropy,
}


def _window(images: Tensor) -> Tensor:
    """Images (…, H, W) under the Gaussian window, where it fits whole: dense products of blocks along each side."""
    for _ in range(2):
        images, margin = images.mT, WINDOW - 1
        starts = range(0, images.shape[-2] - margin, BLOCK)  # one matrix for all would be mostly zeros
        blocks = [images[..., start : start + BLOCK + margin, :] for start in starts]
        images = torch.cat([_matrix(block.shape[-2], block.dtype, block.device) @ block for block in blocks], dim=-2)
    return images


@lru_cache(maxsize=64)
@torch.inference_mode(False)  # a matrix that is kept must serve in every mode
def _matrix(size: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The matrix (size − 10, size) that slides the window along a line of pixels."""
    offsets = torch.arange(WINDOW, dtype=torch.float64, device="cpu") - WINDOW // 2
    window = torch.exp(-(offsets**2) / (2 * SIGMA**2))
    line = F.pad(window / window.sum(), (0, size - WINDOW))
    return torch.stack([line.roll(i) for i in range(size - WINDOW + 1)]).to(device, dtype)
