"""Maps of one image compared: under compression, under noise, and as rounding, precision and device move them."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

import pandas as pd
import torch
from torch import Tensor

from igpaths.metrics import cosine, jpeg, max_sensitivity, relative_change, spearman, squared_error, uniform_noise
from igpaths.metrics.ranking import measure
from igstudy.measures.protocols import Protocol
from igstudy.measures.quantities import Noisy, misrounded, recomputed, threads
from igstudy.measures.sample import (
    Key,
    Sample,
    attribute_again,
    explained_again,
    finest,
    named_rules,
    ranking_maps,
    rows,
    uncounted,
)  # fmt: skip
from igstudy.tasks.images import Alter

COMPARISONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"cosine": partial(measure, cosine), "spearman": spearman}
LEVELS = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3)  # ε of the noise in gradients; float32 rounds at 6e-8


def compare_compressed(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """How far the signed maps of an image lie from those of its compressed photograph, at the finest step count.

    Rows of "JPEG raw" and its like hold an image's mean squared error; `quality.stability_figure` pools them.
    """
    assert protocol.compression
    return _under_jpeg(sample, protocol, protocol.compression.quality, "")


def qualities(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """`compare_compressed` at each of the protocol's qualities, a variant each."""
    assert protocol.compression
    at = protocol.compression.qualities
    return [frame for quality in at for frame in _under_jpeg(sample, protocol, quality, f"quality {quality}")]


def _under_jpeg(sample: Sample, protocol: Protocol, quality: int, variant: str) -> list[pd.DataFrame]:
    how = protocol.compression
    assert how
    other = explained_again(sample, protocol, sample.altered(_jpeg(quality)))
    keys, before, after = _paired(sample, other, protocol)
    put = partial(rows, sample, protocol, reasons=uncounted(sample, protocol))
    values = {name: squared_error(before, after, normalisation=name) for name in how.normalisations}
    values |= {name: COMPARISONS[name](before, after) for name in how.comparisons}
    return [put(f"JPEG {name}", variant, keys, value) for name, value in values.items()]


def _paired(sample: Sample, other: Sample, protocol: Protocol) -> tuple[list[Key], Tensor, Tensor]:
    """The signed maps (B, M, H, W) of two samples at the finest step count, and their keys."""
    maps = [ranking_maps(each, protocol, signs=("signed",), steps=finest(sample)) for each in (sample, other)]
    before, after = (torch.stack(list(each.values()), dim=1) for each in maps)
    return list(maps[0]), before, after.to(before.device)


@cache
def _jpeg(quality: int) -> Alter:
    """One function for each quality, so that what it makes can be kept under its name."""
    return partial(jpeg, quality=quality)


def sensitivity(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Max-sensitivity of the attributions at the finest step count; on a path of Split IG, of its parts."""
    how, named = protocol.noise, named_rules(sample.source, protocol)
    assert how

    def explain(images: Tensor) -> Tensor:
        walked = attribute_again(replace(sample, images=images), named)
        return torch.stack([walked[rule] for rule in named.values()], dim=1)

    noise = uniform_noise(
        sample.net, sample.images, radius=how.radius, samples=how.samples, seed=sample.seed, start=sample.start
    )
    values = max_sensitivity(explain, sample.images, noise)
    keys, reasons = [(name, max(sample.source.steps), "signed") for name in named], uncounted(sample, protocol)
    return [rows(sample, protocol, "max-sensitivity", "", keys, values, reasons=reasons)]


def noise(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """How far the signed maps move where every gradient of the walk has noise of relative length ε, one of `LEVELS`."""
    frames = []
    for size in LEVELS:
        net = Noisy(sample.net, size=size, images=len(sample.images), seed=sample.seed, start=sample.start)
        frames += _compare(sample, protocol, replace(sample, net=net), "noise", f"ε = {size:.0e}")
    return frames


def rounding(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """How far the signed maps move where the network computes otherwise, and nothing else changes.

    In float64, in bfloat16, with constants of the normalisation that are off by one rounding, with one point in a call
    of the network, and on a CPU with another number of threads: two in place of one, or one in place of more.
    """
    others = {
        "float64": replace(sample, net=recomputed(sample.net, precision="float64")),
        "bfloat16": replace(sample, net=recomputed(sample.net, precision="bfloat16")),
        "constants": replace(sample, net=misrounded(sample.net)),
        "batch of one": replace(sample, batch_size=1),
    }
    frames = [f for name, other in others.items() for f in _compare(sample, protocol, other, "rounding", name)]
    if sample.net.device.type == "cpu":
        with threads(2 if torch.get_num_threads() == 1 else 1):
            frames += _compare(sample, protocol, sample, "rounding", "threads")
    return frames


def devices(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """How far the signed maps of a GPU lie from those of the CPU; no rows where there is no other device."""
    if sample.net.device.type == "cpu":
        return []
    other = replace(sample, net=recomputed(sample.net, device="cpu"))
    return _compare(sample, protocol, other, "device", "cpu")


def _compare(sample: Sample, protocol: Protocol, other: Sample, what: str, variant: str) -> list[pd.DataFrame]:
    """The relative change and the cosine of the maps once they are walked again as the other sample says."""
    keys, before, after = _paired(sample, explained_again(other, protocol, sample.images), protocol)
    put = partial(rows, sample, protocol, variant=variant, keys=keys, reasons=uncounted(sample, protocol))
    return [
        put(f"{what} change", values=relative_change(before, after)),
        put(f"{what} cosine", values=measure(cosine, before, after)),
    ]
