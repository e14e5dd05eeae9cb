"""What the command line does with a study: run it, say how far it is, publish what it found."""

import sys
from pathlib import Path

from tqdm import tqdm

from igpaths.study import store
from igpaths.study.engine import run as run_engine
from igpaths.study.parameters import Parameters
from igpaths.study.results import merged, publish
from igpaths.study.units import plan


def run(study: Parameters) -> int:
    """Compute what is missing; 0 where all is there, 1 where a part failed, 130 where it was interrupted."""
    try:
        done = run_engine(study)
    except KeyboardInterrupt:
        print(f"interrupted: what is computed is kept in {study.store}; the same command goes on", file=sys.stderr)
        return 130
    print(
        f"{done.units} units, {done.finished} of them there before; {done.computed} parts computed with "
        f"{done.evaluations} evaluations, {len(done.notes)} notes, {len(done.failures)} failures: {study.store}"
    )
    return 1 if done.failures else 0


def status(study: Parameters) -> int:
    """Print what is there and what is missing, a line for each model, and every note; 0 where nothing is missing."""
    units = plan(study)
    lines: list[str] = []
    for model in study.models:
        own = [unit for unit in units if unit.model == model]
        files = [file for unit in own for file in unit.files.values()]
        there = sum(file.exists() for file in files)
        complete = sum(not unit.missing for unit in own)
        stale = sum(len(store.superseded(file)) for file in files)
        print(
            f"{model}: {complete} of {len(own)} units, {there} of {len(files)} parts"
            + (f"; {stale} files of other versions or parameters, which are not shown" if stale else "")
        )
    found = [file for unit in units for file in unit.files.values() if file.exists()]
    if found:
        facts = merged([store.facts(file) for file in tqdm(found, desc="notes", leave=False, disable=None)])
        lines += facts["notes"]
        print(f"{facts['evaluations']} evaluations in {facts['seconds']:.0f} s of {facts['device']}")
    print("\n".join(lines))
    return 1 if any(unit.missing for unit in units) else 0


def results(study: Parameters, name: str) -> int:
    """Write results/<name>/ and print the files with their sizes."""
    for file in publish(study, Path("results") / name):
        print(f"{file}: {file.stat().st_size / 1024:.0f} KiB")
    return 0
