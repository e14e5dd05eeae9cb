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

    def alpha(self, alphas: Tensor) -> Tensor:
        """α* (B,) among the points' alphas (B, K); NaN where it is undefined."""
        crossed = alphas.gather(1, self.star.to(alphas.device).view(-1, 1))[:, 0].to(self.threshold)
        return torch.where(self.open, torch.nan, crossed)


class Sums:
    """The running sums of all rules over one step count's walk."""

    def __init__(self, rules: Sequence[Rule | Part]) -> None:
        self.of: dict[Rule, list[Rule | Part]] = {}  # by rule over the whole path, the maps that its credit goes to
        for rule in rules:
            self.of.setdefault(rule.rule if isinstance(rule, Part) else rule, []).append(rule)
        self.maps: dict[Rule | Part, Tensor] = {}
        self.changes: dict[Part, Tensor] = {}  # of the score, over a part's segments, float64
        self.splits: dict[tuple[float, str], Split] = {}
        self._scores: list[Tensor] = []
        self._alphas: list[Tensor] = []

    @property
    def scores(self) -> Tensor:
        """The scores (B, K) of all points so far."""
        return torch.stack(self._scores, dim=1)

    @property
    def alphas(self) -> Tensor:
        """Their alphas (B, K)."""
        return torch.stack(self._alphas, dim=1)

    def add(self, segment: Segment) -> None:
        """Add a segment to every map; one rule's credit is held at a time."""
        if segment.first:
            every = [rule for rules in self.of.values() for rule in rules]
            self.maps = {rule: torch.zeros_like(segment.walk.images) for rule in every}
            self.splits = {
                rule.split: Split(rule.split, segment) for rule in every if isinstance(rule, Part) and rule.split
            }
            self._scores, self._alphas = [segment.start.score], [segment.start.alpha]
        self._scores.append(segment.end.score)
        self._alphas.append(segment.end.alpha)
        before: dict[Any, Tensor | None] = {key: split.advance(segment) for key, split in self.splits.items()}
        for whole, rules in self.of.items():
            masks = [rule.mask(segment, before.get(rule.split)) if isinstance(rule, Part) else True for rule in rules]
            if all(mask is False for mask in masks):
                continue
            credit = _checked(whole, whole.credit(segment), segment)
            for rule, mask in zip(rules, masks, strict=True):
                if isinstance(mask, Tensor):
                    self.maps[rule].addcmul_(credit, mask.to(credit).view(-1, 1, 1, 1))
                elif mask:
                    self.maps[rule] += credit
                if isinstance(rule, Part):
                    self.changes[rule] = self.changes.get(rule, 0) + segment.score_change.double() * mask

    def change(self, rule: Rule | Part) -> Tensor:
        """The change of score (B,) over the segments that a rule covers."""
        whole = self._scores[-1] - self._scores[0]
        return self.changes[rule].to(whole) if rule in self.changes else whole

    def alpha_star(self, rule: Rule | Part) -> Tensor | None:
        """α* (B,), where the rule splits the path."""
        split = rule.split if isinstance(rule, Part) else None
        return self.splits[split].alpha(self.alphas) if split else None


def _checked(rule: Rule, credit: Any, segment: Segment) -> Tensor:
    """A rule's credit, where it is one for each pixel."""
    shape = segment.walk.images.shape
    if not isinstance(credit, Tensor) or credit.shape != shape:
        returned = tuple(credit.shape) if isinstance(credit, Tensor) else type(credit).__name__
        raise ValueError(f"{rule}.credit must return a tensor {tuple(shape)}, not {returned}")
    return credit.detach()
