"""Peak memory of a study against its images, steps and paths: it should not grow with any of them.

python bench/memory.py

Each study runs in a process of its own, whose largest resident set is read when it has ended; the first column of
numbers is the peak, the second its ratio to the first study's.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace

from igpaths.study.parameters import Parameters

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
    "all of these": replace(
        BASE,
        images=16,
        steps=(128,),
        paths=("straight", "straight-grey", "blur", "blur-tangent", "guided", "guided-free"),
    ),
}
CHILD = """
import json, resource, sys
from igpaths.study.engine import run
from igpaths.study.parameters import Parameters
assert not run(Parameters(**json.loads(sys.argv[1]))).failures
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(study: Parameters) -> float:
    """The largest resident set in MiB of a process that runs a study into an empty store."""
    with tempfile.TemporaryDirectory() as folder:
        given = json.dumps(replace(study, results=folder).as_dict())
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-c", CHILD, given], env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
    return int(done.stdout) / 1024


if __name__ == "__main__":
    first = 0.0
    for name, study in STUDIES.items():
        found = peak(study)
        first = first or found
        print(f"{name:32}{found:8.0f} MiB{found / first:8.2f}", flush=True)
