"""Whether a map falls on the object, where the object's true pixels are known.

Maps are (B, M, H, W), M of each image, or (B, H, W) for M = 1, higher is more important; masks are (B, H, W), bool,
neither empty nor full. Tied pixels share what they would win, so that a constant map scores what chance does.
"""

import functools
from collections.abc import Callable

import torch
from torch import Tensor

from igpaths.metrics.ranking import as_maps, as_tensor, centred_ranks, measure, rescale


def over_masks(measure_rows: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """Let a measure of rows of pixels (P, H·W), in float64 and bool, take maps (B, M, H, W) and masks (B, H, W)."""

    @functools.wraps(measure_rows)
    def measure_maps(maps: Tensor, masks: Tensor) -> Tensor:
        masks = as_tensor(masks, 0, "masks")
        if masks.ndim != 3 or masks.dtype != torch.bool:
            raise ValueError(f"masks must be bool (B, H, W), got {tuple(masks.shape)} of {masks.dtype}")
        if bool((masks.flatten(1).all(1) | ~masks.flatten(1).any(1)).any()):
            raise ValueError("every mask must have pixels inside and outside")
        maps = as_maps(maps, masks)
        masks = masks.to(maps.device).unsqueeze(1).expand_as(maps)
        return measure(lambda values, inside: measure_rows(values, inside.bool()), maps, masks)

    return measure_maps


@over_masks
def energy_inside(maps: Tensor, masks: Tensor) -> Tensor:
    """The share of Σ|map| inside the mask: (B, M), in [0, 1], higher is better.

    Chance is the mask's share of the image; NaN for a map that is zero everywhere.

    >>> metrics.energy_inside(data.masks, data.masks).tolist()
    [[1.0], [1.0]]
    """
    return (maps.abs() * masks).sum(1) / maps.abs().sum(1)


@over_masks
def pointing_game(maps: Tensor, masks: Tensor) -> Tensor:
    """Whether the map's highest pixel lies inside the mask (Zhang et al. 2018): (B, M), 0 or 1, higher is better.

    Where several pixels are highest, the share of them inside. Chance is the mask's share of the image.
    """
    highest = maps == maps.amax(1, keepdim=True)
    return (highest & masks).sum(1) / highest.sum(1).double()


@over_masks
def roc_auc(maps: Tensor, masks: Tensor) -> Tensor:
    """The chance that a pixel inside ranks above one outside: (B, M), in [0, 1], higher is better; chance is 0.5."""
    pairs = masks.sum(1).double() * (~masks).sum(1)
    return ((centred_ranks(maps) * masks).sum(1) + pairs / 2) / pairs


@over_masks
def best_f1(maps: Tensor, masks: Tensor) -> Tensor:
    """The highest F1 of {map ≥ threshold} as a guess of the mask: (B, M), in [0, 1], higher is better.

    A constant map, which can only guess everything, has 2s / (1 + s) with s the mask's share.
    """
    maps, order = maps.sort(dim=1, descending=True)
    hits = masks.gather(1, order).cumsum(1).double()
    guesses = torch.arange(1, maps.shape[1] + 1, device=maps.device)
    complete = torch.ones_like(masks)  # a threshold takes all pixels of its value, or none
    complete[:, :-1] = maps[:, :-1] != maps[:, 1:]
    return (complete * 2 * hits / (guesses + masks.sum(1, keepdim=True))).amax(1)


@over_masks
def mae(maps: Tensor, masks: Tensor) -> Tensor:
    """The mean |map − mask| with the map scaled to [0, 1] by its extremes: (B, M), in [0, 1], lower is better.

    A constant map is 0 everywhere, and has the mask's share.
    """
    scaled = rescale(maps, maps.amin(1, keepdim=True), maps.amax(1, keepdim=True)).nan_to_num(0)
    return (scaled - masks.double()).abs().mean(1)


def class_sensitivity(first: Tensor, second: Tensor, masks: Tensor) -> Tensor:
    """On images of two objects, how much of a class's map falls on its own: (B, M), in [0, 1], higher is better.

    `first` and `second` are the maps for the class of each object, and `masks` (B, 2, H, W), bool, the objects' pixels,
    which are disjoint. Σ|map| on the own object over Σ|map| on both objects, averaged over the two classes. Maps that
    do not depend on the class have 0.5; NaN where a map is zero on both objects.
    """
    masks = as_tensor(masks, 0, "masks")
    if masks.ndim != 4 or masks.shape[1] != 2 or bool((masks[:, 0] & masks[:, 1]).any()):
        raise ValueError(f"masks must be those of two disjoint objects, (B, 2, H, W), got {tuple(masks.shape)}")
    own = (energy_inside(first, masks[:, 0]), energy_inside(second, masks[:, 1]))
    other = (energy_inside(first, masks[:, 1]), energy_inside(second, masks[:, 0]))
    return (own[0] / (own[0] + other[0]) + own[1] / (own[1] + other[1])) / 2
