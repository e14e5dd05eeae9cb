"""Curves that are read from revealed images: SIC, AIC and ABPC.

Information curves (Kapishnikov et al. 2019) set what the network answers against how much the revealed image tells: the
softmax information curve (SIC) the target's probability, the accuracy information curve (AIC) whether it is right.

Perturbation curves (Samek et al. 2016; Study B, Table 4) ablate the most important pixels first, or the least. Ablating
the least important share s is revealing the most important 1 − s: the area between them is insertion's less deletion's.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from igpaths.arguments import check_word
from igpaths.classifier import Classifier
from igpaths.metrics.estimators import ESTIMATORS
from igpaths.metrics.ranking import as_shares, rescale
from igpaths.metrics.reveal import Responses, reveal

TENTHS = tuple(i / 10 for i in range(1, 10))
TWENTY_FOURTHS = tuple(i / 24 for i in range(25))


def information(
    net: Classifier,
    images: Tensor,
    targets: Any,
    maps: Tensor,
    *,
    canvas: Any,
    shares: float | Iterable[float] = TWENTY_FOURTHS,
    estimators: str | Iterable[str] = "png",
    **options: Any,
) -> Responses:
    """Reveal the images by each map, score them, and estimate the information of what the network saw.

    Parameters, options and errors are those of `insertion`. The images must lie in [0, 1]; they and the canvas, often
    the tensor of photographs under `blur_photograph`, or `Seeds`, are rounded to 8 bits. Shares 0 and 1, which the
    normalisation needs, are added where they are missing. Estimators of information are one or more of "png" (images
    of 1 to 4 channels), "webp" (1 or 3), "entropy" and "ms-ssim" (any number; at least 161 pixels a side).
    """
    names = (estimators,) if isinstance(estimators, str) else tuple(estimators)
    for name in names or [names]:
        check_word("estimators", name, tuple(ESTIMATORS))
    chosen, shares = {name: ESTIMATORS[name] for name in names}, as_shares(shares, ends=True)
    return reveal(net, images, targets, maps, canvas=canvas, shares=shares, estimators=chosen, **options)


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
    responses, estimator : of `information`.
    score : "probability" (SIC) or "correct" (AIC); it always goes from 0 on the canvas to 1 on the image, clipped.
    renormalise : whether information does so too; else it is taken as it is (MS-SSIM).
    monotone : whether the score is replaced by its running maximum, in the order of the counts.
    points : of the grid, in [0, 1); the point (1, 1) is added.

    Returns
    -------
    x : Tensor (points + 1,), information.
    y : Tensor (B, M, points + 1), the score, in [0, 1]; ``area(x, y)`` is higher for better maps. NaN for an image
        on whose canvas the score or, renormalised, the information is already that of the image: see `unusable`.
    """
    shares, scores = _read(responses, "estimator", estimator), _read(responses, "score", score)
    scores = rescale(scores, scores[..., :1], scores[..., -1:], clip=True)
    if renormalise:
        shares = rescale(shares, shares[..., :1], shares[..., -1:], clip=True)
    if monotone:
        scores = scores.cummax(-1).values
    x = np.linspace(0, 1, points + 1)
    curves = np.full((*shares.shape[:2], points + 1), np.nan)
    for i, j in np.argwhere(~torch.isnan(shares + scores).any(-1).numpy()):
        known = np.append(shares[i, j].numpy(), [0.0, 1.0])
        order = np.argsort(known, kind="stable")
        curves[i, j] = np.interp(x, known[order], np.append(scores[i, j].numpy(), [0.0, 1.0])[order])
        curves[i, j, -1] = 1
    return torch.from_numpy(x), torch.from_numpy(curves)


def unusable(responses: Responses, *, estimator: str, score: str) -> dict[str, Tensor]:
    """By reason, which images (B,) have no information curve. The reasons are the same for every map."""
    shares, scores = _read(responses, "estimator", estimator)[:, 0], _read(responses, "score", score)[:, 0]
    return {
        "the canvas scores as much as the image": scores[:, 0] >= scores[:, -1],
        "the canvas tells as much as the image": shares[:, 0] >= shares[:, -1],
    }


def perturbation(
    net: Classifier, images: Tensor, targets: Any, maps: Tensor, *, shares: Iterable[float] = TENTHS, **options: Any
) -> tuple[Responses, Responses]:
    """Ablate pixels to a canvas: the most important first, and the least important first.

    Parameters, options and errors are those of `insertion`, but the canvas is "mean" by default, and shares 0 (the
    image) and 1 (the canvas) are added. What comes back is the pair of responses to both, between which `abpc` lies.
    """
    options |= {"canvas": options.get("canvas", "mean"), "shares": as_shares(shares, ends=True)}
    most = reveal(net, images, targets, maps, visible=lambda rank, k, pixels: rank >= k, **options)
    least = reveal(net, images, targets, maps, visible=lambda rank, k, pixels: rank < pixels - k, **options)
    return most, least


def abpc(curves: tuple[Responses, Responses], *, score: str = "logit", clip: bool = False) -> Tensor:
    """The area (B, M) between the two curves of `perturbation`; higher is better.

    The score, "logit" or "probability", is normalised so that it goes from 0 on the canvas to 1 on the image; NaN where
    F(x) is not above the canvas's score. With `clip`, as in Study B's code, it is clipped to [0, 1], and where the most
    important pixels are missed less than the least important ones the difference counts as 0.
    """
    values = [_read(side, "score", score) for side in curves]
    most, least = (rescale(each, each[..., -1:], each[..., :1], clip=clip) for each in values)
    difference = (least - most).clamp(min=0) if clip else least - most
    return torch.trapezoid(difference, curves[0].shares, dim=-1)


def _read(responses: Responses, kind: str, name: str) -> Tensor:
    """A score of the responses, or one of their estimates of information; ValueError where there is none."""
    scores = {each: getattr(responses, each) for each in ("probability", "logit", "correct")}
    known = responses.information if kind == "estimator" else scores
    check_word(kind, name, tuple(known))
    return known[name]
