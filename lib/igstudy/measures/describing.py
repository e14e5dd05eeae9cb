"""How the maps look, and how nearly they cancel."""

from functools import partial

import pandas as pd
import torch

from igpaths.metrics import edges, spearman
from igstudy.measures.protocols import Protocol
from igstudy.measures.quantities import patchiness, roughness
from igstudy.measures.sample import Sample, finest, ranking_maps, rows, stacked, uncounted


def texture(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Likeness to the image's edges, patchiness and roughness of the ranking maps at the finest step count."""
    keys, stack = stacked(sample, protocol, steps=finest(sample))
    outlines = edges(sample.images).to(stack).unsqueeze(1).expand_as(stack)
    values = {
        "likeness to edges": spearman(stack, outlines),
        "patchiness": patchiness(stack),
        "roughness": roughness(stack),
    }
    put = partial(rows, sample, protocol, reasons=uncounted(sample, protocol))
    return [put(name, "", keys, value) for name, value in values.items()]


def cancellation(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """What is left of a signed map when it is summed, |Σ A| / Σ |A|, at the finest step count: near 0 it cancels."""
    maps = ranking_maps(sample, protocol, signs=("signed",), steps=finest(sample))
    stack = torch.stack(list(maps.values()), dim=1).flatten(2).double()
    left = stack.sum(2).abs() / stack.abs().sum(2)
    return [rows(sample, protocol, "uncancelled", "", list(maps), left, reasons=uncounted(sample, protocol))]
