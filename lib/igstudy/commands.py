"""What the command line does with a study: run it, say how far it is and what it will take, publish what it found."""

import sys
from pathlib import Path

from tqdm import tqdm

from igstudy.engine import store
from igstudy.engine.parameters import Parameters
from igstudy.engine.runs import run as run_engine
from igstudy.engine.runs import there
from igstudy.engine.units import plan as plan_units
from igstudy.evidence.results import merged, publish

INTERRUPTED = 130


def run(study: Parameters) -> int:
    """Compute what is missing; 0 where all is there, 1 where a part failed, 130 where it was interrupted."""
    try:
        done = run_engine(study)
    except KeyboardInterrupt:
        print(f"interrupted: what is computed is kept in {study.store}; the same command goes on", file=sys.stderr)
        return INTERRUPTED
    print(
        f"{done.units} units, {done.finished} of them there before; {done.computed} parts computed with "
        f"{done.evaluations} evaluations, {len(done.notes)} notes, {len(done.failures)} failures: {study.store}"
    )
    return 1 if done.failures else 0


def status(study: Parameters) -> int:
    """Print what is there and what is missing, a line for each model, and every note; 0 where nothing is missing."""
    units = plan_units(study)
    for model in study.models:
        own = [unit for unit in units if unit.model == model]
        files = [file for unit in own for file in unit.files.values()]
        complete = sum(not unit.missing for unit in own)
        stale = sum(len(store.superseded(file)) for file in files)
        more = f"; {stale} files of other versions or parameters, which are not shown" if stale else ""
        print(f"{model}: {complete} of {len(own)} units, {len(there(own))} of {len(files)} parts{more}")
    if stored := there(units):
        facts = merged([store.facts(file) for file in tqdm(stored, desc="notes", leave=False, disable=None)])
        print(f"{facts['evaluations']} evaluations in {facts['seconds']:.0f} s of {facts['device']}")
        print(*facts["notes"], sep="\n", end="\n" if facts["notes"] else "")
    return 1 if any(unit.missing for unit in units) else 0


def plan(study: Parameters, *, images: int, workers: int) -> int:
    """Print what a study of so many images of each network will take, by the units of it that are complete here.

    Hours are those of one worker such as the one that made those units, and then of all.
    1 where a network has no complete unit to judge by.
    """
    units, hours, size, unknown = plan_units(study), 0.0, 0.0, 0
    for model in study.models:
        done = [unit for unit in units if unit.model == model and not unit.missing]
        if not done:
            print(f"{model}: no unit is complete, so run a few images of it first: -p images {study.shard}")
            unknown += 1
            continue
        count = sum(unit.count for unit in done)
        files = [file for unit in done for file in unit.files.values()]
        facts = merged([store.facts(file) for file in files])
        own = images / count * facts["seconds"] / 3600
        hours += own
        size += images / count * sum(file.stat().st_size for file in files)
        print(
            f"{model}: by {count} images, {facts['evaluations'] / count:.0f} evaluations and "
            f"{facts['seconds'] / count:.1f} s an image on {facts['device']} ({facts['threads']} threads); "
            f"{images} images: {images / count * facts['evaluations']:.3g} evaluations, {own:.3g} hours"
        )
    shards = -(-images // study.shard) * len(study.models)
    print(
        f"together {hours:.3g} hours of one worker, {hours / workers:.3g} of {workers}; "
        f"{shards} units; store {size / 2**30:.3g} GiB"
    )
    return 1 if unknown else 0


def results(study: Parameters, name: str) -> int:
    """Write results/<name>/ and print the files with their sizes."""
    for file in publish(study, Path("results") / name):
        print(f"{file}: {file.stat().st_size / 1024:.0f} KiB")
    return 0
