"""Paths from a baseline x' to the input x: where a walk goes.

A path knows its baseline, the points that it visits for a number of steps N (N segments, N + 1 points, both ends
included), and the step that a segment makes. It never calls the network: the walk hands it an `evaluate` function.

`Straight` and `Blur` are known beforehand, so one visit to the points of the finest step count serves every step
count that divides it. `Placed` and `Strided` visit other points of theirs: those where the score moves, and those of
Study A's code, whose coarse walks stop short of x. `Guided` chooses each point by the gradient at the one before, so
each step count is a walk of its own; all of them move together, in one batch.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
import torch
from torch import Tensor

from igpaths.classifier import Classifier, sent
from igpaths.gaussian import blur, blurring

TANGENT_WIDTH = 0.01  # of the finite difference in σ that stands for dx/dσ, in pixels


@dataclass(frozen=True, eq=False)
class Point:
    """One point of a path for each of B images.

    Attributes
    ----------
    alpha : (B,), float64, on the CPU, where paths are planned without a wait for the device.
    x, gradient : (B, 3, H, W).
    score : (B,).

    Examples
    --------
    >>> *_, last = ig.walk(net, x, targets, path=ig.Straight(), steps=(2,))
    >>> point = last.end
    >>> point.alpha
    tensor([1., 1.], dtype=torch.float64)
    >>> point.score.shape, point.gradient.shape
    (torch.Size([2]), torch.Size([2, 3, 176, 176]))
    """

    alpha: Tensor
    x: Tensor
    score: Tensor
    gradient: Tensor


class Ask(Protocol):
    """The uses that a path makes of the network: the walk hands it one of these."""

    std: Tensor  # (3, 1, 1), by which the network divides colours

    def evaluate(self, alphas: Tensor, x: Tensor) -> list[Point]:
        """The points x (k, B, 3, H, W) at alphas (k, B), with their scores and gradients."""

    def scores(self, x: Tensor) -> Tensor:
        """The scores (k, B) of the points x (k, B, 3, H, W): forward only."""


Baseline = str | float | tuple[float, float, float] | Tensor
Arrivals = Iterator[tuple[int, Point]]
Draw = Callable[[Tensor], Tensor]  # alphas (k, B) → points (k, B, 3, H, W)


class _Known(ABC):
    """A path whose points are known beforehand: coarse step counts are read off the finest one."""

    @abstractmethod
    def drawn(self, images: Tensor, baseline: Tensor) -> Draw:
        """The function that draws the path's points for these images."""

    def alphas(self, steps: int) -> Tensor:
        """α of the points that `steps` steps visit, x' first."""
        return torch.arange(steps + 1, dtype=torch.float64) / steps

    def visit(
        self, ask: Ask, images: Tensor, first: Point, last: Point, steps: Sequence[int], at_once: int
    ) -> Arrivals:
        """Each (step count, point) that a walk reaches after `first`, in order; `at_once` points an evaluation."""
        alphas = self.alphas(max(steps)).view(-1, 1).expand(-1, len(images))
        yield from _visit(ask, self.drawn(images, first.x), alphas, last, steps, at_once)


def _visit(ask: Ask, draw: Draw, alphas: Tensor, last: Point, steps: Sequence[int], at_once: int) -> Arrivals:
    """Each (step count, point) after the first of `alphas` (K, B), the points of the finest count."""
    finest = max(steps)
    asked = len(alphas) - int((alphas[-1] == 1).all())  # a walk begins by asking about x
    for start in range(1, asked, at_once):
        part = alphas[start : min(start + at_once, asked)]
        for index, point in enumerate(ask.evaluate(part, draw(part)), start):
            yield from ((n, point) for n in steps if index % (finest // n) == 0)
    if asked < len(alphas):
        yield from ((n, last) for n in steps if asked % (finest // n) == 0)


@dataclass(frozen=True)
class Straight(_Known):
    """x' + α (x − x'): the path of Integrated Gradients (Sundararajan et al. 2017).

    Parameters
    ----------
    baseline : "black", "white", "mean" (the Classifier's mean colour, Study B's grey), "blur" (the input blurred
        with σ = 50), a grey level, a colour of three numbers, or a tensor that broadcasts to (B, 3, H, W);
        in the images' units, [0, 1].

    Examples
    --------
    >>> for baseline in ("black", "mean", 0.2, (0.5, 0.0, 1.0)):
    ...     print(ig.Straight(baseline).start(net, x)[0, :, 0, 0])
    ...
    tensor([0., 0., 0.])
    tensor([0.4500, 0.4500, 0.4500])
    tensor([0.2000, 0.2000, 0.2000])
    tensor([0.5000, 0.0000, 1.0000])
    """

    baseline: Baseline = "black"

    def cut(self, group: slice, count: int) -> "Straight":
        """The path of some of `count` images: a baseline with an image for each is cut with them."""
        return replace(self, baseline=_cut(self.baseline, group, count))

    def start(self, net: Classifier, images: Tensor) -> Tensor:
        """The baseline x' (B, 3, H, W)."""
        return resolve_baseline(self.baseline, net, images)

    def drawn(self, images: Tensor, baseline: Tensor) -> Draw:
        """The function from alphas (k, B) to the points (k, B, 3, H, W)."""
        way = images - baseline
        return lambda alphas: torch.addcmul(baseline, _beside(alphas, images), way)

    def step(self, start: Point, end: Point, at: str, images: Tensor, way: Tensor) -> Tensor:
        """The step (B, 3, H, W) of the segment from `start` to `end`, for a gradient taken `at` one of them."""
        return _beside(end.alpha - start.alpha, way) * way


@dataclass(frozen=True)
class Blur(_Known):
    """x blurred with a Gaussian whose σ falls from ``max_sigma`` to 0 in equal parts (Blur IG, Xu et al. 2020).

    Parameters
    ----------
    max_sigma : σ of the baseline, in pixels; positive.
    increment : "difference": a segment's step is x_{j+1} − x_j. "tangent": it is dx/dσ, a finite difference of 0.01
        pixels at the point where the gradient is taken, times Δσ, as in both papers' lineage (PAIR's BlurIG). At
        σ = 0 that difference is exactly 0, so the last segment, which is the largest, is lost.
    padding : "reflect" (the image is mirrored at its edges), or "zero" (black outside) with the Gaussian truncated at
        4σ, as PAIR's.

    Examples
    --------
    >>> blurred = ig.Blur(max_sigma=10.0).start(net, x)  # where the path begins
    >>> (blurred.std((1, 2, 3)) / x.std((1, 2, 3))).round(decimals=2)
    tensor([0.7600, 0.7200])
    >>> *_, last = ig.walk(net, x, targets, path=ig.Blur(increment="tangent"), steps=(4,))
    >>> last.step("end").abs().max()  # lost at σ = 0
    tensor(0.)
    """

    max_sigma: float = 50.0
    increment: str = "difference"
    padding: str = "reflect"

    def __post_init__(self) -> None:
        if not self.max_sigma > 0:
            raise ValueError(f"max_sigma must be positive, got {self.max_sigma}")
        _one_of("increment", self.increment, ("difference", "tangent"))
        _one_of("padding", self.padding, ("reflect", "zero"))

    def cut(self, group: slice, count: int) -> "Blur":
        """The path of some of `count` images: the same."""
        return self

    def start(self, net: Classifier, images: Tensor) -> Tensor:
        """The baseline x' (B, 3, H, W): the image at its most blurred."""
        return blur(images, self.max_sigma, padding=self.padding)

    def drawn(self, images: Tensor, baseline: Tensor) -> Draw:
        """The function from alphas (k, B) to the points (k, B, 3, H, W)."""
        blurred = blurring(images, padding=self.padding)
        return lambda alphas: blurred(self._sigma(alphas))

    def step(self, start: Point, end: Point, at: str, images: Tensor, way: Tensor) -> Tensor:
        """The step (B, 3, H, W) of the segment from `start` to `end`, for a gradient taken `at` one of them."""
        if self.increment == "difference":
            return end.x - start.x
        point = start if at == "start" else end
        wider = blurring(images, padding=self.padding)(self._sigma(point.alpha) + TANGENT_WIDTH)
        change = _beside(self._sigma(end.alpha) - self._sigma(start.alpha), images)
        return change * (wider - point.x) / TANGENT_WIDTH

    def _sigma(self, alpha: Tensor) -> Tensor:
        return self.max_sigma * (1 - alpha)


@dataclass(frozen=True)
class _Along:
    """What visits points of its own along a straight or blurred path."""

    path: Straight | Blur

    def __post_init__(self) -> None:
        if not isinstance(self.path, Straight | Blur):
            raise ValueError(f"path must be Straight or Blur, got {self.path!r}")

    def cut(self, group: slice, count: int) -> Self:
        """The path of some of `count` images."""
        return replace(self, path=self.path.cut(group, count))

    def start(self, net: Classifier, images: Tensor) -> Tensor:
        """The baseline x' (B, 3, H, W)."""
        return self.path.start(net, images)

    def drawn(self, images: Tensor, baseline: Tensor) -> Draw:
        """The function from alphas (k, B) to the points (k, B, 3, H, W)."""
        return self.path.drawn(images, baseline)

    def step(self, start: Point, end: Point, at: str, images: Tensor, way: Tensor) -> Tensor:
        """The step (B, 3, H, W) of the segment from `start` to `end`, for a gradient taken `at` one of them."""
        return self.path.step(start, end, at, images, way)


@dataclass(frozen=True)
class Strided(_Along, _Known):
    """A straight or blurred path with its steps counted as in Study A's code: n steps are n points, n − 1 segments.

    There are ``points`` points in all, evenly from x' to x, and n steps take every (points / n)-th of them from x' on.
    So coarse walks stop short of x: of 128 points, 8 steps stop at α = .882, 16 at .945, 32 at .976, 64 at .992.

    Parameters
    ----------
    path : `Straight` or `Blur`.
    points : 2 or more; each step count divides it.

    Examples
    --------
    >>> [round(alpha, 3) for alpha in ig.Strided(ig.Straight()).alphas(8).tolist()]
    [0.0, 0.126, 0.252, 0.378, 0.504, 0.63, 0.756, 0.882]
    """

    points: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.points < 2:
            raise ValueError(f"points must be 2 or more, got {self.points}")

    def alphas(self, steps: int) -> Tensor:
        """α of the points that `steps` steps visit, x' first."""
        return torch.arange(0, self.points, self.points // steps, dtype=torch.float64) / (self.points - 1)


@dataclass(frozen=True)
class Placed(_Along):
    """A straight or blurred path whose points lie where the score moves, found by forward passes before the walk.

    The N segments of each image have equal parts of a mass: mostly of ∫ √|dF/dα| dα, which is how densely a sum
    should be cut whose error in a segment grows with its length squared and the score's slope, and of α itself, so
    that no stretch is left without points. A coarser step count merges neighbours, as it does on the path itself. The
    pilot is asked in two rounds, the second placed by the first.

    Parameters
    ----------
    path : `Straight` or `Blur`.
    pilot : scores that are asked of each image before the walk, 2 or more; each is one forward pass.
    share : of the mass that follows the score, in [0, 1); at 0 the points are the path's own.

    Examples
    --------
    >>> path = ig.Placed(ig.Straight(), pilot=8)
    >>> placed = ig.attribute(net, x, targets, path=path, rules=(ig.IDGI(),), steps=(4,))
    >>> placed.alphas[4].round(decimals=1)  # where the score of each image moves
    tensor([[0.0000, 0.1000, 0.1000, 0.2000, 1.0000],
            [0.0000, 0.3000, 0.3000, 0.4000, 1.0000]], dtype=torch.float64)
    """

    pilot: int = 16
    share: float = 0.8

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pilot < 2:
            raise ValueError(f"pilot must be 2 or more, got {self.pilot}")
        if not 0 <= self.share < 1:
            raise ValueError(f"share must be in [0, 1), got {self.share}")

    def visit(
        self, ask: Ask, images: Tensor, first: Point, last: Point, steps: Sequence[int], at_once: int
    ) -> Arrivals:
        """Each (step count, point) that a walk reaches after `first`, in order; `at_once` points an evaluation."""
        draw = self.drawn(images, first.x)
        alphas, scores = torch.stack([first.alpha, last.alpha]), torch.stack([first.score, last.score]).cpu()
        for count in (self.pilot // 2, self.pilot - self.pilot // 2):
            new = self.place(alphas, scores, count + 1)[1:-1]
            found = torch.cat([ask.scores(draw(part)) for part in new.split(at_once)]).cpu()
            alphas, order = torch.cat([alphas, new]).sort(dim=0)
            scores = torch.cat([scores, found]).gather(0, order)
        yield from _visit(ask, draw, self.place(alphas, scores, max(steps)), last, steps, at_once)

    def place(self, alphas: Tensor, scores: Tensor, steps: int) -> Tensor:
        """The alphas (steps + 1, B) between which each image has equal mass, by its scores (K, B) at alphas (K, B)."""
        lengths = alphas.diff(dim=0)
        moved = (scores.diff(dim=0).abs().to(alphas) * lengths).sqrt()
        still = moved.sum(0) == 0
        mass = torch.where(still, lengths, (1 - self.share) * lengths + self.share * moved / moved.sum(0))
        below = torch.cat([torch.zeros_like(alphas[:1]), (mass / mass.sum(0)).cumsum(0)]).T.contiguous()
        wanted = (torch.arange(1, steps, dtype=alphas.dtype) / steps).expand(len(below), -1)
        right = torch.searchsorted(below, wanted.contiguous()).clamp(1, len(lengths)).T
        (low, high), (left_alpha, right_alpha) = (
            (values.gather(0, right - 1), values.gather(0, right)) for values in (below.T, alphas)
        )
        part = ((wanted.T - low) / (high - low)).nan_to_num(0).clamp(0, 1)
        return torch.cat([alphas[:1], left_alpha + part * (right_alpha - left_alpha), alphas[-1:]])


@dataclass(frozen=True)
class Guided:
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

    Examples
    --------
    >>> path = ig.Guided("black", fraction=0.25, max_distance=0.02)
    >>> guided = ig.attribute(net, x, targets, path=path, rules=(ig.IG(),), steps=(2, 4))
    >>> guided.evaluations  # F(x'), F(x), and 1 + 3 points of the two walks
    6
    >>> path = ig.Guided("black", max_distance=0.0)  # the straight line
    >>> tied = ig.attribute(net, x, targets, path=path, rules=(ig.IG(),), steps=(4,))
    >>> straight = maps[ig.IG(), 4]
    >>> bool((tied[ig.IG(), 4] - straight).norm() / straight.norm() < 0.01)
    True
    """

    baseline: Baseline = "black"
    fraction: float = 0.25
    max_distance: float = 0.02
    units: str = "pixels"

    def __post_init__(self) -> None:
        if not 0 < self.fraction <= 1:
            raise ValueError(f"fraction must be in (0, 1], got {self.fraction}")
        if not 0 <= self.max_distance <= 1:
            raise ValueError(f"max_distance must be in [0, 1], got {self.max_distance}")
        _one_of("units", self.units, ("pixels", "normalised"))

    def cut(self, group: slice, count: int) -> "Guided":
        """The path of some of `count` images: a baseline with an image for each is cut with them."""
        return replace(self, baseline=_cut(self.baseline, group, count))

    def start(self, net: Classifier, images: Tensor) -> Tensor:
        """The baseline x' (B, 3, H, W)."""
        return resolve_baseline(self.baseline, net, images)

    def visit(
        self, ask: Ask, images: Tensor, first: Point, last: Point, steps: Sequence[int], at_once: int
    ) -> Arrivals:
        """Each (step count, point) that a walk reaches after `first`; the step counts take their t-th step together."""
        here, way = dict.fromkeys(steps, first), images - first.x
        length = way.abs()
        progress = dict.fromkeys(steps, torch.zeros_like(images))
        for t in range(1, max(steps)):
            moving = [n for n in steps if t < n]
            alphas = torch.tensor([t / n for n in moving], dtype=torch.float64).view(-1, 1).expand(-1, len(images))
            parts, gradients, lengths = (
                joined(each)
                for each in (
                    [progress[n] for n in moving],
                    [here[n].gradient for n in moving],
                    [length] * len(moving),
                )
            )
            if self.units == "normalised":
                gradients = gradients * ask.std
            parts = self.advance(parts, gradients, sent(alphas.flatten(), images.device), length=lengths)
            parts = parts.unflatten(0, alphas.shape)
            arrived = ask.evaluate(alphas, torch.addcmul(first.x, parts, way))
            here.update(zip(moving, arrived, strict=True))
            progress.update(zip(moving, parts, strict=True))
            yield from zip(moving, arrived, strict=True)
            yield from ((n, last) for n in moving if t == n - 1)
        yield from ((n, last) for n in steps if n == 1)

    def step(self, start: Point, end: Point, at: str, images: Tensor, way: Tensor) -> Tensor:
        """The step (B, 3, H, W) of the segment from `start` to `end`, for a gradient taken `at` one of them."""
        return end.x - start.x

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
        rest = (high - progress) * length
        free = torch.where(rest > 0, magnitude, torch.inf)
        # Each pass brings at least `count` pixels to their bound, so the passes are bounded.
        for _ in range(math.ceil(progress.shape[1] / count) + 1):
            threshold = _smallest(free, count).clamp(max=torch.finfo(free.dtype).max)
            chosen = free <= torch.where(excess > enough, threshold, -1)
            reach = (rest * chosen).sum(1, keepdim=True, dtype=torch.float64)
            gamma = (excess / reach).nan_to_num(0).clamp(0, 1)  # the share of the way to the bound that closes the gap
            progress = progress.lerp(high, chosen * gamma.to(progress.dtype))
            free.masked_fill_(chosen, torch.inf)
            excess = excess - reach
            if not bool((excess > enough).any()):
                break
        return progress.view(colours_last).movedim(-1, 1)


Path = Straight | Blur | Placed | Strided | Guided


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


def joined(tensors: Sequence[Tensor]) -> Tensor:
    """The tensors one after another; a single one is not copied."""
    return tensors[0] if len(tensors) == 1 else torch.cat(list(tensors))


def _smallest(values: Tensor, count: int) -> Tensor:
    """The `count`-th smallest value of each row, (M, 1): a selection, not a sort; on a CPU NumPy's is by far faster."""
    if values.device.type == "cpu":
        return torch.from_numpy(np.partition(values.numpy(), count - 1, axis=1)[:, count - 1 : count])
    return values.kthvalue(count, dim=1, keepdim=True).values


def _beside(numbers: Tensor, images: Tensor) -> Tensor:
    """Numbers (…, B) of the CPU as (…, B, 1, 1, 1) beside images, which do not wait for them."""
    return sent(numbers, images.device, images.dtype).view(*numbers.shape, 1, 1, 1)


def _cut(baseline: Baseline, group: slice, count: int) -> Baseline:
    return baseline[group] if isinstance(baseline, Tensor) and baseline.shape[:-3] == (count,) else baseline


def _one_of(name: str, given: str, allowed: Sequence[str]) -> None:
    if given not in allowed:
        raise ValueError(f"{name} is {given!r}; it must be one of {', '.join(allowed)}")
