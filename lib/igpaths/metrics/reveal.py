"""Pixels revealed in the order of a map, and what the network says: insertion, deletion and the curves under both.

One call takes every map of every image through one stream of batches, and keeps the score in each form (probability,
logit, right or wrong), so that every metric on the same revealed images reads the same call.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from igpaths.classifier import Classifier, as_targets
from igpaths.metrics.ranking import check_maps, pixel_counts, pixel_ranks
from igpaths.paths import resolve_baseline
from igpaths.walks import BATCH_SIZE

TWENTIETHS = tuple(i / 20 for i in range(21))


class Filling(Protocol):
    """How an image looks of which only some pixels are shown."""

    @property
    def images(self) -> Tensor:
        """The images (B, 3, H, W) whose pixels are shown."""

    def show(self, which: Tensor, shown: Tensor) -> Tensor:
        """Images number `which` (P,), of which the pixels `shown` (P, H, W) are known: (P, 3, H, W)."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """The pixels that are not shown are those of a canvas; both are (B, 3, H, W)."""

    images: Tensor
    canvas: Tensor

    def show(self, which: Tensor, shown: Tensor) -> Tensor:
        return torch.where(shown.unsqueeze(1), self.images[which], self.canvas[which])


# (revealed images (P, 3, H, W), the images themselves) → their information (P,), in units of its own
Estimator = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Responses:
    """What the network says of B images, after each of M maps, with each of K numbers of pixels revealed.

    Attributes
    ----------
    counts : the K numbers of pixels.
    shares : (K,), the same as shares of all pixels.
    probability, logit : (B, M, K), of the target; float64, on the CPU.
    correct : (B, M, K), 1 where the target has the highest logit, else 0.
    information : by estimator, (B, M, K): how much the revealed image tells. Empty where it was not asked for.

    Examples
    --------
    >>> revealed = metrics.insertion(net, x, targets, ranking, shares=(0, 0.1, 1))
    >>> revealed.counts, revealed.shares
    ((0, 3098, 30976), tensor([0.0000, 0.1000, 1.0000], dtype=torch.float64))
    >>> revealed.probability.shape  # (B, M, K)
    torch.Size([2, 2, 3])
    >>> revealed.probability_ratio[..., -1]
    tensor([[1., 1.],
            [1., 1.]], dtype=torch.float64)
    """

    counts: tuple[int, ...]
    shares: Tensor
    probability: Tensor
    logit: Tensor
    correct: Tensor
    information: dict[str, Tensor]

    @property
    def probability_ratio(self) -> Tensor:
        """The probability over its last value on the curve, (B, M, K)."""
        return self.probability / self.probability[..., -1:]


def insertion(
    net: Classifier,
    images: Tensor,
    targets: Tensor,
    maps: Tensor,
    *,
    canvas: str | float | tuple[float, float, float] | Tensor = "black",
    shares: Sequence[float] = TWENTIETHS,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
) -> Responses:
    """The image's most important pixels revealed on a canvas (Petsiuk et al. 2018; Study A, Table 1).

    Parameters
    ----------
    net : Classifier; its output does not matter here.
    images : (B, 3, H, W) in [0, 1].
    targets : (B,) int.
    maps : ranking maps (B, M, H, W), signed or absolute, higher is more important.
    canvas : "black", "white", "mean", "blur" (σ = 50), a grey level, a colour or a tensor, as a path's baseline.
    shares : of the pixels, increasing within [0, 1]; a share s reveals exactly ⌈s·H·W⌉ of them.
    seed : of the shuffle that orders pixels of equal value.
    batch_size : images in one call of the network; memory is bounded by it, whatever B, M and K are.

    Returns
    -------
    Responses
        ``area(r.shares, r.probability)`` is the insertion score, ``r.probability_ratio`` its other form.
        Higher is better.

    Raises
    ------
    ValueError
        For maps of another shape, with NaN or infinite values, for shares that do not increase, an unknown canvas, or
        targets that do not fit the images or the network's classes.

    Examples
    --------
    >>> revealed = metrics.insertion(net, x, targets, ranking, canvas="black", shares=(0, 0.2, 0.5, 1))
    >>> score = metrics.area(revealed.shares, revealed.probability)
    >>> score.shape, bool((score > 0.2).all())
    (torch.Size([2, 2]), True)
    """
    images = images.to(net.device, net.dtype)
    filling = Canvas(images, resolve_baseline(canvas, net, images))
    return reveal(net, filling, targets, maps, shares=shares, seed=seed, batch_size=batch_size)


def deletion(
    net: Classifier,
    images: Tensor,
    targets: Tensor,
    maps: Tensor,
    *,
    canvas: str | float | tuple[float, float, float] | Tensor = "black",
    shares: Sequence[float] = TWENTIETHS,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
) -> Responses:
    """The image's most important pixels replaced by those of a canvas: lower is better. Otherwise as `insertion`.

    Examples
    --------
    >>> shares = (0, 0.2, 1)
    >>> best, worst = (metrics.deletion(net, x, targets, each, shares=shares) for each in (ranking, -ranking))
    >>> metrics.area(best.shares, best.probability) < metrics.area(worst.shares, worst.probability)
    tensor([[True, True],
            [True, True]])
    """
    images = images.to(net.device, net.dtype)
    filling = Canvas(resolve_baseline(canvas, net, images), images)
    return reveal(net, filling, targets, maps, shares=shares, seed=seed, batch_size=batch_size)


def area(x: Tensor, y: Tensor) -> Tensor:
    """The area (…) under curves y (…, K) over x (K,) or (…, K), by the trapezoid rule.

    Examples
    --------
    >>> metrics.area(torch.tensor([0.0, 0.5, 1.0]), torch.tensor([[0.0, 1.0, 1.0], [0.0, 0.5, 1.0]]))
    tensor([0.7500, 0.5000])
    """
    return torch.trapezoid(y, x.expand_as(y), dim=-1)


def reveal(
    net: Classifier,
    filling: Filling,
    targets: Tensor,
    maps: Tensor,
    *,
    shares: Sequence[float],
    estimators: Mapping[str, Estimator] | None = None,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
) -> Responses:
    """What is behind `insertion`, `deletion` and the information curves: any filling, and estimators of information.

    Parameters are theirs. With no pixel or all of them an image looks the same after every map, so it is asked once.
    """
    check_maps(maps, filling.images)
    targets = as_targets(targets, len(maps))
    if batch_size < 1:
        raise ValueError(f"batch_size must be 1 or more, got {batch_size}")
    estimators = estimators or {}
    pixels = maps[0, 0].numel()
    counts = pixel_counts(shares, pixels)
    table = torch.empty(*maps.shape[:2], len(counts), 3 + len(estimators), dtype=torch.float64)
    ends, inner = (
        [i for i, k in enumerate(counts) if k in (0, pixels)],
        [i for i, k in enumerate(counts) if 0 < k < pixels],
    )
    for places, asked in ((inner, maps), (ends, maps[:, :1])):
        rows = [
            _ask(net, filling, targets, estimators, owner, shown)
            for owner, shown in _masks(asked, [counts[i] for i in places], seed, batch_size)
        ]
        if rows:
            table[:, :, places] = torch.cat(rows).cpu().view(*asked.shape[:2], len(places), -1)
    probability, logit, correct, *information = table.unbind(-1)
    return Responses(
        counts=counts,
        shares=torch.tensor(counts, dtype=torch.float64) / pixels,
        probability=probability,
        logit=logit,
        correct=correct,
        information=dict(zip(estimators, information, strict=True)),
    )


def _masks(maps: Tensor, counts: list[int], seed: int, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Every map with every count, in batches: the image that each belongs to (P,), and its pixels shown (P, H, W)."""
    flat, counted = maps.flatten(0, 1), torch.tensor(counts, device=maps.device)
    for start in range(0, len(flat) * bool(counts), batch_size):
        ranks = pixel_ranks(flat[start : start + batch_size], seed=seed)
        for item in torch.arange(len(ranks) * len(counts)).split(batch_size):
            which, k = item // len(counts), counted[item % len(counts)]
            yield (start + which) // maps.shape[1], ranks[which] < k.view(-1, 1, 1)


@torch.no_grad()
def _ask(
    net: Classifier,
    filling: Filling,
    targets: Tensor,
    estimators: Mapping[str, Estimator],
    owner: Tensor,
    shown: Tensor,
) -> Tensor:
    """One batch's numbers (P, 3 + estimators): probability, logit, right or wrong, information."""
    revealed = filling.show(owner, shown.to(filling.images.device))
    logits = net.logits(revealed).double()
    as_targets(targets, len(targets), classes=logits.shape[1])
    target = targets[owner].to(logits.device).view(-1, 1)
    columns = [
        logits.softmax(1).gather(1, target)[:, 0],
        logits.gather(1, target)[:, 0],
        logits.argmax(1) == target[:, 0],
        *(estimate(revealed, filling.images[owner]) for estimate in estimators.values()),
    ]
    return torch.stack([column.to(logits) for column in columns], dim=1)
