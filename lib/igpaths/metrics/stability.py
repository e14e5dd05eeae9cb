"""How much a map moves when its image, or the arithmetic behind it, hardly does: under noise, JPEG and rounding.

Study B's max-sensitivity (Table 5) perturbs the pixels; Study A (Table 5) compresses the photograph and compares maps.
What the comparison divides the maps by decides what it says, so each normalisation has its name.
"""

import io
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import scipy.stats
import torch
from PIL import Image
from torch import Tensor

from igpaths.classifier import Classifier
from igpaths.metrics.ranking import measured
from igpaths.metrics.saturation import cosine

NORMALISATIONS = ("raw", "signed sum", "L1")


def uniform_noise(
    net: Classifier, images: Tensor, *, radius: float = 0.05, samples: int = 10, seed: int = 0, start: int = 0
) -> Iterator[Tensor]:
    """The images (B, 3, H, W) with uniform noise, `samples` times; they may leave [0, 1].

    Parameters
    ----------
    net : Classifier, whose std makes `radius` a distance in its own normalised space.
    radius : the noise lies in ±radius, independently for each colour value.
    seed, start : image number ``start + i`` gets noise that depends on that number, the sample and the seed alone.

    Examples
    --------
    >>> versions = list(metrics.uniform_noise(net, x, radius=0.05, samples=2))
    >>> len(versions), bool(((versions[0] - x).abs() <= 0.05 * net.std).all())
    (2, True)
    """
    for sample in range(samples):
        noise = [
            np.random.default_rng((seed, 13, start + i, sample)).uniform(-1, 1, image.shape)
            for i, image in enumerate(images)
        ]
        yield images + torch.from_numpy(np.stack(noise)).to(images) * radius * net.std.to(images)


def max_sensitivity(explain: Callable[[Tensor], Tensor], images: Tensor, perturbed: Iterable[Tensor]) -> Tensor:
    """max ‖Φ(x̃) − Φ(x)‖₂ / ‖Φ(x)‖₂ over perturbed images x̃ (Yeh et al. 2019; Study B, Table 5); lower is better.

    As ``captum.metrics.sensitivity_max`` with the same perturbations, but for several attributions at once.

    Parameters
    ----------
    explain : images (B, 3, H, W) → M signed attributions of each, (B, M, 3, H, W). Perturbed images leave [0, 1],
        which `igpaths.walks.fold` takes and `igpaths.attribute` refuses.
    images : (B, 3, H, W).
    perturbed : versions of them, each (B, 3, H, W); `uniform_noise` makes Study B's.

    Returns
    -------
    Tensor (B, M)
        0 or more, in float64; NaN where an attribution is zero, 0 without any perturbed version.

    Examples
    --------
    >>> def twice_and_square(images):  # stands for M = 2 attributions
    ...     return torch.stack([2 * images, images**2], dim=1)
    ...
    >>> brighter = x * 1.1
    >>> metrics.max_sensitivity(twice_and_square, x, [brighter]).round(decimals=2)
    tensor([[0.1000, 0.2100],
            [0.1000, 0.2100]], dtype=torch.float64)
    """
    whole = explain(images).double()
    norm = whole.flatten(2).norm(dim=2)
    largest = torch.zeros_like(norm)
    for version in perturbed:
        largest = torch.maximum(largest, (explain(version).double() - whole).flatten(2).norm(dim=2))
    return torch.where(norm > 0, largest / norm, torch.nan)


def jpeg(photograph: Image.Image, *, quality: int = 75) -> Image.Image:
    """The photograph after JPEG compression with Pillow's `quality` (1 to 95).

    Examples
    --------
    >>> from torchvision.transforms.functional import to_pil_image, to_tensor
    >>> photograph = to_pil_image(x[0])
    >>> gone = [(to_tensor(metrics.jpeg(photograph, quality=q)) - x[0]).abs().mean() for q in (95, 30)]
    >>> bool(gone[0] < gone[1])
    True
    """
    file = io.BytesIO()
    photograph.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def squared_error(a: Tensor, b: Tensor, *, normalisation: str) -> Tensor:
    """The mean squared difference of the pixels of two maps of one image, each normalised: (…), lower is better.

    Parameters
    ----------
    a, b : signed maps (…, H, W).
    normalisation : "raw": as they are, so that the figure is in squared units of the score; "signed sum": each divided
        by its own sum, as Study A does, which for maps that cancel is a division by almost nothing; "L1": each divided
        by the sum of its magnitudes.

    Returns
    -------
    Tensor (…)
        In float64; NaN where a map's divisor is 0. Study A's figure is −log₁₀ of its mean over images.

    Examples
    --------
    >>> a = torch.tensor([[1.0, -1.0], [2.0, 2.0]])
    >>> for normalisation in ("raw", "signed sum", "L1"):
    ...     print(normalisation, metrics.squared_error(a, 3 * a, normalisation=normalisation))
    ...
    raw tensor(10., dtype=torch.float64)
    signed sum tensor(0., dtype=torch.float64)
    L1 tensor(0., dtype=torch.float64)
    """
    if normalisation not in NORMALISATIONS:
        raise ValueError(f"normalisation is {normalisation!r}; it must be one of {', '.join(NORMALISATIONS)}")

    def scaled(values: Tensor) -> Tensor:
        values = values.double()
        divisors = {"raw": values.new_ones(len(values)), "signed sum": values.sum(1), "L1": values.abs().sum(1)}
        divisor = divisors[normalisation].unsqueeze(1)
        return torch.where(divisor != 0, values / divisor, torch.nan)

    return measured(lambda x, y: ((scaled(x) - scaled(y)) ** 2).mean(1), a, b)


def relative_change(a: Tensor, b: Tensor) -> Tensor:
    """‖b − a‖₂ / ‖a‖₂ of two maps (…, H, W) of one image: (…), 0 or more, in float64, lower is better.

    NaN where a is zero.

    Examples
    --------
    >>> a = torch.tensor([[3.0, 0.0], [0.0, 4.0]])
    >>> metrics.relative_change(a, 1.5 * a)
    tensor(0.5000, dtype=torch.float64)
    """

    def change(x: Tensor, y: Tensor) -> Tensor:
        norm = x.double().norm(dim=1)
        return torch.where(norm > 0, (y.double() - x.double()).norm(dim=1) / norm, torch.nan)

    return measured(change, a, b)


def spearman(a: Tensor, b: Tensor) -> Tensor:
    """The rank correlation of two maps (…, H, W) of one image: (…), in [−1, 1], higher is better; NaN for a constant.

    Tied values share their mean rank.

    Examples
    --------
    >>> a = torch.tensor([[0.1, 0.2], [0.3, 0.4]])
    >>> metrics.spearman(a, a**3).round(decimals=6), metrics.spearman(a, -a).round(decimals=6)
    (tensor(1., dtype=torch.float64), tensor(-1., dtype=torch.float64))
    """

    def correlation(x: Tensor, y: Tensor) -> Tensor:
        ranks = (torch.from_numpy(scipy.stats.rankdata(part.cpu().numpy(), axis=1)) for part in (x, y))
        return cosine(*(part - part.mean(1, keepdim=True) for part in ranks))

    return measured(correlation, a, b)
