"""What a result depends on beside the code that is read: commit, versions, device, precision, parameters, time.

Every stored result carries `provenance`, and every chapter ends with its `footer`.
"""

import platform
import re
import subprocess
import time
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import PIL.features

from igpaths.texts import amount
from igstudy.engine.parameters import Parameters

PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "scipy",
    "pandas",
    "pillow",
    "scikit-image",
    "matplotlib",
    "timm",
    "captum",
)
OPTIONAL = ("timm", "captum")  # of these, what may be missing
_started = time.monotonic()


def mark_start() -> None:
    """Count the time of a `footer` from here, where it would be counted from the import of the library."""
    global _started
    _started = time.monotonic()


def versions() -> dict[str, str]:
    """Versions of Python, of the packages that results depend on, and of the codecs inside Pillow."""
    packages = {package: version(package) for package in PACKAGES if package not in OPTIONAL or find_spec(package)}
    codecs = {codec: str(PIL.features.version(codec)) for codec in ("jpg", "webp", "zlib")}
    return {"python": platform.python_version(), **packages, **codecs}


def commit() -> str:
    """The library's commit, marked where tracked files differ from it; "unknown" outside a git checkout of its own.

    Published results do not count: a run that writes them is not changed by them.
    """
    try:
        _git("ls-files", "--error-unmatch", "--", Path(__file__).name)  # a reader's own may hold what pip installed
        head = _git("rev-parse", "--short=12", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":(top,exclude)results")
        return head + (" with changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def device_name(device: str) -> str:
    """The GPU's name, or the CPU's architecture and vector instructions, which decide its rounding."""
    import torch  # which a page whose outputs are there does not need

    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"


def provenance(parameters: Parameters) -> dict[str, Any]:
    """All of it, as plain values that JSON can hold."""
    import torch

    return {
        "parameters": parameters.as_dict(),
        "commit": commit(),
        "versions": versions(),
        "device": device_name(parameters.device),
        "threads": torch.get_num_threads(),
        "precision": parameters.precision,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def footer(parameters: Parameters, *, started: float | None = None) -> Any:
    """The folded table at a chapter's end, as Markdown that a notebook shows.

    `started` is a `time.monotonic`, by default when the library was imported or `mark_start` was called.
    """
    from IPython.display import Markdown

    facts = provenance(parameters)
    rows = {name: _listed(facts[name]) for name in ("parameters", "commit", "versions", "device", "precision")}
    rows["device"] += f", {amount(facts['threads'], 'thread')}"
    rows["computed"] = f"{facts['date']}, in {time.monotonic() - (_started if started is None else started):.0f} s"
    table = ["| | |", "|---|---|", *(f"| {key} | {text} |" for key, text in rows.items())]
    return Markdown(
        "\n".join([":::{dropdown} How this page was made", ":class-container: provenance", "", *table, ":::"])
    )


def _listed(facts: str | dict[str, Any]) -> str:
    if isinstance(facts, str):
        return facts
    texts = {key: ", ".join(map(str, value)) if isinstance(value, list) else value for key, value in facts.items()}
    return ", ".join(f"{key} {as_code(text)}" for key, text in texts.items() if text != "")


def as_code(value: object) -> str:
    """Any value as code in a cell of a table in Markdown, whatever marks of Markdown or HTML its text has."""
    text = " ".join(str(value).split()).replace("|", r"\|")
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(Path(__file__).parent), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
