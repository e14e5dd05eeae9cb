"""Images under Gaussians: many widths of the same images, by two dense products for each.

Of an image that is mirrored at its edges the cosine transform is taken once. There each Gaussian is a product with its
response, so another width costs the way back and nothing else. With black around the image it is a product of
matrices too, with the Gaussian's weights in bands.

The Gaussians are truncated at 4σ, as SciPy's are.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor


def blur(images: Tensor, sigma: float, *, padding: str = "reflect") -> Tensor:
    """Images (B, 3, H, W) under a Gaussian of `sigma` pixels, padded as in `blurring`.

    Agrees with ``scipy.ndimage.gaussian_filter``.
    """
    width = torch.full((len(images),), sigma, dtype=torch.float64, device=images.device)
    return blurring(images, largest=sigma, padding=padding)(width)


def blurring(images: Tensor, *, largest: float, padding: str = "reflect") -> Callable[[Tensor], Tensor]:
    """The function from σ (…, B), in pixels and at most `largest`, to the images (…, B, 3, H, W) under them.

    Parameters
    ----------
    images : (B, 3, H, W).
    largest : σ that the weights are laid out for.
    padding : "reflect" (the image is mirrored at its edges) or "zero" (black outside), SciPy's "reflect" and
        "constant".
    """
    height, width = images.shape[-2:]
    reach = int(4 * largest + 0.5)

    def still(sigmas: Tensor, blurred: Tensor) -> Tensor:
        """The images themselves, without any rounding, where a Gaussian has one weight only."""
        return torch.where((_radius(sigmas) == 0).view(*sigmas.shape, 1, 1, 1), images, blurred)

    if padding == "zero":

        def banded(sigmas: Tensor) -> Tensor:
            weights = _weights(sigmas, max(reach + 1, height, width)).to(images)
            down, across = (weights[..., _distances(size, images.device)].unsqueeze(-3) for size in (height, width))
            return still(sigmas, down @ images @ across)

        return banded

    rows, columns = (_cosines(size, images.dtype, images.device) for size in (height, width))
    waves = [_waves(reach + 1, size, images.device) for size in (height, width)]
    spectrum = rows @ images @ columns.T

    def mirrored(sigmas: Tensor) -> Tensor:
        weights = _weights(sigmas, reach + 1)
        down, across = ((weights @ wave).to(images)[..., None, None, :] for wave in waves)
        return still(sigmas, rows.T @ (spectrum * down.mT * across) @ columns)

    return mirrored


def _radius(sigmas: Tensor) -> Tensor:
    return (4 * sigmas + 0.5).floor()


def _weights(sigmas: Tensor, count: int) -> Tensor:
    """The weights (…, count) of Gaussians at the distances 0, 1, … from their middles."""
    distance = torch.arange(count, dtype=torch.float64, device=sigmas.device)
    width, radius = sigmas.unsqueeze(-1).clamp(min=1e-9), _radius(sigmas).unsqueeze(-1)
    weights = torch.exp(-((distance / width) ** 2) / 2) * (distance <= radius)
    return weights / (2 * weights.sum(-1, keepdim=True) - weights[..., :1])


@lru_cache(maxsize=16)
def _distances(size: int, device: torch.device) -> Tensor:
    """How far each pixel of a line is from each, (size, size)."""
    place = torch.arange(size, device=device)
    return (place.view(-1, 1) - place).abs()


@lru_cache(maxsize=16)
def _waves(count: int, size: int, device: torch.device) -> Tensor:
    """What weights at `count` distances to both sides sum to on each cosine of a line of pixels, (count, size)."""
    distance = torch.arange(count, dtype=torch.float64, device=device)
    frequency = torch.arange(size, dtype=torch.float64, device=device) * torch.pi / size
    waves = 2 * torch.cos(distance.view(-1, 1) * frequency)
    waves[0] = 1
    return waves


@lru_cache(maxsize=16)
def _cosines(size: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The orthonormal cosine transform (DCT-II) of a line of pixels, (size, size)."""
    place = torch.arange(size, dtype=torch.float64)
    matrix = torch.cos(torch.pi / size * place.view(-1, 1) * (place + 0.5)) * math.sqrt(2 / size)
    matrix[0] /= math.sqrt(2)
    return matrix.to(device, dtype)
