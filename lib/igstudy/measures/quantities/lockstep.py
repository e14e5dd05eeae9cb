"""Where a guided path parts from itself when its network is off by a rounding, and why.

A step of Guided IG depends on which pixels have the smallest gradients, and the gradients at the next point depend on
that step. So an error that moves one pixel out of the choice moves the next point, and with it every gradient there.
`parting` measures these three things step by step, and `shattering` the link that makes them grow: how far a gradient
moves when its point does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from igpaths.classifier import Classifier
from igpaths.paths import Path
from igpaths.walks import walk


@dataclass(frozen=True, eq=False)
class Parting:
    """Two walks side by side, each (N, B): of step 1 to N and each image."""

    overlap: Tensor  # of what the step moved, Σ min / Σ max over its pixels' two lengths: 1 for the same
    distance: Tensor  # between the two points after the step, relative to ‖x − x'‖₂
    gradient: Tensor  # ‖g̃ − g‖₂ / ‖g‖₂ at these points
    zeros: Tensor  # the share of the gradients before the step, of the first walk, that are exactly 0: they tie


def parting(
    net: Classifier, other: Classifier, images: Tensor, targets: Tensor, *, path: Path, steps: int, batch_size: int = 16
) -> Parting:
    """Walk a path with a network and with another that is nearly the same, in lockstep; in float64.

    The parameters are those of `igpaths.walks`, for one step count.
    """
    walks = (walk(each, images, targets, path=path, steps=(steps,), batch_size=batch_size) for each in (net, other))
    overlaps, distances, gradients, zeros = [], [], [], []
    for one, two in zip(*walks, strict=True):
        moved = torch.stack([(segment.end.x - segment.start.x).double().abs().cpu() for segment in (one, two)])
        low, high = (extreme.flatten(1).sum(1) for extreme in (moved.amin(0), moved.amax(0)))
        overlaps.append(low / high)
        distances.append(_length(two.end.x, one.end.x) / _length(one.walk.way))
        gradients.append(_length(two.end.gradient, one.end.gradient) / _length(one.end.gradient))
        zeros.append((one.start.gradient == 0).flatten(1).double().mean(1).cpu())
    return Parting(*(torch.stack(each) for each in (overlaps, distances, gradients, zeros)))


def shattering(
    net: Classifier, images: Tensor, targets: Tensor, *, distances: Sequence[float], alpha: float = 0.5, seed: int = 0
) -> Tensor:
    """How far a gradient moves when its point does: ‖g(p + δ) − g(p)‖₂ / ‖g(p)‖₂ at p = α x.

    In proportion to ‖δ‖ where the network is smooth. A ReLU network's gradient jumps wherever a unit switches; as
    many switch as δ is long, and their jumps add like a random walk, so that it moves as the square root of ‖δ‖.

    Parameters
    ----------
    net, images, targets : the network, (B, 3, H, W) and (B,).
    distances : of the moved point, ‖δ‖₂ / ‖x‖₂; δ is x times uniform noise, the same at every distance.
    alpha : of the point p on the straight path from black.
    seed : of the noise.

    Returns (len(distances), B), in float64.
    """
    images = images.to(net.device, net.dtype)
    noise = torch.from_numpy(np.random.default_rng((seed, 19)).uniform(-1, 1, images.shape[1:])).to(images)
    way = images * noise
    way = way * (_length(images) / _length(way)).to(way).view(-1, 1, 1, 1)
    _, here = net.gradients(alpha * images, targets)
    moved = (net.gradients(alpha * images + distance * way, targets)[1] for distance in distances)
    return torch.stack([_length(each, here) / _length(here) for each in moved])


def _length(a: Tensor, b: Tensor | None = None) -> Tensor:
    """The L2 length of each image's a, or of a − b, in float64."""
    difference = a.double() if b is None else a.double() - b.double()
    return difference.flatten(1).norm(dim=1).cpu()
