"""Where a walk's time goes, by kind of operation: the bare loop, the walk before the work on speed, and the walk now.

Each is profiled by torch in a process of its own, on the same images; the walk before is the library of an earlier
commit. Batch norm and pooling are among the "activations"; what torch does not see,
Python and NumPy, is "outside torch".
"""

import json
import os
import re
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from torch.profiler import ProfilerActivity, profile

import igpaths as ig
from bench.subjects import ENVIRONMENT, subject
from bench.timing import ROUNDS, elapsed, library_of
from bench.walk import bare
from igpaths import paths

BEFORE = "659f7b2"  # the last commit before the work on speed
STEPS = 16
BATCH = {"cpu": 16, "cuda": 64}
PATHS: dict[str, paths.Path] = {"straight": ig.Straight(), "blur": ig.Blur(), "guided": ig.Guided()}
RULES = (ig.IG(), ig.IDGI(), ig.Left(ig.IG(), 0.9), ig.Right(ig.IG(), 0.9))
KINDS = {
    "convolutions": r"conv",
    "activations": r"norm|hardtanh|relu|pool|dropout|softmax|threshold|silu|sigmoid",
    "products": r"mm|matmul|linear|dot",
    "copies": r"copy|cat|clone|contiguous|index|stack|fill|zero|empty|to_",
    "selections": r"kthvalue|sort|topk|quantile|partition",
    "arithmetic": r"",
}


def kind(operation: str) -> str:
    """The first of `KINDS` that an operation's name fits."""
    return next(name for name, pattern in KINDS.items() if re.search(pattern, operation))


def profiled(work: Callable[[], Any], *, device: str, gradients: int) -> dict[str, float]:
    """The milliseconds of each gradient by kind of operation: medians of several rounds, once the caches are warm."""
    work()
    rounds = [_profiled(work, device=device, gradients=gradients) for _ in range(ROUNDS)]
    return {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}


def _profiled(work: Callable[[], Any], *, device: str, gradients: int) -> dict[str, float]:
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device == "cuda" else [])]
    with profile(activities=activities) as found:
        seconds = elapsed(work)
    spent: Counter[str] = Counter()
    for event in found.key_averages():
        microseconds = event.self_device_time_total if device == "cuda" else event.self_cpu_time_total
        if microseconds and event.key.startswith("aten::"):
            spent[kind(event.key)] += microseconds / 1e3 / gradients
    outside = max(0.0, seconds * 1e3 / gradients - spent.total())
    return {name: spent[name] for name in KINDS} | {"outside torch": outside}


def profiles(device: str, *, walks: bool) -> list[dict[str, Any]]:
    """The profile of the walk on each path, or of the bare loop."""
    case = subject("torchvision/mobilenet_v2", count=4, device=device)
    net = case.classifier()
    if not walks:
        loop = bare(case, batch=BATCH[device], layout=net.layout, device=device)
        return [{"path": "none", **profiled(partial(loop, 128), device=device, gradients=128)}]
    rows = []
    for name, path in PATHS.items():
        walk = partial(
            ig.attribute, net, case.images, case.targets, path=path, rules=RULES, steps=(STEPS,),
            batch_size=BATCH[device],
        )  # fmt: skip
        rows.append({"path": name, **profiled(walk, device=device, gradients=4 * (STEPS + 1))})
    return rows


def apart(library: Path, device: str, *, walks: bool) -> list[dict[str, Any]]:
    """`profiles` in a process that has the library of another folder."""
    path = os.pathsep.join([str(library), os.getcwd()])
    code = f"import json; from bench.profile import profiles; print(json.dumps(profiles({device!r}, walks={walks})))"
    environment = os.environ | {"PYTHONPATH": path, ENVIRONMENT: ""}  # random weights, which cost the same
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def run(device: str) -> list[dict[str, Any]]:
    """A row for each path and library, in milliseconds of each gradient by kind of operation."""
    here = Path(ig.__file__).parents[1]
    rows = [{"who": "bare loop", **row} for row in apart(here, device, walks=False)]
    with library_of(BEFORE) as before:
        if before:
            rows += [{"who": "walk before", **row} for row in apart(before, device, walks=True)]
    return rows + [{"who": "walk now", **row} for row in apart(here, device, walks=True)]
