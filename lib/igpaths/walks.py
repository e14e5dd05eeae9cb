"""The walk: the one place that evaluates a network along a path.

Every method of the library is the same sum over the segments of a path from a baseline x' to the input x,

    attribution = Σ_j credit(segment_j).

The path says where the walk goes, the rule how a segment is credited, and the walk streams the segments: one gradient
evaluation a point, whatever the number of rules and, on all paths but `Guided`, of step counts. No gradient is kept
longer than a segment lasts, but that at x, so memory is a few maps for each rule and step count.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from igpaths.arguments import as_count, as_counts, as_targets, check_images
from igpaths.classifier import CUT, Classifier
from igpaths.paths.base import Along, Path, Point

BATCH_SIZE = 16
Progress = Callable[[int], object] | None  # called with a number of gradients


class Walk:
    """What all segments of a walk have in common: its ends, and the network, which the path asks for points.

    `images`, `baseline` and their difference, the `way`, are (B, C, H, W). `first` and `last` are the points at x' and
    at x, `alphas` and `scores` (2, B) theirs. `draw` is the path's function from alphas to points, where they are known
    beforehand, `at_once` of each image in one call of the network; `evaluations` counts the gradients of an image.
    `broken` (B,), known at the end, is α of each image's first point with a score or a gradient that is not finite; NaN
    where there is none.
    """

    broken: Tensor

    def __init__(
        self, net: Classifier, images: Tensor, targets: Tensor, path: Path, batch_size: int, progress: Progress
    ) -> None:
        self.net, self.path, self.targets, self.batch_size, self.progress = net, path, targets, batch_size, progress
        self.at_once, self.evaluations = max(1, batch_size // len(targets)), 0
        self.images = images.detach().to(net.device, net.dtype).contiguous(memory_format=net.layout)
        self.baseline = path.start(net, self.images).contiguous(memory_format=net.layout)
        self.way = self.images - self.baseline
        self.draw = path.draw(self.images, self.baseline) if isinstance(path, Along) else None
        self.alphas = torch.tensor([0.0, 1.0], dtype=torch.float64, device="cpu").view(2, 1).expand(2, len(images))
        self._seen: list[tuple[Tensor, Tensor, Tensor]] = []  # alphas, scores, largest gradients
        self.first, self.last = self.evaluate(self.alphas, torch.stack([self.baseline, self.images]))
        self.scores = torch.stack([self.first.score, self.last.score])

    def evaluate(self, alphas: Tensor, x: Tensor) -> list[Point]:
        """The points x (k, B, C, H, W) at alphas (k, B), with their scores and gradients."""
        self.evaluations += len(x)
        x = x.flatten(0, 1).contiguous(memory_format=self.net.layout).unflatten(0, x.shape[:2])
        parts = []
        for images, targets in self._batches(x):
            parts.append(self.net.gradients(images, targets))
            if self.progress:
                self.progress(len(images))
        scores, gradients = (join(tensors).unflatten(0, x.shape[:2]) for tensors in zip(*parts, strict=True))
        largest = torch.maximum(gradients.amax((2, 3, 4)), -gradients.amin((2, 3, 4)))  # in no memory of its own
        self._seen.append((alphas, scores, largest))
        return [Point(*point) for point in zip(alphas, x, scores, gradients, strict=True)]

    def evaluate_scores(self, x: Tensor) -> Tensor:
        """The scores (k, B) of the points x (k, B, C, H, W), on the CPU: forward only."""
        return torch.cat([self.net.scores(*part) for part in self._batches(x)]).view(x.shape[:2]).cpu()

    def check_values(self) -> None:
        """Find what is `broken`; ValueError where scores changed although every gradient is exactly zero."""
        alphas, scores, largest = (torch.cat(each).cpu() for each in zip(*self._seen, strict=True))
        rounding = 64 * torch.finfo(scores.dtype).eps * scores[0].abs()
        if not bool((largest != 0).any()) and bool(((scores - scores[0]).abs() > rounding).any()):
            raise ValueError(f"every gradient along the path is zero: {CUT}; or it is saturated: explain the logit")
        finite = scores.isfinite() & largest.isfinite()
        self.broken = torch.where(finite, torch.inf, alphas).amin(0).nan_to_num(posinf=torch.nan)

    def _batches(self, x: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        repeated = self.targets.repeat(len(x))
        return zip(x.flatten(0, 1).split(self.batch_size), repeated.split(self.batch_size), strict=True)


@dataclass(frozen=True, eq=False)
class Segment:
    """One of the N pieces of a path, from `start` to `end`, for B images."""

    steps: int  # N, the step count whose walk this segment belongs to
    start: Point
    end: Point
    walk: Walk  # which all segments share
    number: int  # j, from 0 for the segment that starts at the baseline x'

    @property
    def first(self) -> bool:
        """Whether the segment starts at the baseline x'."""
        return self.number == 0

    @property
    def last(self) -> bool:
        """Whether the segment ends at the input x, as none does of a walk that stops short of it."""
        return self.end is self.walk.last

    @property
    def score_change(self) -> Tensor:
        """F_{j+1} − F_j, (B,)."""
        return self.end.score - self.start.score

    def gradient(self, at: str) -> Tensor:
        """The gradient (B, C, H, W) at the segment's "start" or "end"."""
        return (self.start if at == "start" else self.end).gradient

    def step(self, at: str) -> Tensor:
        """The path's step over this segment (B, C, H, W), for a gradient taken at its "start" or "end"."""
        return self.walk.path.step(self, at)


def walk(
    net: Classifier,
    images: Tensor,
    targets: Any,
    *,
    path: Path,
    steps: int | Sequence[int],
    batch_size: int = BATCH_SIZE,
    progress: Progress = None,
) -> Iterator[Segment]:
    """Walk the path of B images together and stream its segments, for each step count in the order of the path.

    Parameters
    ----------
    net, targets, path, steps : as for `igpaths.attribute`.
    images : (B, C, H, W); their range is not checked here, since perturbed images may leave [0, 1].
    batch_size : points in one call of the network; it moves a float32 map by rounding only, except on Guided,
        whose choice of pixels amplifies rounding.
    progress : called with the number of gradients after each call of the network.

    For N steps there are N segments. An image costs N + 1 gradients for the finest N on Straight and Blur, and
    2 + Σ (N − 1) over the step counts on Guided. ValueError for arguments of another kind, and at the end where a score
    changed but all gradients of all images are zero.
    """
    check_net(net)
    counts = as_path_steps(path, steps)
    check_images(images, net.channels)
    whole = Walk(
        net, images, take_targets(net, targets, len(images)), path, as_count("batch_size", batch_size), progress
    )
    before, numbers = dict.fromkeys(counts, whole.first), dict.fromkeys(counts, 0)
    for n, point in path.visit(whole, whole.first, counts):
        yield Segment(steps=n, start=before[n], end=point, walk=whole, number=numbers[n])
        before[n], numbers[n] = point, numbers[n] + 1
    whole.check_values()


def join(tensors: Sequence[Tensor]) -> Tensor:
    """The tensors one after another; a single one is not copied."""
    return tensors[0] if len(tensors) == 1 else torch.cat(list(tensors))


def check_net(net: Any) -> None:
    """ValueError, with the remedy, for what is no Classifier."""
    if not hasattr(net, "gradients") or not hasattr(net, "layout"):
        name = type(net).__name__
        raise ValueError(f"net is a {name}; wrap the network: ig.Classifier(network, mean=…, std=…, output='logit')")


def as_path_steps(path: Any, steps: Any) -> tuple[int, ...]:
    """The step counts of a walk along a path; ValueError, with the remedy, for what is no path or does not fit it."""
    if not isinstance(path, Path):
        name = path.__name__ if isinstance(path, type) else repr(path)
        raise ValueError(f"path is {name}; it must be a path such as ig.Straight('black'), ig.Blur() or ig.Guided()")
    counts = as_counts("steps", steps)
    path.check(counts)
    return counts


def take_targets(net: Classifier, targets: Any, count: int) -> Tensor:
    """The targets (count,); none are needed where the output is a function."""
    if targets is None and not callable(net.output):
        raise ValueError("targets is None; give the class to explain, an index for each image or one for all")
    return as_targets(0 if targets is None else targets, count)
