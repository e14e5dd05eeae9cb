"""From an attribution to an order of pixels: the map that ranks them, how many are taken, and who goes first in a tie.

Every metric that reveals or removes pixels takes ranking maps (B, M, H, W): M maps of each of B images, higher is more
important. Whether colours are summed with their sign or by magnitude decides much of what such a metric says, so the
choice is the caller's, and is named in every result.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from igpaths.walks import BATCH_SIZE


def signed_map(attribution: Tensor) -> Tensor:
    """Σ_c A_c: an attribution (…, 3, H, W) to a signed map (…, H, W); positive raises the score.

    Examples
    --------
    >>> metrics.signed_map(torch.tensor([1.0, -2.0, 3.0]).view(3, 1, 1))
    tensor([[2.]])
    """
    return attribution.sum(dim=-3)


def absolute_map(attribution: Tensor) -> Tensor:
    """Σ_c |A_c|: an attribution (…, 3, H, W) to a map (…, H, W) of 0 or more.

    Examples
    --------
    >>> metrics.absolute_map(torch.tensor([1.0, -2.0, 3.0]).view(3, 1, 1))
    tensor([[6.]])
    """
    return attribution.abs().sum(dim=-3)


def pixel_counts(shares: Sequence[float], pixels: int) -> tuple[int, ...]:
    """⌈share · pixels⌉ for each share.

    Raises
    ------
    ValueError
        For no shares, or where they are not increasing from 0 or more to 1 or less.
    """
    given = [float(share) for share in shares]
    if not given or given != sorted(set(given)) or not all(0 <= share <= 1 for share in given):
        raise ValueError(f"shares must increase within [0, 1], got {given}")
    return tuple(math.ceil(share * pixels - 1e-9) for share in given)  # .15 of 40 is 6, whatever 0.15 is in binary


def pixel_ranks(maps: Tensor, *, seed: int = 0) -> Tensor:
    """The place of every pixel, 0 for the most important: exactly k pixels have a rank below k.

    Parameters
    ----------
    maps : ranking maps (…, H, W), higher is more important.
    seed : of the shuffle that orders pixels of equal value. It is one shuffle for all maps of a size, so that a map's
        ranks do not depend on the others it is ranked with.

    Returns
    -------
    Tensor (…, H, W)
        In int64.

    Raises
    ------
    ValueError
        Where a value is NaN or infinite.

    Examples
    --------
    >>> metrics.pixel_ranks(torch.tensor([[0.1, 0.9], [0.5, 0.2]]))
    tensor([[3, 0],
            [1, 2]])
    """
    check_finite(maps)
    flat = maps.flatten(-2)
    shuffle = torch.randperm(flat.shape[-1], generator=torch.Generator().manual_seed(seed)).to(maps.device)
    order = shuffle[flat[..., shuffle].argsort(dim=-1, descending=True, stable=True)]
    places = torch.arange(flat.shape[-1], device=maps.device).expand_as(order)
    return torch.empty_like(order).scatter_(-1, order, places).view(maps.shape)


def tied_share(maps: Tensor) -> Tensor:
    """The share of pixels whose value another pixel of the map (…, H, W) has too: (…), in [0, 1], lower is better.

    Examples
    --------
    >>> metrics.tied_share(torch.tensor([[0.0, 0.0], [0.5, 0.2]]))
    tensor(0.5000, dtype=torch.float64)
    """

    def share(flat: Tensor) -> Tensor:
        values = flat.sort(dim=-1).values
        equal = values[:, 1:] == values[:, :-1]
        no = torch.zeros_like(equal[:, :1])
        return (torch.cat([equal, no], 1) | torch.cat([no, equal], 1)).double().mean(1)

    return measured(share, maps)


def measured(measure: Callable[..., Tensor], *maps: Tensor) -> Tensor:
    """What `measure` finds of maps (…, H, W), given as (P, H·W) a batch at a time, so that its memory is bounded."""
    if len({each.shape for each in maps}) > 1:
        raise ValueError(f"maps that are compared must have one shape, got {[tuple(each.shape) for each in maps]}")
    flat = [each.reshape(-1, each.shape[-2:].numel()) for each in maps]
    parts = [measure(*part) for part in zip(*(each.split(BATCH_SIZE) for each in flat), strict=True)]
    return torch.cat(parts).view(maps[0].shape[:-2])


def check_maps(maps: Tensor, images: Tensor) -> None:
    """ValueError where `maps` are not (B, M, H, W) for images (B, 3, H, W), M one or more, or not finite."""
    wanted = f"({len(images)}, M, {images.shape[-2]}, {images.shape[-1]})"
    if maps.ndim != 4 or not maps.shape[1] or (maps.shape[0], *maps.shape[2:]) != (len(images), *images.shape[2:]):
        raise ValueError(f"maps must be {wanted}, M maps of each image, got {tuple(maps.shape)}")
    check_finite(maps)


def check_finite(maps: Tensor) -> None:
    """ValueError that names the first map (…, H, W) with a NaN or infinite value."""
    wrong = (~maps.isfinite()).flatten(-2).sum(-1)
    if bool(wrong.any()):
        first = tuple(wrong.nonzero()[0].tolist())
        raise ValueError(
            f"maps must be finite; {int((wrong > 0).sum())} of {wrong.numel()} are not: "
            f"map {first} has {int(wrong[first])} NaN or infinite values"
        )
