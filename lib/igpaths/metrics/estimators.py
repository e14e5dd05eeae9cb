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
FIT = 2  # images at a time on a CPU, whose cache holds what is made of them
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
    pixels = (revealed * 255).round().to(torch.uint8)
    at_once = FIT if pixels.device.type == "cpu" else len(pixels)
    return torch.cat([_entropy(part) for part in pixels.split(at_once)])


def _entropy(pixels: Tensor) -> Tensor:
    """`filtered_entropy` of pixels (P, C, H, W) in 8 bits, whose arithmetic is modulo 256, as PNG's is."""
    count, channels, height, width = pixels.shape
    padded = F.pad(pixels.transpose(1, 2), (1, 0, 0, 0, 1, 0))  # black above, and before each row of a channel
    flat, row = padded.flatten(), channels * (width + 1)  # where neighbours lie at one distance
    here, left, up, corner = flat[row + 1 :], flat[row:-1], flat[1:-row], flat[: -row - 1]
    # Paeth's filter takes the neighbour that is nearest to left + up - corner, the first of them where several are
    from_left, from_up = (torch.maximum(each, corner) - torch.minimum(each, corner) for each in (up, left))
    nearer = torch.minimum(from_left, from_up)
    between = (up < corner) ^ (left < corner)
    cornered = between & (torch.maximum(from_left, from_up) - nearer < nearer)
    paeth = _choose(cornered, corner, _choose(from_left <= from_up, left, up))
    mean = (left & up) + ((left ^ up) >> 1)  # rounded down, without a ninth bit
    rows = flat.new_zeros(5, len(flat))
    rows[0] = flat
    for filtered, guess in zip(rows[1:], (left, up, mean, paeth), strict=True):
        torch.sub(here, guess, out=filtered[row + 1 :])
    rows = rows.view(5, count, height + 1, channels, width + 1)
    rows[..., 0] = 0
    rows = rows.flatten(3)
    best = torch.minimum(rows, 0 - rows).sum(3, dtype=torch.int32).argmin(0)[:, 1:]  # the filter of each row, (P, H)
    image, line = (torch.arange(size, device=flat.device) for size in (count, height))
    values = rows[best, image.view(-1, 1), 1 + line].flatten(1).long()
    one = torch.ones((), dtype=torch.int64, device=flat.device)
    counts = torch.zeros(count, 256, dtype=torch.int64, device=flat.device)
    counts.scatter_add_(1, values, one.expand(values.shape))  # without the wait for a GPU that bincount has
    counts[:, 0] -= channels * height  # the padding
    bytes_each = channels * height * width
    return torch.special.entr(counts.double() / bytes_each).sum(1) / math.log(256) * bytes_each


def _choose(condition: Tensor, one: Tensor, other: Tensor) -> Tensor:
    """``torch.where`` of 8 bits, which on a CPU takes a hundred times as long as arithmetic modulo 256."""
    return other + (one - other) * condition.view(torch.uint8)


def ms_ssim(a: Tensor, b: Tensor) -> Tensor:
    """The mean over channels of the multi-scale structural similarity of images in [0, 1]: (B,), in [0, 1].

    Of images (B, C, H, W) of at least 161 pixels a side; ValueError where they are smaller, differ in shape or leave
    [0, 1]. 1 for an image with itself, exactly. Symmetric. Negative contrast terms count as 0, as in pytorch-msssim
    1.0, which it agrees with. In float32 or float64, with all their bits (Wang et al. 2003).
    """
    if a.shape != b.shape or a.ndim != 4:
        raise ValueError(f"a and b must be (B, C, H, W) of one shape, got {tuple(a.shape)}, {tuple(b.shape)}")
    for name, images in (("a", a), ("b", b)):
        check_range(name, images, "for MS-SSIM", remedy="")
    return likeness(a, b)


def likeness(a: Tensor, b: Tensor) -> Tensor:
    """`ms_ssim` of images that are known to lie in [0, 1], so that a GPU is not waited for."""
    if min(a.shape[-2:]) < LEAST:
        raise ValueError(f"MS-SSIM needs at least {LEAST} pixels a side for its five scales, got {tuple(a.shape[-2:])}")
    a, b = (images.to(torch.promote_types(images.dtype, torch.float32)) for images in (a, b))
    at_once = FIT if a.device.type == "cpu" else len(a)
    alike = b.stride(0) == 0 and len(b) > 1  # one image, expanded, whose part of the sums is computed once
    own = _scales(b[:1]) if alike else None
    pairs = zip(a.split(at_once), b.split(at_once), strict=True)
    return torch.cat([_likeness(part, own or _scales(of)) for part, of in pairs])


def _scales(images: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
    """At each scale the images (B, C, H, W), and their means and mean squares in the window."""
    scales = []
    with products(images.device):
        for _ in WEIGHTS:
            scales.append((images, _window(images), _window(images * images)))
            images = _halve(images)
    return scales


def _halve(images: Tensor) -> Tensor:
    """The mean of every four pixels, with black before an odd side: sums of slices, a seventh of avg_pool2d's time."""
    height, width = images.shape[-2:]
    images = F.pad(images, (width % 2, 0, height % 2, 0))
    lines = images[..., ::2, :] + images[..., 1::2, :]
    return (lines[..., ::2] + lines[..., 1::2]) / 4


def _likeness(images: Tensor, others: list[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
    """MS-SSIM (B,) of images with others, of which the scales are there."""
    factors = []
    for number, (a, b) in enumerate(zip(_scales(images), others, strict=True), 1):
        square, product = a[1] * a[1] + b[1] * b[1], a[1] * b[1]
        with products(images.device):
            covariance = _window(a[0] * b[0]) - product
        similarity = (2 * covariance + C2) / (a[2] + b[2] - square + C2)  # of contrast and structure
        if number == len(WEIGHTS):
            similarity = similarity * (2 * product + C1) / (square + C1)  # and of luminance
        factors.append(similarity.mean((-2, -1)).clamp(min=0) ** WEIGHTS[number - 1])
    return torch.stack(factors).prod(0).mean(1).clamp(max=1)  # which rounding passes, on nearly equal images


ESTIMATORS: dict[str, Estimator] = {
    "png": png_bytes,
    "webp": webp_bytes,
    "ms-ssim": likeness,
    "entropy": filtered_entropy,
}
CODECS = ("png", "webp")  # which need no device, and so run beside the network


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
