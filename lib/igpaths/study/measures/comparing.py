"""Maps of one image compared: under compression and under noise."""

from collections.abc import Callable
from functools import cache, partial

import pandas as pd
import torch
from torch import Tensor

from igpaths.metrics import cosine, jpeg, max_sensitivity, spearman, squared_error, uniform_noise
from igpaths.metrics.ranking import measured
from igpaths.study.measures.sample import (
    Sample,
    explained_again,
    finest,
    named_rules,
    ranking_maps,
    rows,
    uncounted,
)
from igpaths.study.protocols import Protocol
from igpaths.tasks import Alter
from igpaths.walk import fold

COMPARISONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cosine": partial(measured, cosine),
    "spearman": spearman,
}


def compressed(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """How far the signed maps of an image lie from those of its compressed photograph, at the finest step count.

    Rows of "JPEG raw" and its like hold an image's mean squared error; `quality.stability_figure` pools them.
    """
    how = protocol.compression
    assert how
    other = explained_again(sample, protocol, sample.altered(_jpeg(how.quality)))
    pairs = [ranking_maps(each, protocol, signs=("signed",), steps=finest(sample)) for each in (sample, other)]
    keys = list(pairs[0])
    before, after = (torch.stack(list(maps.values()), dim=1) for maps in pairs)
    put = partial(rows, sample, protocol, reasons=uncounted(sample, protocol))
    frames = [
        put(f"JPEG {normalisation}", "", keys, squared_error(before, after, normalisation=normalisation))
        for normalisation in how.normalisations
    ]
    for comparison in how.comparisons:
        frames.append(put(f"JPEG {comparison}", "", keys, COMPARISONS[comparison](before, after)))
    return frames


@cache
def _jpeg(quality: int) -> Alter:
    """One function for each quality, so that what it makes can be kept under its name."""
    return partial(jpeg, quality=quality)


def sensitivity(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Max-sensitivity of the attributions at the finest step count; on a path of Split IG, of its parts."""
    how, path = protocol.noise, sample.source.path
    assert how
    assert path is not None
    steps = finest(sample)
    named = named_rules(sample.source, protocol)

    def explain(images: Tensor) -> Tensor:
        walked = fold(
            sample.net,
            images,
            sample.targets,
            path=path,
            rules=tuple(named.values()),
            steps=steps,
            batch_size=sample.batch_size,
        )
        return torch.stack([walked[rule, steps[0]] for rule in named.values()], dim=1)

    noise = uniform_noise(
        sample.net, sample.images, radius=how.radius, samples=how.samples, seed=sample.seed, start=sample.start
    )
    values = max_sensitivity(explain, sample.images, noise)
    keys = [(name, steps[0], "signed") for name in named]
    reasons = uncounted(sample, protocol)
    return [rows(sample, protocol, "max-sensitivity", "", keys, values, reasons=reasons)]
