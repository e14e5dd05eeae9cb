"""What happens to studies, done to a real one: is what it finds afterwards what an unbroken run finds?

Every run is a process on a store of its own. Rows are compared as bytes, and no file may be written a second time. Two
images of each network are enough, for each of their parts is a file.

python -m bench.faults                                     three networks on photographs that packages ship
python -m bench.faults --params params/six-networks.yaml   the networks and images of another study
"""

import argparse
import os
import random
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from safetensors.torch import load_file, save_file

from bench.studies import (
    copied,
    do,
    elsewhere,
    finish,
    mounted,
    on_files,
    rows,
    same,
    start,
    wait_for,
    workers,
    written,
)
from igstudy.engine.parameters import Parameters, read

STUDY = Parameters(
    task="photographs",
    models=tuple(f"installed/efficientnet_lite{number}" for number in range(3)),
    images=2,
    paths=("straight", "guided"),
    steps=(8,),
    metrics=("insertion", "completeness"),
    protocols=("igpaths",),
    shard=1,
    threads=1,
)
KILLS, DAMAGED = 10, 5
SAME, ONCE = "the rows are those of the unbroken run, bit for bit", "no part is computed twice"
Checks = dict[str, bool]  # what must hold, and whether it did


def kill(whole: Parameters) -> Checks:
    study, chance, met, once, kept = elsewhere(whole, "killed"), random.Random(0), 0, True, dict[str, Any]()
    for _ in range(KILLS):
        process = start("run", study)
        wait_for(process, study, len(kept) + chance.randint(0, len(rows(whole)) // KILLS - 1))
        time.sleep(chance.uniform(0, 0.5))
        met += process.poll() is None
        process.kill()
        finish(process)
        once, kept = once and kept.items() <= written(study).items(), written(study)
    last = do("run", study)
    once = once and kept.items() <= written(study).items() and last.computed == len(rows(whole)) - len(kept)
    return {"the run after them ends": met == KILLS and last.status == 0, SAME: same(study, whole), ONCE: once}


def kill_workers(whole: Parameters) -> Checks:
    study = replace(elsewhere(whole, "workers"), scheduler="local:2")
    process = start("run", study)
    for parts in (1, len(rows(whole)) // 2):
        wait_for(process, study, parts)
        kept = written(study)
        os.kill(workers(process.pid)[0], signal.SIGKILL)
    done = finish(process)
    once = kept.items() <= written(study).items()
    return {"the run ends": done.status == 0, SAME: same(study, whole), ONCE: once}


def fill_disk(whole: Parameters) -> Checks:
    study = elsewhere(whole, "full")
    half = sum(file.stat().st_size for file in whole.store.rglob("*.parquet")) // 2
    with mounted(study.store, "-t", "tmpfs", "-o", f"size={half}", "tmpfs") as remount:
        full, kept = do("run", study), written(study)
        others = [file for file in study.store.rglob("*") if file.is_file() and file.suffix != ".parquet"]
        remount("size=64m")
        last = do("run", study)
        return {
            "one line says that no room is left": full.refused and "No space left on device" in full.lines[0],
            "nothing half-written is left": 0 < len(kept) < len(rows(whole)) and not others,
            f"with room again the run goes on: {SAME}": last.status == 0 and same(study, whole),
            ONCE: kept.items() <= written(study).items() and last.computed == len(rows(whole)) - len(kept),
        }


def damage(whole: Parameters) -> Checks:
    looked, run = copied(whole, "looked-at"), copied(whole, "damaged")
    for study in (looked, run):
        cut, empty, noise, other, folder = sorted(study.store.rglob("*.parquet"))[:DAMAGED]
        cut.write_bytes(cut.read_bytes()[:-100])
        empty.write_bytes(b"")
        noise.write_bytes(random.Random(0).randbytes(9000))
        pq.write_table(pa.table({"value": [1.0]}), other)
        folder.unlink()
        folder.mkdir()
    status, table, again = do("status", looked), do("table", looked), do("run", run)
    named = [sum("is damaged, set aside as" in line for line in done.lines) for done in (status, again)]
    aside = len(list(run.store.rglob("*.damaged")))
    counted = sum(map(int, re.findall(r"(\d+) of \d+ parts", status.text))) == len(rows(whole)) - DAMAGED
    mended = again.status == 0 and again.computed == DAMAGED and same(run, whole)
    inside = sorted(run.store.rglob("*.parquet"))[-1]
    content = inside.read_bytes()
    inside.write_bytes(content[:60] + bytes(255 - byte for byte in content[60:90]) + content[90:])
    found, last = do("table", run), do("run", run)
    refused = found.refused and "is damaged, set aside as" in found.lines[0]
    return {
        "each is named and set aside": named == [DAMAGED] * 2 and aside == DAMAGED,
        "status and table do not count them": counted and (status.status, table.status) == (1, 0),
        f"run computes them again, and no other: {SAME}": mended,
        "one that is damaged inside is set aside when its rows are read": refused,
        "the next run computes that one": last.computed == 1 and same(run, whole),
    }


def run_twice_at_once(whole: Parameters) -> Checks:
    study = elsewhere(whole, "twice")
    both = [finish(process) for process in [start("run", study), start("run", study)]]
    once = sum(done.computed for done in both) == len(rows(whole))
    return {"both end": [done.status for done in both] == [0, 0], SAME: same(study, whole), ONCE: once}


def set_clock_back(whole: Parameters) -> Checks:
    study = on_files(whole, "clock")
    do("run", study)
    before, year = rows(study), 365 * 24 * 3600
    # What was made before a clock is set back bears a time to come
    for place, moved in ((study.store, year), (Path(study.data), -year)):
        for file in place.rglob("*"):
            os.utime(file, (time.time() + moved,) * 2)
    removed = sorted(study.store.rglob("*.parquet"))[0]
    removed.unlink()
    done = do("run", study)
    return {"only what is missing is computed": done.computed == 1, SAME: rows(study) == before}


def make_read_only(whole: Parameters) -> Checks:
    study = copied(whole, "read-only")
    next(study.store.rglob("*.parquet")).unlink()
    kept = written(study)
    with mounted(study.store, "--bind", study.results) as remount:
        remount("bind,ro")
        done = do("run", study)
    refused = done.refused and "Read-only file system" in done.lines[0]
    return {"one line says so, and nothing is computed": refused and written(study) == kept}


def upgrade(whole: Parameters) -> Checks:
    study, overlay = copied(whole, "upgraded"), whole.store.with_name("overlay")
    study = replace(study, models=study.models[:1])  # one tells as much as all of them
    facts = overlay / "torch-99.0.dist-info" / "METADATA"
    facts.parent.mkdir(parents=True)
    # Which is all that a study knows of it
    facts.write_text("Metadata-Version: 2.1\nName: torch\nVersion: 99.0\n", encoding="utf-8")
    kept, table = written(study), do("table", study, overlay=overlay)
    done, status = do("run", study, overlay=overlay), do("status", study, overlay=overlay)
    parts = len(written(study)) - len(kept)
    return {
        "every part is computed again, under a new name": done.computed == parts == len(kept) // len(whole.models),
        "the old ones stay": kept.items() <= written(study).items(),
        "status counts them as of another version": f"{parts} files of other versions" in status.text,
        "table does not show them": table.status == 1 and "nothing is there yet" in table.text,
    }


def change_files(whole: Parameters) -> Checks:
    study = on_files(whole, "changed")
    do("run", study)
    stages = [written(study)]
    photograph = sorted(Path(study.data).rglob("*.png"))[0]
    pixels = np.array(Image.open(photograph))
    pixels[0, 0] ^= 1
    Image.fromarray(pixels).save(photograph)
    do("run", study)
    stages.append(written(study))
    weights = Path(study.models[0].partition("@")[2])
    state = load_file(weights)
    next(tensor for tensor in state.values() if tensor.is_floating_point()).view(-1)[0] += 0.01
    save_file(state, weights)
    do("run", study)
    stages.append(written(study))
    new = [[Path(name).parts for name in after.keys() - before] for before, after in pairwise(stages)]
    half = len(stages[0]) // 2  # of two networks, and of two images
    return {
        "a photograph's shard alone is computed again": len(new[0]) == half and len({part[2] for part in new[0]}) == 1,
        "a network's parts alone are": len(new[1]) == half and len({part[1] for part in new[1]}) == 1,
        "what there was stays": all(before.items() <= after.items() for before, after in pairwise(stages)),
    }


FAULTS: dict[str, Callable[[Parameters], Checks]] = {
    f"a run is killed at {KILLS} random moments": kill,
    "a worker is killed, and then another": kill_workers,
    "the disk is full": fill_disk,
    "files are cut, empty, noise, of other columns, a folder": damage,
    "two runs at once": run_twice_at_once,
    "the clock is set back by a year": set_clock_back,
    "the store is read-only": make_read_only,
    "another version of torch": upgrade,
    "a photograph changes, and then a file of weights": change_files,
}


def run(device: str, *, study: Parameters = STUDY) -> list[dict[str, Any]]:
    """A row for each fault and each thing that must hold after it; `held` is None where it cannot be tried."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        whole = replace(study, results=f"{folder}/whole", device=device)
        unbroken = do("run", whole)
        assert unbroken.status == 0, unbroken.lines
        for what, fault in FAULTS.items():
            try:
                checks: dict[str, bool | None] = {**fault(whole)}
            except CalledProcessError as error:  # without the right to mount
                checks = {f"not tried: {error}": None}
            print(f"{what}: {checks}", file=sys.stderr, flush=True)
            found += [{"what happened": what, "what must hold": must, "held": held} for must, held in checks.items()]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--params", type=Path, help="the YAML file of a study of photographs or in ImageNet's form")
    file, study = parser.parse_args().params, STUDY
    if file:
        other = read(file)
        study = replace(STUDY, task=other.task, data=other.data, models=other.models)
    table = pd.DataFrame(run("cpu", study=study))
    print(table.to_string(index=False))
    sys.exit(0 if table["held"].all() else 1)


if __name__ == "__main__":
    main()
