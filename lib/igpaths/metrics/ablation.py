"""The area between perturbation curves, ABPC (Samek et al. 2016; Study B, Table 4).

One curve ablates the most important pixels first, the other the least important. Ablating the least important share s
is revealing the most important 1 − s on the same canvas, so the curves are those of `deletion` and `insertion`, and

    ABPC = ∫ F(least s ablated) − F(most s ablated) ds = area under insertion − area under deletion.
"""

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from igpaths.classifier import Classifier
from igpaths.metrics.reveal import Responses, rescale, reveal
from igpaths.walks import BATCH_SIZE

TENTHS = tuple(i / 10 for i in range(1, 10))


@dataclass(frozen=True, eq=False)
class Perturbation:
    """The two curves of B images, M maps and K shares: with so many of the most, or the least important ablated.

    Attributes
    ----------
    most, least : Responses from share 0, the image, to share 1, the canvas.
    """

    most: Responses
    least: Responses


def perturbation(
    net: Classifier,
    images: Tensor,
    targets: Any,
    maps: Tensor,
    *,
    canvas: Any = "mean",
    shares: Iterable[float] = TENTHS,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
) -> Perturbation:
    """Ablate pixels to a canvas, the most important first and the least important first.

    Parameters and errors are those of `insertion`; shares 0 (the image) and 1 (the canvas) are added where missing.

    Examples
    --------
    >>> curves = metrics.perturbation(net, x, targets, ranking, shares=(0.5,))
    >>> curves.most.shares, curves.least.logit.shape
    (tensor([0.0000, 0.5000, 1.0000], dtype=torch.float64), torch.Size([2, 2, 3]))
    """
    shares = sorted({0.0, *shares, 1.0})
    pixels = images.shape[-2:].numel()

    def ablate(visible: Any) -> Responses:
        return reveal(
            net, images, targets, maps, visible=visible, canvas=canvas, shares=shares, seed=seed, batch_size=batch_size
        )

    return Perturbation(most=ablate(operator.ge), least=ablate(lambda ranks, k: ranks < pixels - k))


def abpc(curves: Perturbation, *, score: str = "logit", clip: bool = False) -> Tensor:
    """The area (B, M) between the curves of a `Perturbation`; higher is better.

    Parameters
    ----------
    curves : of `perturbation`.
    score : "logit" or "probability", normalised so that it goes from 0 on the canvas to 1 on the image.
    clip : as Study B's code does: the normalised score is clipped to [0, 1], and where the most important pixels are
        missed less than the least important ones the difference counts as 0. Then no map is worse than a useless one.

    Returns
    -------
    Tensor (B, M)
        By the trapezoid rule; NaN where F(x) is not above the canvas's score.

    Examples
    --------
    >>> best, worst = (metrics.perturbation(net, x, targets, each, shares=(0.2,)) for each in (ranking, -ranking))
    >>> metrics.abpc(best) > metrics.abpc(worst)
    tensor([[True, True],
            [True, True]])
    """
    values = [getattr(side, score) for side in (curves.most, curves.least)]
    most, least = (rescale(each, each[..., -1:], each[..., :1], clip=clip) for each in values)
    difference = (least - most).clamp(min=0) if clip else least - most
    return torch.trapezoid(difference, curves.most.shares, dim=-1)
