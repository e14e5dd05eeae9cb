"""Information curves: what the network answers against how much the revealed image tells (Kapishnikov et al. 2019).

The softmax information curve (SIC) follows the target's probability, the accuracy information curve (AIC) whether the
image is classified rightly. Both, under every estimator of information, are readings of one set of revealed images:

    responses = information(net, images, targets, maps, canvas=…, estimators=("png", "ms-ssim"))
    curves = information_curves(responses, estimator="png", score="probability")

The revealed images have 8 bits a channel, and the network and the codecs see the same ones.
"""

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from igpaths.classifier import Classifier
from igpaths.metrics.estimators import find_estimators
from igpaths.metrics.reveal import Responses, rescale, reveal
from igpaths.walks import BATCH_SIZE

TWENTY_FOURTHS = tuple(i / 24 for i in range(25))


def information(
    net: Classifier,
    images: Tensor,
    targets: Any,
    maps: Tensor,
    *,
    canvas: Any,
    shares: Iterable[float] = TWENTY_FOURTHS,
    estimators: str | Iterable[str] = ("png",),
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
) -> Responses:
    """Reveal the images by each map, score them, and estimate the information of what the network saw.

    Parameters
    ----------
    net, targets, maps, canvas, seed, batch_size : as for `insertion`. The canvas is often the blurred photographs
        (B, C, H, W) of `blur_photograph`, or `Seeds`.
    images : (B, C, H, W) in [0, 1], rounded to 8 bits, as the canvas is.
    shares : of the pixels; 0 and 1, which the normalisation needs, are added where they are missing.
    estimators : of information, any of "png" (1 to 4 channels), "webp" (1 or 3), "ms-ssim", "entropy" (any number).

    Raises
    ------
    ValueError
        As `insertion`, and for images outside [0, 1], an unknown estimator or one that cannot take the images:
        MS-SSIM needs 161 pixels a side.

    Examples
    --------
    >>> responses = metrics.information(net, x, targets, ranking, canvas="blur", shares=(0.2,), estimators=("png",))
    >>> responses.counts
    (0, 6196, 30976)
    >>> responses.information["png"].shape  # (B, M, K)
    torch.Size([2, 2, 3])
    """
    return reveal(
        net,
        images,
        targets,
        maps,
        visible=operator.lt,
        canvas=canvas,
        shares=sorted({0.0, *shares, 1.0}),
        estimators=find_estimators(estimators, net.channels),
        seed=seed,
        batch_size=batch_size,
    )


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
    >>> share.shape, sic.shape, metrics.area(share, sic).shape  # one area for each image and map
    (torch.Size([101]), torch.Size([2, 2, 101]), torch.Size([2, 2]))
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

    Examples
    --------
    >>> same = metrics.information(net, x, targets, ranking, canvas=x, shares=(0.5,))
    >>> for reason, images in metrics.unusable(same, estimator="png", score="probability").items():
    ...     print(reason, images.tolist())
    ...
    the canvas scores as much as the image [True, True]
    the canvas tells as much as the image [True, True]
    """
    scores, shares = getattr(responses, score)[:, 0], responses.information[estimator][:, 0]
    return {
        "the canvas scores as much as the image": scores[:, 0] >= scores[:, -1],
        "the canvas tells as much as the image": shares[:, 0] >= shares[:, -1],
    }
