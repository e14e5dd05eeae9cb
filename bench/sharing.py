"""What threads that spin for each other cost beside other work.

Gradients a second of MobileNetV2 with two threads, in a process alone and beside one and two busy ones: as torch is by
default, and as the command lines here start it. The fair share is what the process gets of the cores where each busy
process takes one thread's part.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import Any

from bench.timing import ROUNDS
from igpaths.process import SPINS, WAITING

SECONDS, THREADS, BUSY = 4.0, 2, (0, 1, 2)
SETTINGS = {"as torch is": {}, "as started here": {"GOMP_SPINCOUNT": SPINS}}
LOOP = "while True: pass"


def run(device: str) -> list[dict[str, Any]]:
    """A row for each number of busy processes and each setting; all of a round take turns."""
    rates: dict[tuple[int, str], list[float]] = {(busy, name): [] for busy in BUSY for name in SETTINGS}
    for _ in range(ROUNDS):
        for busy, name in rates:
            rates[busy, name].append(_rate(busy, SETTINGS[name]))
    cores = os.cpu_count() or 1
    rows = []
    for (busy, name), found in rates.items():
        share = min(1.0, cores / (THREADS + busy))
        quiet = rates[0, "as torch is"]
        of_share = [rate / alone / share for rate, alone in zip(found, quiet, strict=True)]
        rows.append(
            {
                "busy processes": busy,
                "threads wait": name,
                "gradients a second": statistics.median(found),
                "of the fair share": statistics.median(of_share),
                "least": min(of_share),
                "most": max(of_share),
                "rounds": ROUNDS,
            }
        )
    return rows


def _rate(busy: int, setting: dict[str, str]) -> float:
    plain = {name: value for name, value in os.environ.items() if name not in WAITING}
    with ExitStack() as stack:
        for _ in range(busy):
            process = stack.enter_context(subprocess.Popen([sys.executable, "-c", LOOP]))
            stack.callback(process.kill)
        command = [sys.executable, "-m", "bench.sharing"]
        return float(subprocess.run(command, env=plain | setting, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    """Print the gradients a second of this process."""
    argparse.ArgumentParser(prog="python -m bench.sharing", description=__doc__).parse_args()
    import torch

    from bench.subjects import subject

    torch.set_num_threads(THREADS)
    case = subject("torchvision/mobilenet_v2", count=16, device="cpu")
    net = case.classifier()
    net.gradients(case.images, case.targets)
    began, count = time.monotonic(), 0
    while time.monotonic() - began < SECONDS:
        net.gradients(case.images, case.targets)
        count += len(case.images)
    print(count / (time.monotonic() - began))


if __name__ == "__main__":
    main()
