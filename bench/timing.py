"""Ratios of times: contestants that take turns in one process, so that whatever else the machine does meets them all.

A time alone says little on another machine, and little on the same one an hour later; a ratio of two that took turns
says much on both. Nothing is reported of fewer than five turns.
"""

import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

ROUNDS = 5

Seconds = dict[str, list[float]]


def interleaved(contestants: Mapping[str, Callable[[], Any]], *, rounds: int = ROUNDS) -> Seconds:
    """The seconds of each contestant in each round; one round before them is not counted."""
    seconds: Seconds = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, contestant in contestants.items():
            spent = elapsed(contestant)
            if number:
                seconds[name].append(spent)
    return seconds


def elapsed(work: Callable[[], Any]) -> float:
    """The seconds that some work takes, its device's part included."""
    _synchronise()
    began = time.perf_counter()
    work()
    _synchronise()
    return time.perf_counter() - began


def ratio(seconds: Seconds, of: str, to: str) -> dict[str, float]:
    """The time of one contestant relative to another's: the median over rounds, the least and the most."""
    ratios = [a / b for a, b in zip(seconds[of], seconds[to], strict=True)]
    return {"ratio": statistics.median(ratios), "least": min(ratios), "most": max(ratios), "rounds": len(ratios)}


def median(seconds: Seconds, name: str) -> float:
    """The median of a contestant's seconds."""
    return statistics.median(seconds[name])


@contextmanager
def library_of(commit: str) -> Iterator[Path | None]:
    """The folder of an earlier commit's library; None, with the reason on stderr, where the commit is not there."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", commit, "lib"], capture_output=True, check=False)
        if archive.returncode:
            print(f"without the commit {commit}: {archive.stderr.decode().strip()}", file=sys.stderr)
            yield None
        else:
            subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
            yield Path(folder) / "lib"


def machine(device: str) -> dict[str, Any]:
    """What was measured on, and with what."""
    # Here, since `bench.profile` also times libraries that the study does not go with.
    from igstudy.engine.provenance import commit, device_name, versions

    return {
        "device": device_name(device),
        "processor": _processor(),
        "cores": torch.get_num_threads(),
        "versions": versions(),
        "commit": commit(),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _synchronise() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
