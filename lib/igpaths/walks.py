"""The walk: the one place that evaluates the network along a path, and `attribute`, which reads it.

Every method of the library is the same sum over the segments of a path from a baseline x' to the input x,

    attribution = Σ_j credit(segment_j).

The path says where the walk goes, the rule how a segment is credited, and the walk streams the segments: one gradient
evaluation a point, whatever the number of rules. On all paths but `Guided` the segments of every step count come from
the points of the finest one. No gradient is kept longer than a segment lasts, so memory is a few maps for each rule
and step count, whatever the number of steps.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from igpaths.classifier import Classifier
from igpaths.paths import Guided, Path, Point, Strided, joined
from igpaths.rules import IDGI, Left, Right, Rule, Segment, Whole

BATCH_SIZE = 16


def walk(
    net: Classifier, images: Tensor, targets: Tensor, *, path: Path, steps: Sequence[int], batch_size: int = BATCH_SIZE
) -> Iterator[Segment]:
    """Walk the path of B images and stream its segments, for each step count in the order of the path.

    The images move together. F(x') and F(x) come first, so every segment knows them. A segment's gradients are
    for the consumer to use and let go.

    Parameters
    ----------
    net : the Classifier whose score is explained.
    images : (B, 3, H, W); their range is not checked here, since perturbed images may leave [0, 1].
    targets : (B,) int, the classes explained.
    path : `Straight`, `Blur`, `Placed`, `Strided` or `Guided`.
    steps : step counts; on all but Guided they divide the largest, and on Strided the number of its points.
    batch_size : points in one call of the network; it moves a float32 map by rounding only, except on Guided,
        whose choice of pixels amplifies rounding.

    Yields
    ------
    Segment
        For N steps, N segments, on Strided N − 1. An image costs N + 1 gradient evaluations for the finest N on
        Straight and Blur; on Strided N, and one for x where the finest walk stops short of it; and 2 + Σ (N − 1) over
        the step counts on Guided.

    Examples
    --------
    >>> [segment.steps for segment in ig.walk(net, x, targets, path=ig.Straight(), steps=(2, 4))]
    [4, 2, 4, 4, 2, 4]
    """
    counts = check_steps(steps, path)
    ask = _Ask(net, targets, batch_size)
    images = images.to(net.device, net.dtype).contiguous(memory_format=net.layout)
    baseline = path.start(net, images).contiguous(memory_format=net.layout)
    ends = torch.tensor([0.0, 1.0], dtype=torch.float64).view(2, 1).expand(2, len(images))
    first, last = ask.evaluate(ends, torch.stack([baseline, images]))
    way, before = images - baseline, dict.fromkeys(counts, first)
    at_once = max(1, batch_size // len(images))
    for n, point in path.visit(ask, images, first, last, counts, at_once):
        yield Segment(
            steps=n,
            start=before[n],
            end=point,
            path=path,
            images=images,
            baseline=baseline,
            way=way,
            baseline_score=first.score,
            input_score=last.score,
            evaluations=ask.evaluations,
            first=before[n] is first,
            last=point is last,
        )
        before[n] = point


class _Ask:
    """What a path asks a network: scores, and gradients, counted."""

    def __init__(self, net: Classifier, targets: Tensor, batch_size: int) -> None:
        self.net, self.targets, self.batch_size = net, targets, batch_size
        self.std = net.std
        self.evaluations = 0  # gradients of each image

    def evaluate(self, alphas: Tensor, x: Tensor) -> list[Point]:
        self.evaluations += len(x)
        x = x.flatten(0, 1).contiguous(memory_format=self.net.layout).unflatten(0, x.shape[:2])
        parts = [self.net.gradients(*part) for part in self._batches(x)]
        scores, gradients = (joined(tensors).unflatten(0, x.shape[:2]) for tensors in zip(*parts, strict=True))
        return [Point(*point) for point in zip(alphas, x, scores, gradients, strict=True)]

    def scores(self, x: Tensor) -> Tensor:
        return torch.cat([self.net.scores(*part) for part in self._batches(x)]).view(x.shape[:2])

    def _batches(self, x: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        repeated = self.targets.repeat(len(x))
        return zip(x.flatten(0, 1).split(self.batch_size), repeated.split(self.batch_size), strict=True)


@dataclass(frozen=True, eq=False)
class Attributions:
    """What `attribute` returns: ``maps[rule, steps]`` is a signed map (B, 3, H, W) in units of the score.

    Attributes
    ----------
    maps : the maps by (rule, steps).
    scores : by steps, the score (B, steps + 1) along the walk; on `Strided` (B, steps), the last of them F(x) only
        where the walk reaches x.
    alphas : by steps, float64, as many as the scores: how far along the path each point lies, from 0 to 1, or to
        less where the walk stops short of x.
    completeness_gap : by (rule, steps), (B,): the map's sum minus the change of score over the segments that the
        rule covers, which is F(x) − F(x') unless the walk stops short of x or the rule leaves a segment out. 0 is
        complete; for IDGI it is 0 by construction.
    alpha_star : by (Left or Right, steps), (B,): where the path is split; NaN where that is undefined.
    evaluations : gradient evaluations spent on each image.

    Examples
    --------
    >>> maps[ig.IDGI(), 8].shape
    torch.Size([2, 3, 176, 176])
    >>> maps.scores[8].shape, maps.alphas[8].shape, maps.completeness_gap[ig.IG(), 8].shape
    (torch.Size([2, 9]), torch.Size([2, 9]), torch.Size([2]))
    >>> maps.alphas[4][0]
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000], dtype=torch.float64)
    >>> maps.evaluations
    9
    """

    maps: dict[tuple[Rule, int], Tensor]
    scores: dict[int, Tensor]
    alphas: dict[int, Tensor]
    completeness_gap: dict[tuple[Rule, int], Tensor]
    alpha_star: dict[tuple[Rule, int], Tensor]
    evaluations: int

    def __getitem__(self, key: tuple[Rule, int]) -> Tensor:
        try:
            return self.maps[key]
        except KeyError:
            known = "; ".join(f"({rule}, {n})" for rule, n in self.maps)
            raise KeyError(f"no map for {key}; there are: {known}") from None


def attribute(
    net: Classifier,
    images: Tensor,
    targets: Tensor | Sequence[int],
    *,
    path: Path,
    rules: Sequence[Rule],
    steps: Sequence[int] = (128,),
    batch_size: int = BATCH_SIZE,
) -> Attributions:
    """Explain the scores of images: every rule and step count from one walk of the path.

    Parameters
    ----------
    net : the Classifier to explain.
    images : (B, 3, H, W), pixels in [0, 1].
    targets : (B,) int, the class to explain for each image.
    path : `Straight`, `Blur`, `Placed`, `Strided` or `Guided`.
    rules : any of `IG`, `IDGI`, `Left`, `Right`.
    steps : the step counts wanted; on all but Guided they divide the largest, and on Strided the number of its points.
    batch_size : points in one call of the network.

    Returns
    -------
    Attributions
        The signed maps by (rule, steps), on the network's device and in its dtype.

    Raises
    ------
    ValueError
        For images that are not (B, 3, H, W) in [0, 1], targets that do not fit them or the network's classes, steps
        that are not positive or do not divide the largest, no rules, or a batch size under 1.

    Examples
    --------
    >>> rules = (ig.IG(), ig.Left(ig.IDGI(), psi=0.9))
    >>> found = ig.attribute(net, x, targets, path=ig.Straight("black"), rules=rules, steps=(1, 2, 4))
    >>> found[ig.Left(ig.IDGI(), psi=0.9), 4].shape
    torch.Size([2, 3, 176, 176])
    >>> found.evaluations  # for both rules and all step counts
    5
    """
    targets = _check(images, targets, rules, batch_size)
    return fold(net, images, targets, path=path, rules=rules, steps=steps, batch_size=batch_size)


def fold(
    net: Classifier,
    images: Tensor,
    targets: Tensor,
    *,
    path: Path,
    rules: Sequence[Rule],
    steps: Sequence[int] = (128,),
    batch_size: int = BATCH_SIZE,
) -> Attributions:
    """`igpaths.attribute` without its checks: for images that leave [0, 1] on purpose, as a stability metric's do.

    Examples
    --------
    >>> from igpaths.walks import fold
    >>> noisy = x + 0.1  # above 1 in places, which `attribute` refuses
    >>> fold(net, noisy, targets, path=ig.Straight(), rules=(ig.IG(),), steps=(2,))[ig.IG(), 2].shape
    torch.Size([2, 3, 176, 176])
    """
    parts = [
        _attribute_together(net, x, t, path=p, rules=rules, steps=steps, batch_size=batch_size)
        for x, t, p in in_groups(images, targets, path, batch_size)
    ]

    def joined(name: str) -> dict:  # type: ignore[type-arg]
        return {key: torch.cat([getattr(part, name)[key] for part in parts]) for key in getattr(parts[0], name)}

    return Attributions(
        maps=joined("maps"),
        scores=joined("scores"),
        alphas=joined("alphas"),
        completeness_gap=joined("completeness_gap"),
        alpha_star=joined("alpha_star"),
        evaluations=parts[0].evaluations,
    )


class _Sum:
    """The running sum of one rule's credit over one walk, and its value at α* for each split that is asked for."""

    def __init__(self, rule: Whole, splits: Sequence[tuple[float, str]], images: Tensor) -> None:
        self.rule = rule
        self.total = torch.zeros_like(images)
        self.between: tuple[Tensor, Tensor] | None = None  # the scores where the covered segments start and end
        self.splits = {split: _Split(*split, images) for split in splits}

    def add(self, segment: Segment) -> None:
        if isinstance(self.rule, IDGI) and not self.rule.covers(segment):
            return
        credit = self.rule.credit(segment)
        self.between = (self.between[0] if self.between else segment.start.score, segment.end.score)
        for split in self.splits.values():
            split.add(segment, credit)
        self.total += credit


class _Split:
    """The part of a running sum before α*, image by image: Left is this, Right the rest. Nothing waits for a GPU."""

    def __init__(self, psi: float, crossing: str, images: Tensor) -> None:
        self.psi, self.crossing = psi, crossing
        self.left = torch.zeros_like(images)
        self.open = torch.ones(len(images), dtype=torch.bool, device=images.device)  # α* not reached yet
        self.index = torch.zeros(len(images), dtype=torch.int64, device=images.device)  # of the last point before α*
        self.threshold: Tensor | None = None

    def add(self, segment: Segment, credit: Tensor) -> None:
        """Add a segment's credit for the images whose score has not yet crossed the threshold."""
        if self.threshold is None:
            change = segment.input_score - segment.baseline_score
            self.threshold = torch.where(change > 0, segment.baseline_score + self.psi * change, torch.inf)
        after = self.open & ~(segment.end.score > self.threshold)
        taken = self.open if self.crossing == "left" else after
        self.left.addcmul_(credit, taken.to(credit.dtype).view(-1, 1, 1, 1))
        self.index += taken
        self.open = after

    def part(self, rule: Left | Right, total: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """The map of Left or Right, and the change of the scores (B, N + 1) that it covers."""
        at = scores.gather(1, self.index.view(-1, 1))[:, 0]
        if isinstance(rule, Left):
            return self.left, at - scores[:, 0]
        return total - self.left, scores[:, -1] - at

    def star(self, alphas: Tensor, images: Tensor) -> Tensor:
        """α* (B,) among the points' alphas (B, N + 1); NaN where it is undefined."""
        found = alphas.gather(1, self.index.to(alphas.device).view(-1, 1))[:, 0].to(images)
        return torch.where(self.open, torch.nan, found)


def _attribute_together(
    net: Classifier,
    images: Tensor,
    targets: Tensor,
    *,
    path: Path,
    rules: Sequence[Rule],
    steps: Sequence[int],
    batch_size: int,
) -> Attributions:
    counts = check_steps(steps, path)
    wholes = dict.fromkeys(rule.rule if isinstance(rule, Left | Right) else rule for rule in rules)
    splits = {
        whole: {(rule.psi, rule.crossing) for rule in rules if isinstance(rule, Left | Right) and rule.rule == whole}
        for whole in wholes
    }
    like = images.to(net.device, net.dtype).contiguous(memory_format=net.layout)
    sums = {(whole, n): _Sum(whole, sorted(splits[whole]), like) for whole in wholes for n in counts}
    scores: dict[int, list[Tensor]] = {n: [] for n in counts}
    alphas: dict[int, list[Tensor]] = {n: [] for n in counts}
    for segment in walk(net, images, targets, path=path, steps=counts, batch_size=batch_size):
        n = segment.steps
        scores[n] = scores[n] or [segment.baseline_score]
        scores[n].append(segment.end.score)
        alphas[n] = alphas[n] or [segment.start.alpha]
        alphas[n].append(segment.end.alpha)
        for whole in wholes:
            sums[whole, n].add(segment)

    maps: dict[tuple[Rule, int], Tensor] = {}
    gaps: dict[tuple[Rule, int], Tensor] = {}
    stars: dict[tuple[Rule, int], Tensor] = {}
    along = {n: torch.stack(values, dim=1) for n, values in scores.items()}
    places = {n: torch.stack(values, dim=1) for n, values in alphas.items()}
    for rule in rules:
        for n in counts:
            running = sums[rule.rule if isinstance(rule, Left | Right) else rule, n]
            start, end = running.between or (segment.baseline_score, segment.baseline_score)
            attribution, change = running.total, end - start
            if isinstance(rule, Left | Right):
                split = running.splits[rule.psi, rule.crossing]
                attribution, change = split.part(rule, running.total, along[n])
                stars[rule, n] = split.star(places[n], like)
            maps[rule, n] = attribution.contiguous()
            gaps[rule, n] = attribution.sum((1, 2, 3)) - change
    return Attributions(
        maps=maps,
        scores=along,
        alphas=places,
        completeness_gap=gaps,
        alpha_star=stars,
        evaluations=segment.evaluations,
    )


def in_groups(images: Tensor, targets: Tensor, path: Path, size: int) -> Iterator[tuple[Tensor, Tensor, Path]]:
    """The images, targets and path in groups of `size` images; a baseline with an image for each is cut to match."""
    for start in range(0, len(images), size):
        group = slice(start, start + size)
        yield images[group], targets[group], path.cut(group, len(images))


def check_steps(steps: Sequence[int], path: Path) -> tuple[int, ...]:
    """The step counts, sorted and each once; ValueError where one is not positive or does not fit the path's points."""
    counts = tuple(sorted(set(steps)))
    if not counts or counts[0] < 1 or any(int(n) != n for n in counts):
        raise ValueError(f"steps must be one or more positive whole numbers, got {tuple(steps)}")
    if isinstance(path, Strided):
        odd = [n for n in counts if n < 2 or path.points % n]
        if odd:
            raise ValueError(f"on Strided every step count must be 2 or more and divide {path.points}, got {odd}")
    odd = [n for n in counts if counts[-1] % n]
    if odd and not isinstance(path, Guided):
        raise ValueError(
            f"on {type(path).__name__} every step count must divide the largest, whose points it shares; "
            f"{odd} do not divide {counts[-1]}"
        )
    return counts


def _check(images: Tensor, targets: Tensor | Sequence[int], rules: Sequence[Rule], batch_size: int) -> Tensor:
    if images.ndim != 4 or images.shape[1] != 3 or not len(images) or not images.is_floating_point():
        raise ValueError(
            f"images must be float tensors of shape (B, 3, H, W), got {tuple(images.shape)} of {images.dtype}"
        )
    low, high = float(images.min()), float(images.max())
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"images must lie in [0, 1] before normalisation, which is inside the Classifier; got [{low:g}, {high:g}]"
        )
    targets = torch.as_tensor(targets).cpu()
    if targets.shape != images.shape[:1] or targets.is_floating_point():
        raise ValueError(
            f"targets must be one class index for each of the {len(images)} images, "
            f"got shape {tuple(targets.shape)} of {targets.dtype}"
        )
    if not rules:
        raise ValueError("rules is empty; give one or more of IG, IDGI, Left, Right")
    if batch_size < 1:
        raise ValueError(f"batch_size must be 1 or more, got {batch_size}")
    return targets
