"""Pixels revealed and ablated: insertion, information curves, ABPC."""

from collections.abc import Sequence
from functools import partial

import pandas as pd

from igpaths.metrics import (
    Seeds,
    abpc,
    area,
    blur_photograph,
    information,
    information_curves,
    insertion,
    perturbation,
    seed_masks,
    unusable,
)
from igstudy.measures.protocols import Protocol
from igstudy.measures.sample import (
    Sample,
    finest,
    rows,
    signed_maps,
    split_of,
    stacked,
    uncounted,
    window,
)


def revealed(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Insertion on the protocol's first canvas; a curve is read a second time at every fourth of its counts."""
    assert protocol.insertion
    return _revealed(sample, protocol, protocol.insertion.canvases[:1])


def revealed_elsewhere(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """The same on the protocol's other canvases."""
    assert protocol.insertion
    return _revealed(sample, protocol, protocol.insertion.canvases[1:])


def _revealed(sample: Sample, protocol: Protocol, canvases: Sequence[str]) -> list[pd.DataFrame]:
    assert protocol.insertion
    keys, stack = stacked(sample, protocol)
    put = partial(rows, sample, protocol, reasons=uncounted(sample, protocol))
    frames = []
    for canvas in canvases:
        r = insertion(
            sample.net,
            sample.images,
            sample.targets,
            stack,
            canvas=canvas,
            shares=protocol.insertion.shares,
            seed=sample.seed,
            batch_size=sample.batch_size,
        )
        for stride in (1, 4):
            at, variant = r.shares[::stride], f"{canvas}, {len(r.shares[::stride])} counts"
            kept = r.probability if stride == 1 else None
            frames.append(put("insertion", variant, keys, area(at, r.probability[..., ::stride]), curves=kept))
            frames.append(put("insertion ratio", variant, keys, area(at, r.probability_ratio[..., ::stride])))
    return frames


def curves(sample: Sample, protocol: Protocol, *, estimators: Sequence[str] = ()) -> list[pd.DataFrame]:
    """SIC and AIC under those of the protocol's estimators of information that are named, or under all."""
    how = protocol.information
    assert how
    chosen = [(name, form) for name, form in how.estimators if name in estimators or not estimators]
    keys, stack = stacked(sample, protocol)
    seeds = seed_masks(len(sample.images), sample.images.shape[2:], seed=sample.seed, start=sample.start)
    r = information(
        sample.net,
        sample.images,
        sample.targets,
        stack,
        canvas=Seeds(seeds) if how.canvas == "seeds" else sample.altered(blur_photograph),
        shares=how.shares,
        estimators=tuple(dict.fromkeys(name for name, _ in chosen)),
        seed=sample.seed,
        batch_size=sample.batch_size,
    )
    frames = []
    for estimator, form in chosen:
        reasons = {score: unusable(r, estimator=estimator, score=score) for score in ("probability", "correct")}
        together = reasons["probability"] | {f"{reason}, AIC": held for reason, held in reasons["correct"].items()}
        unsure = {f"p < {how.confidence}": r.probability[:, 0, -1] < how.confidence} if how.confidence else {}
        for metric, score in (("SIC", "probability"), ("AIC", "correct")):
            x, y = information_curves(
                r,
                estimator=estimator,
                score=score,
                renormalise=form == "normalised",
                monotone=how.monotone,
                points=how.points,
            )
            out = uncounted(sample, protocol) | unsure
            out |= together if how.dropped == "together" else reasons[score]
            variant = estimator if form == "normalised" else f"{estimator}, raw"
            frames.append(rows(sample, protocol, metric, variant, keys, area(x, y), reasons=out))
    return frames


def ablated(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """ABPC at the finest step count, with each score, clipped as in Study B or plain; of Split IG also the window's."""
    how, split = protocol.ablation, split_of(sample.source, protocol)
    assert how
    more = signed_maps("Window", split.steps, window(sample, protocol), protocol.ranking) if split else {}
    keys, stack = stacked(sample, protocol, steps=finest(sample), more=more)
    found = perturbation(
        sample.net,
        sample.images,
        sample.targets,
        stack,
        canvas=how.canvas,
        shares=how.shares,
        seed=sample.seed,
        batch_size=sample.batch_size,
    )
    put = partial(rows, sample, protocol, "ABPC", reasons=uncounted(sample, protocol))
    return [
        put(f"{score}, {'clipped' if clip else 'plain'}", keys, abpc(found, score=score, clip=clip))
        for score in how.scores
        for clip in how.clip
    ]
