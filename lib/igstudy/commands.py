"""What the command line does with a study: run it, show its numbers, say how far it is, plan, publish and check it."""

import sys
from collections.abc import Sequence

from tqdm import tqdm

from igpaths.texts import amount
from igstudy.engine import store
from igstudy.engine.parameters import Parameters
from igstudy.engine.provenance import device_name
from igstudy.engine.runs import run as run_engine
from igstudy.engine.runs import there
from igstudy.engine.throughput import count_gradients, throughput
from igstudy.engine.units import Unit
from igstudy.engine.units import plan as plan_units
from igstudy.evidence import agreement
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
        f"{amount(done.units, 'unit')}, {done.finished} of them there before; {amount(done.computed, 'part')} computed "
        f"with {amount(done.evaluations, 'evaluation')}, {amount(len(done.notes), 'note')}, "
        f"{amount(len(done.failures), 'failure')}: {study.store}"
    )
    print(f"what was found: {table}")
    return 1 if done.failures else 0


def table(study: Parameters) -> int:
    """Print the numbers of each network from what is there so far, and every note; 0 where anything is."""
    units = plan_units(study)
    for model in study.models:
        own = [unit for unit in units if unit.model == model]
        complete = f"{model}: {sum(not unit.missing for unit in own)} of {amount(len(own), 'unit')} complete"
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
        more = f"; not shown: {amount(stale, 'file')} of other versions or parameters" if stale else ""
        parts = f"{len(there(own))} of {amount(len(files), 'part')}"
        print(f"{model}: {complete} of {amount(len(own), 'unit')}, {parts}{more}")
    _print_notes(units)
    return 1 if any(unit.missing for unit in units) else 0


def _print_notes(units: Sequence[Unit]) -> None:
    if stored := there(units):
        facts = merged([store.facts(file) for file in tqdm(stored, desc="notes", leave=False, disable=None)])
        spent = f"{amount(facts['evaluations'], 'evaluation')} in {facts['seconds']:.0f} s of {facts['device']}"
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
            f"{model}: {amount(f'{rate:.3g}', 'gradient')} and "
            f"{amount(f'{forwards:.3g}', 'forward pass', 'forward passes')} a second "
            f"on {device} ({amount(study.threads, 'thread')})"
        )
        done = [unit for unit in units if unit.model == model and not unit.missing]
        if done:
            count = sum(unit.count for unit in done)
            files = [file for unit in done for file in unit.files.values()]
            facts = merged([store.facts(file) for file in files])
            evaluations, seconds = (facts[name] / count for name in ("evaluations", "seconds"))
            size += images / count * sum(file.stat().st_size for file in files)
            spent = f"{amount(f'{evaluations:.0f}', 'evaluation')} and {seconds:.2g} s an image"
            by = f"by {amount(count, 'image')}, {spent} on {facts['device']} ({amount(facts['threads'], 'thread')})"
        else:
            evaluations, seconds, least = gradients, gradients / rate, True
            by = f"no unit is complete, as a run with -p images {study.shard} would make one: "
            by += f"{amount(gradients, 'gradient')} of the walks for each image, and the metrics come on top"
        hours += images * seconds / 3600
        takes = amount(f"{images * evaluations:.3g}", "evaluation"), amount(f"{images * seconds / 3600:.3g}", "hour")
        print(f"  {by}; {amount(images, 'image')}: {', '.join(takes)}")
    shards = -(-images // study.shard) * len(study.models)
    print(
        f"together {'more than ' * least}{amount(f'{hours:.3g}', 'hour')} of one worker, "
        f"{hours / workers:.3g} of {workers}; {amount(shards, 'unit')}; "
        f"store {'more than ' * least}{size / 2**30:.3g} GiB"
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


def check(study: Parameters, name: str, *, images: int, for_the_book: bool = False) -> int:
    """Print how many values of a published study this machine computes alike, and with `for_the_book` record it.

    1 where less than nine tenths of the values of no guided path are the same, or a published one is not computed.
    """
    found = agreement.recompute(study, name, images=images)
    print(agreement.in_words(found))
    if for_the_book:
        print(agreement.record(found, shelf(name, of_the_book=True), device=study.device))
    same, every = found.counts(guided=False)
    return 1 if same < 0.9 * every or found.lost else 0
