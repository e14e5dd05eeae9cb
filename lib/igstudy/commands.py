"""What the command line does with a study: run it, show its numbers, say how far it is, plan it, and publish it."""

import sys
from collections.abc import Sequence

from tqdm import tqdm

from igstudy.engine import store
from igstudy.engine.parameters import Parameters
from igstudy.engine.provenance import device_name
from igstudy.engine.runs import run as run_engine
from igstudy.engine.runs import there
from igstudy.engine.throughput import count_gradients, throughput
from igstudy.engine.units import Unit
from igstudy.engine.units import plan as plan_units
from igstudy.evidence.results import VALUES, check_of_the_book, merged, publish, shelf
from igstudy.evidence.tables.overview import left_out, overview

INTERRUPTED = 130


def run(study: Parameters, *, table: str) -> int:
    """Compute what is missing, and name the command that shows the `table` of its numbers.

    0 where all is there, 1 where a part failed, 130 where it was interrupted.
    """
    try:
        done = run_engine(study)
    except KeyboardInterrupt:
        print(f"interrupted: computed parts are kept in {study.store}; run the same command to go on", file=sys.stderr)
        return INTERRUPTED
    print(
        f"{done.units} units, {done.finished} of them there before; {done.computed} parts computed with "
        f"{done.evaluations} evaluations, {len(done.notes)} notes, {len(done.failures)} failures: {study.store}"
    )
    print(f"what was found: {table}")
    return 1 if done.failures else 0


def table(study: Parameters) -> int:
    """Print the numbers of each network from what is there so far, and every note; 0 where anything is."""
    units = plan_units(study)
    for model in study.models:
        own = [unit for unit in units if unit.model == model]
        complete = f"{model}: {sum(not unit.missing for unit in own)} of {len(own)} units are complete"
        if not (stored := there(own)):
            print(f"{complete}; nothing is there yet: python -m igstudy run computes it")
            continue
        rows = store.read(stored, columns=VALUES)
        print(f"{complete}; {left_out(rows)}\n{overview(rows)}\n")
    _print_notes(units)
    return 0 if there(units) else 1


def status(study: Parameters) -> int:
    """Print what is there and what is missing, a line for each model, and every note; 0 where nothing is missing."""
    units = plan_units(study)
    for model in study.models:
        own = [unit for unit in units if unit.model == model]
        files = [file for unit in own for file in unit.files.values()]
        complete = sum(not unit.missing for unit in own)
        stale = sum(len(store.superseded(file)) for file in files)
        more = f"; {stale} files of other versions or parameters are not shown" if stale else ""
        print(f"{model}: {complete} of {len(own)} units, {len(there(own))} of {len(files)} parts{more}")
    _print_notes(units)
    return 1 if any(unit.missing for unit in units) else 0


def _print_notes(units: Sequence[Unit]) -> None:
    if stored := there(units):
        facts = merged([store.facts(file) for file in tqdm(stored, desc="notes", leave=False, disable=None)])
        spent = f"{facts['evaluations']} evaluations in {facts['seconds']:.0f} s of {facts['device']}"
        print(spent, *facts["notes"], sep="\n")


def plan(study: Parameters, *, images: int, workers: int) -> int:
    """Print how fast each network is here, and what a study of so many images of it will take.

    Hours are those of one worker, and then of all: by the units that are complete here, or else by the gradients of
    the walks alone, which is the least that it can be.
    """
    units, hours, size, least = plan_units(study), 0.0, 0.0, False
    gradients, device = count_gradients(study), device_name(study.device)
    for model in study.models:
        rate, forwards = throughput(study, model)
        print(
            f"{model}: {rate:.3g} gradients and {forwards:.3g} forward passes a second "
            f"on {device} ({study.threads} threads)"
        )
        done = [unit for unit in units if unit.model == model and not unit.missing]
        if done:
            count = sum(unit.count for unit in done)
            files = [file for unit in done for file in unit.files.values()]
            facts = merged([store.facts(file) for file in files])
            evaluations, seconds = (facts[name] / count for name in ("evaluations", "seconds"))
            size += images / count * sum(file.stat().st_size for file in files)
            by = f"by {count} images, {evaluations:.0f} evaluations and {seconds:.2g} s an image"
            by += f" on {facts['device']} ({facts['threads']} threads)"
        else:
            evaluations, seconds, least = gradients, gradients / rate, True
            by = f"no unit is complete, as a run with -p images {study.shard} would make one: {gradients} gradients of "
            by += "the walks for each image, and the metrics come on top"
        hours += images * seconds / 3600
        print(f"  {by}; {images} images: {images * evaluations:.3g} evaluations, {images * seconds / 3600:.3g} hours")
    shards = -(-images // study.shard) * len(study.models)
    print(
        f"together {'more than ' * least}{hours:.3g} hours of one worker, {hours / workers:.3g} of {workers}; "
        f"{shards} units; store {'more than ' * least}{size / 2**30:.3g} GiB"
    )
    return 0


def results(study: Parameters, name: str, *, for_the_book: bool = False) -> int:
    """Publish a study under a name, a reader's or with `for_the_book` the book's; print its table and the files."""
    if for_the_book:
        check_of_the_book(study, name)
    files = publish(study, shelf(name, of_the_book=for_the_book))
    table(study)
    for file in files:
        print(f"{file}: {file.stat().st_size / 1024:.0f} KiB")
    return 0
