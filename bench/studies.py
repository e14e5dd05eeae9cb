"""Studies as processes of `python -m igstudy`, and what their stores hold."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from igpaths.models import label, load_model
from igstudy.engine.parameters import Parameters
from igstudy.tasks.images import collection


@dataclass(frozen=True)
class Done:
    """How a process ended, and what it printed."""

    status: int
    text: str
    lines: tuple[str, ...]  # of stderr, without the progress bar

    @property
    def computed(self) -> int:
        found = re.search(r"(\d+) parts computed", self.text)
        return int(found[1]) if found else 0

    @property
    def refused(self) -> bool:
        """Whether it ended with one line that says why."""
        return self.status == 1 and len(self.lines) == 1 and self.lines[0].startswith("error: results: ")


def start(command: str, study: Parameters, *, overlay: Path | None = None, **options: Any) -> "subprocess.Popen[str]":
    """A process of the command line on a study; the `overlay`'s packages go before all others."""
    file = study.store.with_suffix(".yaml")
    file.write_text(json.dumps(study.as_dict()), encoding="utf-8")
    paths = [*([str(overlay)] if overlay else []), *sys.path]
    return subprocess.Popen(
        [sys.executable, "-m", "igstudy", command, str(file)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def finish(process: "subprocess.Popen[str]") -> Done:
    """Wait for a process."""
    text, errors = process.communicate()
    lines = [line for line in re.split(r"[\r\n]+", errors) if line and not re.match(r"unit \d+/|notes: ", line)]
    return Done(process.returncode, text, tuple(lines))


def do(command: str, study: Parameters, **options: Any) -> Done:
    """Run a command to its end."""
    return finish(start(command, study, **options))


def written(study: Parameters) -> dict[str, tuple[int, int]]:
    """Each file of a store with the number and the time that it gets by being written."""
    files = {str(file.relative_to(study.store)): file.stat() for file in study.store.rglob("*.parquet")}
    return {name: (at.st_ino, at.st_mtime_ns) for name, at in files.items()}


def rows(study: Parameters) -> dict[str, bytes]:
    """The bytes of each file of a store, without what follows its rows: the provenance, which has dates."""
    contents = {name: (study.store / name).read_bytes() for name in written(study)}
    return {name: all_of[: -8 - int.from_bytes(all_of[-8:-4], "little")] for name, all_of in contents.items()}


def same(study: Parameters, whole: Parameters) -> bool:
    """Whether two stores have the same rows of the same parts."""
    return rows(study) == rows(whole)


def elsewhere(whole: Parameters, name: str) -> Parameters:
    """The study of an unbroken run, with an empty store beside that one's."""
    return replace(whole, results=str(whole.store.with_name(name)))


def copied(whole: Parameters, name: str) -> Parameters:
    """The study of an unbroken run, with a copy of its store."""
    study = elsewhere(whole, name)
    shutil.copytree(whole.store, study.store)
    return study


def wait_for(process: "subprocess.Popen[str]", study: Parameters, parts: int) -> None:
    """Wait until the store has so many parts, or the process has ended."""
    while process.poll() is None and len(written(study)) < parts:
        time.sleep(0.02)


def workers(process: int) -> list[int]:
    """The processes that a process has spawned to work for it."""
    lists = [file.read_text(encoding="utf-8") for file in Path(f"/proc/{process}/task").glob("*/children")]
    numbers = [int(number) for each in lists for number in each.split()]
    return [n for n in numbers if b"spawn_main" in Path(f"/proc/{n}/cmdline").read_bytes()]


def on_files(whole: Parameters, name: str) -> Parameters:
    """The study with copies of its photographs and of its first two networks' weights, in files that may change."""
    study = elsewhere(whole, name)
    data, models = study.store.with_name(f"{name}-data"), list[str]()
    photographs = collection(study.task, study.data)
    assert photographs
    for photograph in photographs.sample(study.images, seed=study.seed):
        file = data / "val" / photograph.label / f"{photograph.path.stem}.png"
        file.parent.mkdir(parents=True)
        photograph.open().save(file)
    if study.folder and (study.folder / "synsets.txt").exists():
        shutil.copy(study.folder / "synsets.txt", data)
    for model in [each for each in study.models if "@" in each or each.startswith("installed/")][:2]:
        file = data / f"{label(model)}.safetensors"
        save_file(load_model(model, data=study.data).network.state_dict(), file)
        kind = model.partition("@")[0] if "@" in model else f"timm/tf_{label(model)}.in1k"  # of the same layers
        models.append(f"{kind}@{file}")
    task = "folder" if study.task == "photographs" else study.task
    return replace(study, task=task, data=str(data), models=tuple(models))


@contextmanager
def mounted(place: Path, *what: str) -> Iterator[Callable[[str], None]]:
    """A mount, which needs rights, with a function that mounts it again with other options."""
    place.mkdir(exist_ok=True)
    _mount(*what, str(place))
    try:
        yield lambda options: _mount("-o", f"remount,{options}", str(place))
    finally:
        subprocess.run(["umount", place], check=True)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)
