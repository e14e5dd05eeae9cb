"""The parameters of a study: their names, their types, what is allowed.

A study is described by one flat YAML file in ``params/`` whose keys are the fields of `Parameters`; a chapter's
``parameters`` cell holds some of the same names. Nothing is guessed: an unknown key or a bad value raises
`ParameterError` before anything runs.
"""

import ast
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, asdict, fields
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SkipValidation, model_validator

from igpaths.models import ENVIRONMENT, FORMS, label
from igpaths.process import settle
from igstudy.engine.plain_code import plain_names
from igstudy.engine.plain_yaml import read_yaml
from igstudy.engine.schema import ParameterError, allowed, check_keys, one_of, parse, refusal, schema
from igstudy.tasks import FOLDERS, TASKS

OUTPUTS = ("probability", "logit")
PRECISIONS = ("float64", "float32", "TF32", "bfloat16")
FIVE = ("vgg", "resnet", "densenet", "inception", "mobilenet")
# "slurm:" is what "cluster:" was called while Slurm was the only one
SCHEDULER = r"^(|local:[1-9][0-9]{0,3}|(tcp|tls)://\S+:[0-9]+|(cluster|slurm):.+)$"
BACKGROUNDS = 25  # that scenes of the objects task have
MOST = 2**31 - 1  # which every format that holds a step count can
PRINTED = r"[^\x00-\x1f\x7f]"  # a letter of a name: what steers a terminal is none

Natural = Annotated[
    int, Field(ge=0, le=MOST, strict=True), allowed(f"an integer, at least 0, at most {MOST}", parsed=True)
]
Positive = Annotated[
    int, Field(ge=1, le=MOST, strict=True), allowed(f"an integer, at least 1, at most {MOST}", parsed=True)
]
Backgrounds = Annotated[
    int, Field(ge=1, le=BACKGROUNDS, strict=True), allowed(f"an integer, 1 to {BACKGROUNDS}", parsed=True)
]
Place = Annotated[str, Field(pattern=f"^{PRINTED}*$"), allowed("a folder's path")]
Counts = Annotated[tuple[Positive, ...], Field(min_length=1), allowed("a list of positive integers", parsed=True)]
Names = Annotated[tuple[str, ...], SkipValidation]  # compared with the registries once all else is right


@cache
def registries() -> dict[str, tuple[str, ...]]:
    """The names that a study can choose from; imported only here, so that all else is refused at once."""
    from igstudy.measures import MEASURES
    from igstudy.measures.protocols import PROTOCOLS
    from igstudy.measures.sources import PATHS, RULES
    from igstudy.tasks.networks import NETWORKS

    models = tuple(f"objects/{network}" for network in NETWORKS)
    tables: dict[str, Iterable[str]] = {"paths": PATHS, "rules": RULES, "metrics": MEASURES, "protocols": PROTOCOLS}
    return {key: tuple(names) for key, names in tables.items()} | {"models": models}


@schema
class Parameters:
    """All choices of a study that a reader may change; the defaults are those of ``params/objects.yaml``.

    Numbers and lists may be given as strings that hold YAML ('64', '[8, 16]'), as ``papermill -p`` passes them.

    Attributes
    ----------
    task : "objects", "photographs", "imagenet" or "folder".
    data : folder with photographs (imagenet and folder only); empty: environment variable ``IGPATHS_DATA``.
    models : names, as `igpaths.load_model` understands them.
    images : number of images, at least 1.
    skip : how many images of the seed's order come before the first, so that a study can be run in several parts.
    paths : names of ``igstudy.measures.sources.PATHS``; under "study-a" those of ``OF_STUDY_A`` alone, walked as there.
        None for a study of Split IG alone, whose paths are its protocols' own.
    rules : names of ``igstudy.measures.sources.RULES``, which rank pixels on these paths; the walks of "study-a" and of
        Split IG have rules of their own.
    steps : step counts, increasing, each dividing the last; with "study-a" 2 or more, and the last divides 128.
    output : the score that is explained, "probability" or "logit"; Split IG takes the logit.
    metrics : names of ``igstudy.measures.MEASURES``; what the task cannot know is not measured.
    protocols : "study-a", "study-b", "igpaths" and "pair".
    maps : of how many images, of each network, the maps are kept for figures.
    seed : non-negative.
    backgrounds : on how many different ones the scenes of the objects task lie, 1 to 25; the first edition had 8.
    device : "cpu", "cuda" or "cuda:N"; with more than one worker, "cuda" is one GPU for each.
    precision : "float32", "float64", "TF32" or "bfloat16", as `igpaths.Classifier` understands them.
    batch_size : points in one call of the network, at least 1.
    shard : images in a unit of work, at least 1.
    threads : of one process, at least 1. Like ``batch_size`` and ``shard`` it belongs to the result: rounding depends
        on it, and a guided path on rounding.
    results : the folder of the store; a relative one lies below the project's folder.
    scheduler : empty: in this process; "local:N": N processes; "tcp://…": a running Dask scheduler; "cluster:FILE".

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
    igstudy.engine.schema.ParameterError: images: given 0; allowed: an integer, at least 1, at most 2147483647
    """

    _: KW_ONLY
    task: Annotated[str, one_of(TASKS)] = "objects"
    data: Place = ""
    models: Names = tuple(f"objects/{network}" for network in FIVE)
    images: Positive = 8
    skip: Natural = 0
    paths: Names = ("straight", "blur", "guided")
    rules: Names = ("ig", "idgi")
    steps: Counts = (8, 16, 32, 64, 128)
    output: Annotated[str, one_of(OUTPUTS)] = "probability"
    metrics: Names = (
        *("completeness", "late", "projection", "insertion", "canvases", "information", "entropy", "perturbation"),
        *("compression", "cancellation", "split", "softmax", "texture", "localization", "classes"),
    )
    protocols: Names = ("igpaths", "study-b")
    maps: Natural = 0
    seed: Natural = 0
    backgrounds: Backgrounds = BACKGROUNDS
    device: Annotated[
        str, Field(pattern=r"^(cpu|cuda(:[0-9]{1,3})?)$"), allowed("cpu, cuda or cuda:N", meant={"gpu": "cuda"})
    ] = "cpu"
    precision: Annotated[str, one_of(PRECISIONS)] = "float32"
    batch_size: Positive = 16
    shard: Positive = 8
    threads: Annotated[
        int, Field(ge=1, le=1024, strict=True), allowed("an integer, at least 1, at most 1024", parsed=True)
    ] = 1
    results: Annotated[Place, Field(min_length=1), allowed("a folder's path")] = "_build/results"
    scheduler: Annotated[
        str, Field(pattern=SCHEDULER), allowed("nothing, local:N, tcp://HOST:PORT or cluster:FILE.yaml")
    ] = ""

    @model_validator(mode="after")
    def _check(self) -> "Parameters":
        if list(self.steps) != sorted(set(self.steps)) or any(self.steps[-1] % step for step in self.steps):
            raise refusal("steps", list(self.steps), "increasing step counts, each of which divides the last")
        for key, least in {"models": 1, "paths": 0, "rules": 1, "metrics": 1, "protocols": 1}.items():
            object.__setattr__(self, key, _names(key, getattr(self, key), least))  # frozen from here on
        _check_models(self.models, self.task)
        if "study-a" in self.protocols:
            from igstudy.measures.protocols import POINTS

            if POINTS % self.steps[-1] or self.steps[0] == 1:
                words = f"with study-a, step counts of 2 or more that divide its {POINTS} points"
                raise refusal("steps", list(self.steps), words)
        if self.task in FOLDERS and not (self.folder and os.path.isdir(self.folder)):
            value = self.data or f"{ENVIRONMENT}={os.environ.get(ENVIRONMENT, '')}"
            form = "val/ and synsets.txt" if self.task == "imagenet" else "images"
            raise refusal("data", value, f"an existing folder with {form}, here or in {ENVIRONMENT}")
        return self

    @property
    def folder(self) -> Path | None:
        """The folder of the photographs, ``data`` or else the environment variable ``IGPATHS_DATA``."""
        name = self.data or os.environ.get(ENVIRONMENT)
        return Path(os.path.expanduser(name)) if name else None

    @property
    def store(self) -> Path:
        """The folder of results, the same one from every page and folder of the project."""
        here = Path.cwd()
        root = next((folder for folder in (here, *here.parents) if (folder / "_toc.yml").is_file()), here)
        return root / os.path.expanduser(self.results)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, lists for tuples, as a YAML file holds them."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


DEFAULTS: dict[str, Any] = {each.name: each.default for each in fields(Parameters)}
NAMES = tuple(DEFAULTS)


def read(path: str | Path, given_by: str = "", /, **overrides: Any) -> Parameters:
    """Parameters of the YAML file `path`, with `overrides` on top; what neither names keeps its default.

    ParameterError where the file is missing, empty or not a flat mapping, and for an unknown key or a value that is not
    allowed, under the file's name or, where an override has it, after the words `given_by`, such as "-p".

    Examples
    --------
    >>> from igstudy.engine.parameters import read
    >>> few = read("params/smoke.yaml", images=2)
    >>> few.images, few.steps
    (2, (4, 8))
    """
    path = Path(path)
    if not os.path.isfile(path):
        there = sorted(str(sibling) for sibling in path.parent.glob("*.yaml"))
        raise refusal("parameters file", str(path), "a YAML file; here are " + (", ".join(there) or "none"), there)
    try:
        values = read_yaml(path)
    except (ValueError, OSError) as error:
        raise ParameterError(str(error)) from error
    if not isinstance(values, dict):
        raise refusal(path, values, f"lines 'key: value' with the keys {', '.join(NAMES)}")
    check_names(values, where=str(path))
    check_names(overrides, where=given_by)
    try:
        return Parameters(**(values | overrides))
    except ParameterError as error:
        is_given = str(error).partition(":")[0] in overrides
        raise ParameterError(f"{given_by} {error}".strip() if is_given else f"{path}: {error}") from error


def of_notebook(scope: Mapping[str, Any]) -> Parameters:
    """The parameters of a chapter; `scope` is its `globals()`, which hold the cells that have run.

    Parameters are the names of the parameters cell and of the cell that papermill adds; all other variables and
    imports are the chapter's own. The kernel, which anybody may have started, is settled as the command line's
    processes are.

    Raises
    ------
    ParameterError
        Where one of these two cells names something that is no parameter, or a value is not allowed.
    """
    settle()
    if "In" not in scope:
        raise refusal("of_notebook", "names without 'In', the cells that have run", "the globals() of a notebook")
    return Parameters(**{name: scope[name] for name in _named(scope["In"]) if name in scope})


def _named(cells: Iterable[str]) -> set[str]:
    """The names that the parameters cell and papermill's cell set.

    A kernel is not told which cell has the tag. The parameters cell sets plain values alone, and more parameters than
    any other cell; where such a cell has other names, parameters are most of them, or else it is not the one.
    """
    largest, injected = set[str](), set[str]()
    for source in cells:
        try:
            names = {*plain_names(ast.parse(source).body)}
        except (SyntaxError, ValueError):
            continue
        is_injected = source.startswith("# Parameters\n")  # the comment that papermill writes
        if is_injected or 2 * len(names & {*NAMES}) > len(names):
            check_names(sorted(names), where="papermill's parameters" if is_injected else "parameters cell")
            injected |= names if is_injected else set()
            largest = max(largest, names, key=len)
    return largest | injected


def check_names(names: Iterable[object], *, where: str) -> None:
    """Raise `ParameterError` unless each of `names` is a parameter; `where` says who named it."""
    check_keys(names, NAMES, f"{where}: unknown parameter" if where else "unknown parameter")


def _names(key: str, value: object, least: int) -> tuple[str, ...]:
    """The names of a list, also from text, each once, each one of the registry's; models have forms of their own."""
    names = parse(value)
    if not isinstance(names, list | tuple) or len(names) < least:
        words = "model names" if key == "models" else f"names, any of {', '.join(registries()[key])}"
        raise refusal(key, value, f"a list of {words}")
    for name in names:
        if key != "models" and not _is_known(key, name):
            raise refusal(key, name, ", ".join(registries()[key]), registries()[key])
    if key != "models" and len(set(names)) < len(names):
        raise refusal(key, names, "each name once")
    return tuple(names)


def _is_known(key: str, name: object) -> bool:
    """Whether a registry has the name; the defaults are known without it, for to import one takes seconds."""
    return name in DEFAULTS[key] or name in registries()[key]


def _check_models(names: tuple[str, ...], task: str) -> None:
    file = f"(@{PRINTED}+)?"
    others = (r"installed/\w+", rf"torchvision/\w+:\w+{file}", rf"timm/\w+(\.\w+)?{file}", r"module:\w+(\.\w+)+")
    form = re.compile("|".join(others))
    for name in names:
        if not isinstance(name, str) or not (form.fullmatch(name) or _is_known("models", name)):
            raise refusal("models", name, f"objects/NETWORK, {FORMS}", registries()["models"])
        if not name.startswith("module:") and (task == "objects") != name.startswith("objects/"):
            more = f" ({FORMS})" if task != "objects" else ""
            raise refusal("models", name, f"networks of the task {task}, or the reader's own module{more}")
    if len({label(name) for name in names}) < len(names):
        raise refusal("models", list(names), "networks whose short names differ, for they label the rows of a table")
