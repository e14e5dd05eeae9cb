"""Images under Gaussians: many widths of the same images, by two small products of matrices for each.

Of an image that is mirrored at its edges the cosine transform is taken once. There each Gaussian is a product with its
response, so another width costs the way back and nothing else; and since a wide Gaussian leaves only the low
frequencies, the way back is mostly short. With black around the image it is a product of matrices too, with the
Gaussian's weights in bands.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

from igpaths.classifier import send
from igpaths.modules import products

TRUNCATE = {"reflect": 8, "zero": 4}  # weights end at this many σ: beyond 8 there is nothing, and at 4 PAIR stops


def blur(images: Tensor, sigma: float, *, padding: str = "reflect") -> Tensor:
    """Images (B, C, H, W) under a Gaussian of `sigma` pixels, padded as in `blurring`."""
    return blurring(images, padding=padding)(torch.full((len(images),), sigma, dtype=torch.float64, device="cpu"))


def blurring(images: Tensor, *, padding: str) -> Callable[[Tensor], Tensor]:
    """The function from σ (…, B), in pixels and on the CPU, to the images (…, B, C, H, W) under these Gaussians.

    Parameters
    ----------
    images : (B, C, H, W), in half precision taken as float32.
    padding : "reflect" (the image is mirrored at its edges) or "zero" (black outside). They agree with
        ``scipy.ndimage.gaussian_filter`` in modes "reflect", truncated at 8σ, and "constant", truncated at 4σ.
    """
    images = images.detach()
    return (_mirrored if padding == "reflect" else _on_black)(
        images if images.dtype == torch.float64 else images.float()
    )


def _mirrored(images: Tensor) -> Callable[[Tensor], Tensor]:
    height, width = images.shape[-2:]
    rows, columns = (_cosines(size, images.dtype, images.device) for size in (height, width))
    with products(images.device):
        spectrum = rows @ images @ columns.T
    negligible = torch.finfo(images.dtype).eps / 10

    def blurred(sigmas: Tensor) -> Tensor:
        responses = [_responses(sigmas, size) for size in (height, width)]
        kept = [int((each > negligible).flatten(0, -2).any(0).sum()) for each in responses]
        down, across = (
            send(each[..., :k], images.device, images.dtype) for each, k in zip(responses, kept, strict=True)
        )
        low = spectrum[..., : kept[0], : kept[1]] * down[..., None, :, None] * across[..., None, None, :]
        with products(images.device):
            # Colours go last, so that the longer product is one for all of them
            lines = (low @ columns[: kept[1]]).movedim(-3, -1).flatten(-2)
            pixels = (rows[: kept[0]].T.contiguous() @ lines).unflatten(-1, (width, images.shape[-3])).movedim(-1, -3)
        return _keep_still(images, sigmas, "reflect", pixels)

    return blurred


def _on_black(images: Tensor) -> Callable[[Tensor], Tensor]:
    def blurred(sigmas: Tensor) -> Tensor:
        weights = _weights(sigmas, "zero", most=max(images.shape[-2:]))
        places = (torch.arange(size, device="cpu") for size in images.shape[-2:])
        down, across = (
            send(weights[..., (place.view(-1, 1) - place).abs()], images.device, images.dtype).unsqueeze(-3)
            for place in places
        )
        with products(images.device):
            return _keep_still(images, sigmas, "zero", down @ images @ across)

    return blurred


def _keep_still(images: Tensor, sigmas: Tensor, padding: str, blurred: Tensor) -> Tensor:
    """The images themselves, without any rounding, where a Gaussian has one weight only."""
    still = _radius(sigmas, padding) == 0
    if not still.any():
        return blurred
    return torch.where(send(still, images.device).view(*sigmas.shape, 1, 1, 1), images, blurred)


def _radius(sigmas: Tensor, padding: str) -> Tensor:
    return (TRUNCATE[padding] * sigmas + 0.5).floor()


def _weights(sigmas: Tensor, padding: str, *, most: int = 1) -> Tensor:
    """The weights (…, R) of Gaussians at the distances 0, 1, … from their middles; R is at least `most`."""
    radius, width = _radius(sigmas, padding).unsqueeze(-1), sigmas.unsqueeze(-1).clamp(min=1e-9)
    distance = torch.arange(max(int(radius.max()) + 1, most), dtype=torch.float64, device="cpu")
    weights = torch.exp(-((distance / width) ** 2) / 2) * (distance <= radius)
    return weights / (2 * weights.sum(-1, keepdim=True) - weights[..., :1])


def _responses(sigmas: Tensor, size: int) -> Tensor:
    """What the Gaussians leave of each cosine of a mirrored line of pixels, (…, size)."""
    weights = _weights(sigmas, "reflect")
    weights[..., 1:] *= 2  # to both sides
    count = weights.shape[-1]
    return weights @ _waves(1 << (count - 1).bit_length(), size)[:count]  # few lengths, seldom computed


@lru_cache(maxsize=32)
def _waves(length: int, size: int) -> Tensor:
    """The cosines of a line of pixels at distances below `length`, (length, size)."""
    distance, frequency = (torch.arange(n, dtype=torch.float64, device="cpu") for n in (length, size))
    return torch.cos(distance.view(-1, 1) * frequency * torch.pi / size)


@lru_cache(maxsize=16)
def _cosines(size: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The orthonormal cosine transform (DCT-II) of a line of pixels, (size, size)."""
    place = torch.arange(size, dtype=torch.float64, device="cpu")
    matrix = torch.cos(torch.pi / size * place.view(-1, 1) * (place + 0.5)) * math.sqrt(2 / size)
    matrix[0] /= math.sqrt(2)
    return matrix.to(device, dtype)
