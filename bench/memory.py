"""Peak memory: of a walk beside a single batch, and of a study against its images, steps and paths.

Everything runs in a process of its own, which reads its largest resident set (Linux's VmHWM: getrusage would count the
process that started it). On a GPU it is the host's memory that is read, not the device's.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from igstudy.engine.parameters import Parameters

BASE = Parameters(
    models=("objects/mobilenet",),
    images=4,
    paths=("straight",),
    steps=(8,),
    metrics=("completeness", "insertion", "information", "compression"),
    protocols=("igpaths",),
    shard=4,
    threads=1,
)
STUDIES = {
    "4 images, 8 steps, straight": BASE,
    "16 images": replace(BASE, images=16),
    "16 images in one shard": replace(BASE, images=16, shard=16, batch_size=4),
    "128 steps": replace(BASE, steps=(128,)),
    "6 paths": replace(BASE, paths=("straight", "straight-grey", "blur", "blur-tangent", "guided", "guided-free")),
}
STUDY = """
import json, sys
from bench.memory import highest
from igstudy.engine.runs import run
from igstudy.engine.parameters import Parameters
assert not run(Parameters(**json.loads(sys.argv[1]))).failures
print(highest())
"""
WALK = """
import sys
import igpaths as ig
from bench.memory import highest
from bench.subjects import subject
case = subject("torchvision/mobilenet_v2", count=4, device=sys.argv[2])
net = case.classifier()
rules = (ig.IG(), ig.IDGI(), ig.Left(ig.IG(), 0.9), ig.Right(ig.IG(), 0.9))
if sys.argv[1] == "walk":
    ig.attribute(net, case.images, case.targets, path=ig.Straight(), rules=rules, steps=(128,), batch_size=16)
else:
    net.gradients(case.images.repeat(4, 1, 1, 1), case.targets.repeat(4))
print(highest())
"""


def highest() -> int:
    """The largest resident set of this process, in KiB."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def peak(code: str, *arguments: str) -> float:
    """The largest resident set in MiB of a process that runs this code."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return int(done.stdout) / 1024


def run(device: str) -> list[dict[str, Any]]:
    """A row for each peak, with its ratio to the first of its kind."""
    found = {}
    for name in ("batch of 16", "walk of 128 steps"):
        found["walk", name] = peak(WALK, name.split()[0], device)
    for name, study in STUDIES.items():
        with tempfile.TemporaryDirectory() as folder:
            found["study", name] = peak(STUDY, json.dumps(replace(study, results=folder, device=device).as_dict()))
    first = {kind: next(value for (k, _), value in found.items() if k == kind) for kind, _ in found}
    return [
        {"kind": kind, "what": name, "MiB": value, "ratio": value / first[kind]}
        for (kind, name), value in found.items()
    ]
