"""The sums of a walk: every rule's credit added up over the segments, in one pass and in bounded memory."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from igpaths.rules import Part, Rule
from igpaths.walks import Segment


class Split:
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
        crossed = alphas.gather(1, self.star.to(alphas.device).view(-1, 1))[:, 0].to(self.threshold)
        return torch.where(self.open, torch.nan, crossed)


class Sums:
    """The running sums over one step count's walk of its first segment.

    Attributes
    ----------
    maps : by rule, the sum of its credits (B, C, H, W).
    changes : by rule, the change of score (B,) over the segments that it has, float64.
    splits : by ψ and crossing, where the path is split.
    """

    def __init__(self, rules: Sequence[Rule | Part], first: Segment) -> None:
        self.of: dict[Rule, list[Rule | Part]] = {}  # by rule over the whole path, the maps that its credit goes to
        for rule in rules:
            self.of.setdefault(rule.rule if isinstance(rule, Part) else rule, []).append(rule)
        self.maps = {rule: torch.zeros_like(first.walk.images) for rule in rules}
        self.changes = {rule: torch.zeros_like(first.score_change, dtype=torch.float64) for rule in rules}
        self.splits = {rule.split: Split(rule.split, first) for rule in rules if isinstance(rule, Part) and rule.split}
        self._points = [(first.start.alpha, first.start.score)]

    @property
    def scores(self) -> Tensor:
        """The scores (B, K) of all points so far."""
        return torch.stack([score for _, score in self._points], dim=1)

    @property
    def alphas(self) -> Tensor:
        """Their alphas (B, K)."""
        return torch.stack([alpha for alpha, _ in self._points], dim=1)

    def add(self, segment: Segment) -> None:
        """Add a segment to every map; one rule's credit is held at a time."""
        self._points.append((segment.end.alpha, segment.end.score))
        before: dict[Any, Tensor] = {key: split.advance(segment) for key, split in self.splits.items()}
        change = segment.score_change.double()
        for whole, rules in self.of.items():
            masks = [rule.mask(segment, before.get(rule.split)) if isinstance(rule, Part) else True for rule in rules]
            if all(mask is False for mask in masks):
                continue
            credit = _checked(whole, whole.credit(segment), segment)
            for rule, mask in zip(rules, masks, strict=True):
                self.changes[rule] += change * mask
                if isinstance(mask, Tensor):
                    self.maps[rule].addcmul_(credit, mask.to(credit).view(-1, 1, 1, 1))
                elif mask:
                    self.maps[rule] += credit


def _checked(rule: Rule, credit: Any, segment: Segment) -> Tensor:
    """A rule's credit, where it is one for each pixel."""
    shape = tuple(segment.walk.images.shape)
    if not isinstance(credit, Tensor) or credit.shape != shape:
        other = tuple(credit.shape) if isinstance(credit, Tensor) else type(credit).__name__
        raise ValueError(f"{rule}.credit must return a tensor {shape}, not {other}")
    return credit.detach()
