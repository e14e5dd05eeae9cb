"""The parameters of a study: their names, their types, what is allowed.

A study is described by one flat YAML file in ``params/`` whose keys are the fields of `Parameters`; a chapter's
``parameters`` cell holds some of the same names. Nothing is guessed: an unknown key or a bad value raises
`ParameterError` before anything runs.
"""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from igpaths.tasks.imagenet import ENVIRONMENT
from igpaths.tasks.models import FORMS
from igpaths.tasks.networks import NETWORKS

TASKS = ("objects", "imagenet")
OBJECTS = tuple(f"objects/{network}" for network in NETWORKS)
LEAST = {"images": 1, "seed": 0, "batch_size": 1}
MODEL = re.compile("|".join([*OBJECTS, r"torchvision/\w+:\w+(@\S+)?", r"module:\w+(\.\w+)+"]))


class ParameterError(ValueError):
    """A parameter that does not exist, or a value that it cannot take."""


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """All choices of a study that a reader may change; the defaults are those of ``params/objects.yaml``.

    Numbers and lists may be given as strings that hold YAML ('64', '[8, 16]'), as ``papermill -p`` passes them.

    Attributes
    ----------
    task : "objects" or "imagenet".
    data : folder with ``val/`` and ``synsets.txt`` (imagenet only); empty: environment variable ``IGPATHS_DATA``.
    models : names, as `igpaths.tasks.models` understands them.
    images : number of images, at least 1.
    steps : step counts, increasing, each dividing the last.
    seed : non-negative.
    device : "cpu", "cuda" or "cuda:N".
    batch_size : images in a batch, at least 1.

    Raises
    ------
    ParameterError
        Where a value is not allowed.
    """

    task: str = "objects"
    data: str = ""
    models: tuple[str, ...] = OBJECTS
    images: int = 24
    steps: tuple[int, ...] = (8, 16, 32, 64, 128)
    seed: int = 0
    device: str = "cpu"
    batch_size: int = 16

    def __post_init__(self) -> None:
        _text("task", self.task, "|".join(TASKS), " or ".join(TASKS), TASKS)
        _text("data", self.data, ".*", "a folder's path")
        _text("device", self.device, r"cpu|cuda(:\d+)?", "cpu, cuda or cuda:N", ("cpu", "cuda"))
        steps = [_integer("steps", step, 1) for step in _items("steps", self.steps, "positive integers")]
        if steps != sorted(set(steps)) or any(steps[-1] % step for step in steps):
            raise _refusal("steps", steps, "increasing step counts, each of which divides the last")
        models = [_model(name, self.task) for name in _items("models", self.models, "model names")]
        numbers = {key: _integer(key, getattr(self, key), least) for key, least in LEAST.items()}
        for key, value in (numbers | {"steps": tuple(steps), "models": tuple(models)}).items():
            object.__setattr__(self, key, value)  # frozen from here on
        if self.task == "imagenet" and not (self.folder and self.folder.is_dir()):
            given = self.data or f"{ENVIRONMENT}={os.environ.get(ENVIRONMENT, '')}"
            raise _refusal("data", given, f"an existing folder with val/ and synsets.txt, here or in {ENVIRONMENT}")

    @property
    def folder(self) -> Path | None:
        """Where the photographs are: `data`, or else the environment variable ``IGPATHS_DATA``."""
        given = self.data or os.environ.get(ENVIRONMENT)
        return Path(given).expanduser() if given else None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, lists for tuples, as a YAML file holds them."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


NAMES = tuple(field.name for field in fields(Parameters))


def read(path: str | Path, **overrides: Any) -> Parameters:
    """Parameters of the YAML file `path`, with `overrides` on top; what neither names keeps its default.

    Raises
    ------
    ParameterError
        Where the file is missing, empty, not a flat mapping, or names an unknown key or a value that is not allowed.
    """
    path = Path(path)
    if not path.is_file():
        there = sorted(str(sibling) for sibling in path.parent.glob("*.yaml"))
        raise _refusal("parameters file", str(path), "a YAML file; here are " + (", ".join(there) or "none"), there)
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ParameterError(f"{path}: not YAML: {error}") from error
    if not isinstance(given, dict):
        raise _refusal(path, given, f"lines 'key: value' with the keys {', '.join(NAMES)}")
    given |= overrides
    check_names(given, where=str(path))
    try:
        return Parameters(**given)
    except ParameterError as error:
        raise ParameterError(f"{path}: {error}") from error


def check_names(names: Iterable[object], *, where: str) -> None:
    """Raise `ParameterError` unless each of `names` is a parameter; `where` says who named it."""
    for name in names:
        if name not in NAMES:
            raise _refusal(f"{where}: unknown parameter", name, ", ".join(NAMES), NAMES)


def _refusal(key: object, given: object, allowed: str, choices: Sequence[str] = ()) -> ParameterError:
    close = get_close_matches(str(given), choices, n=1, cutoff=0.5)
    return ParameterError(f"{key}: given {given!r}; allowed: {allowed}" + (f"; nearest: {close[0]}" if close else ""))


def _understood(value: object) -> object:
    """What a string from the command line holds; other values as they are."""
    try:
        return yaml.safe_load(value) if isinstance(value, str) else value
    except yaml.YAMLError:
        return value


def _integer(key: str, value: object, least: int) -> int:
    number = _understood(value)
    if not isinstance(number, int) or isinstance(number, bool) or number < least:
        raise _refusal(key, value, f"an integer, at least {least}")
    return number


def _items(key: str, value: object, what: str) -> list[object]:
    items = _understood(value)
    if not isinstance(items, list | tuple) or not items:
        raise _refusal(key, value, f"a list of {what}")
    return list(items)


def _model(name: object, task: object) -> str:
    if not isinstance(name, str) or not MODEL.fullmatch(name):
        raise _refusal("models", name, FORMS, OBJECTS)
    kind = re.split("[/:]", name)[0]
    if {"objects": "objects", "torchvision": "imagenet"}.get(kind, task) != task:
        raise _refusal("models", name, f"networks of the task {task}, or the reader's own module")
    return name


def _text(key: str, value: object, pattern: str, allowed: str, choices: Sequence[str] = ()) -> None:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise _refusal(key, value, allowed, choices)
