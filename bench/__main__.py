"""Benchmarks: each figure is a ratio within one run, written to results/bench/DEVICE/ with the machine's description.

python -m bench                      all of them, on the CPU
python -m bench walk grid            some
python -m bench --device cuda        on a GPU
"""

import argparse
import importlib
import json
import re
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from bench.timing import machine
from igpaths.process import settle
from igstudy.engine.provenance import device_name

NAMES = (
    *("walk", "grid", "information", "metrics", "placed", "precision", "profile", "unit", "cost"),
    *("study", "end_to_end", "scaling", "sharing", "book", "memory"),
    "faults",  # which times nothing: what happens to studies
)
RESULTS = Path("results/bench")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}; all by default")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    about = "a network for the walk beside its own, such as module:networks.mobilenet_v1"
    parser.add_argument("--network", action="append", default=[], help=about)
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in NAMES]:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    folder = RESULTS / re.sub(r"\W+", "-", device_name(options.device).lower()).strip("-")
    folder.mkdir(parents=True, exist_ok=True)
    settle()  # bare loops and peers in this process have the same memory and threads as the library
    failed = []
    for name in options.names or NAMES:
        began = time.monotonic()
        try:
            more = options.network if name == "walk" else ()
            rows = importlib.import_module(f"bench.{name}").run(options.device, *more)
        except Exception:  # a peer that is not there must not stop what needs none
            traceback.print_exc()
            failed.append(name)
            continue
        report = {
            "question": importlib.import_module(f"bench.{name}").__doc__,
            "machine": machine(options.device),
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "minutes": round((time.monotonic() - began) / 60, 1),
            "rows": rows,
        }
        (folder / f"{name}.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"{name}:\n{pd.DataFrame(rows).to_string(index=False)}\n", flush=True)
    if failed:
        sys.exit(f"not measured: {', '.join(failed)}")


if __name__ == "__main__":
    main()
