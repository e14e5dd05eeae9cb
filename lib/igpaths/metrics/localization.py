"""Whether a map falls on the object, where the object's true pixels are known.

Maps are (B, M, H, W): M maps of each image, higher is more important; masks are (B, H, W), bool, neither empty nor
full. Tied pixels share what they would win, so that a constant map scores what chance does.
"""

from collections.abc import Callable

import scipy.stats
import torch
from torch import Tensor

from igpaths.metrics.ranking import check_finite, measured


def energy_inside(maps: Tensor, masks: Tensor) -> Tensor:
    """The share of Σ|map| inside the mask: (B, M), in [0, 1], higher is better.

    Chance is the mask's share of the image; NaN for a map that is zero everywhere.

    Examples
    --------
    >>> metrics.energy_inside(ranking, data.masks).shape
    torch.Size([2, 2])
    >>> constant = torch.ones_like(ranking)  # which does what chance does
    >>> torch.allclose(metrics.energy_inside(constant, data.masks)[:, 0], data.masks.double().mean((1, 2)))
    True
    """

    def share(values: Tensor, inside: Tensor) -> Tensor:
        return (values.abs() * inside).sum(1) / values.abs().sum(1)

    return _over_masks(share, maps, masks)


def pointing_game(maps: Tensor, masks: Tensor) -> Tensor:
    """Whether the map's highest pixel lies inside the mask (Zhang et al. 2018): (B, M), 0 or 1, higher is better.

    Where several pixels are highest, the share of them inside. Chance is the mask's share of the image.

    Examples
    --------
    >>> metrics.pointing_game(data.masks[:, None].float(), data.masks)
    tensor([[1.],
            [1.]], dtype=torch.float64)
    """

    def hit(values: Tensor, inside: Tensor) -> Tensor:
        highest = values == values.amax(1, keepdim=True)
        return (highest & inside).sum(1) / highest.sum(1).double()

    return _over_masks(hit, maps, masks)


def roc_auc(maps: Tensor, masks: Tensor) -> Tensor:
    """The chance that a pixel inside ranks above one outside: (B, M), in [0, 1], higher is better; chance is 0.5.

    Examples
    --------
    >>> noise = metrics.random_maps(2, (176, 176))[:, None]
    >>> metrics.roc_auc(torch.cat([data.masks[:, None], ~data.masks[:, None], noise > 2], dim=1), data.masks)
    tensor([[1.0000, 0.0000, 0.5000],
            [1.0000, 0.0000, 0.5000]], dtype=torch.float64)
    >>> metrics.roc_auc(ranking, data.masks) > metrics.roc_auc(noise, data.masks)
    tensor([[True, True],
            [True, True]])
    """

    def mann_whitney(values: Tensor, inside: Tensor) -> Tensor:
        ranks = torch.from_numpy(scipy.stats.rankdata(values.cpu().numpy(), axis=1)).to(values)
        positive, negative = inside.sum(1).double(), (~inside).sum(1)
        return ((ranks * inside).sum(1) - positive * (positive + 1) / 2) / (positive * negative)

    return _over_masks(mann_whitney, maps, masks)


def best_f1(maps: Tensor, masks: Tensor) -> Tensor:
    """The highest F1 of {map ≥ threshold} as a guess of the mask: (B, M), in [0, 1], higher is better.

    A constant map, which can only guess everything, has 2s / (1 + s) with s the mask's share.

    Examples
    --------
    >>> metrics.best_f1(data.masks[:, None].float(), data.masks)
    tensor([[1.],
            [1.]], dtype=torch.float64)
    """

    def best(values: Tensor, inside: Tensor) -> Tensor:
        values, order = values.sort(dim=1, descending=True)
        hits = inside.gather(1, order).cumsum(1).double()
        guessed = torch.arange(1, values.shape[1] + 1, device=values.device)
        whole = torch.ones_like(inside)  # a threshold takes all pixels of its value, or none
        whole[:, :-1] = values[:, :-1] != values[:, 1:]
        return (whole * 2 * hits / (guessed + inside.sum(1, keepdim=True))).amax(1)

    return _over_masks(best, maps, masks)


def mae(maps: Tensor, masks: Tensor) -> Tensor:
    """The mean |map − mask| with the map scaled to [0, 1] by its extremes: (B, M), in [0, 1], lower is better.

    A constant map is 0 everywhere, and has the mask's share.

    Examples
    --------
    >>> metrics.mae(torch.cat([data.masks[:, None].float(), 1 - data.masks[:, None].float()], dim=1), data.masks)
    tensor([[0., 1.],
            [0., 1.]], dtype=torch.float64)
    """

    def error(values: Tensor, inside: Tensor) -> Tensor:
        low, high = values.amin(1, keepdim=True), values.amax(1, keepdim=True)
        scaled = torch.where(high > low, (values - low) / (high - low), 0)
        return (scaled - inside.double()).abs().mean(1)

    return _over_masks(error, maps, masks)


def class_sensitivity(first: Tensor, second: Tensor, masks: Tensor) -> Tensor:
    """On images of two objects: the share of a class's map that falls on its own object rather than the other's.

    Parameters
    ----------
    first, second : maps (B, M, H, W) for the class of the first and of the second object.
    masks : (B, 2, H, W), bool, the pixels of the two objects, disjoint.

    Returns
    -------
    Tensor (B, M)
        In [0, 1], higher is better: Σ|map| on the own object over Σ|map| on both objects, averaged over the two
        classes. Maps that do not depend on the class have 0.5; NaN where a map is zero on both objects.

    Examples
    --------
    >>> from igstudy.tasks import objects
    >>> two = objects.pair(0)
    >>> twice = two.image.expand(2, -1, -1, -1)
    >>> found = ig.attribute(net, twice, two.targets, path=ig.Straight(), rules=(ig.IG(),), steps=(4,))
    >>> first, second = metrics.absolute_map(found[ig.IG(), 4])[:, None, None]
    >>> metrics.class_sensitivity(first, second, two.masks[None]).shape
    torch.Size([1, 1])
    >>> metrics.class_sensitivity(first, first, two.masks[None])  # a map that does not ask for which class
    tensor([[0.5000]], dtype=torch.float64)
    """
    if masks.ndim != 4 or masks.shape[1] != 2 or bool((masks[:, 0] & masks[:, 1]).any()):
        raise ValueError(f"masks must be those of two disjoint objects, (B, 2, H, W), got {tuple(masks.shape)}")
    here, there = masks[:, 0], masks[:, 1]
    own = (energy_inside(first, here), energy_inside(second, there))
    other = (energy_inside(first, there), energy_inside(second, here))
    return (own[0] / (own[0] + other[0]) + own[1] / (own[1] + other[1])) / 2


def _over_masks(measure: Callable[[Tensor, Tensor], Tensor], maps: Tensor, masks: Tensor) -> Tensor:
    """What `measure` finds of maps (P, H·W) in float64 and their masks, a batch at a time."""
    if maps.ndim != 4 or masks.shape != (maps.shape[0], *maps.shape[2:]) or masks.dtype != torch.bool:
        raise ValueError(
            f"maps must be (B, M, H, W) and masks bool (B, H, W), got {tuple(maps.shape)} and "
            f"{tuple(masks.shape)} of {masks.dtype}"
        )
    check_finite(maps)
    if bool((masks.flatten(1).all(1) | ~masks.flatten(1).any(1)).any()):
        raise ValueError("every mask must have pixels inside and outside")
    inside = masks.to(maps.device).unsqueeze(1).expand_as(maps)
    return measured(lambda values, mask: measure(values.double(), mask), maps, inside)
