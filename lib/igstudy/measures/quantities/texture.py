"""How a map looks: in patches, or rough. Both describe, and say nothing of whether the map is right."""

import torch
from torch import Tensor

from igpaths.gaussian import blur
from igpaths.metrics.ranking import check_finite


def patchiness(maps: Tensor, *, lag: int = 4) -> Tensor:
    """The correlation of a map with itself `lag` pixels away: maps (…, H, W) to (…), in [−1, 1], in float64.

    The mean of the correlations along rows and along columns. Independent pixels have about 0, a map of patches much
    wider than `lag` about 1; NaN for a constant map. ValueError for maps that are not finite, or no larger than `lag`.
    """
    check_finite(maps)
    if not 0 < lag < min(maps.shape[-2:]):
        raise ValueError(f"lag must be from 1 to less than the maps' side, got {lag} for {tuple(maps.shape[-2:])}")
    values = maps.double()
    pairs = ((values[..., lag:, :], values[..., :-lag, :]), (values[..., lag:], values[..., :-lag]))
    return torch.stack([_correlation(*(part.flatten(-2) for part in pair)) for pair in pairs]).mean(0)


def roughness(maps: Tensor, *, sigma: float = 2.0) -> Tensor:
    """The share of a map's variance that a Gaussian blur of `sigma` pixels removes: (…, H, W) to (…), in [0, 1].

    Independent pixels lose nearly all of it, smooth maps hardly any; in float64, NaN for a constant map. ValueError for
    maps that are not finite.
    """
    check_finite(maps)
    values = maps.double()
    values = values - values.mean((-2, -1), keepdim=True)  # which the blur, mirrored at the edges, keeps
    smooth = blur(values.reshape(-1, 1, *values.shape[-2:]), sigma).view_as(values)
    return 1 - smooth.square().sum((-2, -1)) / values.square().sum((-2, -1))


def _correlation(a: Tensor, b: Tensor) -> Tensor:
    a, b = (part - part.mean(-1, keepdim=True) for part in (a, b))
    return (a * b).sum(-1) / (a.norm(dim=-1) * b.norm(dim=-1))
