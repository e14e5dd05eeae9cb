"""Images of 8 bits: photographs blurred or compressed, and tensors as arrays for codecs and triangulations."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:  # imports within functions wait until they are needed: they take longer than all else here
    from PIL.Image import Image


def blur_photograph(photograph: "Image", *, radius: float = 20) -> "Image":
    """The photograph under Pillow's Gaussian of `radius` pixels: the canvas of SIC and AIC in Study A's code.

    >>> from torchvision.transforms.functional import to_pil_image
    >>> metrics.blur_photograph(to_pil_image(x[0]), radius=20).size
    (176, 176)
    """
    from PIL.ImageFilter import GaussianBlur

    return photograph.filter(GaussianBlur(radius))


def jpeg(photograph: "Image", *, quality: int = 75) -> "Image":
    """The photograph after JPEG compression with Pillow's `quality` (1 to 95), in RGB.

    >>> from torchvision.transforms.functional import to_pil_image
    >>> metrics.jpeg(to_pil_image(x[0]), quality=30).size
    (176, 176)
    """
    from PIL.Image import open as open_image

    file = io.BytesIO()
    photograph.save(file, "JPEG", quality=quality)
    return open_image(file).convert("RGB")


def round_to_bytes(images: Tensor) -> Tensor:
    """Images in [0, 1] with each value at the nearest of 0, 1/255, …, 1."""
    return (images * 255).round() / 255


def to_bytes(images: Tensor) -> np.ndarray:
    """Images (P, C, H, W) in [0, 1] as arrays (P, H, W, C) of 8 bits."""
    return (images * 255).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()


def map_in_threads(function: Callable[..., Any], *arrays: np.ndarray) -> list[Any]:
    """Call a function for each image, as many at once as torch uses threads: codecs and SciPy let other threads run.

    BLAS must not start threads of its own for the tiny systems that SciPy solves: they would wait for each other.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(torch.get_num_threads()) as pool:
        return list(pool.map(function, *arrays))
