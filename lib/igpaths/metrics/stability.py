"""How much an attribution differs from another: of another part of the path, of perturbed images, of other arithmetic.

Study B compares the parts of Split IG (Tables 1 and 3; α*, Table 2, is in ``Attributions.alpha_star``) and perturbs the
pixels (Table 5); Study A compresses the photograph (Table 5).
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from igpaths.arguments import check_word
from igpaths.metrics.ranking import as_same, as_tensor, centred_ranks, measure

NORMALISATIONS = ("raw", "signed sum", "L1")


def norm_ratio(right: Tensor, left: Tensor, *, order: float) -> Tensor:
    """‖Right‖ / ‖Left‖ of each image, (B,), in float64: above 1 the saturated part of the path outweighs the other.

    `right` and `left` are signed attributions (B, …) of `Right` and `Left`, `order` is that of the norm over all their
    values, 1 or 2. Neither direction is better. Infinite where Left is zero (it has no segment), NaN where both are.
    """
    right, left = (each.double().flatten(1).norm(p=order, dim=1) for each in as_same(right, left))
    return right / left


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """The cosine of the angle between two attributions (B, …): (B,), in [−1, 1], in float64; NaN where one is zero."""
    a, b = (each.double().flatten(1) for each in as_same(a, b))
    return ((a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))).clamp(-1, 1)  # which rounding passes


def relative_change(a: Tensor, b: Tensor) -> Tensor:
    """‖b − a‖₂ / ‖a‖₂ of two maps (…, H, W): (…), 0 or more, in float64, lower is better; NaN where a is zero."""
    return measure(lambda x, y: (y - x).norm(dim=1) / _nonzero(x.norm(dim=1)), a, b)


def spearman(a: Tensor, b: Tensor) -> Tensor:
    """The rank correlation of two maps (…, H, W): (…), in [−1, 1], in float64, higher is better; NaN for a constant.

    Tied values share their mean rank.
    """
    return measure(lambda x, y: cosine(centred_ranks(x), centred_ranks(y)), a, b)


def squared_error(a: Tensor, b: Tensor, *, normalisation: str) -> Tensor:
    """The mean squared difference of the pixels of two maps (…, H, W), each normalised: (…), lower is better.

    The maps are signed, and their normalisation is "raw": as they are, so that the figure is in squared units of the
    score; "signed sum": each divided by its own sum, as Study A does, which for maps that cancel is a division by
    almost nothing; or "L1": each divided by the sum of its magnitudes. In float64; NaN where a map's divisor is 0.
    Study A's figure is −log₁₀ of its mean over images.
    """
    check_word("normalisation", normalisation, NORMALISATIONS)

    def scale(values: Tensor) -> Tensor:
        divisors = {"raw": values.new_ones(len(values)), "signed sum": values.sum(1), "L1": values.abs().sum(1)}
        return values / _nonzero(divisors[normalisation]).unsqueeze(1)

    return measure(lambda x, y: ((scale(x) - scale(y)) ** 2).mean(1), a, b)


def max_sensitivity(explain: Callable[[Tensor], Tensor], images: Tensor, perturbed: Iterable[Tensor]) -> Tensor:
    """max ‖Φ(x̃) − Φ(x)‖₂ / ‖Φ(x)‖₂ over perturbed images x̃: (B, M), 0 or more, in float64, lower is better.

    Of images (B, C, H, W), `explain` makes M signed attributions of each, (B, M, C, H, W), or one, (B, C, H, W), which
    is M = 1; ValueError for ranking maps. `perturbed` are versions of the images, such as `uniform_noise` makes for
    Study B's; they leave [0, 1], which ``attribute(…, check=False)`` takes. NaN where an attribution is zero, 0 without
    any version. As ``captum.metrics.sensitivity_max`` with the same perturbations (Yeh et al. 2019; Study B, Table 5).
    """

    def attribute(version: Tensor) -> Tensor:
        result = as_tensor(explain(version), 0, "what explain returns")
        several = result.unsqueeze(1) if result.shape == images.shape else result
        if several.ndim != 5 or several[:, 0].shape != images.shape:
            raise ValueError(f"explain must return {tuple(images.shape)} or (B, M, C, H, W), got {tuple(result.shape)}")
        return several.flatten(2).double()

    own = attribute(images)
    norm, largest = _nonzero(own.norm(dim=2)), torch.zeros_like(own[..., 0])
    for version in perturbed:
        largest = torch.maximum(largest, (attribute(version) - own).norm(dim=2))
    return largest / norm


def _nonzero(divisor: Tensor) -> Tensor:
    return torch.where(divisor != 0, divisor, torch.nan)
