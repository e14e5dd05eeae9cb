"""Baselines: the image x' that a walk starts from, and the canvas that a metric reveals pixels on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from igpaths.arguments import check_word, shorten
from igpaths.classifier import Classifier
from igpaths.gaussian import blur
from igpaths.paths.base import Path

Baseline = str | float | Sequence[float] | Tensor
WORDS = ("black", "white", "mean", "blur")
SIGMA = 50.0  # pixels, of "blur"


def resolve_baseline(baseline: Baseline, net: Classifier, images: Tensor, *, name: str = "baseline") -> Tensor:
    """The baseline images (B, C, H, W) that a word, a grey level, a colour or a tensor stands for.

    Raises
    ------
    ValueError
        For another word or type, a tensor that is not float or does not broadcast to the images' shape, and numbers
        that are not finite.
    """
    if isinstance(baseline, str):
        check_word(name, baseline, (*WORDS, "a level, a colour or a tensor"))
        if baseline == "blur":
            return blur(images, SIGMA)
        return {"black": torch.zeros_like(images), "white": torch.ones_like(images)}.get(
            baseline, net.mean.to(images).expand_as(images).contiguous()
        )
    try:
        own = baseline.dtype if isinstance(baseline, Tensor) else images.dtype
        value = torch.as_tensor(baseline, dtype=own, device=images.device).detach()
    except (TypeError, ValueError, RuntimeError):
        kind = type(baseline).__name__
        raise ValueError(
            f"{name} is a {kind}; it must be one of {', '.join(WORDS)}, a level, a colour or a tensor"
        ) from None
    if isinstance(baseline, Tensor) and not value.is_floating_point():
        raise ValueError(f"{name} is a tensor of {value.dtype}; it must be float, in the images' units")
    if not bool(value.isfinite().all()):
        raise ValueError(f"{name} must be finite, got {shorten(baseline)}")
    value = value.to(images).view(-1, 1, 1) if value.ndim == 1 else value.to(images)
    try:
        return value.broadcast_to(images.shape).contiguous()
    except RuntimeError:
        shape, allowed = tuple(value.shape), tuple(images.shape)
        raise ValueError(f"the {name}'s shape {shape} does not broadcast to the images' shape {allowed}") from None


@dataclass(frozen=True)
class Based(Path):
    """A path from a baseline of one's choice."""

    baseline: Baseline = "black"

    def cut(self, group: slice, count: int) -> Self:
        """The path of some of `count` images: a baseline with an image for each is cut with them."""
        each = isinstance(self.baseline, Tensor) and self.baseline.ndim == 4 and len(self.baseline) == count
        return replace(self, baseline=self.baseline[group]) if each else self  # type: ignore[index]

    def start(self, net: Classifier, images: Tensor) -> Tensor:
        """The baseline x' (B, C, H, W)."""
        return resolve_baseline(self.baseline, net, images)
