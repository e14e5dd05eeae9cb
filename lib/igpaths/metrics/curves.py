"""Curves that are read from revealed images: SIC, AIC and ABPC.

Information curves (Kapishnikov et al. 2019) set what the network answers against how much the revealed image tells: the
target's probability in the softmax information curve (SIC), whether the image is classified rightly in the accuracy
information curve (AIC). The images have 8 bits a channel, and the network and the codecs see the same ones.

Perturbation curves (Samek et al. 2016; Study B, Table 4) ablate the most important pixels first, or the least. Ablating
the least important share s is revealing the most important 1 − s on the same canvas, so the curves are those of
`deletion` and `insertion`, and the area between them is that under insertion less that under deletion.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from igpaths.classifier import Classifier
from igpaths.metrics.estimators import find_estimators
from igpaths.metrics.reveal import Responses, rescale, reveal

TENTHS = tuple(i / 10 for i in range(1, 10))
TWENTY_FOURTHS = tuple(i / 24 for i in range(25))


def information(
    net: Classifier,
    images: Tensor,
    targets: Any,
    maps: Tensor,
    *,
    canvas: Any,
    shares: Iterable[float] = TWENTY_FOURTHS,
    estimators: str | Iterable[str] = "png",
    **options: Any,
) -> Responses:
    """Reveal the images by each map, score them, and estimate the information of what the network saw.

    Parameters and options are those of `insertion`, but for these:

    Parameters
    ----------
    images : (B, C, H, W) in [0, 1]; they and the canvas are rounded to 8 bits.
    canvas : as for `insertion`; often the blurred photographs (B, C, H, W) of `blur_photograph`, or `Seeds`.
    shares : of the pixels; 0 and 1, which the normalisation needs, are added where they are missing.
    estimators : of information, any of "png" (1 to 4 channels), "webp" (1 or 3), "entropy" and "ms-ssim" (any number
        of channels; MS-SSIM needs 161 pixels a side).

    Examples
    --------
    >>> responses = metrics.information(net, x, targets, ranking, canvas="blur", shares=(0.2,))
    >>> responses.counts, responses.information["png"].shape
    ((0, 6196, 30976), torch.Size([2, 2, 3]))
    """
    options |= {"canvas": canvas, "shares": sorted({0.0, *shares, 1.0}), "estimators": find_estimators(estimators)}
    return reveal(net, images, targets, maps, visible=lambda rank, k, pixels: rank < k, **options)


def information_curves(
    responses: Responses,
    *,
    estimator: str,
    score: str,
    renormalise: bool = True,
    monotone: bool = True,
    points: int = 100,
) -> tuple[Tensor, Tensor]:
    """Score against information, on a grid that all images share.

    Parameters
    ----------
    responses : of `information`.
    estimator : one of those of the responses.
    score : "probability" (SIC) or "correct" (AIC); it always goes from 0 on the canvas to 1 on the image, clipped.
    renormalise : whether information does so too; else it is taken as it is (MS-SSIM).
    monotone : whether the score is replaced by its running maximum, in the order of the counts.
    points : of the grid, in [0, 1); the point (1, 1) is added.

    Returns
    -------
    x : Tensor (points + 1,), information.
    y : Tensor (B, M, points + 1), the score, in [0, 1]; ``area(x, y)`` is higher for better maps. NaN for an image
        on whose canvas the score or, renormalised, the information is already that of the image: see `unusable`.

    Examples
    --------
    >>> responses = metrics.information(net, x, targets, ranking, canvas="blur", shares=(0.2,))
    >>> share, sic = metrics.information_curves(responses, estimator="png", score="probability")
    >>> share.shape, sic.shape
    (torch.Size([101]), torch.Size([2, 2, 101]))
    """
    shares, scores = responses.information[estimator], getattr(responses, score)
    scores = rescale(scores, scores[..., :1], scores[..., -1:], clip=True)
    if renormalise:
        shares = rescale(shares, shares[..., :1], shares[..., -1:], clip=True)
    if monotone:
        scores = scores.cummax(-1).values
    x = np.append(np.linspace(0, 1, points, endpoint=False), 1.0)
    curves = np.full((*shares.shape[:2], points + 1), np.nan)
    for i, j in np.argwhere(~torch.isnan(shares + scores).any(-1).numpy()):
        known = np.append(shares[i, j].numpy(), [0.0, 1.0])
        order = np.argsort(known, kind="stable")
        curves[i, j] = np.interp(x, known[order], np.append(scores[i, j].numpy(), [0.0, 1.0])[order])
        curves[i, j, -1] = 1
    return torch.from_numpy(x), torch.from_numpy(curves)


def unusable(responses: Responses, *, estimator: str, score: str) -> dict[str, Tensor]:
    """By reason, which images (B,) have no information curve. The reasons are the same for every map.

    >>> same = metrics.information(net, x, targets, ranking, canvas=x, shares=(0.5,))
    >>> list(metrics.unusable(same, estimator="png", score="probability").items())[1]
    ('the canvas tells as much as the image', tensor([True, True]))
    """
    scores, shares = getattr(responses, score)[:, 0], responses.information[estimator][:, 0]
    return {
        "the canvas scores as much as the image": scores[:, 0] >= scores[:, -1],
        "the canvas tells as much as the image": shares[:, 0] >= shares[:, -1],
    }


def perturbation(
    net: Classifier, images: Tensor, targets: Any, maps: Tensor, *, shares: Iterable[float] = TENTHS, **options: Any
) -> tuple[Responses, Responses]:
    """Ablate pixels to a canvas: the most important first, and the least important first.

    Parameters, options and errors are those of `insertion`, but for the canvas, which is "mean" unless it is given.
    Shares 0 (the image) and 1 (the canvas) are added where they are missing. What comes back is a pair: the responses
    with a share of the most important pixels ablated, and of the least important. See `abpc` for the area between.

    >>> most, least = metrics.perturbation(net, x, targets, ranking, shares=(0.5,))
    >>> most.shares, least.logit.shape
    (tensor([0.0000, 0.5000, 1.0000], dtype=torch.float64), torch.Size([2, 2, 3]))
    """
    options = {"canvas": "mean", "shares": sorted({0.0, *shares, 1.0})} | options
    most = reveal(net, images, targets, maps, visible=lambda rank, k, pixels: rank >= k, **options)
    least = reveal(net, images, targets, maps, visible=lambda rank, k, pixels: rank < pixels - k, **options)
    return most, least


def abpc(curves: tuple[Responses, Responses], *, score: str = "logit", clip: bool = False) -> Tensor:
    """The area (B, M) between the two curves of `perturbation`; higher is better.

    The score, "logit" or "probability", is normalised so that it goes from 0 on the canvas to 1 on the image; NaN where
    F(x) is not above the canvas's score. With `clip`, as in Study B's code, it is clipped to [0, 1], and where the most
    important pixels are missed less than the least important ones the difference counts as 0: no map is worse than a
    useless one then.

    >>> best, worst = (metrics.perturbation(net, x, targets, each, shares=(0.2,)) for each in (ranking, -ranking))
    >>> metrics.abpc(best) > metrics.abpc(worst)
    tensor([[True, True],
            [True, True]])
    """
    values = [getattr(side, score) for side in curves]
    most, least = (rescale(each, each[..., -1:], each[..., :1], clip=clip) for each in values)
    difference = (least - most).clamp(min=0) if clip else least - most
    return torch.trapezoid(difference, curves[0].shares, dim=-1)
