"""Rules: how the change of score over one segment of a path is credited to the pixels.

A rule sees one `Segment` at a time and returns its credit; the attribution is the sum over the segments. `IG` and
`IDGI` cover the whole path. `Left` and `Right` are parts of another rule's sum, before and after the point α* at
which the score has made most of its way (Split IG), so they cost nothing beside it. `Gradient` and
`SquaredGradients` are controls that the same walk gives.

Rules are frozen dataclasses: two equal rules are one key of the result.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from igpaths.paths import Path, Point


@dataclass(frozen=True, eq=False)
class Segment:
    """One of the N pieces of a path, from `start` to `end`, for B images.

    Attributes
    ----------
    steps : N, the step count whose walk this segment belongs to.
    start, end : the segment's points, each with x, its score and its gradient.
    path, images, baseline : what was walked, from where to where.
    way : x − x', (B, 3, H, W).
    baseline_score, input_score : F(x') and F(x), each (B,): known from the first segment on.
    evaluations : gradient evaluations spent so far on each image, by all step counts together.
    first : whether the segment starts at the baseline x'.
    last : whether the segment ends at the input x, as none does of a walk that stops short of it.

    Examples
    --------
    >>> segments = list(ig.walk(net, x, targets, path=ig.Straight(), steps=(2,)))
    >>> changed = sum(segment.score_change for segment in segments)
    >>> torch.allclose(changed, segments[0].input_score - segments[0].baseline_score)
    True
    """

    steps: int
    start: Point
    end: Point
    path: Path
    images: Tensor
    baseline: Tensor
    way: Tensor
    baseline_score: Tensor
    input_score: Tensor
    evaluations: int
    first: bool
    last: bool

    @property
    def score_change(self) -> Tensor:
        """F_{j+1} − F_j, (B,)."""
        return self.end.score - self.start.score

    def step(self, at: str) -> Tensor:
        """The path's step over this segment (B, 3, H, W), for a gradient taken at its "start" or "end"."""
        return self.path.step(self.start, self.end, at, self.images, self.way)

    def gradient(self, at: str) -> Tensor:
        """The gradient (B, 3, H, W) at the segment's "start" or "end"."""
        return (self.start if at == "start" else self.end).gradient


@dataclass(frozen=True)
class IG:
    """Integrated Gradients: gradient times step (Sundararajan et al. 2017, eq. 1).

    Parameters
    ----------
    at : where a segment's gradient is taken: "start" (left Riemann sum), "end" (right), or "both" (trapezoid).

    Examples
    --------
    >>> rules = (ig.IG("start"), ig.IG("end"), ig.IG("both"))
    >>> sums = ig.attribute(net, x, targets, path=ig.Straight(), rules=rules, steps=(2,))
    >>> left, right, trapezoid = (sums[rule, 2] for rule in rules)
    >>> torch.allclose(trapezoid, (left + right) / 2, atol=1e-6)
    True
    """

    at: str = "start"

    def __post_init__(self) -> None:
        _check_end(self.at, ("start", "end", "both"))

    def credit(self, segment: Segment) -> Tensor:
        """The segment's signed credit (B, 3, H, W), in units of the score."""
        if self.at == "both":
            return (IG("start").credit(segment) + IG("end").credit(segment)) / 2
        return segment.gradient(self.at) * segment.step(self.at)


@dataclass(frozen=True)
class IDGI:
    """Important Direction Gradient Integration (Yang et al. 2023; Study A, Algorithm 1): g⊙g ΔF / (g·g).

    The segment's whole change of score goes to the pixels in proportion to their squared gradient, so every segment's
    credit has one sign, and the sum telescopes to F(x) − F(x') whatever the gradients are. Where the gradient is zero
    the segment credits nothing, and its change of score stays in the completeness gap.

    Parameters
    ----------
    at : "start" (the published rule) or "end".
    without : "first" or "last": the segment from x' or the one to x is left out, as in Study A's code; "": none is.

    Examples
    --------
    >>> for rule in (ig.IG(), ig.IDGI()):
    ...     print(rule, maps.completeness_gap[rule, 8].abs() < 1e-4)
    ...
    IG(at='start') tensor([False, False])
    IDGI(at='start', without='') tensor([True, True])
    """

    at: str = "start"
    without: str = ""

    def __post_init__(self) -> None:
        _check_end(self.at, ("start", "end"))
        if self.without not in ("", "first", "last"):
            raise ValueError(f"without is {self.without!r}; it must be one of first, last, or empty")

    def credit(self, segment: Segment) -> Tensor:
        """The segment's credit (B, 3, H, W), in units of the score, with the sign of its change of score."""
        if not self.covers(segment):
            return torch.zeros_like(segment.images)
        gradient = segment.gradient(self.at)
        norm = torch.linalg.vector_norm(gradient, dim=(1, 2, 3), dtype=torch.float64)
        # The unit gradient is squared, not the gradient: small gradients would underflow in float32.
        inverse = torch.where(norm > 0, 1 / norm, 0).to(gradient.dtype)
        direction = gradient * inverse.view(-1, 1, 1, 1)
        return direction.square_().mul_(segment.score_change.view(-1, 1, 1, 1))

    def covers(self, segment: Segment) -> bool:
        """Whether the segment is not the one that is left out."""
        return {"": True, "first": not segment.first, "last": not segment.last}[self.without]


@dataclass(frozen=True)
class Gradient:
    """The gradient at the input alone: a control that does not integrate. Its sum promises no completeness.

    Examples
    --------
    >>> found = ig.attribute(net, x, targets, path=ig.Straight(), rules=(ig.Gradient(),), steps=(2,))
    >>> torch.allclose(found[ig.Gradient(), 2], net.gradients(x, targets)[1], atol=1e-4)
    True
    """

    def credit(self, segment: Segment) -> Tensor:
        """∂F/∂x at x (B, 3, H, W) with the segment that ends there, and zeros with any other."""
        return segment.gradient("end") if segment.last else torch.zeros_like(segment.images)


@dataclass(frozen=True)
class SquaredGradients:
    """Σ_j g⊙g / N: a control, IDGI without the weights ΔF / (g·g). Its sum promises no completeness.

    Examples
    --------
    >>> rule = ig.SquaredGradients()
    >>> found = ig.attribute(net, x, targets, path=ig.Straight(), rules=(rule,), steps=(2,))
    >>> bool((found[rule, 2] >= 0).all())
    True
    """

    def credit(self, segment: Segment) -> Tensor:
        """g⊙g / N (B, 3, H, W), 0 or more, with the gradient at the segment's start as in IDGI."""
        return segment.gradient("start") ** 2 / segment.steps


Whole = IG | IDGI | Gradient | SquaredGradients


@dataclass(frozen=True)
class Left:
    """The part of a rule's sum before α*, where the score rises (Split IG, Miglani et al. 2020, eq. 1).

    α* is the first of the walk's points whose score exceeds F(x') + ψ (F(x) − F(x')). Where F(x) ≤ F(x'), or a walk
    stops short of such a point, it is undefined: Left is then the whole sum, Right is zero, and the result's
    `alpha_star` is NaN.

    Parameters
    ----------
    rule : `IG` or `IDGI` (or a control), over every segment of the walk.
    psi : the share ψ of the score's way, in (0, 1).
    crossing : which part the segment that crosses the threshold belongs to: "left", or "right" as in the code of
        Study B, where α* is then the last point before.

    Examples
    --------
    >>> left, right = ig.Left(ig.IG(), psi=0.9), ig.Right(ig.IG(), psi=0.9)
    >>> split = ig.attribute(net, x, targets, path=ig.Straight(), rules=(ig.IG(), left, right), steps=(4,))
    >>> torch.allclose(split[left, 4] + split[right, 4], split[ig.IG(), 4], atol=1e-6)
    True
    >>> split.alpha_star[left, 4]
    tensor([0.2500, 0.5000])
    """

    rule: Whole
    psi: float
    crossing: str = "left"

    def __post_init__(self) -> None:
        _check_split(self)


@dataclass(frozen=True)
class Right:
    """The part of a rule's sum after α*, where the score is saturated. Left + Right = the whole; see `Left`.

    Examples
    --------
    >>> late = ig.Right(ig.IG(), psi=0.9)
    >>> split = ig.attribute(net, x, targets, path=ig.Straight(), rules=(ig.IG(), late), steps=(4,))
    >>> share = split[late, 4].abs().sum((1, 2, 3)) / split[ig.IG(), 4].abs().sum((1, 2, 3))
    >>> share.round(decimals=2)  # of the map comes from where the score no longer rises
    tensor([0.0100, 0.0100])
    """

    rule: Whole
    psi: float
    crossing: str = "left"

    def __post_init__(self) -> None:
        _check_split(self)


Rule = Whole | Left | Right


def _check_end(at: str, allowed: tuple[str, ...]) -> None:
    if at not in allowed:
        raise ValueError(f"at is {at!r}; it must be one of {', '.join(allowed)}")


def _check_split(split: Left | Right) -> None:
    if not isinstance(split.rule, Whole):
        raise ValueError(f"{type(split).__name__} splits IG, IDGI or a control, got {split.rule!r}")
    if getattr(split.rule, "without", ""):
        raise ValueError(f"{type(split).__name__} splits a rule over every segment, got {split.rule!r}")
    if not 0 < split.psi < 1:
        raise ValueError(f"psi must be in (0, 1), got {split.psi}")
    if split.crossing not in ("left", "right"):
        raise ValueError(f"crossing is {split.crossing!r}; it must be one of left, right")
