"""Pixels revealed in the order of a map, and what the network answers: insertion, deletion and the curves under both.

One stream of batches takes every map of every image, and keeps each form of the score for all metrics to read.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from igpaths.arguments import NotFinite, as_count, as_targets, check_images, check_range
from igpaths.classifier import Classifier, send
from igpaths.metrics.beside import Beside, in_turn
from igpaths.metrics.canvases import in_8_bits, lay_on, take
from igpaths.metrics.estimators import Estimator
from igpaths.metrics.ranking import as_maps, as_tensor, pixel_counts, ranks_of_finite
from igpaths.walks import BATCH_SIZE, check_net, join

TWENTIETHS = tuple(i / 20 for i in range(21))
Visible = Callable[[Any, Any, int], Any]  # whether a pixel of a rank is shown at a count k, of so many pixels


@dataclass(frozen=True, eq=False)
class Responses:
    """What the network answers to B images, after each of M maps, with each of K numbers of pixels revealed.

    Attributes
    ----------
    counts, shares : the K numbers of pixels, and the same as shares of all pixels, a tensor (K,).
    probability, logit : (B, M, K), of the target; float64, on the CPU.
    correct : (B, M, K), 1 where the target has the highest logit, else 0.
    whole : (B,), the target's probability on the image itself.
    information : by estimator, (B, M, K): how much the revealed image tells. Empty but for `information`.
    """

    counts: tuple[int, ...]
    shares: Tensor
    probability: Tensor
    logit: Tensor
    correct: Tensor
    whole: Tensor
    information: dict[str, Tensor]

    @property
    def probability_ratio(self) -> Tensor:
        """The probability over that of the image itself, (B, M, K)."""
        return self.probability / self.whole.view(-1, 1, 1)


def insertion(
    net: Classifier,
    images: Tensor,
    targets: Any,
    maps: Tensor,
    *,
    canvas: Any = "black",
    shares: float | Iterable[float] = TWENTIETHS,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
) -> Responses:
    """The image's most important pixels revealed on a canvas (Petsiuk et al. 2018; Study A, Table 1).

    Parameters
    ----------
    net : Classifier of two classes or more; its output does not matter here.
    images : (B, C, H, W), in [0, 1] or whatever range was explained.
    targets : one class for all images, or one for each.
    maps : ranking maps (B, M, H, W), or (B, H, W) for M = 1; signed or absolute, higher is more important. The colours
        of an attribution (B, C, H, W) would be read as M = C maps: sum them first, as ``maps.ranking`` does.
    canvas : "black", "white", "mean", "blur" (σ = 50), "max-distance", a grey level, a colour or a tensor, as a path's
        baseline, or `Seeds`, or a canvas of one's own with its method ``under``.
    shares : of the pixels, increasing within [0, 1]; a share s reveals exactly ⌈s·H·W⌉ of them.
    seed : of the shuffle that orders pixels of equal value.
    batch_size : images in one call of the network; memory is bounded by it, whatever B, M and K are.

    Returns
    -------
    Responses
        ``area(r.shares, r.probability)`` is the insertion score, higher is better; ``r.probability_ratio`` its other
        form. ValueError for images or maps of another shape, NaN or infinite values in a map, shares that do not
        increase, an unknown canvas, a network of one output, or targets that do not fit the images or the classes. A
        warning names the image and the share where what the network answers is not finite.

    Examples
    --------
    >>> revealed = metrics.insertion(net, x, targets, ranking, canvas="black", shares=(0, 0.2, 0.5, 1))
    >>> metrics.area(revealed.shares, revealed.probability).shape
    torch.Size([2, 2])
    """
    return reveal(net, images, targets, maps, canvas=canvas, shares=shares, seed=seed, batch_size=batch_size)


def deletion(net: Classifier, images: Tensor, targets: Any, maps: Tensor, **options: Any) -> Responses:
    """The image's most important pixels replaced by those of a canvas: lower is better. Otherwise as `insertion`."""
    return reveal(net, images, targets, maps, visible=lambda rank, k, pixels: rank >= k, **options)


def area(x: Tensor, y: Tensor) -> Tensor:
    """The area (…) under curves y (…, K) over x (K,) or (…, K), by the trapezoid rule."""
    return torch.trapezoid(as_tensor(y, 1, "y"), as_tensor(x, 1, "x"), dim=-1)


def reveal(
    net: Classifier,
    images: Tensor,
    targets: Any,
    maps: Tensor,
    *,
    visible: Visible = lambda rank, k, pixels: rank < k,
    canvas: Any = "black",
    shares: float | Iterable[float] = TWENTIETHS,
    estimators: Mapping[str, Estimator] | None = None,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
) -> Responses:
    """What is behind `insertion`, `deletion` and the information curves: any `visible` pixels, any `estimators`.

    With estimators the network too sees images of 8 bits. With no pixel or all of them an image looks the same after
    every map, so it is scored once.
    """
    check_net(net)
    check_images(images, net.channels)
    if estimators:
        check_range("images", images, "to be rounded to 8 bits", remedy="")
    batch_size = as_count("batch_size", batch_size)
    images = images.detach().to(net.device, net.dtype)
    maps, targets, estimators = as_maps(maps, images), as_targets(targets, len(images)), estimators or {}
    show, pixels = lay_on(canvas, net, images, levels=bool(estimators)), maps[0, 0].numel()
    originals = in_8_bits(images) if estimators else images
    counts = pixel_counts(shares, pixels)
    whole = pixels if visible(0, pixels, pixels) else 0  # the count at which the image itself is seen
    points = counts if whole in counts else (*counts, whole)

    @torch.no_grad()
    def score(which: Tensor, shown: Tensor) -> Callable[[], Tensor]:
        """Wait for one batch's numbers (P, 3 + estimators): probability, logit, right or wrong, information."""
        seen = show(which, shown.to(images.device))
        own = take(originals, which).expand_as(seen)
        estimates = [beside.start(name, estimate, seen, own) for name, estimate in estimators.items()]
        logits = net.logits(seen).double()
        target = as_targets(targets, len(images), classes=logits.shape[1])[which]
        target = send(target, logits.device).view(-1, 1)
        scores = [each.gather(1, target)[:, 0] for each in (net.probabilities(logits), logits)]
        right = logits.argmax(1) == target[:, 0]

        def rows() -> Tensor:
            columns = (*scores, right, *[estimate() for estimate in estimates])
            return torch.stack([send(column, logits.device, logits.dtype) for column in columns], dim=1)

        return rows

    table = torch.empty(*maps.shape[:2], len(points), 3 + len(estimators), dtype=torch.float64, device="cpu")
    with Beside(net.device) as beside:
        for inner, ranked in ((True, maps), (False, maps[:, :1])):
            places = [i for i, k in enumerate(points) if (0 < k < pixels) == inner]
            masks = _masks(ranked, [points[i] for i in places], visible, seed, batch_size)
            if rows := list(in_turn(score(*batch) for batch in masks)):
                table[:, :, places] = torch.cat(rows).cpu().view(*ranked.shape[:2], len(places), -1)
    if wrong := (~table[..., :2].isfinite().all(-1)).nonzero().tolist():
        image, _, place = wrong[0]
        shown, numbers = points[place] / pixels, sorted({each[0] for each in wrong})
        where = f"the network's answer to image {image} with a share {shown:.4g} of its pixels revealed is not finite"
        warnings.warn(NotFinite(f"{where}; the curves of images {numbers} are not to be used", numbers), stacklevel=3)
    fractions = torch.tensor(counts, dtype=torch.float64, device="cpu") / pixels
    probability, logit, correct, *estimates = table[:, :, : len(counts)].unbind(-1)
    information = dict(zip(estimators, estimates, strict=True))
    return Responses(counts, fractions, probability, logit, correct, table[:, 0, points.index(whole), 0], information)


def _masks(maps: Tensor, counts: list[int], visible: Visible, seed: int, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Every map with every count, in batches: the image that each belongs to (P,), and its pixels shown (P, H, W)."""
    flat, pixels = maps.flatten(0, 1), maps[0, 0].numel()
    count_of = send(torch.tensor(counts, device="cpu").view(-1, 1, 1), maps.device)
    for start in range(0, len(flat) * bool(counts), size):
        ranks = ranks_of_finite(flat[start : start + size], seed=seed)
        for items in torch.arange(len(ranks) * len(counts), device="cpu").split(size):
            shown, first, last = [], int(items[0]), int(items[-1])
            for i in range(first // len(counts), last // len(counts) + 1):  # no rank is copied for each of its counts
                own = slice(max(first - i * len(counts), 0), last - i * len(counts) + 1)
                shown.append(visible(ranks[i], count_of[own], pixels))
            yield (start + items // len(counts)) // maps.shape[1], join(shown)
