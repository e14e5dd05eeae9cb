"""What a study measures: from one sample's maps to rows of values.

A measure reads the maps of one source for some images and returns rows, `store.COLUMNS` each: one value of one image,
one method, one step count, one sign of the ranking map, in one variant, under one protocol. A row says why its image is
not counted, if it is not; what describes a walk is measured of every image. `MEASURES` lists them all; the engine keeps
each apart from the others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pandas as pd

from igstudy.measures.along import completeness, kept_maps, late, projection
from igstudy.measures.comparing import compressed, devices, noise, qualities, rounding, sensitivity
from igstudy.measures.describing import cancellation, texture
from igstudy.measures.locating import classes, localization
from igstudy.measures.parting import parted, tamed
from igstudy.measures.protocols import Protocol
from igstudy.measures.revealing import ablated, curves, revealed, revealed_elsewhere
from igstudy.measures.sample import Sample, split_of
from igstudy.measures.sources import Source
from igstudy.measures.splitting import softmax_terms, split
from igstudy.measures.tempering import tempered


@dataclass(frozen=True)
class Measure:
    """One measure of a study.

    Attributes
    ----------
    name : in the parameters, unless it is always made.
    rows : the function of a sample and a protocol.
    version : the number that its author raises where the same code comes to mean something else.
    of : whether a protocol measures it on a source.
    reads : the protocol's choices that it depends on, beside those in `ALWAYS`.
    task : "objects" where it needs true masks; "" where any task will do.
    """

    name: str
    rows: Callable[[Sample, Protocol], list[pd.DataFrame]]
    version: int
    of: Callable[[Source, Protocol], bool]
    reads: tuple[str, ...] = ()
    task: str = ""


def _walks(source: Source) -> bool:
    return bool(source.ranked)


def _ranks(source: Source) -> bool:
    return bool(source.ranked) or source.name == "controls"


def _sweeps(source: Source) -> bool:
    return source.name in ("straight", "blur", "controls") and source.output == "probability"


def _guided(source: Source) -> bool:
    return source.name in ("guided", "guided-free")


def _split(source: Source, protocol: Protocol) -> bool:
    return split_of(source, protocol) is not None


def _parts(source: Source, protocol: Protocol) -> bool:
    """Whether maps are those of Split IG's parts, as the papers take them: of the logit."""
    return _split(source, protocol) and source.output == "logit"


def _maps(source: Source, protocol: Protocol) -> bool:
    return (_ours(protocol) and _ranks(source)) or _parts(source, protocol)


def _ours(protocol: Protocol) -> bool:
    return protocol.name == "igpaths"


FAST = ("png", "ms-ssim")
ALWAYS = ("name", "images", "ranking", "stored")  # of a protocol, for every measure
MEASURES = {
    measure.name: measure
    for measure in (
        Measure("completeness", completeness, 1, lambda s, p: _walks(s) and _ours(p)),
        Measure("late", late, 1, lambda s, p: s.name in ("straight", "blur", "blur-tangent") and _ours(p)),
        Measure("projection", projection, 1, lambda s, p: s.name == "straight" and _ours(p)),
        Measure("insertion", revealed, 1, lambda s, p: _ranks(s) and bool(p.insertion), ("insertion",)),
        Measure(
            "canvases",
            revealed_elsewhere,
            1,
            lambda s, p: _ranks(s) and p.insertion is not None and len(p.insertion.canvases) > 1,
            ("insertion",),
        ),
        Measure(
            "information",
            partial(curves, estimators=FAST),
            1,
            lambda s, p: _ranks(s) and not _names(p).isdisjoint(FAST),
            ("information",),
        ),
        Measure(
            "webp",
            partial(curves, estimators=("webp",)),
            1,
            lambda s, p: _ranks(s) and "webp" in _names(p),
            ("information",),
        ),
        Measure(
            "entropy",
            partial(curves, estimators=("entropy",)),
            1,
            lambda s, p: _ranks(s) and "entropy" in _names(p),
            ("information",),
        ),
        Measure("temperature", tempered, 1, lambda s, p: _ours(p) and _sweeps(s), ("insertion",)),
        Measure("perturbation", ablated, 1, lambda s, p: bool(p.ablation) and _maps(s, p), ("ablation", "split")),
        Measure("compression", compressed, 1, lambda s, p: _ranks(s) and bool(p.compression), ("compression",)),
        Measure(
            "qualities",
            qualities,
            1,
            lambda s, p: _ranks(s) and p.compression is not None and bool(p.compression.qualities),
            ("compression",),
        ),
        Measure("noise", noise, 1, lambda s, p: _walks(s) and _ours(p)),
        Measure("rounding", rounding, 1, lambda s, p: _walks(s) and _ours(p)),
        Measure("parting", parted, 1, lambda s, p: _ours(p) and (s.name == "straight" or _guided(s))),
        Measure("taming", tamed, 1, lambda s, p: _ours(p) and s.name == "guided"),
        Measure("devices", devices, 1, lambda s, p: _walks(s) and _ours(p)),
        Measure("cancellation", cancellation, 1, lambda s, p: _ranks(s) and _ours(p)),
        Measure(
            "sensitivity",
            sensitivity,
            1,
            lambda s, p: bool(p.noise) and s.path is not None and _maps(s, p),
            ("noise", "split"),
        ),
        Measure("split", split, 1, _split, ("split",)),
        Measure("softmax", softmax_terms, 1, lambda s, p: _split(s, p) and s.output == "probability", ("split",)),
        Measure("texture", texture, 1, _maps, ("split",)),
        Measure("localization", localization, 1, lambda s, p: _ours(p) and _maps(s, p), ("split",), "objects"),
        Measure("classes", classes, 1, lambda s, p: _ranks(s) and _ours(p), (), "objects"),
    )
}
MAPS = Measure("maps", kept_maps, 1, lambda s, p: _walks(s) and _ours(p))


def _names(protocol: Protocol) -> set[str]:
    return {name for name, _ in protocol.information.estimators} if protocol.information else set()
