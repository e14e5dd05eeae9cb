"""Paths from a baseline x' to the input x: where a walk goes.

A path knows its baseline, the points that it visits for a number of steps N (N segments, N + 1 points, both ends
included), and the step that a segment makes. It never calls the network: the walk hands it an `evaluate` function.

`Straight` and `Blur` are known beforehand, so one visit to the points of the finest step count serves every step
count that divides it. `Guided` chooses each point by the gradient at the one before, so each step count is a walk
of its own; all of them move together, in one batch.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from igpaths.classifier import Classifier

TANGENT_WIDTH = 0.01  # of the finite difference in σ that stands for dx/dσ, in pixels


@dataclass(frozen=True, eq=False)
class Point:
    """One point of a path for each of B images: `alpha`, `x` and `gradient` (B, 3, H, W), `score` (B,)."""

    alpha: float
    x: Tensor
    score: Tensor
    gradient: Tensor


# Evaluates the points x (k, B, 3, H, W) at alphas (k): the one use that a path makes of the network.
Evaluate = Callable[[Sequence[float], Tensor], list[Point]]
Arrivals = Iterator[tuple[int, Point]]


class _Known(ABC):
    """A path whose points are known beforehand: coarse step counts are read off the finest one."""

    @abstractmethod
    def points(self, alphas: Sequence[float], images: Tensor, baseline: Tensor) -> Tensor:
        """The points (k, B, 3, H, W) at k alphas."""

    def visit(
        self, evaluate: Evaluate, images: Tensor, first: Point, last: Point, steps: Sequence[int], at_once: int
    ) -> Arrivals:
        """Each (step count, point) that a walk reaches after `first`, in order; `at_once` points an evaluation."""
        finest = max(steps)
        for start in range(1, finest, at_once):
            indices = range(start, min(start + at_once, finest))
            alphas = [index / finest for index in indices]
            for index, point in zip(indices, evaluate(alphas, self.points(alphas, images, first.x)), strict=True):
                yield from ((n, point) for n in steps if index % (finest // n) == 0)
        yield from ((n, last) for n in steps)


@dataclass(frozen=True)
class Straight(_Known):
    """x' + α (x − x'): the path of Integrated Gradients (Sundararajan et al. 2017).

    Parameters
    ----------
    baseline : "black", "white", "mean" (the Classifier's mean colour, Study B's grey), "blur" (the input blurred
        with σ = 50), a grey level, a colour of three numbers, or a tensor that broadcasts to (B, 3, H, W);
        in the images' units, [0, 1].
    """

    baseline: str | float | tuple[float, float, float] | Tensor = "black"

    def start(self, net: Classifier, images: Tensor) -> Tensor:
        """The baseline x' (B, 3, H, W)."""
        return resolve_baseline(self.baseline, net, images)

    def points(self, alphas: Sequence[float], images: Tensor, baseline: Tensor) -> Tensor:
        alpha = torch.tensor(alphas, dtype=torch.float64).to(images).view(-1, 1, 1, 1, 1)
        return baseline + alpha * (images - baseline)

    def step(self, start: Point, end: Point, at: str, images: Tensor, baseline: Tensor) -> Tensor:
        """The step (B, 3, H, W) of the segment from `start` to `end`, for a gradient taken `at` one of them."""
        return (end.alpha - start.alpha) * (images - baseline)


@dataclass(frozen=True)
class Blur(_Known):
    """x blurred with a Gaussian whose σ falls from `max_sigma` to 0 in equal parts (Blur IG, Xu et al. 2020).

    Parameters
    ----------
    max_sigma : σ of the baseline, in pixels; positive.
    increment : "difference": a segment's step is x_{j+1} − x_j. "tangent": it is dx/dσ, a finite difference of 0.01
        pixels at the point where the gradient is taken, times Δσ, as in both papers' lineage (PAIR's BlurIG). At
        σ = 0 that difference is exactly 0, so the last segment, which is the largest, is lost.
    padding : "reflect" (the image is mirrored at its edges) or "zero" (black outside, PAIR's).

    The Gaussian is truncated at 4σ, as SciPy's is.
    """

    max_sigma: float = 50.0
    increment: str = "difference"
    padding: str = "reflect"

    def __post_init__(self) -> None:
        if not self.max_sigma > 0:
            raise ValueError(f"max_sigma must be positive, got {self.max_sigma}")
        _one_of("increment", self.increment, ("difference", "tangent"))
        _one_of("padding", self.padding, ("reflect", "zero"))

    def start(self, net: Classifier, images: Tensor) -> Tensor:
        """The baseline x' (B, 3, H, W): the image at its most blurred."""
        return blur(images, self.max_sigma, padding=self.padding)

    def points(self, alphas: Sequence[float], images: Tensor, baseline: Tensor) -> Tensor:
        return torch.stack([blur(images, self._sigma(alpha), padding=self.padding) for alpha in alphas])

    def step(self, start: Point, end: Point, at: str, images: Tensor, baseline: Tensor) -> Tensor:
        """The step (B, 3, H, W) of the segment from `start` to `end`, for a gradient taken `at` one of them."""
        if self.increment == "difference":
            return end.x - start.x
        point = start if at == "start" else end
        wider = blur(images, self._sigma(point.alpha) + TANGENT_WIDTH, padding=self.padding)
        return (self._sigma(end.alpha) - self._sigma(start.alpha)) * (wider - point.x) / TANGENT_WIDTH

    def _sigma(self, alpha: float) -> float:
        return self.max_sigma * (1 - alpha)


@dataclass(frozen=True)
class Guided:
    """At every step the pixels with the smallest gradient move first (Guided IG, Kapishnikov et al. 2021).

    The published algorithm, batched: after step t of N the L1 distance to x is 1 − t/N of the whole, and no pixel is
    further than `max_distance`, as a part of its own way, from the straight line.

    Parameters
    ----------
    baseline : as for `Straight`.
    fraction : share of the pixels that is chosen at a time, in (0, 1].
    max_distance : in [0, 1]; 0 is the straight line, 1 leaves the path free.
    """

    baseline: str | float | tuple[float, float, float] | Tensor = "black"
    fraction: float = 0.25
    max_distance: float = 0.02

    def __post_init__(self) -> None:
        if not 0 < self.fraction <= 1:
            raise ValueError(f"fraction must be in (0, 1], got {self.fraction}")
        if not 0 <= self.max_distance <= 1:
            raise ValueError(f"max_distance must be in [0, 1], got {self.max_distance}")

    def start(self, net: Classifier, images: Tensor) -> Tensor:
        """The baseline x' (B, 3, H, W)."""
        return resolve_baseline(self.baseline, net, images)

    def visit(
        self, evaluate: Evaluate, images: Tensor, first: Point, last: Point, steps: Sequence[int], at_once: int
    ) -> Arrivals:
        """Each (step count, point) that a walk reaches after `first`; the step counts take their t-th step together."""
        here = dict.fromkeys(steps, first)
        for t in range(1, max(steps)):
            moving = [n for n in steps if t < n]
            alphas = [t / n for n in moving]
            x, gradient = (torch.cat([getattr(here[n], name) for n in moving]) for name in ("x", "gradient"))
            whole, start = images.repeat(len(moving), 1, 1, 1), first.x.repeat(len(moving), 1, 1, 1)
            alpha = torch.tensor(alphas, dtype=torch.float64).repeat_interleave(len(images)).to(images.device)
            moved = self.advance(x, gradient, alpha, images=whole, baseline=start)
            arrived = evaluate(alphas, moved.unflatten(0, (len(moving), len(images))))
            here.update(zip(moving, arrived, strict=True))
            yield from zip(moving, arrived, strict=True)
            yield from ((n, last) for n in moving if t == n - 1)
        yield from ((n, last) for n in steps if n == 1)

    def step(self, start: Point, end: Point, at: str, images: Tensor, baseline: Tensor) -> Tensor:
        """The step (B, 3, H, W) of the segment from `start` to `end`, for a gradient taken `at` one of them."""
        return end.x - start.x

    def advance(self, x: Tensor, gradient: Tensor, alpha: Tensor, *, images: Tensor, baseline: Tensor) -> Tensor:
        """The next points: x (M, 3, H, W) moved until the L1 distance to the input is 1 − alpha (M,) of the whole."""
        shape = x.shape
        x, gradient, images, baseline = (tensor.flatten(1) for tensor in (x, gradient, images, baseline))
        way = images - baseline
        low, high = (
            baseline + way * bound.clamp(0, 1).to(x.dtype).view(-1, 1)
            for bound in (alpha - self.max_distance, alpha + self.max_distance)
        )
        goal = way.abs().sum(1, dtype=torch.float64) * (1 - alpha)
        magnitude = gradient.abs()
        count = int(self.fraction * (x.shape[1] - 1)) + 1
        x = torch.where((x - low) * way.sign() < 0, low, x)  # what fell behind catches up
        moving = torch.ones(len(x), 1, dtype=torch.bool, device=x.device)
        # Each pass brings at least `count` pixels to their bound, so the passes are bounded.
        for _ in range(math.ceil(x.shape[1] / count) + 1):
            excess = (x - images).abs().sum(1, dtype=torch.float64) - goal
            moving = moving & (excess > 1e-9 * goal.clamp(min=1)).view(-1, 1)
            free = x != high
            threshold = torch.where(free, magnitude, torch.inf).kthvalue(count, dim=1, keepdim=True).values
            chosen = free & (magnitude <= threshold) & moving
            reach = ((high - x).abs() * chosen).sum(1, dtype=torch.float64)
            gamma = (excess / reach).view(-1, 1)  # the share of the way to the bound that closes the gap
            part = torch.where(gamma > 1, high, x + (high - x) * gamma.to(x.dtype))
            x = torch.where(chosen, part, x)
            moving = moving & (gamma > 1)
            if not bool(moving.any()):
                break
        return x.view(shape)


Path = Straight | Blur | Guided


def resolve_baseline(
    baseline: str | float | Sequence[float] | Tensor, net: Classifier, images: Tensor, *, blur_sigma: float = 50.0
) -> Tensor:
    """The baseline images (B, 3, H, W) that a name, a grey level, a colour or a tensor stands for.

    Raises
    ------
    ValueError
        For an unknown name, or a tensor that does not broadcast to the images' shape.
    """
    if isinstance(baseline, str):
        _one_of("baseline", baseline, ("black", "white", "mean", "blur"))
        if baseline == "blur":
            return blur(images, blur_sigma)
        colours = {"black": torch.zeros(()), "white": torch.ones(()), "mean": net.mean}
        value = colours[baseline].to(images)
    else:
        value = torch.as_tensor(baseline, dtype=images.dtype, device=images.device)
        value = value.view(-1, 1, 1) if value.ndim == 1 else value
    try:
        return value.broadcast_to(images.shape).contiguous()
    except RuntimeError:
        given, allowed = tuple(value.shape), tuple(images.shape)
        raise ValueError(f"the baseline's shape {given} does not broadcast to the images' shape {allowed}") from None


def blur(images: Tensor, sigma: float, *, padding: str = "reflect") -> Tensor:
    """Images (…, H, W) under a Gaussian of `sigma` pixels, truncated at 4σ: two dense products B X Bᵀ.

    Agrees with ``scipy.ndimage.gaussian_filter`` in modes "reflect" and "constant".
    """
    if sigma == 0:
        return images
    rows, columns = (_gaussian(size, sigma, padding, images.dtype, images.device) for size in images.shape[-2:])
    return rows @ images @ columns.T


@lru_cache(maxsize=512)
def _gaussian(size: int, sigma: float, padding: str, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The matrix (size, size) that blurs a line of pixels, its padding folded in."""
    radius = int(4 * sigma + 0.5)
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float64)
    kernel = torch.exp(-(offsets**2) / (2 * sigma**2))
    kernel /= kernel.sum()

    def weight(offset: Tensor) -> Tensor:
        inside = offset.abs() <= radius
        return kernel[(offset + radius).clamp(0, 2 * radius)] * inside

    i, j = torch.arange(size).view(-1, 1), torch.arange(size)
    matrix = weight(i - j)
    if padding == "reflect":  # pixel j is seen again at j + 2km and, mirrored, at −1 − j + 2km
        for k in range(-(radius // (2 * size)) - 1, radius // (2 * size) + 2):
            matrix = matrix + weight(i + j + 1 + 2 * k * size)
            matrix = matrix + weight(i - j + 2 * k * size) if k else matrix
    return matrix.to(device, dtype)


def _one_of(name: str, given: str, allowed: Sequence[str]) -> None:
    if given not in allowed:
        raise ValueError(f"{name} is {given!r}; it must be one of {', '.join(allowed)}")
