"""Baselines: the image x' that a walk starts from, and the canvas that a metric reveals pixels on."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from igpaths.arguments import shorten
from igpaths.classifier import Classifier
from igpaths.gaussian import blur

Baseline = str | float | Sequence[float] | Tensor
WORDS = ("black", "white", "mean", "blur")
SIGMA = 50.0  # pixels, of "blur"


def check_baseline(baseline: Any, name: str = "baseline") -> None:
    """ValueError where a baseline is no word, level, colour or float tensor, or is not finite."""
    if isinstance(baseline, str):
        if baseline not in WORDS:
            raise ValueError(
                f"{name} is {baseline!r}; it must be one of {', '.join(WORDS)}, a level, a colour or a tensor"
            )
        return
    try:
        values = torch.as_tensor(baseline)
    except (TypeError, ValueError, RuntimeError):
        kind = type(baseline).__name__
        raise ValueError(
            f"{name} is a {kind}; it must be one of {', '.join(WORDS)}, a level, a colour or a tensor"
        ) from None
    if isinstance(baseline, Tensor) and not values.is_floating_point():
        raise ValueError(f"{name} is a tensor of {values.dtype}; it must be float, in the images' units")
    if not bool(values.isfinite().all()):
        raise ValueError(f"{name} must be finite, got {shorten(baseline)}")


def resolve_baseline(baseline: Baseline, net: Classifier, images: Tensor, *, name: str = "baseline") -> Tensor:
    """The baseline images (B, C, H, W) that a word, a grey level, a colour or a tensor stands for.

    Raises
    ------
    ValueError
        As `check_baseline`, and for a tensor that does not broadcast to the images' shape.
    """
    check_baseline(baseline, name)
    if isinstance(baseline, str):
        if baseline == "blur":
            return blur(images, SIGMA)
        value = {"black": torch.zeros_like(net.mean), "white": torch.ones_like(net.mean), "mean": net.mean}[baseline]
        value = value.to(images)
    else:
        value = torch.as_tensor(baseline, dtype=images.dtype, device=images.device).detach()
        value = value.view(-1, 1, 1) if value.ndim == 1 else value
    try:
        return value.broadcast_to(images.shape).contiguous()
    except RuntimeError:
        shape, allowed = tuple(value.shape), tuple(images.shape)
        raise ValueError(f"the {name}'s shape {shape} does not broadcast to the images' shape {allowed}") from None


def cut_baseline(baseline: Baseline, group: slice, count: int) -> Baseline:
    """The baseline of some of `count` images."""
    if isinstance(baseline, Tensor) and baseline.ndim == 4 and len(baseline) == count:
        return baseline[group]
    return baseline
