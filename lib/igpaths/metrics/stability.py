"""How much a map moves when its image, or the arithmetic behind it, hardly does: under noise, JPEG and rounding.

Study B's max-sensitivity (Table 5) perturbs the pixels; Study A (Table 5) compresses the photograph and compares maps.
What the comparison divides the maps by decides what it says, so each normalisation has its name.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from igpaths.classifier import Classifier
from igpaths.metrics.ranking import mean_ranks, measure
from igpaths.metrics.saturation import cosine

NORMALISATIONS = ("raw", "signed sum", "L1")


def uniform_noise(
    net: Classifier, images: Tensor, *, radius: float = 0.05, samples: int = 10, seed: int = 0, start: int = 0
) -> Iterator[Tensor]:
    """The images (B, C, H, W) with uniform noise, `samples` times; they may leave [0, 1].

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
        yield images.detach() + torch.from_numpy(np.stack(noise)).to(images) * radius * net.std.to(images)


def max_sensitivity(explain: Callable[[Tensor], Tensor], images: Tensor, perturbed: Iterable[Tensor]) -> Tensor:
    """max ‖Φ(x̃) − Φ(x)‖₂ / ‖Φ(x)‖₂ over perturbed images x̃ (Yeh et al. 2019; Study B, Table 5); lower is better.

    As ``captum.metrics.sensitivity_max`` with the same perturbations, but for several attributions at once.

    Parameters
    ----------
    explain : images (B, C, H, W) → M signed attributions of each, (B, M, C, H, W), or one, (B, C, H, W), which is
        M = 1. Perturbed images leave [0, 1], which ``igpaths.attribute(…, check=False)`` takes.
    images : (B, C, H, W).
    perturbed : versions of them, each (B, C, H, W); `uniform_noise` makes Study B's.

    Returns
    -------
    Tensor (B, M)
        In float64, 0 or more; NaN where an attribution is zero, 0 without any perturbed version. ValueError where
        what `explain` returns has another shape, as ranking maps (B, M, H, W) have.

    Examples
    --------
    >>> def explain(images):  # stands for M = 2 attributions
    ...     return torch.stack([2 * images, images**2], dim=1)
    ...
    >>> metrics.max_sensitivity(explain, x, [x * 1.1]).round(decimals=2)
    tensor([[0.1000, 0.2100],
            [0.1000, 0.2100]], dtype=torch.float64)
    """
    count, *size = images.shape

    def flat(version: Tensor) -> Tensor:
        """The attributions of one version of the images as (B, M, N)."""
        found = torch.as_tensor(explain(version)).detach()
        every = found.unsqueeze(1) if found.shape == images.shape else found
        if every.ndim != 5 or [len(every), *every.shape[2:]] != [count, *size]:
            wanted = f"({count}, M, {', '.join(map(str, size))})"
            raise ValueError(f"explain must return attributions {wanted}, M of each image, got {tuple(found.shape)}")
        return every.flatten(2).double()

    own = flat(images)
    largest = torch.zeros_like(own[..., 0])
    for version in perturbed:
        largest = torch.maximum(largest, (flat(version) - own).norm(dim=2))
    norm = own.norm(dim=2)
    return torch.where(norm > 0, largest / norm, torch.nan)


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
    >>> [metrics.squared_error(a, 3 * a, normalisation=name).item() for name in ("raw", "signed sum", "L1")]
    [10.0, 0.0, 0.0]
    """
    if normalisation not in NORMALISATIONS:
        raise ValueError(f"normalisation is {normalisation!r}; it must be one of {', '.join(NORMALISATIONS)}")

    def scale(values: Tensor) -> Tensor:
        divisors = {"raw": values.new_ones(len(values)), "signed sum": values.sum(1), "L1": values.abs().sum(1)}
        divisor = divisors[normalisation].unsqueeze(1)
        return torch.where(divisor != 0, values / divisor, torch.nan)

    return measure(lambda x, y: ((scale(x) - scale(y)) ** 2).mean(1), a, b)


def relative_change(a: Tensor, b: Tensor) -> Tensor:
    """‖b − a‖₂ / ‖a‖₂ of two maps (…, H, W): (…), 0 or more, in float64, lower is better; NaN where a is zero.

    Examples
    --------
    >>> a = torch.tensor([[3.0, 0.0], [0.0, 4.0]])
    >>> metrics.relative_change(a, 1.5 * a)
    tensor(0.5000, dtype=torch.float64)
    """

    def change(x: Tensor, y: Tensor) -> Tensor:
        norm = x.norm(dim=1)
        return torch.where(norm > 0, (y - x).norm(dim=1) / norm, torch.nan)

    return measure(change, a, b)


def spearman(a: Tensor, b: Tensor) -> Tensor:
    """The rank correlation of two maps (…, H, W): (…), in [−1, 1], higher is better; NaN for a constant map.

    Tied values share their mean rank.

    Examples
    --------
    >>> a = torch.tensor([[0.1, 0.2], [0.3, 0.4]])
    >>> metrics.spearman(a, a**3), metrics.spearman(a, -a)
    (tensor(1., dtype=torch.float64), tensor(-1., dtype=torch.float64))
    """

    def centre(values: Tensor) -> Tensor:
        ranks = mean_ranks(values)
        return ranks - ranks.mean(1, keepdim=True)

    return measure(lambda x, y: cosine(centre(x), centre(y)), a, b)
