"""Units of work: one network and one shard of images, explained once and measured in every way.

A unit's parts are what is stored: for each source of maps, each measure, each protocol one file. `plan` says which
there are and under which keys; `compute` makes those that are missing. It loads the network and the images once, walks
each source once, gives the walk to every measure, and keeps rows, never maps, so its memory is that of a shard's images
and of one batch.
"""

import gc
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from igpaths.classifier import Classifier
from igpaths.models import load_model
from igpaths.models.classes import data_folder, read_synsets
from igpaths.walks import fold, walk
from igstudy.engine import fingerprint, store
from igstudy.engine.parameters import Parameters
from igstudy.engine.provenance import provenance
from igstudy.engine.scheduler import worker_device
from igstudy.engine.subjects import Subject, altered, subject
from igstudy.measures import ALWAYS, MAPS, MEASURES, Measure, sources
from igstudy.measures.protocols import PROTOCOLS, Protocol
from igstudy.measures.quantities.threads import threads
from igstudy.measures.sample import Sample
from igstudy.measures.sources import APART, Source
from igstudy.tasks import Alter, NoImagesError, imagenet


@dataclass(frozen=True)
class Part:
    """What one file holds: what one measure finds on one source under one protocol."""

    source: Source
    measure: Measure
    protocol: Protocol

    @property
    def name(self) -> str:
        return f"{self.source.name}.{self.measure.name}.{self.protocol.name}"


@dataclass(frozen=True)
class Unit:
    """A network, `count` images from number `start` on, and the file of each part by its name.

    `library` is the digest of the library that the names of the files belong to.
    """

    model: str
    start: int
    count: int
    files: dict[str, Path]
    library: str

    @property
    def name(self) -> str:
        return f"{self.model}, images {self.start} to {self.start + self.count - 1}"

    @property
    def missing(self) -> list[str]:
        return [name for name, file in self.files.items() if not file.exists()]


@dataclass(frozen=True)
class Report:
    """What computing a unit took and met.

    Attributes
    ----------
    unit : its name.
    computed : the names of the parts that were computed; those that were there are not among them.
    images : how many.
    evaluations : images that the network was asked about, forward or with a gradient.
    seconds : of this process.
    notes : what a reader must know: unreadable images, scores that are not finite, halved batches.
    failures : a line for each part that could not be computed.
    """

    unit: str
    computed: tuple[str, ...]
    images: int
    evaluations: int
    seconds: float
    notes: tuple[str, ...]
    failures: tuple[str, ...]


def parts(study: Parameters) -> list[Part]:
    """All parts of any unit of a study, source by source."""
    protocols = tuple(PROTOCOLS[name] for name in study.protocols)
    measures = [MEASURES[name] for name in study.metrics if MEASURES[name].task in ("", study.task)]
    found = [sources.on_path(name, output=study.output, steps=study.steps) for name in study.paths]
    found += [sources.of_study_a(name, steps=study.steps) for name in study.paths if name in sources.OF_STUDY_A]
    found += [sources.controls(output=study.output), *sources.splits(protocols)]
    return [
        Part(source, measure, protocol)
        for source in found
        for measure in (*measures, *([MAPS] if study.maps else []))
        for protocol in protocols
        if source.serves(protocol) and measure.of(source, protocol)
    ]


def plan(study: Parameters) -> list[Unit]:
    """The units of a study, with the file of each part under its present key.

    Raises
    ------
    ValueError, OSError
        Where a model or the folder of photographs cannot be read.
    """
    photographs = None
    if study.task == "imagenet":
        folder = data_folder(study.folder or "")
        there = imagenet.photographs(folder, read_synsets(folder / "synsets.txt"))
        photographs = imagenet.choose(there, study.images, seed=study.seed)
    total = study.images if photographs is None else len(photographs)
    found = parts(study)
    own = {part.name: _part_facts(part) for part in found}
    library = fingerprint.library()
    units = []
    for model in study.models:
        network = fingerprint.network(load_model(model, data=study.folder or ""))
        folder = study.store / study.task / re.sub(r"\W+", "-", model.partition("@")[0])
        for start in range(0, total, study.shard):
            count = min(study.shard, total - start)
            images = (
                fingerprint.scenes(start, count, study.seed)
                if photographs is None
                else fingerprint.photographs(photographs[start : start + count])
            )
            place = study.device.partition(":")[0]
            numbers = [start, count, study.seed, study.batch_size, study.threads, place, study.precision]
            facts = [model.partition("@")[0], network, images, numbers, fingerprint.packages()]
            files = {}
            for part in found:
                kept = _kept(study, start, count) if part.measure is MAPS else 0
                if part.measure is MAPS and not kept:
                    continue
                key = fingerprint.digest([*facts, kept, own[part.name]])
                files[part.name] = folder / f"{start:06d}-{start + count:06d}" / f"{part.name}-{key[:16]}.parquet"
            units.append(Unit(model, start, count, files, library))
    return units


def compute(study: Parameters, unit: Unit) -> Report:
    """Compute the parts of a unit that are missing, and write each as soon as it is there.

    Where memory does not suffice the batch is halved, and the report and the provenance say so. A part that fails is
    reported and the others go on.

    Raises
    ------
    StoreError
        Where a file cannot be written.
    ValueError
        Where the unit was planned by another version of the library, whose results those of this one would pass for.
    """
    if unit.library != fingerprint.library():
        raise ValueError("this worker runs another version of igpaths, or of its packages, than the study: restart it")
    began, todo, notes = time.monotonic(), unit.missing, list[str]()
    study = replace(study, device=worker_device(study.device))
    batch_size, asked, failures = study.batch_size, [0], list[str]()
    with threads(study.threads):
        while True:
            try:
                failures = _compute(study, unit, batch_size, asked, notes)
                break
            except Exception as error:
                if not out_of_memory(error) or batch_size == 1:
                    raise
                batch_size //= 2
                notes.append(f"{unit.name}: out of memory; the batch is {batch_size} from here on")
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
    return Report(
        unit=unit.name,
        computed=tuple(name for name in todo if unit.files[name].exists()),
        images=unit.count,
        evaluations=asked[0],
        seconds=time.monotonic() - began,
        notes=tuple(dict.fromkeys(notes)),
        failures=tuple(failures),
    )


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory, of the device or of the machine, did not suffice."""
    words = ("out of memory", "not enough memory", "can't allocate memory", "alloc_failed")
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and any(word in str(error).lower() for word in words)
    )


def _compute(study: Parameters, unit: Unit, batch_size: int, asked: list[int], notes: list[str]) -> list[str]:
    """One attempt; adds to what was asked of the network and to the notes, and returns the failures."""
    failures: list[str] = []
    spent = [time.monotonic(), asked[0]]
    missing = set(unit.missing)
    model = load_model(unit.model, data=study.folder or "")
    study = replace(study, batch_size=batch_size)
    shard: Subject | None
    try:
        shard = subject(study, model, output=study.output, start=unit.start, count=unit.count)
        notes += [f"{unit.model}: skipped {line}" for line in shard.skipped]
    except NoImagesError as error:
        shard = None
        notes += [f"{unit.model}: skipped {line}" for line in error.skipped]

    @cache
    def network(output: str) -> Classifier:
        net = model.classifier(output=output, device=study.device, precision=study.precision)
        net.module.register_forward_hook(lambda module, given, answer: asked.__setitem__(0, asked[0] + len(answer)))
        return net

    common = provenance(study) | {"unit": unit.name}

    def write(part: Part, frames: Sequence[pd.DataFrame]) -> None:
        """Write a part with what was spent since the last one; a walk is counted with the first that reads it."""
        now = [time.monotonic(), asked[0]]
        seconds, evaluations = (after - before for after, before in zip(now, spent, strict=True))
        facts = common | {"notes": notes, "seconds": seconds, "evaluations": evaluations}
        store.write(unit.files[part.name], frames, facts)
        spent[:] = now

    wanted = [part for part in parts(study) if part.name in missing]
    for source in {part.source.name: part.source for part in wanted}.values():
        here = [part for part in wanted if part.source.name == source.name]
        frames: dict[str, list[pd.DataFrame]] = {part.name: [] for part in here}
        if shard is None:
            for part in here:
                write(part, [])
            continue
        for sample in _samples(study, shard, source, network(source.output)):
            last = sample.start + len(sample.images) == shard.start + len(shard.images)
            bad = [] if sample.walked is None else (~sources.finite(sample.walked)).nonzero()[:, 0].tolist()
            names = [sample.names[i] for i in bad]
            what = f"scores or gradients that are not finite ({source.name})"
            notes += [f"{sample.label}: {name} has {what}" for name in names]
            for part in list(here):
                try:
                    found = part.measure.rows(_patched(sample, bad), part.protocol)
                except Exception as error:
                    if out_of_memory(error):
                        raise
                    here.remove(part)
                    failures.append(f"{unit.name}: {part.name}: {type(error).__name__}: {error}")
                    continue
                frames[part.name] += [_blanked(frame, names) for frame in found]
                if last:  # at once, for the next measure may take long and the process be killed
                    write(part, frames.pop(part.name))
    return failures


def _samples(study: Parameters, shard: Subject, source: Source, net: Classifier) -> Iterator[Sample]:
    """The shard's images a batch at a time, explained along a source."""
    whole = cache(partial(altered, study, shard))

    def again(piece: slice, alter: Alter) -> Tensor:
        return whole(alter)[piece]

    for start in range(0, len(shard.images), study.batch_size):
        piece = slice(start, start + study.batch_size)
        images, targets = shard.images[piece], shard.targets[piece]
        yield Sample(
            source=source,
            walked=sources.explain(source, net, images, targets, batch_size=study.batch_size),
            net=net,
            label=shard.label,
            images=images,
            targets=targets,
            predictions=shard.predictions[piece],
            names=shard.names[piece],
            photographs=shard.photographs[piece],
            masks=None if shard.masks is None else shard.masks[piece],
            altered=partial(again, piece),
            start=shard.start + start,
            kept=_kept(study, shard.start + start, len(images)),
            seed=study.seed,
            batch_size=study.batch_size,
        )


def _patched(sample: Sample, bad: Sequence[int]) -> Sample:
    """The sample with zeros for the maps of images whose scores are not finite, so that the others can be measured."""
    if not bad or sample.walked is None:
        return sample
    good = torch.ones(len(sample.images), dtype=torch.bool)
    good[list(bad)] = False
    maps = {
        key: torch.where(good.to(each.device).view(-1, 1, 1, 1), each, 0) for key, each in sample.walked.maps.items()
    }
    return replace(sample, walked=replace(sample.walked, maps=maps))


def _blanked(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The rows, those of the named images without a value."""
    if not names:
        return frame
    held = frame["image"].isin(list(names))
    return frame.assign(
        value=frame["value"].mask(held),
        curve=frame["curve"].mask(held),
        left_out=frame["left_out"].mask(held, "not finite"),
    )


def _kept(study: Parameters, start: int, count: int) -> int:
    """Of how many of these images the maps are kept."""
    return max(0, min(count, study.maps - start))


def _part_facts(part: Part) -> list[object]:
    """What a part depends on beside its network, its images and the numbers of its unit."""
    measure, source = part.measure, part.source
    choices = [(name, repr(getattr(part.protocol, name))) for name in (*ALWAYS, *measure.reads)]
    if source.name.startswith("split"):  # whose walk protocols share, each with rules of its own
        source = next(own for own in sources.splits((part.protocol,)) if own.name == source.name)
    # The walk is the source's own: a control has none.
    apart = (*APART, fold, walk)
    own = fingerprint.code(measure.rows, subject, _samples, _patched, _blanked, sources.finite, apart=apart)
    options = repr(getattr(measure.rows, "keywords", ""))
    return [measure.name, measure.version, options, choices, own, source.facts()]
