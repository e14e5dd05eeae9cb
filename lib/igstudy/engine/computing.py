"""What computes a unit of work: the network and the images are loaded once, each source is walked once, and every
measure reads that walk. Rows are kept, never maps, so its memory is that of a shard's images and of one batch.
"""

import gc
import math
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pandas as pd
import torch

from igpaths.arguments import NotFinite
from igpaths.classifier import Classifier
from igpaths.models import load_model
from igpaths.modules import out_of_memory
from igpaths.texts import amount
from igstudy.engine import fingerprint, store
from igstudy.engine.parameters import Parameters
from igstudy.engine.provenance import provenance
from igstudy.engine.scheduler import worker_device
from igstudy.engine.subjects import samples, subject
from igstudy.engine.units import Part, Unit, check_inputs, parts
from igstudy.measures.quantities import threads
from igstudy.measures.sample import Sample, without_maps, without_values
from igstudy.measures.sources import are_finite
from igstudy.tasks.images import NoImagesError

UNLABELLED = "without a label: the class that the network finds is explained, and none can be left out as misclassified"


@dataclass(frozen=True)
class Report:
    """What computing a unit took and met."""

    computed: tuple[str, ...]  # the names of the parts that were computed; those that were there are not among them
    images: int  # how many
    evaluations: int  # images that the network was asked about, forward or with a gradient
    notes: tuple[str, ...]  # what a reader must know: unreadable images, scores that are not finite, halved batches
    failures: tuple[str, ...]  # a line for each part that could not be computed


@dataclass
class Costs:
    """The images that networks were asked about, all of them and up to the last `split`, and when that was."""

    evaluations: int = 0
    before: int = 0
    since: float = 0.0

    def split(self) -> dict[str, float]:
        """What was spent since the last time."""
        now = time.monotonic()
        spent = {"seconds": now - self.since, "evaluations": self.evaluations - self.before}
        self.before, self.since = self.evaluations, now
        return spent


def compute(study: Parameters, unit: Unit, *, tick: Callable[[], object] = lambda: None) -> Report:
    """Compute the parts of a unit that are missing, write each as soon as it is there, and then call `tick`.

    Where memory does not suffice the batch is halved, and the report and the provenance say so. A part that fails is
    reported and the others go on.

    Raises
    ------
    StoreError
        Where a file cannot be written.
    ValueError
        Where the unit was planned by another version of the library, for another network, or for other images, whose
        results those of this one would pass for.
    """
    if unit.library != fingerprint.library():
        raise ValueError("this worker runs another version of igpaths, or of its packages, than the study: restart it")
    missing, notes, costs = unit.missing, list[str](), Costs()
    study = replace(study, device=worker_device(study.device))
    with threads(study.threads):
        while True:
            try:
                failures = _compute(study, unit, costs, notes, tick)
                break
            except Exception as error:
                if not out_of_memory(error) or study.batch_size == 1:
                    raise
                study = replace(study, batch_size=study.batch_size // 2)
                notes.append(f"{unit.name}: out of memory; the batch is {study.batch_size} from here on")
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
    return Report(
        computed=tuple(name for name in missing if unit.files[name].exists()),
        images=unit.count,
        evaluations=costs.evaluations,
        notes=tuple(dict.fromkeys(notes)),
        failures=tuple(failures),
    )


def _compute(
    study: Parameters, unit: Unit, costs: Costs, notes: list[str], tick: Callable[[], object]
) -> list[str]:  # fmt: skip
    """One attempt, which adds to the costs and the notes; the failures, a line each."""
    costs.split()
    failures, missing = list[str](), set(unit.missing)
    waiting = [part for part in parts(study) if part.name in missing]
    model = load_model(unit.model, data=study.data)
    check_inputs(study, unit, model)
    facts = provenance(study) | {"unit": unit.name, "notes": notes}

    def write(part: Part, frames: list[pd.DataFrame]) -> None:
        """Write a part with the costs since the last one: a walk is counted with the first that reads it."""
        store.write(unit.files[part.name], frames, facts | costs.split())
        tick()

    def count(module: torch.nn.Module, inputs: tuple[Any, ...], output: object) -> None:
        costs.evaluations += len(inputs[0])  # a function, which copies of the network share

    @cache
    def network(output: str) -> Classifier:
        net = model.classifier(output=output, device=study.device, precision=study.precision)
        net.module.register_forward_hook(count)
        return net

    try:
        shard = subject(study, model, output=study.output, start=unit.start, count=unit.count)
    except NoImagesError as error:
        notes += [f"{unit.model}: skipped {line}" for line in error.skipped]
        for part in waiting:
            write(part, [])
        return failures
    facts["norms folded"] = shard.net.folded
    notes += [f"{unit.model}: skipped {line}" for line in shard.skipped]
    notes += [f"{unit.name}: {amount(shard.unlabelled, 'photograph')} {UNLABELLED}"] if shard.unlabelled else []
    for source in {part.source.name: part.source for part in waiting}.values():
        here = [part for part in waiting if part.source.name == source.name]
        frames: dict[str, list[pd.DataFrame]] = {part.name: [] for part in here}
        for sample in samples(study, shard, source, network(source.output)):
            last = sample.start + len(sample.images) == shard.start + len(shard.images)
            bad = [] if sample.walked is None else (~are_finite(sample.walked)).nonzero()[:, 0].tolist()
            names = [sample.names[i] for i in bad]
            notes += [f"{sample.label}: {sample.names[i]} has {_describe_broken(sample, i)}" for i in bad]
            for part in list(here):
                try:
                    with warnings.catch_warnings(record=True) as warned:
                        warnings.simplefilter("always", NotFinite)
                        rows = part.measure.rows(without_maps(sample, bad), part.protocol)
                    notes += _notes(warned, sample, part, bad)
                except Exception as error:
                    if out_of_memory(error):
                        raise
                    here.remove(part)
                    failures.append(f"{unit.name}: {part.name}: {type(error).__name__}: {error}")
                    continue
                frames[part.name] += [without_values(frame, names) for frame in rows]
                if last:  # at once, for the next measure may take long and the process be killed
                    write(part, frames.pop(part.name))
    return failures


def _describe_broken(sample: Sample, image: int) -> str:
    """What is not finite of an image that was walked, and from where on."""
    assert sample.walked
    alpha = float(sample.walked.broken[image])
    where = "" if math.isnan(alpha) else f" at α = {alpha:.4g}"
    return f"scores, gradients or maps that are not finite{where} ({sample.source.name})"


def _notes(warned: Sequence[warnings.WarningMessage], sample: Sample, part: Part, bad: Sequence[int]) -> list[str]:
    """A line for each image, apart from the `bad` ones, for which a measure met what is not finite; other warnings."""
    notes = list[str]()
    for each in (item.message for item in warned):
        if isinstance(each, NotFinite):
            names = [sample.names[i] for i in each.images if i not in bad]
            notes += [f"{sample.label}: {name} has answers that are not finite ({part.name})" for name in names]
        else:
            notes.append(f"{sample.label}: {each} ({part.name})")
    return notes
