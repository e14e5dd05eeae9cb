"""What a study measures: from one sample's maps to rows of values.

A measure reads the maps of one source for some images and returns rows: one value of one image, one method, one step
count, one sign of the ranking map, in one variant, under one protocol. A row says why its image is not counted, if it
is not; what describes a walk is measured of every image. `MEASURES` lists them all; the engine keeps each apart from
the others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from igpaths.attributions import attribute
from igpaths.paths import Straight
from igpaths.rules import IG, Gradient
from igstudy.measures.along import completeness, kept_maps, late, projection, weigh
from igstudy.measures.checking import sanity, sanity_of_metrics
from igstudy.measures.comparing import compare_compressed, devices, noise, qualities, rounding, sensitivity
from igstudy.measures.costing import cost, integrate
from igstudy.measures.describing import cancellation, classes, localization, texture
from igstudy.measures.parting import part, tame
from igstudy.measures.peering import peers
from igstudy.measures.protocols import Protocol
from igstudy.measures.revealing import ablate, curves, delete, reveal, reveal_elsewhere, reveal_on_fillings
from igstudy.measures.rivalling import rivals
from igstudy.measures.sample import Sample, split_of
from igstudy.measures.smoothing import (
    insertion_at_3px,
    signed_insertion,
    smooth_classes,
    smooth_deletion,
    smooth_information,
    smooth_insertion,
    smooth_localization,
)  # fmt: skip
from igstudy.measures.sources import Source
from igstudy.measures.splitting import slopes, softmax_terms, split
from igstudy.measures.tempering import temper

Condition = Callable[[Source, Protocol], bool]
FAST = ("png", "ms-ssim")
ALWAYS = ("name", "images", "ranking", "stored")  # of a protocol, for every measure


@dataclass(frozen=True)
class Measure:
    """One measure of a study."""

    name: str  # in the parameters, unless it is always made
    rows: Callable[[Sample, Protocol], list[pd.DataFrame]]
    conditions: tuple[Condition, ...]  # all of which a source and a protocol must meet
    reads: tuple[str, ...] = ()  # the protocol's choices that it depends on, beside those in `ALWAYS`
    task: str = ""  # "objects" where it needs true masks
    walks: tuple[Any, ...] = ()  # the functions and classes of walks of its own, beside the source's
    packages: tuple[str, ...] = ()  # that it depends on alone
    explains: bool = False  # whether it explains by itself, so that the score counts where there is no walk as well
    references: bool = False  # whether it reads images beside those that it is asked about
    version: int = 1  # raised by its author where the same code comes to mean something else

    def of(self, source: Source, protocol: Protocol) -> bool:
        """Whether a protocol measures it on a source."""
        return all(condition(source, protocol) for condition in self.conditions)


def _ours(source: Source, protocol: Protocol) -> bool:
    return protocol.name == "igpaths"


def _walks(source: Source, protocol: Protocol) -> bool:
    return bool(source.ranked)


def _has_path(source: Source, protocol: Protocol) -> bool:
    return source.path is not None


def _ranks(source: Source, protocol: Protocol) -> bool:
    return bool(source.ranked) or source.name == "controls"


def _splits(source: Source, protocol: Protocol) -> bool:
    return split_of(source, protocol) is not None


def _maps(source: Source, protocol: Protocol) -> bool:
    """Whether there are maps that rank: our own, or those of Split IG's parts as the papers take them, of the logit."""
    own = _ours(source, protocol) and _ranks(source, protocol)
    return own or (_splits(source, protocol) and source.output == "logit")


def _explains(output: str) -> Condition:
    return lambda source, protocol: source.output == output


def _on(*names: str) -> Condition:
    return lambda source, protocol: source.name in names


def _chooses(name: str) -> Condition:
    return lambda source, protocol: bool(getattr(protocol, name))


def _estimates(*names: str) -> Condition:
    def met(source: Source, protocol: Protocol) -> bool:
        how = protocol.information
        return how is not None and any(name in names for name, _ in how.estimators)

    return met


def _information(name: str, *estimators: str) -> Measure:
    rows = partial(curves, estimators=estimators)
    return Measure(name, rows, (_ranks, _estimates(*estimators)), ("information",))


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("completeness", completeness, (_walks, _ours)),
        Measure("late", late, (_on("straight", "blur", "blur-tangent"), _ours)),
        Measure("projection", projection, (_on("straight"), _ours)),
        Measure("weights", weigh, (_on("straight", "straight-grey"), _ours)),
        Measure("cost", cost, (_walks, _chooses("insertion"), _ours), ("insertion",)),
        Measure("quadrature", integrate, (_on("straight-placed"), _ours), ("insertion",)),  # which knows both paths
        Measure("insertion", reveal, (_ranks, _chooses("insertion")), ("insertion",)),
        Measure("parts", reveal, (_splits, _explains("logit"), _chooses("insertion"), _ours), ("insertion", "split")),
        Measure("deletion", delete, (_ranks, _chooses("insertion"), _ours), ("insertion",)),
        Measure("canvases", reveal_elsewhere, (_ranks, _chooses("insertion"), _ours), ("insertion",)),
        Measure("fillings", reveal_on_fillings, (_ranks, _chooses("insertion"), _ours), ("insertion",)),
        _information("information", *FAST),
        _information("webp", "webp"),
        _information("entropy", "entropy"),
        Measure(
            "temperature",
            temper,
            (_on("straight", "blur", "controls"), _explains("probability"), _ours),
            ("insertion",),
        ),
        Measure("perturbation", ablate, (_maps, _chooses("ablation")), ("ablation", "split")),
        Measure("compression", compare_compressed, (_ranks, _chooses("compression")), ("compression",)),
        Measure("qualities", qualities, (_ranks, _chooses("compression"), _ours), ("compression",)),
        Measure("noise", noise, (_walks, _ours)),
        Measure("rounding", rounding, (_walks, _ours)),
        Measure("parting", part, (_on("straight", "guided", "guided-free"), _ours)),
        Measure("taming", tame, (_on("guided"), _ours)),
        Measure("devices", devices, (_walks, _ours)),
        Measure("cancellation", cancellation, (_ranks, _ours)),
        Measure("sensitivity", sensitivity, (_has_path, _maps, _chooses("noise")), ("noise", "split")),
        Measure("sanity", sanity, (_walks, _ours)),
        Measure(
            "metric-sanity",
            sanity_of_metrics,
            (_walks, _chooses("insertion"), _estimates("png"), _chooses("ablation"), _ours),
            ("insertion", "information", "ablation"),
        ),
        Measure(
            "peers",
            peers,
            (_on("controls"), _chooses("insertion"), _ours),
            ("insertion",),
            packages=("captum",),
            explains=True,
        ),
        Measure(
            "rivals",
            rivals,
            (_on("controls"), _chooses("insertion"), _ours),
            ("insertion",),
            walks=(attribute, Straight, IG, Gradient),
            explains=True,
            references=True,
        ),
        Measure("split", split, (_splits,), ("split",)),
        Measure("slopes", slopes, (_splits, _explains("logit")), ("split",)),
        Measure("softmax", softmax_terms, (_splits, _explains("probability")), ("split",)),
        Measure("texture", texture, (_maps,), ("split",)),
        Measure("localization", localization, (_maps, _ours), ("split",), "objects"),
        Measure("classes", classes, (_ranks, _ours), (), "objects"),
        Measure("insertion-3px", insertion_at_3px, (_ranks, _chooses("insertion"), _ours), ("insertion",)),
        Measure("smooth-insertion", smooth_insertion, (_ranks, _chooses("insertion"), _ours), ("insertion",)),
        Measure("smooth-signed-insertion", signed_insertion, (_walks, _chooses("insertion"), _ours), ("insertion",)),
        Measure("smooth-deletion", smooth_deletion, (_ranks, _chooses("insertion"), _ours), ("insertion",)),
        Measure("smooth-information", smooth_information, (_ranks, _estimates("png"), _ours), ("information",)),
        Measure("smooth-localization", smooth_localization, (_ranks, _ours), ("split",), "objects"),
        Measure("smooth-classes", smooth_classes, (_ranks, _ours), (), "objects"),
    )
}
OF_SPLITS = ("split", "softmax", "perturbation", "texture", "localization")  # of Split IG, asked of its walks together
MAPS = Measure("maps", kept_maps, (_walks, _ours))
