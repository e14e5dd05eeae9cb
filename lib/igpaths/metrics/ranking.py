"""From an attribution to an order of pixels: the maps that rank them, how many are taken, and which go first in a tie.

Every metric that takes ranking maps takes them as (B, M, H, W), M maps of each of B images, or as (B, H, W), which is
M = 1: what it returns has the axis M in either case. Higher is more important. Whether they are absolute or signed
decides much of what a metric says, so the caller chooses, and every result names it.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from igpaths.arguments import shorten
from igpaths.classifier import send
from igpaths.gaussian import blur
from igpaths.walks import BATCH_SIZE


def signed_map(attribution: Tensor) -> Tensor:
    """Σ_c A_c: an attribution (…, C, H, W) to a signed map (…, H, W); positive raises the score."""
    return as_tensor(attribution, 3, "attribution").sum(dim=-3)


def absolute_map(attribution: Tensor) -> Tensor:
    """Σ_c |A_c|: an attribution (…, C, H, W) to a map (…, H, W) of 0 or more."""
    return as_tensor(attribution, 3, "attribution").abs().sum(dim=-3)


def random_maps(count: int, size: Sequence[int], *, seed: int = 0, start: int = 0) -> Tensor:
    """A control that knows nothing, independent uniform noise: (count, H, W), in [0, 1), float64.

    Image number ``start + i`` has map i: it depends on nothing but that number, the size and the seed.
    """
    maps = [np.random.default_rng((seed, 12, start + i)).random(tuple(size)) for i in range(count)]
    return torch.from_numpy(np.array(maps).reshape(count, *size))


def edges(images: Tensor) -> Tensor:
    """A control that knows the image but no network, its edges: images (B, C, H, W) to maps (B, H, W), 0 or more.

    The magnitude of the Sobel gradient of the channels' mean.
    """
    from skimage.filters import sobel

    images = as_tensor(images, 4, "images")
    grey = images.mean(1).double().cpu().numpy()
    return torch.from_numpy(np.array([sobel(each) for each in grey]).reshape(grey.shape)).to(images)


def smooth(maps: Tensor, sigma: float | str) -> Tensor:
    """Ranking maps (…, H, W) under a Gaussian: a choice of its own, which any map and any control can be given.

    The width σ is in pixels, or with a percent sign in parts of the shorter side: 3, or "1.5%". The maps are mirrored
    at their edges, so that constant maps and means stay; 0 leaves a map as it is. ValueError for another width.

    Examples
    --------
    >>> metrics.smooth(ranking, 3).shape, metrics.smooth(metrics.edges(x), "1.5%").shape
    (torch.Size([2, 2, 176, 176]), torch.Size([2, 176, 176]))
    """
    maps = as_tensor(maps, 2)
    width = as_pixels(sigma, min(maps.shape[-2:]))
    if width == 0:
        return maps
    check_finite(maps)
    whole = maps if maps.dtype in (torch.float32, torch.float64) else maps.float()
    smoothed = blur(whole.reshape(-1, 1, *maps.shape[-2:]), width).view(maps.shape)
    return smoothed.to(maps.dtype) if maps.is_floating_point() else smoothed


def as_pixels(sigma: float | str, side: int) -> float:
    """A width in pixels, from a number of them or from a text such as "1.5%", of the side; ValueError for any other."""
    number: Any = sigma
    with suppress(ValueError):
        number = float(sigma.removesuffix("%")) * side / 100 if isinstance(sigma, str) and sigma[-1:] == "%" else sigma
    if isinstance(number, bool) or not isinstance(number, int | float | np.number) or not 0 <= number < math.inf:
        words = 'a number of pixels, 0 or more, such as 3, or a part of the side, such as "1.5%"'
        raise ValueError(f"the width of smoothing must be {words}, got {shorten(sigma)}")
    return float(number)


def as_shares(shares: float | Iterable[float], *, ends: bool = False) -> list[float]:
    """The shares, with `ends` also 0 and 1; ValueError where they do not increase from 0 or more to 1 or less."""
    try:
        values = [float(share) for share in (shares if hasattr(shares, "__iter__") else [shares])]
    except (TypeError, ValueError):
        values = [math.nan]
    if not (values or ends) or values != sorted(set(values)) or not all(0 <= share <= 1 for share in values):
        raise ValueError(f"shares must be numbers that increase within [0, 1], got {shorten(shares)}")
    return sorted({0.0, *values, 1.0}) if ends else values


def pixel_counts(shares: float | Iterable[float], pixels: int) -> tuple[int, ...]:
    """⌈share · pixels⌉ for each share: .15 of 40 is 6, whatever 0.15 is in binary."""
    return tuple(math.ceil(share * pixels - 1e-9) for share in as_shares(shares))


def pixel_ranks(maps: Tensor, *, seed: int = 0) -> Tensor:
    """The place of every pixel, 0 for the most important: exactly k pixels have a rank below k.

    Of ranking maps (…, H, W), higher is more important, in int64; ValueError where a value is NaN or infinite. Pixels
    of equal value are ordered by a shuffle of this seed. It is one shuffle for all maps of a size, so that a map's
    ranks do not depend on the others it is ranked with.
    """
    maps = as_tensor(maps, 2)
    check_finite(maps)
    return ranks_of_finite(maps, seed=seed)


def ranks_of_finite(maps: Tensor, *, seed: int) -> Tensor:
    """`pixel_ranks` of maps that are known to be finite, so that a GPU is not waited for."""
    flat = maps.flatten(-2)
    generator = torch.Generator("cpu").manual_seed(seed)
    shuffle = send(torch.randperm(flat.shape[-1], generator=generator, device="cpu"), maps.device)
    order = shuffle[_descending(flat[..., shuffle])]
    places = torch.arange(flat.shape[-1], device=maps.device).expand_as(order)
    return torch.empty_like(order).scatter_(-1, order, places).view(maps.shape)


def _descending(values: Tensor) -> Tensor:
    """The places of finite values (…, N) from the highest to the lowest, of equal ones the first first."""
    if values.device.type != "cpu" or values.dtype not in (torch.float32, torch.float16, torch.bfloat16):
        return values.argsort(dim=-1, descending=True, stable=True)
    # On a CPU NumPy sorts whole numbers five times as fast: those of the bits' order, with the place behind them.
    bits = (values.float() + 0.0).view(torch.int32)  # + 0, for -0 and 0 are equal
    falling = ~(bits ^ ((bits >> 31) & 0x7FFFFFFF))
    keys = (falling.long() << 32) | torch.arange(values.shape[-1], device="cpu")
    return torch.from_numpy(np.sort(keys.numpy(), axis=-1)) & 0xFFFFFFFF


def tied_share(maps: Tensor) -> Tensor:
    """The share of pixels whose value another pixel of the map (…, H, W) has too: (…), in [0, 1], lower is better."""

    def share(flat: Tensor) -> Tensor:
        values = flat.sort(dim=-1).values
        equal = F.pad(values[:, 1:] == values[:, :-1], (1, 1))  # to the pixel before, and to the pixel after
        return (equal[:, :-1] | equal[:, 1:]).double().mean(1)

    return measure(share, maps)


def centred_ranks(values: Tensor) -> Tensor:
    """The ranks (P, N) of values (P, N) within their row, less the mean of all; tied values share their mean rank."""
    on_cpu = values.device.type == "cpu"  # where NumPy sorts by far faster; in a tie any order will do
    order = torch.from_numpy(values.numpy().argsort(axis=1)) if on_cpu else values.argsort(dim=1)
    ordered, count = values.gather(1, order), values.shape[1]
    place = torch.arange(count, device=values.device).expand_as(order)
    changes = F.pad(ordered[:, 1:] != ordered[:, :-1], (1, 1), value=True)  # before each place, and after the last
    first = place.where(changes[:, :-1], 0).cummax(1).values
    last = place.where(changes[:, 1:], count).flip(1).cummin(1).values.flip(1)
    middle = (first + last).to(values) / 2 - (count - 1) / 2
    ranks = torch.empty_like(middle).scatter_(1, order, middle)
    return torch.where(values.isnan().any(1, keepdim=True), torch.nan, ranks)


def measure(function: Callable[..., Tensor], *maps: Tensor) -> Tensor:
    """The numbers (…) for maps (…, H, W) of one shape, from a function of a batch of them, (P, H·W) in float64."""
    flat = [each.flatten(-2) for each in as_same(*maps)]
    batches = zip(*(each.reshape(-1, each.shape[-1]).split(BATCH_SIZE) for each in flat), strict=True)
    numbers = [function(*(each.double() for each in batch)) for batch in batches]
    return torch.cat(numbers).view(flat[0].shape[:-1])


def as_same(*maps: Tensor) -> list[Tensor]:
    """Maps or attributions without their graph; ValueError where they are not of one shape, of two axes or more."""
    tensors = [as_tensor(each, 2) for each in maps]
    if len({each.shape for each in tensors}) > 1:
        raise ValueError(f"what is compared must have one shape, got {[tuple(each.shape) for each in tensors]}")
    return tensors


def as_tensor(values: Any, axes: int, name: str = "maps") -> Tensor:
    """Real numbers without their graph; ValueError where they are no tensor or array of so many axes or more."""
    try:
        tensor = torch.as_tensor(values, device=getattr(values, "device", "cpu")).detach()
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"{name} must be a tensor or an array, got {type(values).__name__}") from None
    if tensor.ndim < axes or tensor.is_complex():
        shape = f"{tuple(tensor.shape)} of {tensor.dtype}"
        raise ValueError(f"{name} must have {axes} axes or more, of real numbers, got {shape}")
    return tensor


def as_maps(maps: Tensor, like: Tensor) -> Tensor:
    """Ranking maps as (B, M, H, W), for images or masks `like` (B, …, H, W); ValueError where they do not fit."""
    if getattr(maps, "is_attribution", False) and maps.shape[1] > 1:
        raise ValueError("maps are an attribution, whose colours are no maps; give attributions.ranking('absolute')")
    maps = as_tensor(maps, 0)
    maps = maps.unsqueeze(1) if maps.ndim == 3 else maps
    count, (height, width) = len(like), like.shape[-2:]
    if maps.ndim != 4 or not maps.shape[1] or (len(maps), *maps.shape[2:]) != (count, height, width):
        wanted = f"({count}, M, {height}, {width}), M maps of each image, or ({count}, {height}, {width})"
        raise ValueError(f"maps must be {wanted}, got {tuple(maps.shape)}")
    check_finite(maps)
    return maps


def rescale(values: Tensor, low: Tensor, high: Tensor, *, clip: bool = False) -> Tensor:
    """Values from 0 at `low` to 1 at `high`, clipped or not; NaN where high is not above low."""
    scaled = torch.where(high > low, (values - low) / (high - low), torch.nan)
    return scaled.clamp(0, 1) if clip else scaled


def check_finite(maps: Tensor) -> None:
    """ValueError that names the first map (…, H, W) with a NaN or infinite value."""
    wrong = (~maps.isfinite()).flatten(-2).sum(-1)
    if bool(wrong.any()):
        several, first = f"{int((wrong > 0).sum())} of {wrong.numel()}", tuple(wrong.nonzero()[0].tolist())
        values = f"map {first} has {int(wrong[first])} NaN or infinite values"
        raise ValueError(f"maps must be finite; {several} are not: {values}")
