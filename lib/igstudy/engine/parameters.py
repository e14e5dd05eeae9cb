"""The parameters of a study: their names, their types, what is allowed.

A study is described by one flat YAML file in ``params/`` whose keys are the fields of `Parameters`; a chapter's
``parameters`` cell holds some of the same names. Nothing is guessed: an unknown key or a bad value raises
`ParameterError` before anything runs.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from igpaths.classifier import OUTPUTS, PRECISIONS
from igpaths.models import ENVIRONMENT, FORMS, label
from igstudy.engine.schema import ParameterError, integer, items, refusal, text
from igstudy.measures import MEASURES
from igstudy.measures.protocols import POINTS, PROTOCOLS, STUDY_A
from igstudy.measures.sources import PATHS
from igstudy.tasks.networks import FIVE, NETWORKS

TASKS = ("objects", "imagenet")
OBJECTS = tuple(f"objects/{network}" for network in NETWORKS)
LEAST = {"images": 1, "maps": 0, "seed": 0, "batch_size": 1, "shard": 1, "threads": 1}
SCHEDULER = r"|local:[1-9]\d*|(tcp|tls)://\S+:\d+|slurm:\S+"
MODEL = re.compile("|".join([*OBJECTS, r"torchvision/\w+:\w+(@\S+)?", r"module:\w+(\.\w+)+"]))
SLOW = ("webp", "sensitivity", "temperature", "qualities", "noise", "rounding", "parting", "taming", "devices")
DEFAULT_METRICS = tuple(name for name in MEASURES if name not in SLOW)


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """All choices of a study that a reader may change; the defaults are those of ``params/objects.yaml``.

    Numbers and lists may be given as strings that hold YAML ('64', '[8, 16]'), as ``papermill -p`` passes them.

    Attributes
    ----------
    task : "objects" or "imagenet".
    data : folder with ``val/`` and ``synsets.txt`` (imagenet only); empty: environment variable ``IGPATHS_DATA``.
    models : names, as `igstudy.tasks.load_model` understands them.
    images : number of images, at least 1.
    paths : names of ``igstudy.measures.sources.PATHS``; under "study-a" those of ``OF_STUDY_A`` alone, walked as there.
        None for a study of Split IG alone, whose paths are its protocols' own.
    steps : step counts, increasing, each dividing the last; with "study-a" 2 or more, and the last divides 128.
    output : the score that is explained, "probability" or "logit"; Split IG takes the logit.
    metrics : names of ``igstudy.measures.MEASURES``; what the task cannot know is not measured.
    protocols : "study-a", "study-b", "igpaths" and "pair".
    maps : of how many images, of each network, the maps are kept for figures.
    seed : non-negative.
    device : "cpu", "cuda" or "cuda:N"; with more than one worker, "cuda" is one GPU for each.
    precision : "float32", "float64", "TF32" or "bfloat16", as `igpaths.Classifier` understands them.
    batch_size : points in one call of the network, at least 1.
    shard : images in a unit of work, at least 1.
    threads : of one process, at least 1. Like ``batch_size`` and ``shard`` it belongs to the result: rounding depends
        on it, and a guided path on rounding.
    results : the folder of the store; a relative one lies below the project's folder.
    scheduler : empty: in this process; "local:N": N processes; "tcp://…": a running Dask scheduler; "slurm:FILE".

    Raises
    ------
    ParameterError
        Where a value is not allowed.

    Examples
    --------
    >>> study.models, study.images, study.steps
    (('objects/resnet',), 2, (4, 8))
    >>> Parameters(images="12").images  # as a command line passes it
    12
    >>> Parameters(images=0)
    Traceback (most recent call last):
        ...
    igstudy.engine.schema.ParameterError: images: given 0; allowed: an integer, at least 1
    """

    task: str = "objects"
    data: str = ""
    models: tuple[str, ...] = tuple(f"objects/{network}" for network in FIVE)
    images: int = 8
    paths: tuple[str, ...] = ("straight", "blur", "guided")
    steps: tuple[int, ...] = (8, 16, 32, 64, 128)
    output: str = "probability"
    metrics: tuple[str, ...] = DEFAULT_METRICS
    protocols: tuple[str, ...] = ("igpaths", "study-b")
    maps: int = 0
    seed: int = 0
    device: str = "cpu"
    precision: str = "float32"
    batch_size: int = 16
    shard: int = 8
    threads: int = 1
    results: str = "_build/results"
    scheduler: str = ""

    def __post_init__(self) -> None:
        text("task", self.task, "|".join(TASKS), " or ".join(TASKS), TASKS)
        text("data", self.data, ".*", "a folder's path")
        text("output", self.output, "|".join(OUTPUTS), " or ".join(OUTPUTS), OUTPUTS)
        text("device", self.device, r"cpu|cuda(:\d+)?", "cpu, cuda or cuda:N", ("cpu", "cuda"))
        text("precision", self.precision, "|".join(PRECISIONS), f"one of {', '.join(PRECISIONS)}", PRECISIONS)
        text("results", self.results, ".+", "a folder's path")
        text("scheduler", self.scheduler, SCHEDULER, "nothing, local:N, tcp://HOST:PORT or slurm:FILE.yaml")
        steps = [integer("steps", step, 1) for step in items("steps", self.steps, "positive integers")]
        if steps != sorted(set(steps)) or any(steps[-1] % step for step in steps):
            raise refusal("steps", steps, "increasing step counts, each of which divides the last")
        values: dict[str, object] = {key: integer(key, getattr(self, key), least) for key, least in LEAST.items()}
        values |= {"steps": tuple(steps)}
        values |= {"models": tuple(_model(name, self.task) for name in items("models", self.models, "model names"))}
        models = [str(name) for name in values["models"]]  # type: ignore[attr-defined]
        if len({label(name) for name in models}) < len(models):
            raise refusal("models", models, "networks whose short names differ, for they label the rows of a table")
        for key, allowed, least in (("paths", PATHS, 0), ("metrics", MEASURES, 1), ("protocols", PROTOCOLS, 1)):
            values |= {key: _names(key, getattr(self, key), tuple(allowed), least)}
        for key, value in values.items():
            object.__setattr__(self, key, value)  # frozen from here on
        if STUDY_A.name in self.protocols and (POINTS % steps[-1] or steps[0] == 1):
            raise refusal("steps", steps, f"with study-a, step counts of 2 or more that divide its {POINTS} points")
        if self.task == "imagenet" and not (self.folder and self.folder.is_dir()):
            given = self.data or f"{ENVIRONMENT}={os.environ.get(ENVIRONMENT, '')}"
            raise refusal("data", given, f"an existing folder with val/ and synsets.txt, here or in {ENVIRONMENT}")

    @property
    def folder(self) -> Path | None:
        """The folder of the photographs, ``data`` or else the environment variable ``IGPATHS_DATA``."""
        given = self.data or os.environ.get(ENVIRONMENT)
        return Path(given).expanduser() if given else None

    @property
    def store(self) -> Path:
        """The folder of results, the same one from every page and folder of the project."""
        here = Path.cwd()
        root = next((folder for folder in (here, *here.parents) if (folder / "_toc.yml").is_file()), here)
        return root / Path(self.results).expanduser()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, lists for tuples, as a YAML file holds them."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


NAMES = tuple(field.name for field in fields(Parameters))


def read(path: str | Path, /, **overrides: Any) -> Parameters:
    """Parameters of the YAML file `path`, with `overrides` on top; what neither names keeps its default.

    Raises
    ------
    ParameterError
        Where the file is missing, empty, not a flat mapping, or names an unknown key or a value that is not allowed.

    Examples
    --------
    >>> from igstudy.engine.parameters import read
    >>> few = read("params/smoke.yaml", images=2)
    >>> few.images, few.steps
    (2, (4, 8))
    """
    path = Path(path)
    if not path.is_file():
        there = sorted(str(sibling) for sibling in path.parent.glob("*.yaml"))
        raise refusal("parameters file", str(path), "a YAML file; here are " + (", ".join(there) or "none"), there)
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ParameterError(f"{path}: not YAML: {error}") from error
    if not isinstance(given, dict):
        raise refusal(path, given, f"lines 'key: value' with the keys {', '.join(NAMES)}")
    given |= overrides
    check_names(given, where=str(path))
    try:
        return Parameters(**given)
    except ParameterError as error:
        raise ParameterError(f"{path}: {error}") from error


def of_notebook(scope: Mapping[str, Any]) -> Parameters:
    """The parameters that a chapter's first cells have set; `scope` is its `globals()`.

    Papermill sets any name that it is given, so plain data under a name that is no parameter is refused.
    """
    shown = {name: value for name, value in scope.items() if not name.startswith("_") and name not in ("In", "Out")}
    plain = {name for name, value in shown.items() if isinstance(value, str | int | float | list | dict)}
    check_names(sorted(plain), where="parameters cell")
    return Parameters(**{name: shown[name] for name in plain})


def check_names(names: Iterable[object], *, where: str) -> None:
    """Raise `ParameterError` unless each of `names` is a parameter; `where` says who named it."""
    for name in names:
        if name not in NAMES:
            raise refusal(f"{where}: unknown parameter", name, ", ".join(NAMES), NAMES)


def _names(key: str, value: object, allowed: Sequence[str], least: int) -> tuple[str, ...]:
    names = items(key, value, f"names, any of {', '.join(allowed)}", least=least)
    for name in names:
        if name not in allowed:
            raise refusal(key, name, ", ".join(allowed), allowed)
    if len(set(names)) < len(names):
        raise refusal(key, names, "each name once")
    return tuple(map(str, names))


def _model(name: object, task: object) -> str:
    if not isinstance(name, str) or not MODEL.fullmatch(name):
        raise refusal("models", name, FORMS, OBJECTS)
    kind = re.split("[/:]", name)[0]
    if {"objects": "objects", "torchvision": "imagenet"}.get(kind, task) != task:
        raise refusal("models", name, f"networks of the task {task}, or the reader's own module")
    return name
