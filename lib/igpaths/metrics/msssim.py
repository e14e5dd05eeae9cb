"""MS-SSIM: how alike two images are, on five scales (Wang et al. 2003)."""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from igpaths.attributions import check_range
from igpaths.products import products

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the scales, from the finest
WINDOW, SIGMA = 11, 1.5  # of the Gaussian, in pixels
C1, C2 = 0.01**2, 0.03**2  # for images in [0, 1]
BLOCK = 32  # rows that the window slides over in one product
LEAST = (WINDOW - 1) * 2 ** (len(WEIGHTS) - 1) + 1  # pixels a side: the window must fit the coarsest scale


def ms_ssim(a: Tensor, b: Tensor) -> Tensor:
    """The mean over channels of the multi-scale structural similarity of images in [0, 1]: (B,), in [0, 1].

    1 for an image with itself, exactly. Symmetric. Negative contrast terms count as 0, as in pytorch-msssim 1.0, which
    it agrees with. In float32 or float64, with all their bits.

    Parameters
    ----------
    a, b : (B, C, H, W), at least 161 pixels a side.

    Raises
    ------
    ValueError
        For images of different shapes, or smaller ones.

    Examples
    --------
    >>> blurred = ig.Blur(max_sigma=5.0).start(net, x)
    >>> metrics.ms_ssim(x, x), metrics.ms_ssim(x, blurred) < 0.95
    (tensor([1., 1.]), tensor([True, True]))
    """
    if a.shape != b.shape or a.ndim != 4:
        raise ValueError(
            f"a and b must be two batches (B, C, H, W) of one shape, got {tuple(a.shape)}, {tuple(b.shape)}"
        )
    if min(a.shape[-2:]) < LEAST:
        raise ValueError(f"MS-SSIM needs at least {LEAST} pixels a side for its five scales, got {tuple(a.shape[-2:])}")
    dtype = torch.promote_types(a.dtype, torch.float32)
    with products(a.device):
        return _compare(a.to(dtype), b.to(dtype))


def _compare(a: Tensor, b: Tensor) -> Tensor:
    factors = []
    for scale, weight in enumerate(WEIGHTS):
        last = scale == len(WEIGHTS) - 1
        mean_a, mean_b = _window(a), _window(b)
        square, product = mean_a**2 + mean_b**2, mean_a * mean_b
        variances, covariance = _window(a * a + b * b) - square, _window(a * b) - product
        similarity = (2 * covariance + C2) / (variances + C2)
        if last:
            similarity = similarity * (2 * product + C1) / (square + C1)
        factors.append(similarity.mean((-2, -1)).clamp(min=0) ** weight)
        if not last:
            odd = [side % 2 for side in a.shape[-2:]]
            a, b = (F.avg_pool2d(image, kernel_size=2, padding=odd) for image in (a, b))
    return torch.stack(factors).prod(0).mean(1).clamp(max=1)  # which rounding passes, on nearly equal images


def _window(images: Tensor) -> Tensor:
    """Images (…, H, W) under the Gaussian window, where it fits whole."""
    return _slide(_slide(images.mT).mT)


def _slide(images: Tensor) -> Tensor:
    """The window along the rows' direction: dense products of blocks, for a band in one matrix is mostly zeros."""
    rows = images.shape[-2] - WINDOW + 1
    sizes = [min(BLOCK, rows - start) for start in range(0, rows, BLOCK)]
    parts = [
        _matrix(size + WINDOW - 1, images.dtype, images.device)
        @ images[..., BLOCK * block : BLOCK * block + size + WINDOW - 1, :]
        for block, size in enumerate(sizes)
    ]
    return torch.cat(parts, dim=-2)


@lru_cache(maxsize=64)
@torch.inference_mode(False)  # a matrix that is kept must serve in every mode
def _matrix(size: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The matrix (size − 10, size) that slides the window along a line of pixels."""
    offsets = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    window = torch.exp(-(offsets**2) / (2 * SIGMA**2))
    window /= window.sum()
    i, j = torch.arange(size - WINDOW + 1).view(-1, 1), torch.arange(size)
    inside = (j >= i) & (j < i + WINDOW)
    return torch.where(inside, window[(j - i).clamp(0, WINDOW - 1)], 0).to(device, dtype)
