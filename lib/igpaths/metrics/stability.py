"""How much an attribution differs from another: of another part of the path, of perturbed images, of other arithmetic.

Study B compares the parts of Split IG (Tables 1 and 3; α*, Table 2, is in ``Attributions.alpha_star``) and perturbs the
pixels (Table 5); Study A compresses the photograph (Table 5). What a comparison divides the maps by decides what it
says, so each normalisation has its name.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from igpaths.arguments import check_word
from igpaths.classifier import Classifier
from igpaths.metrics.ranking import as_same, as_tensor, mean_ranks, measure

NORMALISATIONS = ("raw", "signed sum", "L1")


def norm_ratio(right: Tensor, left: Tensor, *, order: float) -> Tensor:
    """‖Right‖ / ‖Left‖ of each image, (B,), in float64: above 1 the saturated part of the path outweighs the other.

    `right` and `left` are signed attributions (B, …) of `Right` and `Left`, `order` is that of the norm over all their
    values, 1 or 2. Neither direction is better. Infinite where Left is zero (it has no segment), NaN where both are.

    >>> right, left = torch.tensor([[3.0, 4.0]]), torch.tensor([[1.0, 0.0]])
    >>> metrics.norm_ratio(right, left, order=1), metrics.norm_ratio(right, left, order=2)
    (tensor([7.], dtype=torch.float64), tensor([5.], dtype=torch.float64))
    """
    right, left = (each.double().flatten(1).norm(p=order, dim=1) for each in as_same(right, left))
    return right / left


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """The cosine of the angle between two attributions (B, …): (B,), in [−1, 1], in float64; NaN where one is zero.

    >>> metrics.cosine(torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 4.0]]))
    tensor([0.6000], dtype=torch.float64)
    """
    a, b = (each.double().flatten(1) for each in as_same(a, b))
    return ((a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))).clamp(-1, 1)  # which rounding passes


def relative_change(a: Tensor, b: Tensor) -> Tensor:
    """‖b − a‖₂ / ‖a‖₂ of two maps (…, H, W): (…), 0 or more, in float64, lower is better; NaN where a is zero.

    >>> a = torch.tensor([[3.0, 0.0], [0.0, 4.0]])
    >>> metrics.relative_change(a, 1.5 * a)
    tensor(0.5000, dtype=torch.float64)
    """

    def change(x: Tensor, y: Tensor) -> Tensor:
        norm = x.norm(dim=1)
        return torch.where(norm > 0, (y - x).norm(dim=1) / norm, torch.nan)

    return measure(change, a, b)


def spearman(a: Tensor, b: Tensor) -> Tensor:
    """The rank correlation of two maps (…, H, W): (…), in [−1, 1], in float64, higher is better; NaN for a constant.

    Tied values share their mean rank.

    >>> a = torch.tensor([[0.1, 0.2], [0.3, 0.4]])
    >>> metrics.spearman(a, -a).round(decimals=6)
    tensor(-1., dtype=torch.float64)
    """

    def centre(values: Tensor) -> Tensor:
        ranks = mean_ranks(values)
        return ranks - ranks.mean(1, keepdim=True)

    return measure(lambda x, y: cosine(centre(x), centre(y)), a, b)


def squared_error(a: Tensor, b: Tensor, *, normalisation: str) -> Tensor:
    """The mean squared difference of the pixels of two maps (…, H, W), each normalised: (…), lower is better.

    The maps are signed, and their normalisation is "raw": as they are, so that the figure is in squared units of the
    score; "signed sum": each divided by its own sum, as Study A does, which for maps that cancel is a division by
    almost nothing; or "L1": each divided by the sum of its magnitudes. In float64; NaN where a map's divisor is 0.
    Study A's figure is −log₁₀ of its mean over images.

    >>> a = torch.tensor([[1.0, -1.0], [2.0, 2.0]])
    >>> [metrics.squared_error(a, 3 * a, normalisation=name).item() for name in ("raw", "signed sum", "L1")]
    [10.0, 0.0, 0.0]
    """
    check_word("normalisation", normalisation, NORMALISATIONS)

    def scale(values: Tensor) -> Tensor:
        divisors = {"raw": values.new_ones(len(values)), "signed sum": values.sum(1), "L1": values.abs().sum(1)}
        divisor = divisors[normalisation].unsqueeze(1)
        return torch.where(divisor != 0, values / divisor, torch.nan)

    return measure(lambda x, y: ((scale(x) - scale(y)) ** 2).mean(1), a, b)


def uniform_noise(
    net: Classifier, images: Tensor, *, radius: float = 0.05, samples: int = 10, seed: int = 0, start: int = 0
) -> Iterator[Tensor]:
    """The images (B, C, H, W) with uniform noise, `samples` times; they may leave [0, 1].

    The noise of each value lies in ±radius in the network's own normalised space, which its std gives. Image number
    ``start + i`` gets noise that depends on that number, the sample and the seed alone.

    >>> versions = list(metrics.uniform_noise(net, x, radius=0.05, samples=2))
    >>> len(versions), bool(((versions[0] - x).abs() <= 0.05 * net.std).all())
    (2, True)
    """
    images = as_tensor(images, 4, "images")
    for sample in range(samples):
        streams = [np.random.default_rng((seed, 13, start + i, sample)) for i in range(len(images))]
        noise = np.array([stream.uniform(-1, 1, images.shape[1:]) for stream in streams]).reshape(images.shape)
        yield images + torch.from_numpy(noise).to(images) * radius * net.std.to(images)


def max_sensitivity(explain: Callable[[Tensor], Tensor], images: Tensor, perturbed: Iterable[Tensor]) -> Tensor:
    """max ‖Φ(x̃) − Φ(x)‖₂ / ‖Φ(x)‖₂ over perturbed images x̃ (Yeh et al. 2019; Study B, Table 5); lower is better.

    As ``captum.metrics.sensitivity_max`` with the same perturbations, but for several attributions at once.

    Of images (B, C, H, W), `explain` makes M signed attributions of each, (B, M, C, H, W), or one, (B, C, H, W), which
    is M = 1; ValueError for ranking maps. `perturbed` are versions of the images, such as `uniform_noise` makes for
    Study B's; they leave [0, 1], which ``attribute(…, check=False)`` takes. What comes back is (B, M), 0 or more, in
    float64; NaN where an attribution is zero, 0 without any version.

    >>> metrics.max_sensitivity(lambda images: images**2, x, [x * 1.1]).round(decimals=2)
    tensor([[0.2100],
            [0.2100]], dtype=torch.float64)
    """

    def attribute(version: Tensor) -> Tensor:
        result = as_tensor(explain(version), 0, "what explain returns")
        several = result.unsqueeze(1) if result.shape == images.shape else result
        if several.ndim != 5 or several[:, 0].shape != images.shape:
            raise ValueError(f"explain must return {tuple(images.shape)} or (B, M, C, H, W), got {tuple(result.shape)}")
        return several.flatten(2).double()

    own = attribute(images)
    norm, largest = own.norm(dim=2), torch.zeros_like(own[..., 0])
    for version in perturbed:
        largest = torch.maximum(largest, (attribute(version) - own).norm(dim=2))
    return torch.where(norm > 0, largest / norm, torch.nan)
