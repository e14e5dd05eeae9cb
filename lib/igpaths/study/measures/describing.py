"""How the maps look."""

from functools import partial

import pandas as pd

from igpaths.metrics import edges, patchiness, roughness, spearman
from igpaths.study.measures.sample import Sample, finest, rows, stacked, uncounted
from igpaths.study.protocols import Protocol


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
