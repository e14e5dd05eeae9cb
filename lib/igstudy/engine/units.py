"""Units of work: one network and one shard of images, explained once and measured in every way.

A unit's parts are what is stored: for each source of maps, each measure, each protocol one file. `plan` says which
there are and under which keys; `igstudy.engine.computing` makes those that are missing.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from igpaths.attributions import attribute
from igpaths.classifier import Classifier
from igpaths.metrics import edges, random_maps
from igpaths.models import Model, load_model
from igpaths.walks import walk
from igstudy.engine import fingerprint, store, subjects
from igstudy.engine.parameters import Parameters
from igstudy.engine.provenance import versions
from igstudy.engine.syntax import code, digest
from igstudy.measures import ALWAYS, MAPS, MEASURES, Measure, sources
from igstudy.measures.protocols import PROTOCOLS, Protocol
from igstudy.measures.sample import without_maps, without_values
from igstudy.measures.sources import APART, Source
from igstudy.tasks.images import collection
from igstudy.tasks.photographs import Collection, Photograph, find_classes

logger = logging.getLogger("igpaths")


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

    The names of the files belong to the `library`, and to the `inputs`: network and images. Both are digests.
    """

    model: str
    start: int
    count: int
    files: dict[str, Path]
    library: str
    inputs: str

    @property
    def name(self) -> str:
        last = self.start + self.count - 1
        return f"{self.model}, " + (f"images {self.start} to {last}" if self.count > 1 else f"image {last}")

    @property
    def folder(self) -> Path:
        """The folder of its files."""
        return next(iter(self.files.values())).parent

    @property
    def missing(self) -> list[str]:
        return [name for name, file in self.files.items() if not file.exists()]


def parts(study: Parameters) -> list[Part]:
    """All parts of any unit of a study, source by source."""
    protocols = tuple(PROTOCOLS[name] for name in study.protocols)
    measures = [MEASURES[name] for name in study.metrics if MEASURES[name].task in ("", study.task)]
    walked = [sources.on_path(name, output=study.output, steps=study.steps, rules=study.rules) for name in study.paths]
    walked += [sources.of_study_a(name, steps=study.steps) for name in study.paths if name in sources.OF_STUDY_A]
    return [
        Part(source, measure, protocol)
        for source in (*walked, sources.controls(output=study.output), *sources.splits(protocols))
        for measure in (*measures, *([MAPS] if study.maps else []))
        for protocol in protocols
        if source.serves(protocol) and measure.of(source, protocol)
    ]


def plan(study: Parameters) -> list[Unit]:
    """The units of a study, with the file of each part under its present key.

    Files of these parts that are damaged are set aside, with a warning for each, and so are missing.

    ValueError or OSError where a model or the folder of photographs cannot be read.
    """
    there = collection(study.task, study.data)
    photographs = _sampled(study, there)
    total = len(photographs) if there else study.skip + study.images
    pool = there.sample(subjects.POOL, seed=study.seed) if there else ()
    of_study = parts(study)
    own = {part.name: part_facts(part) for part in of_study}
    referring = any(part.measure.references for part in of_study)
    library = fingerprint.library()
    device = study.device.partition(":")[0]
    units = []
    for model in study.models:
        loaded = load_model(model, data=study.data)
        size = _size(photographs, loaded)
        network = fingerprint.network(loaded, size)
        beside = [_images(study, there, pool, loaded, 0, subjects.POOL, size)] if referring else []
        folder = study.store / study.task / re.sub(r"\W+", "-", model.partition("@")[0])
        for start in range(study.skip, total, study.shard):
            count = min(study.shard, total - start)
            images = _images(study, there, photographs[start : start + count], loaded, start, count, size)
            numbers = [start, count, study.seed, study.batch_size, study.threads, device, study.precision]
            facts = [model.partition("@")[0], network, images, numbers, fingerprint.packages()]
            files = {}
            for part in of_study:
                kept = subjects.count_kept(study, start, count) if part.measure is MAPS else 0
                if kept or part.measure is not MAPS:
                    key = digest([*facts, kept, own[part.name], *(beside if part.measure.references else [])])
                    files[part.name] = folder / f"{start:06d}-{start + count:06d}" / f"{part.name}-{key[:16]}.parquet"
            units.append(Unit(model, start, count, files, library, digest([network, images])))
    for line in store.set_aside_damaged(file for unit in units for file in unit.files.values()):
        logger.warning(line)
    return units


def check_inputs(study: Parameters, unit: Unit, model: Model) -> None:
    """Raise ValueError where a network or images are not those that the unit was planned for."""
    there = collection(study.task, study.data)
    photographs = _sampled(study, there)
    own = photographs[unit.start : unit.start + unit.count]
    size = _size(photographs, model)
    images = _images(study, there, own, model, unit.start, unit.count, size)
    if unit.inputs != digest([fingerprint.network(model, size), images]):
        more = ", or the model's function returns another network each time" if fingerprint.is_foreign(model) else ""
        raise ValueError(f"its network or images have changed since the study was planned: run it again{more}")


def _sampled(study: Parameters, there: Collection | None) -> Sequence[Photograph]:
    """The photographs up to the study's last, by their numbers."""
    return there.sample(study.skip + study.images, seed=study.seed) if there else ()


def _size(photographs: Sequence[Photograph], model: Model) -> tuple[int, ...]:
    """Height and width of a study's images, which a reader's own network is asked about; the scenes' for any other."""
    return fingerprint.seen_size(photographs if fingerprint.is_foreign(model) else (), model)


def _images(
    study: Parameters, there: Collection | None, chosen: Sequence[Photograph], model: Model, start: int, count: int,
    size: Sequence[int],
) -> str:  # fmt: skip
    """The digest of the `chosen` photographs as the model takes them, or of the scenes of these numbers."""
    if there is None:
        return fingerprint.scenes(start, count, study.seed, study.backgrounds)
    return fingerprint.photographs(chosen, find_classes(there, model)[0], model, size)


def part_facts(part: Part) -> list[object]:
    """What a part depends on beside its network, its images and the numbers of its unit."""
    measure, source = part.measure, part.source
    choices = [(name, repr(getattr(part.protocol, name))) for name in (*ALWAYS, *measure.reads)]
    if source.name.startswith("split"):  # whose walk protocols share, each with rules of its own
        source = next(own for own in sources.splits((part.protocol,)) if own.name == source.name)
    engine = (subjects.subject, subjects.samples, without_maps, without_values, sources.are_finite)
    # The walk is the source's own: a control has none.
    own = code(measure.rows, *engine, *measure.walks, apart=(*APART, attribute, walk))
    options = repr(getattr(measure.rows, "keywords", ""))
    packages = {name: versions().get(name) for name in measure.packages}
    score = [source.output] if measure.explains else []
    return [measure.name, measure.version, options, choices, own, packages, source_facts(source), *score]


def source_facts(source: Source) -> list[object]:
    """What a source's maps depend on, beside the network and the image."""
    if source.path is None:
        return [source.name, code(edges, random_maps, Classifier)]
    classes = {type(part) for rule in source.rules.values() for part in _nested(rule)}
    rules = sorted((name, repr(rule)) for name, rule in source.rules.items())
    paths = {type(path) for path in (source.path, getattr(source.path, "path", source.path))}
    own = code(attribute, Classifier, *sorted(paths | classes, key=repr), apart=APART)
    return [source.name, source.output, repr(source.path), source.steps, rules, own]


def _nested(rule: object) -> Iterator[object]:
    """A rule, the rule that it is made of, and so on."""
    while rule is not None:
        yield rule
        rule = getattr(rule, "rule", None)
