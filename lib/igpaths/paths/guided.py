"""Guided IG's path, which goes where the gradients are small first."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from igpaths.arguments import check_number, check_word
from igpaths.classifier import send
from igpaths.paths.base import Arrivals, Based, Point

if TYPE_CHECKING:
    from igpaths.walks import Walk


@dataclass(frozen=True)
class Guided(Based):
    """At every step the pixels with the smallest gradient move first (Guided IG, Kapishnikov et al. 2021).

    The published algorithm, batched: after step t of N the L1 distance to x is 1 − t/N of the whole, and no pixel is
    further than ``max_distance``, as a part of its own way, from the straight line.

    Parameters
    ----------
    baseline : as for `Straight`.
    fraction : share of the pixels that is chosen at a time, in (0, 1].
    max_distance : in [0, 1]; 0 is the straight line, 1 leaves the path free.
    units : whose gradients choose: "pixels", or "normalised" for those of the image that the network sees, as in
        Study A's code; they are the others times its std.
    """

    fraction: float = 0.25
    max_distance: float = 0.02
    units: str = "pixels"

    def __post_init__(self) -> None:
        check_number("fraction", self.fraction, "in (0, 1]", lambda share: 0 < share <= 1)
        check_number("max_distance", self.max_distance, "in [0, 1]", lambda share: 0 <= share <= 1)
        check_word("units", self.units, ("pixels", "normalised"))

    def evaluations(self, steps: Sequence[int]) -> int:
        return 2 + sum(n - 1 for n in steps)

    def visit(self, walk: "Walk", first: Point, steps: Sequence[int]) -> Arrivals:
        here, way = dict.fromkeys(steps, first), walk.way
        length = way.abs()
        progress = dict.fromkeys(steps, torch.zeros_like(way))
        for t in range(1, max(steps)):
            moving = [n for n in steps if t < n]
            alphas = torch.tensor([t / n for n in moving], dtype=torch.float64, device="cpu").view(-1, 1)
            alphas = alphas.expand(-1, len(way))
            parts = torch.cat([progress[n] for n in moving])
            gradients = torch.cat([here[n].gradient for n in moving])
            if self.units == "normalised":
                gradients = gradients * walk.net.std
            parts = self.advance(
                parts, gradients, send(alphas.flatten(), way.device), length=length.repeat(len(moving), 1, 1, 1)
            )
            parts = parts.unflatten(0, alphas.shape)
            points = walk.evaluate(alphas, torch.addcmul(walk.baseline, parts, way))
            here.update(zip(moving, points, strict=True))
            progress.update(zip(moving, parts, strict=True))
            yield from zip(moving, points, strict=True)
            yield from ((n, walk.last) for n in moving if t == n - 1)
        yield from ((n, walk.last) for n in steps if n == 1)

    def advance(self, progress: Tensor, gradient: Tensor, alpha: Tensor, *, length: Tensor) -> Tensor:
        """The next progress of each pixel from 0 (x') to 1 (x): moved until alpha (M,) of the whole way is behind.

        `progress`, `gradient` and `length`, |x − x'|, are (M, 3, H, W).
        """
        colours_last = progress.movedim(1, -1).shape
        progress, magnitude, length = (each.movedim(1, -1).flatten(1) for each in (progress, gradient.abs(), length))
        low, high = (
            bound.clamp(0, 1).to(progress.dtype).view(-1, 1)
            for bound in (alpha - self.max_distance, alpha + self.max_distance)
        )
        progress = progress.maximum(low)  # what fell behind catches up
        whole = length.sum(1, keepdim=True, dtype=torch.float64)
        excess = whole * alpha.view(-1, 1) - (length * progress).sum(1, keepdim=True, dtype=torch.float64)
        enough = 1e-9 * (whole * (1 - alpha.view(-1, 1))).clamp(min=1)
        count = int(self.fraction * (progress.shape[1] - 1)) + 1
        rest, largest = (high - progress) * length, torch.finfo(progress.dtype).max
        free = torch.where(rest > 0, magnitude, torch.inf)
        # Each pass brings at least `count` pixels to their bound, so the passes are bounded.
        for _ in range(math.ceil(progress.shape[1] / count) + 1):
            threshold = _smallest(free, count).clamp(max=largest)
            chosen = free <= torch.where(excess > enough, threshold, -1)
            reach = (rest * chosen).sum(1, keepdim=True, dtype=torch.float64)
            gamma = (excess / reach).nan_to_num(0).clamp(0, 1)  # the share of the way to the bound that closes the gap
            progress = progress.lerp(high, chosen * gamma.to(progress.dtype))
            excess = excess - reach
            if not bool((excess > enough).any()):
                break
            free = free + chosen.to(free.dtype) * largest * 2  # infinite where chosen: a fill takes ten times as long
        return progress.view(colours_last).movedim(-1, 1)


def _smallest(values: Tensor, count: int) -> Tensor:
    """The `count`-th smallest value of each row, (M, 1): a selection, not a sort; on a CPU NumPy's is by far faster."""
    if values.device.type == "cpu":
        return torch.from_numpy(np.partition(values.numpy(), count - 1, axis=1)[:, count - 1 : count])
    return values.kthvalue(count, dim=1, keepdim=True).values
