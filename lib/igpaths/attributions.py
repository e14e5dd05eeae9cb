"""`attribute`: every rule and every step count from one walk of a path, and the maps that come of it."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from igpaths.arguments import as_count, check_images, check_range
from igpaths.classifier import Classifier
from igpaths.paths.base import Path
from igpaths.rules import Part, Rule, as_rules
from igpaths.sums import Sums
from igpaths.walks import BATCH_SIZE, Walk, as_path_steps, check_net, join, take_targets, walk

Key = tuple[Rule | Part, int]
Progress = bool | Callable[[int], object]
RANKINGS: dict[str, Callable[[Tensor], Tensor]] = {
    "absolute": lambda attribution: attribution.abs().sum(dim=-3),
    "signed": lambda attribution: attribution.sum(dim=-3),
}


@dataclass(frozen=True, eq=False)
class Attributions:
    """What `attribute` returns: ``maps[rule, steps]`` is a signed map (B, C, H, W) in units of the score.

    Where there is one step count, ``maps[rule]`` is enough.

    Attributes
    ----------
    maps : the maps by (rule, steps).
    scores : by steps, the score (B, steps + 1) along the walk.
    alphas : by steps, float64, as many as the scores: how far along the path each point lies, from 0 to 1, or to
        less where the walk stops short of x.
    completeness_gap : by (rule, steps), (B,): the map's sum minus the change of score over the segments that the
        rule covers, which is F(x) − F(x') for a whole path that reaches x. 0 is complete; for IDGI it is 0 by
        construction.
    alpha_star : by (Left or Right, steps), (B,): where the path is split; NaN where that is undefined.
    evaluations : gradient evaluations spent on each image.

    Examples
    --------
    >>> maps
    Attributions of 2 images (3, 176, 176): IG(at='start'), IDGI(at='start') at 4, 8 steps; 9 evaluations an image
    >>> maps.scores[8].shape, maps.alphas[8].shape, maps.completeness_gap[ig.IG(), 8].shape
    (torch.Size([2, 9]), torch.Size([2, 9]), torch.Size([2]))
    >>> maps.ranking("absolute", steps=8).shape  # (B, M, H, W), a map for each rule
    torch.Size([2, 2, 176, 176])
    """

    maps: dict[Key, Tensor]
    scores: dict[int, Tensor]
    alphas: dict[int, Tensor]
    completeness_gap: dict[Key, Tensor]
    alpha_star: dict[Key, Tensor]
    evaluations: int

    @property
    def rules(self) -> tuple[Rule | Part, ...]:
        """The rules, in their order."""
        return tuple(dict.fromkeys(rule for rule, _ in self.maps))

    def __getitem__(self, key: Key | Rule | Part) -> Tensor:
        whole = key if isinstance(key, tuple) else (key, next(iter(self.scores)))
        if whole not in self.maps or (whole is not key and len(self.scores) > 1):
            known = "; ".join(f"({rule}, {n})" for rule, n in self.maps)
            raise KeyError(f"no map for {key}; there are: {known}")
        return self.maps[whole]

    def __repr__(self) -> str:
        example = next(iter(self.maps.values()))
        rules, steps = ", ".join(map(str, self.rules)), ", ".join(map(str, self.scores))
        return (
            f"Attributions of {len(example)} images {tuple(example.shape[1:])}: {rules} at {steps} steps; "
            f"{self.evaluations} evaluations an image"
        )

    def ranking(self, kind: str, *, steps: int | None = None) -> Tensor:
        """The maps that rank pixels, (B, M, H, W): one for each rule, in their order; higher is more important.

        Parameters
        ----------
        kind : "absolute", Σ_c |A_c|, or "signed", Σ_c A_c. It decides much of what a metric says.
        steps : the step count; needed where there are several.

        Raises
        ------
        ValueError
            For another kind, or a step count that is not there.
        """
        if kind not in RANKINGS:
            raise ValueError(f"kind is {kind!r}; it must be one of {', '.join(RANKINGS)}")
        if steps is None and len(self.scores) == 1:
            (steps,) = self.scores
        if steps not in self.scores:
            raise ValueError(f"steps is {steps}; there are maps of {', '.join(map(str, self.scores))} steps")
        return torch.stack([RANKINGS[kind](self.maps[rule, steps]) for rule in self.rules], dim=1)

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

    Returns
    -------
    Attributions
        The signed maps by (rule, steps), on the network's device and in its dtype.

    Raises
    ------
    ValueError
        For images that are not (B, C, H, W) in [0, 1], targets that do not fit them or the network's classes, steps
        that are not positive or do not fit the path, no rules, a batch size under 1, and a network that cuts the
        gradient. The message says what to write instead.

    Warns
    -----
    UserWarning
        Where a score or a gradient is not finite; it names the image and the α.

    Examples
    --------
    >>> rules = (ig.IG(), ig.Left(ig.IDGI(), psi=0.9))
    >>> several = ig.attribute(net, x, targets, path=ig.Straight("black"), rules=rules, steps=(1, 2, 4))
    >>> several[ig.Left(ig.IDGI(), psi=0.9), 4].shape
    torch.Size([2, 3, 176, 176])
    >>> several.evaluations  # for both rules and all step counts
    5
    """
    check_net(net)
    rules, counts = as_rules(rules), as_path_steps(path, steps)
    check_images(images, net.channels)
    if check:
        check_range("images", images, "before normalisation, which is inside the Classifier")
    batch_size, targets = as_count("batch_size", batch_size), take_targets(net, targets, len(images))
    walks: list[Walk] = []
    sums: dict[int, list[Sums]] = {n: [] for n in counts}  # of each group of images
    with _ticking(progress, total=len(images) * path.evaluations(counts)) as tick:
        for x, t, p in in_groups(images, targets, path, batch_size):
            for segment in walk(net, x, t, path=p, steps=counts, batch_size=batch_size, progress=tick):
                n = segment.steps
                if segment.first:
                    sums[n].append(Sums(rules, segment))
                if segment.first and n == counts[-1]:
                    walks.append(segment.walk)
                    if check:
                        check_range("the baseline", segment.walk.baseline, "as images do")
                sums[n][-1].add(segment)
    _warn_of_values(torch.cat([each.find_broken() for each in walks]))
    maps = {(rule, n): join([each.maps[rule] for each in sums[n]]).contiguous() for rule in rules for n in counts}
    alphas = {n: join([each.alphas for each in sums[n]]) for n in counts}
    changes = {(rule, n): join([each.changes[rule] for each in sums[n]]) for rule, n in maps}
    splits = {(rule, n): rule.split for rule, n in maps if isinstance(rule, Part) and rule.split}
    return Attributions(
        maps=maps,
        scores={n: join([each.scores for each in sums[n]]) for n in counts},
        alphas=alphas,
        completeness_gap={key: each.sum((1, 2, 3)) - changes[key].to(each) for key, each in maps.items()},
        alpha_star={
            key: join([each.splits[s].find(each.alphas) for each in sums[key[1]]]) for key, s in splits.items()
        },
        evaluations=walks[0].evaluations,
    )


def in_groups(images: Tensor, targets: Tensor, path: Path, size: int) -> Iterator[tuple[Tensor, Tensor, Path]]:
    """The images, targets and path in groups of `size` images; a baseline with an image for each is cut to match."""
    for start in range(0, len(images), size):
        group = slice(start, start + size)
        yield images[group], targets[group], path.cut(group, len(images))


@contextmanager
def _ticking(progress: Progress, *, total: int) -> Iterator[Callable[[int], object] | None]:
    """What is called with the number of gradients just evaluated."""
    if callable(progress):
        yield progress
    elif not isinstance(progress, bool):
        raise ValueError(f"progress must be True, False or a function of a number of gradients, got {progress!r}")
    elif not progress:
        yield None
    else:
        from tqdm import tqdm

        with tqdm(total=total, unit="gradient", leave=False, disable=None) as bar:
            yield bar.update


def _warn_of_values(broken: Tensor) -> None:
    """Warn of images with a score or a gradient that is not finite, first at α `broken` (B,); NaN where none is."""
    if images := (~broken.isnan()).nonzero()[:, 0].tolist():
        warnings.warn(
            f"the score or gradient of image {images[0]} is not finite at α = {float(broken[images[0]]):.4g}; "
            f"the maps of images {images} are not to be used",
            stacklevel=3,
        )
