"""How well IDGI's projection point keeps its promise.

IDGI replaces the step from x_j to x_{j+1} by one along the gradient g, of length c = ΔF / |g|, to

    x_jp = x_j + c g / |g|,

which a first-order Taylor expansion puts on the level set of x_{j+1}. Study A argues from c that more steps help; the
residual |F(x_jp) − F(x_{j+1})| says how far from that level set the point really is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from igpaths.classifier import Classifier
from igpaths.paths import Path
from igpaths.walks import BATCH_SIZE, walk


@dataclass(frozen=True)
class Projections:
    """The projections of the N segments of one walk, for B images."""

    length: Tensor  # |c| = |ΔF| / |g| in the images' units; infinite where the gradient is zero and ΔF is not
    change: Tensor  # |ΔF|, in units of the score
    residual: Tensor  # |F(x_jp) − F(x_{j+1})|; lower is better; with a zero gradient x_jp is x_j


def projections(
    net: Classifier, images: Tensor, targets: Tensor, *, path: Path, steps: Sequence[int], batch_size: int = BATCH_SIZE
) -> dict[int, Projections]:
    """Walk a path and project every segment as IDGI does; by step count.

    Parameters are those of `igpaths.walks`; each segment costs one more forward evaluation.
    """
    columns: dict[int, list[tuple[Tensor, Tensor, Tensor]]] = {n: [] for n in steps}
    for segment in walk(net, images, targets, path=path, steps=steps, batch_size=batch_size):
        start, change = segment.start, segment.score_change
        norm = start.gradient.flatten(1).norm(dim=1)
        length = torch.where(change == 0, 0, change / norm)
        move = torch.where(norm > 0, length / norm, 0).view(-1, 1, 1, 1)
        residual = net.scores(start.x + move * start.gradient, targets) - segment.end.score
        columns[segment.steps].append((length.abs(), change.abs(), residual.abs()))
    return {n: Projections(*(torch.stack(each, dim=1) for each in zip(*columns[n], strict=True))) for n in steps}
