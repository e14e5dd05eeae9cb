"""`attribute`: every rule and every step count from one walk of a path, and the maps that come of it."""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from igpaths.arguments import NotFinite, as_count, check_images, check_range, check_word
from igpaths.classifier import Classifier, send
from igpaths.metrics.ranking import smooth as smooth_maps
from igpaths.paths.base import Path
from igpaths.rules import Part, Rule, as_rules
from igpaths.texts import amount
from igpaths.walks import BATCH_SIZE, Segment, Walk, as_path_steps, check_net, join, take_targets, walk

Key = tuple[Rule | Part, int]
Progress = bool | Callable[[int], object]


class Keyed(dict[Any, Tensor]):
    """Tensors by (rule, steps), or by steps alone; the rule is enough where its tensors are of one step count.

    KeyError for any other key names those that there are.
    """

    def __init__(self, what: str, tensors: Mapping[Any, Tensor]) -> None:
        super().__init__(tensors)
        self.what = what

    def __missing__(self, key: Any) -> Tensor:
        counts = {known[1] for known in self if isinstance(known, tuple)}
        if len(counts) == 1 and (key, *counts) in self:
            return self[(key, *counts)]
        known = "; ".join(f"({each[0]}, {each[1]})" if isinstance(each, tuple) else str(each) for each in self)
        raise KeyError(f"no {self.what} for {key}; there are: {known or 'none'}")


@dataclass(frozen=True, eq=False)
class Attributions:
    """What `attribute` returns: ``maps[rule, steps]`` is a signed map (B, C, H, W) in units of the score.

    Where there is one step count the rule is enough: ``maps[rule]``, ``maps.completeness_gap[rule]`` and
    ``maps.alpha_star[rule]``. KeyError for what is not there names what is.

    Attributes
    ----------
    maps : the maps by (rule, steps).
    scores : by steps, the score (B, steps + 1) along the walk.
    alphas : by steps, float64, as many as the scores: how far along the path each point lies, from 0 to 1, or to
        less where the walk stops short of x.
    completeness_gap : by (rule, steps), (B,): the map's sum minus the change of score over the segments that the
        rule covers, F(x) − F(x') for a whole path that reaches x. 0 is complete; IDGI's is 0 by construction.
    alpha_star : by (Left or Right, steps), (B,): where the path is split; NaN where that is undefined.
    broken : (B,), α of the first point whose score or gradient is not finite; NaN where all are.
    evaluations : gradient evaluations spent on each image.
    """

    maps: dict[Any, Tensor]
    scores: dict[int, Tensor]
    alphas: dict[int, Tensor]
    completeness_gap: dict[Any, Tensor]
    alpha_star: dict[Any, Tensor]
    broken: Tensor
    evaluations: int

    def __post_init__(self) -> None:
        for name in ("maps", "scores", "alphas", "completeness_gap", "alpha_star"):
            what = name.removesuffix("s").replace("_", " ")
            object.__setattr__(self, name, Keyed(what, getattr(self, name)))  # frozen from here on
        for each in self.maps.values():
            each.is_attribution = True  # type: ignore[attr-defined]  # metrics of ranking maps refuse it

    @property
    def rules(self) -> tuple[Rule | Part, ...]:
        """The rules, in their order."""
        return tuple(dict.fromkeys(rule for rule, _ in self.maps))

    def __getitem__(self, key: Key | Rule | Part) -> Tensor:
        return self.maps[key]

    def __repr__(self) -> str:
        count, *shape = next(iter(self.maps.values())).shape
        rules, steps = ", ".join(map(str, self.rules)), ", ".join(map(str, self.scores))
        of = f"Attributions of {amount(count, 'image')} {tuple(shape)}: {rules} at {amount(steps, 'step')}"
        return f"{of}; {amount(self.evaluations, 'evaluation')} an image"

    def ranking(self, kind: str, *, steps: int | None = None, smooth: float | str = 0) -> Tensor:
        """The maps that rank pixels, (B, M, H, W): one for each rule, in their order; higher is more important.

        The `kind` decides much of what a metric says: "absolute", Σ_c |A_c|, or "signed", Σ_c A_c. `steps` is needed
        where there are several step counts. `smooth` is σ of a Gaussian under which the maps are seen, in pixels or
        as "1.5%" of the shorter side, see `igpaths.metrics.smooth`; it decides as much as the rule does, so say it.
        """
        check_word("kind", kind, ("absolute", "signed"))
        steps = next(iter(self.scores)) if steps is None and len(self.scores) == 1 else steps
        if steps not in self.scores:
            known = amount(", ".join(map(str, self.scores)), "step")
            raise ValueError(f"steps is {steps}; there are maps of {known}")
        maps = torch.stack([self.maps[rule, steps] for rule in self.rules], dim=1)
        return smooth_maps((maps.abs() if kind == "absolute" else maps).sum(dim=2), smooth)

    def cpu(self) -> "Attributions":
        """The same on the CPU."""
        names = ("maps", "scores", "completeness_gap", "alpha_star")
        moved: dict[str, Any] = {name: {k: v.cpu() for k, v in getattr(self, name).items()} for name in names}
        return replace(self, **moved)


def attribute(
    net: Classifier,
    images: Tensor,
    targets: Any,
    *,
    path: Path,
    rules: Rule | Part | Iterable[Rule | Part],
    steps: int | Sequence[int] = 128,
    batch_size: int = BATCH_SIZE,
    check: bool = True,
    progress: Progress = False,
) -> Attributions:
    """Explain the scores of images: every rule and step count from one walk of the path.

    Parameters
    ----------
    net : the Classifier to explain.
    images : (B, C, H, W), pixels in [0, 1].
    targets : the class to explain, one index for each image, or one for all. None is enough where the Classifier's
        output is a function that needs none.
    path : `Straight`, `Blur`, `Placed`, `Guided`, or one of your own.
    rules : one or more of `IG`, `IDGI`, `IDG`, `Left`, `Right`, or of your own.
    steps : one or more step counts; on all but Guided they divide the largest.
    batch_size : points in one call of the network.
    check : False lets images and baselines leave [0, 1], as those of another range or a stability metric's do.
    progress : True for a bar on stderr, or a function that is called with the number of gradients just evaluated.

    The maps are signed, on the network's device and in its dtype. A warning names the image and the α where a score or
    a gradient is not finite. ValueError for arguments of another kind, and for a network that cuts the gradient; it
    says what to write instead.

    Examples
    --------
    >>> rules = (ig.IG(), ig.Left(ig.IDGI(), psi=0.9))
    >>> several = ig.attribute(net, x, targets, path=ig.Straight("black"), rules=rules, steps=(1, 2, 4))
    >>> several
    Attributions of 2 images (3, 176, 176): IG(at='start'), Left(...) at 1, 2, 4 steps; 5 evaluations an image
    >>> several[rules[1], 4].shape, several.scores[4].shape, several.completeness_gap[rules[1], 4].shape
    (torch.Size([2, 3, 176, 176]), torch.Size([2, 5]), torch.Size([2]))
    """
    check_net(net)
    rules, counts = as_rules(rules), as_path_steps(path, steps)
    check_images(images, net.channels)
    if check:
        check_range("images", images, "before normalisation, which is inside the Classifier")
    batch_size, targets = as_count("batch_size", batch_size), take_targets(net, targets, len(images))
    if not callable(progress) and not isinstance(progress, bool):
        raise ValueError(f"progress must be True, False or a function of a number of gradients, got {progress!r}")
    walks: list[Walk] = []
    sums: dict[int, list[_Sums]] = {n: [] for n in counts}  # of each group of images
    total, silent = len(images) * path.evaluations(counts), None if progress is True else True  # None: in a terminal
    with tqdm(total=total, unit="gradient", leave=False, disable=silent) as bar:
        tick = progress if callable(progress) else bar.update
        for start in range(0, len(images), batch_size):
            group = slice(start, start + batch_size)
            own = path.cut(group, len(images))
            options: dict[str, Any] = {"path": own, "steps": counts, "batch_size": batch_size, "progress": tick}
            for segment in walk(net, images[group], targets[group], **options):
                n = segment.steps
                if segment.first:
                    sums[n].append(_Sums(rules, segment))
                if segment.first and n == counts[-1]:
                    walks.append(segment.walk)
                    if check:
                        check_range("the baseline", segment.walk.baseline, "as images do")
                sums[n][-1].add(segment)
    broken = torch.cat([each.broken for each in walks])
    if wrong := (~broken.isnan()).nonzero()[:, 0].tolist():
        where = f"the score or gradient of image {wrong[0]} is not finite at α = {float(broken[wrong[0]]):.4g}"
        warnings.warn(NotFinite(f"{where}; the maps of images {wrong} are not to be used", wrong), stacklevel=2)
    maps = {(rule, n): join([each.maps[rule] for each in sums[n]]).contiguous() for rule in rules for n in counts}
    changes = {(rule, n): join([each.changes[rule] for each in sums[n]]) for rule, n in maps}
    alphas = {n: [torch.stack(each.alphas, dim=1) for each in sums[n]] for n in counts}
    splits = {(rule, n): rule.split for rule, n in maps if isinstance(rule, Part) and rule.split}
    return Attributions(
        maps=maps,
        scores={n: join([torch.stack(each.scores, dim=1) for each in sums[n]]) for n in counts},
        alphas={n: join(alphas[n]) for n in counts},
        completeness_gap={key: each.sum((1, 2, 3)) - changes[key].to(each) for key, each in maps.items()},
        alpha_star={
            (rule, n): join([each.splits[of].find(at) for each, at in zip(sums[n], alphas[n], strict=True)])
            for (rule, n), of in splits.items()
        },
        broken=broken,
        evaluations=walks[0].evaluations,
    )


class _Split:
    """Where each image's score crosses ψ of its change, found segment by segment. Nothing waits for a GPU."""

    def __init__(self, split: tuple[float, str], segment: Segment) -> None:
        psi, self.crossing = split
        start, end = segment.walk.scores
        self.threshold = torch.where(end > start, start + psi * (end - start), torch.inf)
        self.open = torch.ones_like(start, dtype=torch.bool)  # α* not reached yet
        self.star = torch.zeros_like(start, dtype=torch.int64)  # the number of the last point before α*

    def advance(self, segment: Segment) -> Tensor:
        """Which images (B,) have this segment before α*."""
        after = self.open & ~(segment.end.score > self.threshold)
        before = self.open if self.crossing == "left" else after
        self.star += before
        self.open = after
        return before

    def find(self, alphas: Tensor) -> Tensor:
        """α* (B,) among the points' alphas (B, K); NaN where it is undefined."""
        crossed = send(alphas, self.star.device).gather(1, self.star.view(-1, 1))[:, 0].to(self.threshold)
        return torch.where(self.open, torch.nan, crossed)


class _Sums:
    """By rule, the running sums over one step count's segments: of credits (`maps`) and of changes of score."""

    def __init__(self, rules: Sequence[Rule | Part], first: Segment) -> None:
        self.of: dict[Rule, list[Rule | Part]] = {}  # by rule over the whole path, those that read its credit
        for rule in rules:
            self.of.setdefault(rule.rule if isinstance(rule, Part) else rule, []).append(rule)
        self.maps = {rule: torch.zeros_like(first.walk.images) for rule in rules}
        self.changes = {rule: torch.zeros_like(first.score_change, dtype=torch.float64) for rule in rules}
        self.splits = {rule.split: _Split(rule.split, first) for rule in rules if isinstance(rule, Part) and rule.split}
        self.alphas, self.scores = [first.start.alpha], [first.start.score]  # (B,) of all points so far

    def add(self, segment: Segment) -> None:
        """Add a segment to every map; one rule's credit is held at a time."""
        self.alphas.append(segment.end.alpha)
        self.scores.append(segment.end.score)
        before: dict[Any, Tensor] = {key: split.advance(segment) for key, split in self.splits.items()}
        change = segment.score_change.double()
        for whole, rules in self.of.items():
            masks = [rule.mask(segment, before.get(rule.split)) if isinstance(rule, Part) else True for rule in rules]
            if all(mask is False for mask in masks):
                continue
            credit: Any = whole.credit(segment)
            if not isinstance(credit, Tensor) or credit.shape != segment.walk.images.shape:
                shape, other = tuple(segment.walk.images.shape), getattr(credit, "shape", type(credit).__name__)
                raise ValueError(f"{whole}.credit must return a tensor {shape}, not {other}")
            credit = credit.detach()
            for rule, mask in zip(rules, masks, strict=True):
                if isinstance(mask, Tensor) and mask.device.type == "cpu" and not mask.any():
                    continue  # which a GPU would have to be asked
                self.changes[rule] += change * mask
                if isinstance(mask, Tensor):
                    self.maps[rule].addcmul_(credit, mask.to(credit).view(-1, 1, 1, 1))
                elif mask:
                    self.maps[rule] += credit
