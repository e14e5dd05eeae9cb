"""The area between perturbation curves, ABPC (Samek et al. 2016; Study B, Table 4).

One curve ablates the most important pixels first, the other the least important. Ablating the least important share s
is revealing the most important 1 − s on the same canvas, so both curves are `deletion` and `insertion`, and

    ABPC = ∫ F(least s ablated) − F(most s ablated) ds = area under insertion − area under deletion.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from igpaths.classifier import Classifier
from igpaths.metrics.reveal import Responses, deletion, insertion
from igpaths.walks import BATCH_SIZE

TENTHS = tuple(i / 10 for i in range(1, 10))


@dataclass(frozen=True, eq=False)
class Perturbation:
    """The two curves of B images, M maps and K + 2 shares, of which the first is 0 and the last 1.

    Attributes
    ----------
    most, least : Responses with a share of the most, or of the least important pixels ablated.

    Examples
    --------
    >>> curves = metrics.perturbation(net, x, targets, ranking, shares=(0.5,))
    >>> curves.most.shares
    tensor([0.0000, 0.5000, 1.0000], dtype=torch.float64)
    >>> curves.most.logit.shape, curves.least.logit.shape
    (torch.Size([2, 2, 3]), torch.Size([2, 2, 3]))
    """

    most: Responses
    least: Responses


def perturbation(
    net: Classifier,
    images: Tensor,
    targets: Tensor,
    maps: Tensor,
    *,
    canvas: str | float | tuple[float, float, float] | Tensor = "mean",
    shares: Sequence[float] = TENTHS,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
) -> Perturbation:
    """Ablate pixels to a canvas, the most important first and the least important first.

    Parameters are those of `igpaths.metrics.insertion`; shares 0 (the image) and 1 (the canvas) are added where they
    are missing.

    Examples
    --------
    >>> curves = metrics.perturbation(net, x, targets, ranking, shares=(0.5,))
    >>> torch.equal(curves.most.probability[..., 0], curves.least.probability[..., 0])  # nothing is ablated yet
    True
    """
    ends = sorted({0.0, *shares, 1.0})
    most = deletion(net, images, targets, maps, canvas=canvas, shares=ends, seed=seed, batch_size=batch_size)
    pixels = maps[0, 0].numel()
    rest = sorted({1 - k / pixels for k in most.counts})  # exactly the other pixels; two shares may be one count
    least = insertion(net, images, targets, maps, canvas=canvas, shares=rest, seed=seed, batch_size=batch_size)
    return Perturbation(most, _ablated(least, most, [least.counts.index(pixels - k) for k in most.counts]))


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
    >>> curves = metrics.perturbation(net, x, targets, ranking, shares=(0.2,))
    >>> reverse = metrics.perturbation(net, x, targets, -ranking, shares=(0.2,))
    >>> metrics.abpc(curves) > metrics.abpc(reverse)
    tensor([[True, True],
            [True, True]])
    """
    most, least = (_normalised(getattr(side, score), clip) for side in (curves.most, curves.least))
    difference = (least - most).clamp(min=0) if clip else least - most
    return torch.trapezoid(difference, curves.most.shares, dim=-1)


def _normalised(values: Tensor, clip: bool) -> Tensor:
    image, canvas = values[..., :1], values[..., -1:]
    scaled = torch.where(image > canvas, (values - canvas) / (image - canvas), torch.nan)
    return scaled.clamp(0, 1) if clip else scaled


def _ablated(responses: Responses, like: Responses, places: list[int]) -> Responses:
    """The responses in the order of what is ablated rather than of what is revealed."""
    return Responses(
        counts=like.counts,
        shares=like.shares,
        probability=responses.probability[..., places],
        logit=responses.logit[..., places],
        correct=responses.correct[..., places],
        information={},
    )
