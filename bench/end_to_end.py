"""A study from its parameters to its rows: units a minute, and how busy the device is meanwhile.

The study has the walks and some of the metrics of params/photographs.yaml, and its published MobileNetV2 where
IGPATHS_DATA names a folder with it and its photographs. Without such a folder the network has random weights, which
cost the same, and the photographs are crops of those that packages ship. A GPU's utilisation is what nvidia-smi says
twice a second, a CPU's the process's seconds of CPU over those of its cores.
"""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import torch
import torchvision
from safetensors.torch import save_file

from igstudy.engine.parameters import Parameters, read
from igstudy.engine.runs import run as run_study
from igstudy.tasks.photographs import shipped

STUDY = Path("params/photographs.yaml")
METRICS = ["completeness", "insertion", "information", "entropy", "compression"]
COUNT, LEAST_SIDE = {"cpu": 2, "cuda": 64}, 256
QUERY = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "--loop-ms=500"]


def crops(folder: Path, count: int) -> Path:
    """A folder of `count` photographs without labels: crops of the shipped ones, which a seed chooses."""
    folder.mkdir()
    photographs, random = [each.open() for each in shipped().photographs], np.random.default_rng(0)
    for number in range(count):
        photograph = photographs[number % len(photographs)]
        side = int(random.integers(min(LEAST_SIDE, *photograph.size), min(photograph.size) + 1))
        left, upper = (int(random.integers(whole - side + 1)) for whole in photograph.size)
        photograph.crop((left, upper, left + side, upper + side)).save(folder / f"{number:03d}.png")
    return folder


def chosen(device: str, folder: Path) -> tuple[str, Parameters]:
    """What the weights are, and the study."""
    count, threads = COUNT[device], os.cpu_count() or 1
    changes: dict[str, Any] = {
        "metrics": METRICS,
        "protocols": ["igpaths", "study-a"],
        "images": count,
        "shard": max(1, count // 4),
        "device": device,
        "batch_size": 64 if device == "cuda" else 16,
        "threads": threads if device == "cuda" else 1,
        "scheduler": "",
        "results": str(folder / "results"),
    }
    data = os.environ.get("IGPATHS_DATA", "")
    if data and (Path(data) / "weights/mobilenet_v2.pt").is_file():
        study = read(STUDY, **changes)
        return "trained", replace(study, models=study.models[:1])
    torch.manual_seed(0)
    weights = folder / "mobilenet_v2.safetensors"
    save_file(torchvision.models.mobilenet_v2(weights=None).state_dict(), weights)
    changes |= {"task": "folder", "data": str(crops(folder / "photographs", count))}
    return "random", read(STUDY, **changes, models=[f"torchvision/mobilenet_v2:IMAGENET1K_V1@{weights}"])


@contextmanager
def watched(device: str, busy: list[float]) -> Iterator[None]:
    """Within it the device's utilisation is looked at; in per cent, none where nothing tells it."""
    if device == "cpu":
        began, used = time.monotonic(), time.process_time()
        yield
        cores = torch.get_num_threads()
        busy.append(100 * (time.process_time() - used) / (time.monotonic() - began) / cores)
        return
    try:
        process = subprocess.Popen(QUERY, stdout=subprocess.PIPE, text=True)
    except FileNotFoundError:
        yield
        return
    try:
        yield
    finally:
        process.terminate()
        busy += [float(line) for line in process.communicate()[0].splitlines() if re.fullmatch(r"\s*\d+\s*", line)]


def run(device: str) -> list[dict[str, Any]]:
    """One row."""
    with tempfile.TemporaryDirectory() as folder:
        weights, study = chosen(device, Path(folder))
        # The first unit of a process also loads libraries and tries out algorithms
        run_study(replace(study, images=1, shard=1, metrics=("completeness",), results=str(Path(folder) / "first")))
        busy: list[float] = []
        began = time.monotonic()
        with watched(device, busy):
            done = run_study(study)
        minutes = (time.monotonic() - began) / 60
    if done.failures:
        raise RuntimeError("\n".join(done.failures))
    return [
        {
            "network": "mobilenet_v2",
            "weights": weights,
            "photographs": study.images,
            "units": done.units,
            "minutes": minutes,
            "units a minute": done.units / minutes,
            "evaluations/s": done.evaluations / minutes / 60,
            "utilisation, %": mean(busy) if busy else None,
            "threads": study.threads,
        }
    ]
