"""What of a study's unit of work is not its network's, by part: the core seconds an image that a GPU would wait for.

The unit is that of params/photographs.yaml on a shipped photograph, on the CPU with one thread, with a network in the
place of the published ones that costs nearly nothing. Each part is clocked by sampling the stack, now and in an earlier
commit's library, in two processes that take turns. "network" is what that small network costs all the same, and "once"
what a network costs whatever the number of its images: neither is in the totals. "codecs" is PNG, whose bytes the
protocols count, so that deflate takes what it takes, in threads of its own: there is a total without it as well.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn

import igpaths
from bench.timing import ROUNDS, library_of, ratio
from igpaths.models import Model, load_model
from igstudy.engine import computing, units
from igstudy.engine.parameters import Parameters, read
from igstudy.engine.scheduler import environment

BEFORE = "c20a2b8"  # the last commit before the work on what is not the network's
STUDY, PHOTOGRAPHS, NETWORK = Path("params/photographs.yaml"), 1, "installed/efficientnet_lite0"
EVERY = 0.002  # seconds of CPU time between two looks at the stack
APART = ("network", "once")
# Which part the innermost frame of these belongs to, by the end of its file and its function; the first that fits
PARTS = (
    ("network", "torch/autograd/__init__.py", "grad"),
    ("network", "bench/unit.py", "forward"),
    ("once", "igpaths/folding.py", ""),
    ("once", "igpaths/modules.py", "copy_frozen"),
    ("once", "igpaths/models/installed.py", ""),
    ("once", "engine/fingerprint.py", "network"),
    ("once", "engine/behaviour.py", ""),
    ("keys", "engine/fingerprint.py", ""),
    ("keys", "engine/syntax.py", ""),
    ("keys", "engine/units.py", ""),
    ("provenance", "engine/provenance.py", ""),
    ("store", "engine/store.py", ""),
    ("photographs", "igpaths/models/", ""),
    ("photographs", "igstudy/tasks/", ""),
    ("photographs", "metrics/canvases.py", "blur_photograph"),
    ("photographs", "metrics/canvases.py", "jpeg"),
    ("codecs", "metrics/canvases.py", "map_images"),
    ("codecs", "metrics/canvases.py", "in_bytes"),
    ("codecs", "metrics/beside.py", ""),
    ("codecs", "metrics/estimators.py", "file_bytes"),
    ("entropy", "metrics/estimators.py", "filtered_entropy"),
    ("entropy", "metrics/estimators.py", "_entropy"),
    ("MS-SSIM", "metrics/estimators.py", ""),
    ("rules", "igpaths/rules.py", ""),
    ("guided steps", "igpaths/paths/guided.py", ""),
    ("walks", "igpaths/walks.py", ""),
    ("walks", "igpaths/attributions.py", ""),
    ("walks", "igpaths/paths/", ""),
    ("walks", "igpaths/classifier.py", "gradients"),
    ("revealing", "metrics/reveal.py", ""),
    ("revealing", "metrics/canvases.py", ""),
    ("information curves", "metrics/curves.py", ""),
    ("rankings", "metrics/ranking.py", "centred_ranks"),
    ("rankings", "metrics/ranking.py", "pixel_ranks"),
    ("texture", "quantities/texture.py", ""),
    ("comparisons", "metrics/stability.py", ""),
    ("rows", "measures/sample.py", "rows"),
    ("measures", "igstudy/measures/", ""),
)
ELSEWHERE = "engine"


class Cheap(nn.Module):
    """A network whose gradient differs from pixel to pixel, for a thousandth of what one of ImageNet's costs."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.patches, self.last = nn.Conv2d(3, 8, 16, 16), nn.Linear(8 * 14 * 14, classes)
        for parameter in self.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator) / parameter[0].numel() ** 0.5

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.patches(x).relu().flatten(1))


def cheap(name: str, **options: Any) -> Model:
    """The model of a name with a cheap network in place of its own."""
    model = load_model(name, **options)
    return replace(model, network=Cheap(len(model.classes)))


def part_of(frame: FrameType | None) -> str:
    """The part that a stack belongs to, by its innermost frame that says so."""
    while frame:
        file, function = frame.f_code.co_filename, frame.f_code.co_name
        for part, place, named in PARTS:
            if place in file and named in ("", function):
                return part
        frame = frame.f_back
    return ELSEWHERE


@contextmanager
def sampled(spent: Counter[str]) -> Iterator[None]:
    """Within it this thread's seconds of CPU are added up by part, and those of all others, which are the codecs'.

    The signal of a timer waits for the end of a call into C, so a look has all seconds since the one before.
    """
    last = time.thread_time(), time.process_time()

    def look(_: int, frame: FrameType | None) -> None:
        nonlocal last
        now = time.thread_time(), time.process_time()
        own, whole = (after - before for after, before in zip(now, last, strict=True))
        spent[part_of(frame)] += own  # type: ignore[assignment]
        spent["codecs"] += max(0.0, whole - own)  # type: ignore[assignment]
        last = now

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        look(0, None)
        signal.signal(signal.SIGPROF, before)


def measured(study: Parameters) -> dict[str, float]:
    """The core seconds of a study's only unit by part, of each image; that of "once" are of the unit."""
    spent: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        study = replace(study, results=folder)
        with (
            mock.patch.object(units, "load_model", cheap),
            mock.patch.object(computing, "load_model", cheap),
            sampled(spent),
        ):
            (unit,) = units.plan(study)
            report = computing.compute(study, unit)
    if report.failures:
        raise RuntimeError("\n".join(report.failures))
    return {part: seconds / (1 if part == "once" else unit.count) for part, seconds in spent.items()}


def chosen() -> Parameters:
    """The study whose unit is measured."""
    images = {"task": "photographs", "images": PHOTOGRAPHS, "shard": PHOTOGRAPHS}
    return read(STUDY, **images, models=[NETWORK], device="cpu", threads=1, scheduler="")


def serve() -> None:
    """Measure the unit once for each line that comes in, and answer with a line of JSON."""
    study = chosen()
    for _ in sys.stdin:
        print(json.dumps(measured(study)), flush=True)


class Library:
    """A process that measures the unit with the library of a folder, whenever it is asked."""

    def __init__(self, folder: Path) -> None:
        path = os.pathsep.join([str(folder), os.getcwd()])
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from bench.unit import serve; serve()"],
            env=os.environ | {"PYTHONPATH": path, **environment(1)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self) -> dict[str, float]:
        """One measurement."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def taking_turns(libraries: dict[str, Path]) -> dict[str, list[dict[str, float]]]:
    """The measurements of each library, round by round; one round before them is not counted."""
    asked = {name: Library(folder) for name, folder in libraries.items()}
    try:
        rounds = [{name: each.ask() for name, each in asked.items()} for _ in range(ROUNDS + 1)]
    finally:
        for each in asked.values():
            each.process.communicate()
    return {name: [one[name] for one in rounds[1:]] for name in libraries}


def run(device: str) -> list[dict[str, Any]]:
    """A row for each part and for the totals; the unit is measured on the CPU whatever the device."""
    libraries = {"now": Path(igpaths.__file__).parents[1]}
    with library_of(BEFORE) as before:
        libraries = ({"before": before} if before else {}) | libraries
        found = taking_turns(libraries)
    for one in (one for rounds in found.values() for one in rounds):
        parts = {part: seconds for part, seconds in one.items() if part not in APART}
        one["total"] = sum(parts.values())
        one["total without codecs"] = one["total"] - parts.get("codecs", 0)
    names = sorted({part for rounds in found.values() for one in rounds for part in one}, key=_order(found["now"]))
    rows = []
    for part in names:
        seconds = {name: [one.get(part, 0.0) for one in rounds] for name, rounds in found.items()}
        row: dict[str, Any] = {"part": part, "of": "the unit" if part == "once" else "an image"}
        row |= {f"core seconds {name}": statistics.median(each) for name, each in seconds.items()}
        if "before" in seconds and min(seconds["now"]) > 0:
            row |= ratio(seconds, of="before", to="now")
        rows.append(row)
    return rows


def _order(found: list[dict[str, float]]) -> Callable[[str], tuple[bool, float]]:
    """The order of the parts: the largest first, and what is in no total last."""
    return lambda part: (part in APART, -statistics.median(one.get(part, 0.0) for one in found))
