"""Rules: how the change of score over one segment of a path is credited to the pixels.

A rule sees one `Segment` at a time and returns its credit; the attribution is the sum over the segments. `Left` and
`Right` are parts of another rule's sum, before and after the point α* at which the score has made most of its way
(Split IG), so they cost nothing beside it. Rules are frozen dataclasses, so that two equal rules are one key of the
result. A rule of one's own is any frozen dataclass with a method `credit`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from igpaths.arguments import check_number, check_word
from igpaths.classifier import send
from igpaths.walks import Segment


class Rule(Protocol):
    """What `igpaths.attribute` asks of a rule over the whole path."""

    def credit(self, segment: Segment) -> Tensor:
        """The segment's credit (B, C, H, W)."""


@dataclass(frozen=True)
class IG:
    """Integrated Gradients: gradient times step (Sundararajan et al. 2017, eq. 1).

    Parameters
    ----------
    at : where a segment's gradient is taken: "start" (left Riemann sum), "end" (right), or "both" (trapezoid, which
        errs least and which `igpaths.explain` takes).
    """

    at: str = "start"

    def __post_init__(self) -> None:
        check_word("at", self.at, ("start", "end", "both"))

    def credit(self, segment: Segment) -> Tensor:
        """The segment's signed credit (B, C, H, W), in units of the score."""
        if self.at == "both":
            return (IG("start").credit(segment) + IG("end").credit(segment)) / 2
        return segment.gradient(self.at) * segment.step(self.at)


@dataclass(frozen=True)
class IDGI:
    """Important Direction Gradient Integration (Yang et al. 2023; Study A, Algorithm 1): g⊙g ΔF / (g·g).

    The segment's whole change of score goes to the pixels in proportion to their squared gradient, so every segment's
    credit has one sign, and the sum telescopes to F(x) − F(x') whatever the gradients are. Where the gradient is zero
    the segment credits nothing, and its change of score stays in the completeness gap.

    The map depends on the unit of each colour, as products of gradient and step do not: gradients of the normalised
    image would weigh each colour by the square of its std. These are gradients of the pixels, in [0, 1].

    Parameters
    ----------
    at : where the gradient is taken: "start" (the published rule) or "end".
    """

    at: str = "start"

    def __post_init__(self) -> None:
        check_word("at", self.at, ("start", "end"))

    def credit(self, segment: Segment) -> Tensor:
        """The credit (B, C, H, W) in units of the score, with the sign of its change."""
        gradient = segment.gradient(self.at)
        norm = torch.linalg.vector_norm(gradient, dim=(1, 2, 3), dtype=torch.float64)
        # Small gradients, squared, would underflow in float32; the unit gradient does not.
        inverse = torch.where(norm > 0, 1 / norm, 0).to(gradient.dtype)
        direction = gradient * inverse.view(-1, 1, 1, 1)
        return direction.square_().mul_(segment.score_change.view(-1, 1, 1, 1))


@dataclass(frozen=True)
class IDG:
    """Integrated Decision Gradients (Walker et al. 2024, AAAI): gradient times step times the score's slope ΔF/Δα.

    The saturated part of the path, where the score changes slowly, counts little. The unit is that of the score
    squared, and the sum is not complete. Best on `Placed` points, which stand for its authors' adaptive sampling.

    Parameters
    ----------
    at : where the gradient is taken: "end" (as in the authors' code, which takes the slope up to a point) or "start".
    """

    at: str = "end"

    def __post_init__(self) -> None:
        check_word("at", self.at, ("start", "end"))

    def credit(self, segment: Segment) -> Tensor:
        """The segment's credit (B, C, H, W), in units of the score squared; 0 where the segment has no length."""
        length = send(segment.end.alpha - segment.start.alpha, segment.score_change.device, segment.score_change.dtype)
        slope = torch.where(length > 0, segment.score_change / length, 0)
        return IG(self.at).credit(segment) * slope.view(-1, 1, 1, 1)


@dataclass(frozen=True)
class TotalVariation:
    """Σ_j |credit_j|: how far a pixel's credit moves along the path, up and down; for IG, Σ_j |g_j ⊙ Δx_j|.

    Along a path a pixel's credit may rise and fall again, and a sum keeps only what is left: |IG| is the magnitude
    after that, this the magnitude before it. Of the axioms of IG it keeps sensitivity (a pixel on which the score does
    not depend has 0; one that alone changes the score has more than 0), symmetry on the straight path, and
    implementation invariance. It gives up linearity, TV(f + h) ≤ TV(f) + TV(h), and completeness: no value is below the
    rule's own |A|, so all of them sum to |Σ A| or more, which is |F(x) − F(x')| for a rule that is complete. They are
    equal where nothing cancels, neither along the path nor between pixels ("no-cancellation completeness", Salek and
    Enguehard 2025).

    Parameters
    ----------
    rule : the rule over the whole path whose credit is meant, `IG` by default.

    Examples
    --------
    >>> both = ig.attribute(net, x, targets, path=ig.Straight("black"), rules=(ig.IG(), ig.TotalVariation()), steps=4)
    >>> bool((both[ig.TotalVariation()] >= both[ig.IG()].abs()).all())
    True
    """

    rule: Rule = IG()

    def __post_init__(self) -> None:
        check_whole(self, self.rule)

    def credit(self, segment: Segment) -> Tensor:
        """The magnitude of the rule's credit (B, C, H, W), 0 or more, in units of the rule's own."""
        return self.rule.credit(segment).abs()


@dataclass(frozen=True)
class Gradient:
    """The gradient at the input alone: a control that does not integrate. Its sum promises no completeness."""

    def credit(self, segment: Segment) -> Tensor:
        """∂F/∂x at x (B, C, H, W) with the final segment, and zeros with any other."""
        final = segment.number == segment.walk.path.segments(segment.steps) - 1
        return segment.walk.last.gradient if final else torch.zeros_like(segment.walk.images)


@dataclass(frozen=True)
class SquaredGradients:
    """The mean of g⊙g over the segments: a control, IDGI without its weights ΔF / (g·g). It is not complete."""

    def credit(self, segment: Segment) -> Tensor:
        """g⊙g over the number of segments (B, C, H, W), 0 or more, with the gradient at the start as in IDGI."""
        return segment.gradient("start") ** 2 / segment.walk.path.segments(segment.steps)


class Part(ABC):
    """Some segments of the sum of another `rule`; `split` is ψ and crossing where they lie on one side of α*."""

    rule: Rule
    split: tuple[float, str] | None = None

    @abstractmethod
    def mask(self, segment: Segment, before: Any) -> Tensor | bool:
        """Whether the part has this segment, for each image (B,) or for all; `before` (B,), whether it is before α*."""


@dataclass(frozen=True)
class _Side(Part):
    """One side of α*."""

    rule: Rule
    psi: float
    crossing: str = "left"

    def __post_init__(self) -> None:
        check_whole(self, self.rule)
        check_number("psi", self.psi, "in (0, 1)", lambda psi: 0 < psi < 1)
        check_word("crossing", self.crossing, ("left", "right"))

    @property
    def split(self) -> tuple[float, str]:  # type: ignore[override]
        return self.psi, self.crossing


@dataclass(frozen=True)
class Left(_Side):
    """The part of a rule's sum before α*, where the score rises (Split IG, Miglani et al. 2020, eq. 1).

    α* is the first of the walk's points whose score exceeds F(x') + ψ (F(x) − F(x')). Where F(x) ≤ F(x'), or a walk
    stops short of such a point, it is undefined: Left is then the whole sum, Right is zero, and the result's
    `alpha_star` is NaN. Left + Right = the whole.

    Parameters
    ----------
    rule : any rule over every segment of the walk.
    psi : the share ψ of the score's way, in (0, 1).
    crossing : which part the segment that crosses the threshold belongs to: "left", or "right" as in the code of
        Study B, where α* is then the last point before.
    """

    def mask(self, segment: Segment, before: Any) -> Tensor | bool:
        return before


@dataclass(frozen=True)
class Right(_Side):
    """The part of a rule's sum after α*, where the score is saturated; see `Left`."""

    def mask(self, segment: Segment, before: Any) -> Tensor | bool:
        return ~before


def is_rule(rule: object) -> bool:
    """Whether this is a rule itself, neither its class nor its name."""
    return not isinstance(rule, type) and (isinstance(rule, Part) or callable(getattr(rule, "credit", None)))


def check_whole(of: object, rule: object) -> None:
    """ValueError unless a rule, `of` which another is made, is one over the whole path."""
    if isinstance(rule, Part) or not is_rule(rule):
        words = f"{type(of).__name__} takes a rule over the whole path, such as ig.IG()"
        raise ValueError(f"{words}, got {rule!r}")


def as_rules(rules: Any) -> tuple[Rule | Part, ...]:
    """The rules, each once; ValueError, with the remedy, for what is none."""
    single = is_rule(rules) or isinstance(rules, str | type) or not isinstance(rules, Iterable)
    several = [rules] if single else list(rules)
    for rule in several:
        if not is_rule(rule):
            name = rule.__name__ if isinstance(rule, type) else repr(rule)
            raise ValueError(f"rules has {name}; it must hold rules such as ig.IG() or ig.IDGI()")
        try:
            hash(rule)
        except TypeError:
            raise ValueError(f"{rule} must be hashable: make its class a frozen dataclass of plain values") from None
    if not several:
        raise ValueError(
            "rules is empty; give one or more of ig.IG(), ig.IDGI(), ig.TotalVariation(), ig.Left(…), ig.Right(…)"
        )
    return tuple(dict.fromkeys(several))
