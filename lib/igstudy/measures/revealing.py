"""Pixels revealed and ablated: insertion, deletion, information curves, ABPC."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from igpaths.metrics import (
    Seeds,
    abpc,
    area,
    blur_photograph,
    deletion,
    information,
    information_curves,
    insertion,
    perturbation,
    seed_masks,
    unusable,
)  # fmt: skip
from igstudy.measures.protocols import Protocol
from igstudy.measures.quantities import Filled
from igstudy.measures.sample import (
    Key,
    Sample,
    finest,
    rows,
    signed_maps,
    split_of,
    stacked,
    uncounted,
    window,
)  # fmt: skip

Canvases = Mapping[str, Any]  # by their names in variants


def reveal(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Insertion on the protocol's first canvas; a curve is read a second time at every fourth of its counts."""
    assert protocol.insertion
    canvases = {name: name for name in protocol.insertion.canvases[:1]}
    return revealed(sample, protocol, *stacked(sample, protocol), canvases=canvases)


def reveal_elsewhere(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """The same on the protocol's other canvases."""
    assert protocol.insertion
    canvases = {name: name for name in protocol.insertion.canvases[1:]}
    return revealed(sample, protocol, *stacked(sample, protocol), canvases=canvases)


def reveal_on_fillings(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Insertion and deletion on canvases that are less unlike photographs than one colour is: noise, and what is hidden
    filled in from what is shown.
    """
    noise, maps = torch.stack([_noise(sample, i) for i in range(len(sample.images))]), stacked(sample, protocol)
    canvases = {"noise": noise.to(sample.images), "filled": Filled()}
    return [
        *revealed(sample, protocol, *maps, canvases=canvases),
        *deleted(sample, protocol, *maps, canvases=canvases),
    ]


def _noise(sample: Sample, image: int) -> Tensor:
    rng = np.random.default_rng((sample.seed, 18, sample.start + image))
    return torch.from_numpy(rng.random(sample.images.shape[1:]))


def delete(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Deletion to the protocol's first canvas."""
    assert protocol.insertion
    canvases = {name: name for name in protocol.insertion.canvases[:1]}
    return deleted(sample, protocol, *stacked(sample, protocol), canvases=canvases)


def deleted(
    sample: Sample, protocol: Protocol, keys: Sequence[Key], stack: Tensor, *, canvases: Canvases
) -> list[pd.DataFrame]:
    """Deletion by any ranking maps (B, M, H, W) with their keys, to each of the canvases."""
    assert protocol.insertion
    put, frames = partial(rows, sample, protocol, "deletion", reasons=uncounted(sample, protocol)), []
    for name, canvas in canvases.items():
        r = deletion(*sample.question, stack, canvas=canvas, shares=protocol.insertion.shares, **sample.drawing)
        frames.append(put(f"{name}, {len(r.shares)} counts", keys, area(r.shares, r.probability)))
    return frames


def revealed(
    sample: Sample, protocol: Protocol, keys: Sequence[Key], stack: Tensor, *, canvases: Canvases
) -> list[pd.DataFrame]:
    """Insertion of any ranking maps (B, M, H, W) with their keys, on each of the canvases."""
    assert protocol.insertion
    put = partial(rows, sample, protocol, reasons=uncounted(sample, protocol))
    frames = []
    for name, canvas in canvases.items():
        r = insertion(*sample.question, stack, canvas=canvas, shares=protocol.insertion.shares, **sample.drawing)
        for stride in (1, 4):
            at, variant = r.shares[::stride], f"{name}, {len(r.shares[::stride])} counts"
            curve = r.probability if stride == 1 else None
            frames.append(put("insertion", variant, keys, area(at, r.probability[..., ::stride]), curves=curve))
            frames.append(put("insertion ratio", variant, keys, area(at, r.probability_ratio[..., ::stride])))
    return frames


def curves(sample: Sample, protocol: Protocol, *, estimators: Sequence[str] = ()) -> list[pd.DataFrame]:
    """SIC and AIC under those of the protocol's estimators of information that are named, or under all."""
    how = protocol.information
    assert how
    pairs = [(name, form) for name, form in how.estimators if name in estimators or not estimators]
    keys, stack = stacked(sample, protocol)
    seeds = seed_masks(len(sample.images), sample.images.shape[2:], seed=sample.seed, start=sample.start)
    r = information(
        *sample.question,
        stack,
        canvas=Seeds(seeds) if how.canvas == "seeds" else sample.altered(blur_photograph),
        shares=how.shares,
        estimators=tuple(dict.fromkeys(name for name, _ in pairs)),
        **sample.drawing,
    )
    frames: list[pd.DataFrame] = []
    shape: dict[str, Any] = {"monotone": how.monotone, "points": how.points}
    for estimator, form in pairs:
        reasons = {score: unusable(r, estimator=estimator, score=score) for score in ("probability", "correct")}
        together = reasons["probability"] | {f"{reason}, AIC": held for reason, held in reasons["correct"].items()}
        unsure = {f"p < {how.confidence}": r.probability[:, 0, -1] < how.confidence} if how.confidence else {}
        for metric, score in (("SIC", "probability"), ("AIC", "correct")):
            x, y = information_curves(r, estimator=estimator, score=score, renormalise=form == "normalised", **shape)
            out = uncounted(sample, protocol) | unsure
            out |= together if how.dropped == "together" else reasons[score]
            variant = estimator if form == "normalised" else f"{estimator}, raw"
            frames.append(rows(sample, protocol, metric, variant, keys, area(x, y), reasons=out))
    return frames


def ablate(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """ABPC at the finest step count, with each score, clipped as in Study B or plain; of Split IG also the window's."""
    how, split = protocol.ablation, split_of(sample.source, protocol)
    assert how
    more = signed_maps("Window", split.steps, window(sample, protocol), protocol.ranking) if split else {}
    keys, stack = stacked(sample, protocol, steps=finest(sample), more=more)
    ablation = perturbation(*sample.question, stack, canvas=how.canvas, shares=how.shares, **sample.drawing)
    put = partial(rows, sample, protocol, "ABPC", reasons=uncounted(sample, protocol))
    return [
        put(f"{score}, {'clipped' if clip else 'plain'}", keys, abpc(ablation, score=score, clip=clip))
        for score in how.scores
        for clip in how.clip
    ]
