"""The schema of parameters: what is understood, and what is refused with which words."""

from contextlib import suppress
from pathlib import Path

import pytest

from igstudy.engine.parameters import DEFAULTS, Parameters, check_names, of_notebook, read, registries
from igstudy.engine.schema import ParameterError
from igstudy.engine.units import parts

PARAMS = Path(__file__).parents[3] / "params"


def write(folder, text):
    path = folder / "study.yaml"
    path.write_text(text)
    return path


def test_defaults_are_those_of_objects_yaml():
    assert read(PARAMS / "objects.yaml") == Parameters()


def test_the_registries_have_all_defaults():
    assert all({*DEFAULTS[key]} <= {*names} for key, names in registries().items())


@pytest.mark.parametrize("path", sorted(PARAMS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_file_is_valid(path, tmp_path, monkeypatch):
    monkeypatch.setenv("IGPATHS_DATA", str(tmp_path))
    assert read(path).models


def test_strings_that_hold_yaml_are_understood():
    given = Parameters(images="32", steps="[8, 16]", models="[objects/vgg, module:own.network]")
    assert given == Parameters(images=32, steps=(8, 16), models=("objects/vgg", "module:own.network"))


def test_overrides_win_over_the_file(tmp_path):
    assert read(write(tmp_path, "images: 8\nseed: 3\n"), images="2") == Parameters(images=2, seed=3)


def test_a_refusal_says_whether_the_file_or_an_override_has_the_value(tmp_path):
    path = write(tmp_path, "images: 0\nsteps: [8, 16, 256]\n")
    with pytest.raises(ParameterError, match=rf"^{path}: images: given 0; allowed: "):
        read(path, "-p", seed=1)
    with pytest.raises(ParameterError, match=r"^-p seed: given -1; allowed: "):
        read(path, "-p", seed=-1, images=3)
    with pytest.raises(ParameterError, match=r"^seed: given -1; allowed: "):
        read(path, seed=-1, images=3)
    with pytest.raises(ParameterError, match=rf"^{path}: steps: given .*; allowed: with study-a"):
        read(path, "-p", images=3, protocols="[study-a]")
    for name in ("imags", "given_by", "path"):
        with pytest.raises(ParameterError, match=rf"^-p: unknown parameter: given '{name}'"):
            read(path, "-p", **{name: 1})


def test_as_dict_is_what_a_file_holds():
    given = Parameters(steps=(4, 8))
    assert given.as_dict()["steps"] == [4, 8]
    assert Parameters(**given.as_dict()) == given


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("images", 0, "images: given 0; allowed: an integer, at least 1"),
        ("images", True, "images: given True; allowed: an integer, at least 1"),
        ("images", "many", "images: given 'many'; allowed: an integer, at least 1"),
        ("images", 2.5, "images: given 2.5; allowed: an integer, at least 1"),
        ("batch_size", -1, "batch_size: given -1; allowed: an integer, at least 1"),
        ("seed", -1, "seed: given -1; allowed: an integer, at least 0"),
        ("steps", [8, 0], "steps: given 0; allowed: an integer, at least 1"),
        ("steps", [8, 12], "steps: given [8, 12]; allowed: increasing step counts, each of which divides the last"),
        ("steps", [16, 8], "steps: given [16, 8]; allowed: increasing"),
        ("steps", [8, 8], "steps: given [8, 8]; allowed: increasing"),
        ("steps", [], "steps: given []; allowed: a list of positive integers"),
        ("steps", "8 16", "steps: given '8 16'; allowed: a list of positive integers"),
        (
            "task",
            "imagent",
            "task: given 'imagent'; allowed: objects, photographs, imagenet, folder; nearest: imagenet",
        ),
        ("device", "gpu", "device: given 'gpu'; allowed: cpu, cuda or cuda:N; nearest: cuda"),
        ("precision", "tf32", "precision: given 'tf32'; allowed: float64, float32, TF32, bfloat16"),
        ("data", 3, "data: given 3; allowed: a folder's path"),
        ("output", "logits", "output: given 'logits'; allowed: probability or logit; nearest: logit"),
        ("paths", ["strait"], "paths: given 'strait'; allowed: straight, guided, blur, blur-placed, straight-grey"),
        ("paths", ["strait"], "nearest: straight"),
        ("paths", "straight", "paths: given 'straight'; allowed: a list of names, any of straight"),
        ("paths", ["blur", "blur"], "paths: given ['blur', 'blur']; allowed: each name once"),
        ("metrics", ["insertoin"], "nearest: insertion"),
        ("metrics", [], "metrics: given []; allowed: a list of names"),
        ("protocols", ["study-c"], "protocols: given 'study-c'; allowed: study-a, study-b, igpaths, pair; nearest"),
        ("maps", -1, "maps: given -1; allowed: an integer, at least 0"),
        ("shard", 0, "shard: given 0; allowed: an integer, at least 1"),
        ("threads", "all", "threads: given 'all'; allowed: an integer, at least 1"),
        ("results", "", "results: given ''; allowed: a folder's path"),
        ("scheduler", "local", "scheduler: given 'local'; allowed: "),
        ("scheduler", "local:0", "scheduler: given 'local:0'; allowed: "),
        ("models", "objects/vgg", "models: given 'objects/vgg'; allowed: a list of model names"),
        ("models", ["objects/resnt"], "nearest: objects/resnet"),
        ("models", ["resnet50"], "models: given 'resnet50'; allowed: objects/NETWORK, installed/NETWORK, torchvision/"),
        ("models", ["torchvision/resnet50"], "models: given 'torchvision/resnet50'; allowed:"),
        ("models", ["torchvision/vgg16:IMAGENET1K_V1"], "allowed: networks of the task objects, or the reader's own"),
        ("models", ["module:mine.network", "module:yours.network"], "networks whose short names differ"),
        ("models", [3], "models: given 3; allowed:"),
    ],
)
def test_bad_values_name_the_key_what_was_given_and_what_is_allowed(key, value, message):
    with pytest.raises(ParameterError) as caught:
        Parameters(**{key: value})
    assert message in str(caught.value)


def test_a_study_of_split_ig_alone_has_no_paths():
    assert Parameters(paths=[]).paths == Parameters(paths="[]").paths == ()
    only = Parameters(paths=(), metrics=("sensitivity",))
    assert {part.name for part in parts(only)} == {
        "split-mean-200.sensitivity.igpaths",
        "split-mean-200.sensitivity.study-b",
        "split-black-200.sensitivity.igpaths",
    }


@pytest.mark.parametrize("steps", [(1, 8), (8, 200), (8, 24)])
def test_the_steps_of_study_a_share_its_points(steps):
    message = "allowed: with study-a, step counts of 2 or more that divide its 128 points"
    with pytest.raises(ParameterError, match=message):
        Parameters(steps=steps, protocols=("igpaths", "study-a"))
    assert Parameters(steps=steps, protocols=("igpaths",)).steps == steps
    assert Parameters(steps=(2, 32), protocols="[study-a]").protocols == ("study-a",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("imags: 3\n", "unknown parameter: given 'imags'; allowed: task, data, models"),
        ("imags: 3\n", "nearest: images"),
        ("images: {first: 3}\n", "images: given {'first': 3}; allowed: an integer"),
        ("", "given None; allowed: lines 'key: value' with the keys task, data"),
        ("- images\n", "given ['images']; allowed: lines 'key: value'"),
        ("images: [3\n", "not YAML"),
    ],
)
def test_bad_files_are_named_with_the_reason(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(ParameterError) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_missing_file_names_those_that_are_there():
    with pytest.raises(ParameterError, match="allowed: a YAML file; here are .*nearest: .*objects.yaml"):
        read(PARAMS / "object.yaml")


def cells(*sources, **more):
    """The globals of a notebook that has run these cells."""
    scope = {"In": ["", *sources], **more}
    for source in sources:
        exec(source, scope)
    return scope


class TestNotebook:
    CELL = 'task = "objects"\nimages = 12\nsteps = [4, 8]'

    def test_the_parameters_cell_and_what_papermill_injects(self):
        injected = '# Parameters\nimages = "3"\nthreads = 2\n'
        assert of_notebook(cells(self.CELL)) == Parameters(images=12, steps=(4, 8))
        assert of_notebook(cells(self.CELL, injected)) == Parameters(images=3, steps=(4, 8), threads=2)
        assert of_notebook(cells("images = 5")) == Parameters(images=5)
        assert of_notebook(cells(self.CELL, "images = 2")) == Parameters(images=2, steps=(4, 8))  # by hand, in Jupyter

    @pytest.mark.parametrize(
        "own",
        [
            "x = 3",
            "seed, x = 3, 'a'",
            "paths = 3",
            "maps = {}",
            "from math import e",
            "import math as output",
            "1 +",
            "%%x",
        ],
    )
    def test_what_another_cell_sets_is_the_chapters_own(self, own):
        scope = cells(self.CELL)
        with suppress(SyntaxError):
            exec(own, scope)
        for sources in ((self.CELL, own), (own, self.CELL)):
            assert of_notebook(scope | {"In": ["", *sources]}) == Parameters(images=12, steps=(4, 8))

    @pytest.mark.parametrize(
        "sources",
        [(f"{CELL}\nimags = 3",), (CELL, f"{CELL}\nimags = 3"), (CELL, "# Parameters\nimags = 3\n")],
        ids=["tagged", "run again", "injected"],
    )
    def test_a_name_that_is_no_parameter_is_refused(self, sources):
        where = "papermill's parameters" if sources[-1].startswith("#") else "parameters cell"
        with pytest.raises(ParameterError, match=f"^{where}: unknown parameter: given 'imags'.*nearest: images"):
            of_notebook(cells(*sources))

    def test_names_without_cells_are_no_notebook(self):
        with pytest.raises(ParameterError, match="of_notebook: given .*; allowed: the globals\\(\\) of a notebook"):
            of_notebook({"images": 3})


def test_the_store_is_the_same_from_every_folder_of_a_project(tmp_path, monkeypatch):
    (tmp_path / "book").mkdir()
    (tmp_path / "_toc.yml").touch()
    for folder in (tmp_path, tmp_path / "book"):
        monkeypatch.chdir(folder)
        assert Parameters().store == tmp_path / "_build" / "results"
    assert Parameters(results="/elsewhere").store == Path("/elsewhere")


def test_names_say_who_gave_them():
    with pytest.raises(ParameterError, match="02-idgi: unknown parameter: given 'stesp'.*nearest: steps"):
        check_names(["images", "stesp"], where="02-idgi")


@pytest.mark.parametrize("task", ["photographs", "imagenet", "folder"])
@pytest.mark.parametrize(
    "name",
    [
        "installed/efficientnet_lite0",
        "torchvision/resnet18:IMAGENET1K_V1@my weights/fein-getunt 3.pt",
        "timm/resnet18.a1_in1k",
        "timm/vit_small_patch16_224.augreg_in21k_ft_in1k@my weights/best-1.0.safetensors",
        "timm/resnet18@C:\\nets\\mine.pt",
        "module:mine.inner.network",
    ],
)
def test_models_of_photographs(task, name, tmp_path):
    assert Parameters(task=task, models=[name], data=str(tmp_path)).models == (name,)


@pytest.mark.parametrize("name", ["timm/a.b.c", "timm/resnet-18", "installed/a:B", "mine.pt", "timm/resnet18@"])
def test_models_of_no_form_are_refused_with_every_form(name):
    with pytest.raises(ParameterError, match="allowed: objects/NETWORK, installed/NETWORK, .*timm/NAME.TAG .*@FILE"):
        Parameters(task="photographs", models=[name])


@pytest.mark.parametrize("task", ["photographs", "imagenet", "folder"])
def test_networks_of_scenes_are_refused_for_photographs_with_what_is_allowed(task, tmp_path):
    words = (
        f"models: given 'objects/vgg'; allowed: networks of the task {task}, or .* \\(installed/NETWORK, torchvision/"
    )
    with pytest.raises(ParameterError, match=words):
        Parameters(task=task, data=str(tmp_path))  # whose models are those of the objects task by default


class TestData:
    MODELS = ("torchvision/resnet50:IMAGENET1K_V2",)

    def test_given_folder_wins(self, tmp_path, monkeypatch):
        monkeypatch.setenv("IGPATHS_DATA", "/elsewhere")
        assert Parameters(task="imagenet", models=self.MODELS, data=str(tmp_path)).folder == tmp_path

    def test_environment_serves_when_none_is_given(self, tmp_path, monkeypatch):
        monkeypatch.setenv("IGPATHS_DATA", str(tmp_path))
        assert Parameters(task="imagenet", models=self.MODELS).folder == tmp_path

    def test_neither_is_refused(self, monkeypatch):
        monkeypatch.delenv("IGPATHS_DATA", raising=False)
        with pytest.raises(ParameterError, match="data: given 'IGPATHS_DATA='; allowed: an existing folder"):
            Parameters(task="imagenet", models=self.MODELS)

    def test_missing_folder_is_refused(self, tmp_path):
        with pytest.raises(ParameterError, match="allowed: an existing folder with val/ and synsets.txt"):
            Parameters(task="imagenet", models=self.MODELS, data=str(tmp_path / "nowhere"))
