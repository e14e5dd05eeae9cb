"""Checks of sanity: do the maps change with the network's parameters, and do the metrics tell a random network's maps?

Adebayo et al. 2018. Each stage of a network that is randomised from the output down costs a walk at the finest step
count, so `sanity` walks eight times or fewer, and `sanity_of_metrics` once.
"""

from dataclasses import replace

import pandas as pd
import torch
from torch import Tensor

from igpaths.metrics import spearman
from igstudy.measures.protocols import Protocol
from igstudy.measures.quantities import layers, randomised, similarity, stages
from igstudy.measures.revealing import ablate, curves, reveal
from igstudy.measures.sample import (
    Key,
    Sample,
    explained_again,
    finest,
    ranking_maps,
    rows,
    uncounted,
    without_maps,
    without_values,
)  # fmt: skip
from igstudy.measures.sources import are_finite

RANDOM = "all layers randomised"


def sanity(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """How like the maps of the network those of its randomised copies are, by magnitude, at the finest step count.

    A variant for each of `stages`. Low is as it should be: the map depends on what the network has learned. Edges and
    random maps, which know no network, would have 1 at every stage.
    """
    keys, before = _magnitudes(sample, protocol)
    reasons, frames = uncounted(sample, protocol), []
    for stage, count in stages(len(layers(sample.net.module))).items():
        _, after = _magnitudes(_randomised(sample, protocol, count), protocol)
        for metric, compare in (("sanity spearman", spearman), ("sanity SSIM", similarity)):
            frames.append(rows(sample, protocol, metric, stage, keys, compare(before, after), reasons=reasons))
    return frames


def sanity_of_metrics(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """What the metrics, which ask the network itself, say of the maps of its copy with all layers randomised.

    Insertion, SIC and AIC by PNG's bytes, and ABPC, at the finest step count, under their own variants and "all layers
    randomised": a metric that tells maps apart ranks these below the network's own and beside random ones.
    """
    walked, source = _randomised(sample, protocol).walked, replace(sample.source, steps=finest(sample))
    assert walked is not None
    bad = (~are_finite(walked)).nonzero()[:, 0].tolist()  # images that must not stop the others
    own = without_maps(replace(sample, source=source, walked=walked), bad)
    frames = [*reveal(own, protocol), *curves(own, protocol, estimators=("png",)), *ablate(own, protocol)]
    marked = (frame.assign(variant=frame["variant"] + f", {RANDOM}") for frame in frames)
    return [without_values(frame, [sample.names[i] for i in bad]) for frame in marked]


def _randomised(sample: Sample, protocol: Protocol, count: int | None = None) -> Sample:
    """The sample explained by the network with this many layers randomised, or all."""
    net = randomised(sample.net, count, seed=sample.seed)
    return explained_again(replace(sample, net=net), protocol, sample.images)


def _magnitudes(sample: Sample, protocol: Protocol) -> tuple[list[Key], Tensor]:
    maps = ranking_maps(sample, protocol, signs=("absolute",), steps=finest(sample))
    return list(maps), torch.stack(list(maps.values()), dim=1)
