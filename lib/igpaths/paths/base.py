"""What paths have in common: a baseline x' to start from, and how points that are known beforehand are visited."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor

from igpaths.arguments import check_word, shorten
from igpaths.classifier import Classifier, send
from igpaths.gaussian import blur

if TYPE_CHECKING:
    from igpaths.walks import Segment, Walk

Baseline = str | float | Sequence[float] | Tensor
SIGMA = 50.0  # pixels, of the baseline "blur"
Draw = Callable[..., Tensor]  # alphas (k, B) → points (k, B, C, H, W)
Arrivals = Iterator[tuple[int, "Point"]]


@dataclass(frozen=True, eq=False)
class Point:
    """One point of a path for each of B images."""

    alpha: Tensor  # (B,), float64, on the CPU, where paths are planned without a wait for the device
    x: Tensor  # (B, C, H, W)
    score: Tensor  # (B,)
    gradient: Tensor  # (B, C, H, W)


class Path(ABC):
    """A way from a baseline to the input."""

    @abstractmethod
    def start(self, net: Classifier, images: Tensor) -> Tensor:
        """The baseline x' (B, C, H, W)."""

    @abstractmethod
    def visit(self, walk: "Walk", first: Point, steps: Sequence[int]) -> Arrivals:
        """Each (step count, point) that a walk reaches after the `first` point, its baseline, in order."""

    @abstractmethod
    def evaluations(self, steps: Sequence[int]) -> int:
        """The gradient evaluations that a walk of these step counts spends on each image."""

    def step(self, segment: "Segment", at: str) -> Tensor:
        """The step (B, C, H, W) of a segment, for a gradient taken at its "start" or "end"."""
        return segment.end.x - segment.start.x

    def segments(self, steps: int) -> int:
        """How many segments `steps` steps have."""
        return steps

    def check(self, steps: Sequence[int]) -> None:  # noqa: B027, a path may take any
        """Raise ValueError where the path cannot be walked with these step counts, which are sorted."""

    def cut(self, group: slice, count: int) -> Self:
        """The path of some of `count` images; one that has a tensor for each image cuts that too."""
        return self


@dataclass(frozen=True)
class Based(Path):
    """A path from a baseline of one's choice."""

    baseline: Baseline = "black"

    def cut(self, group: slice, count: int) -> Self:
        each = isinstance(self.baseline, Tensor) and self.baseline.ndim == 4 and len(self.baseline) == count
        return replace(self, baseline=self.baseline[group]) if each else self  # type: ignore[index]

    def start(self, net: Classifier, images: Tensor) -> Tensor:
        return resolve_baseline(self.baseline, net, images)


class Along(Path):
    """A path whose points are known beforehand: coarse step counts are read off the finest one."""

    @abstractmethod
    def draw(self, images: Tensor, baseline: Tensor) -> Draw:
        """The function from alphas (k, B) to the points (k, B, C, H, W) of these images."""

    def alphas(self, steps: int) -> Tensor:
        """α of the points that `steps` steps visit, from 0 at x'; (K,), float64, on the CPU."""
        return torch.arange(steps + 1, dtype=torch.float64, device="cpu") / steps

    def place(self, walk: "Walk", draw: Draw, steps: int) -> Tensor:
        """α (K, B) of the points that `steps` steps visit for each image."""
        return self.alphas(steps).view(-1, 1).expand(-1, len(walk.images))

    def visit(self, walk: "Walk", first: Point, steps: Sequence[int]) -> Arrivals:
        """Each (step count, point) after the first; the last is x itself where the points reach it."""
        finest, draw = max(steps), walk.draw
        assert draw  # since this path is drawn
        alphas = self.place(walk, draw, finest)
        unknown = len(alphas) - int((alphas[-1] == 1).all())  # a walk begins with the score of x
        for start in range(1, unknown, walk.at_once):
            part = alphas[start : min(start + walk.at_once, unknown)]
            for index, point in enumerate(walk.evaluate(part, draw(part)), start):
                yield from ((n, point) for n in steps if index % (finest // n) == 0)
        if unknown < len(alphas):
            yield from ((n, walk.last) for n in steps if unknown % (finest // n) == 0)

    def evaluations(self, steps: Sequence[int]) -> int:
        """One a point of the finest step count, and one for x where that stops short of it."""
        alphas = self.alphas(max(steps))
        return len(alphas) + int(alphas[-1] != 1)

    def check(self, steps: Sequence[int]) -> None:
        """Every step count divides the largest, whose points it shares."""
        if odd := [n for n in steps if steps[-1] % n]:
            rule = f"on {type(self).__name__} every step count must divide the largest, whose points it shares"
            raise ValueError(f"{rule}; {odd} do not divide {steps[-1]}")


def spread(numbers: Tensor, images: Tensor) -> Tensor:
    """Numbers (…, B) of the CPU as (…, B, 1, 1, 1) beside images, which do not wait for them."""
    return send(numbers, images.device, images.dtype).view(*numbers.shape, 1, 1, 1)


def resolve_baseline(baseline: Baseline, net: Classifier, images: Tensor, *, name: str = "baseline") -> Tensor:
    """The baseline images (B, C, H, W) that a word, a grey level, a colour or a tensor stands for; ValueError else."""
    colours = {"black": torch.zeros_like(net.mean), "white": torch.ones_like(net.mean), "mean": net.mean}
    if isinstance(baseline, str):
        check_word(name, baseline, (*colours, "blur", "max-distance"), more=", a level, a colour or a tensor")
        if baseline == "max-distance":  # the corner of [0, 1] that is farthest in L1, value by value
            return (images < 0.5).to(images)
        if baseline == "blur":
            return blur(images, SIGMA)
        baseline = colours[baseline]
    try:
        own = baseline.dtype if isinstance(baseline, Tensor) else images.dtype
        value = torch.as_tensor(baseline, dtype=own, device=images.device).detach()
        shaped = value.view(-1, 1, 1) if value.ndim == 1 else value
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"{name} is {shorten(baseline)}; it must be a word, a level, a colour or a tensor") from None
    if not value.is_floating_point() or not bool(value.isfinite().all()):
        raise ValueError(
            f"{name} must be finite numbers in the images' units, got {shorten(baseline)} of {value.dtype}"
        )
    try:
        return shaped.to(images).broadcast_to(images.shape).contiguous()
    except RuntimeError:
        shape, theirs = tuple(shaped.shape), tuple(images.shape)
        raise ValueError(f"the {name}'s shape {shape} does not broadcast to the images' shape {theirs}") from None
