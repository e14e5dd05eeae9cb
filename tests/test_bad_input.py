"""Whatever a person gives at any public door that cannot be meant ends in one line: what was given, what is allowed."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torchvision.transforms.functional import to_pil_image

import hostile
import igpaths as ig
from igpaths import metrics
from igpaths.__main__ import main as library
from igpaths.models.photographs import take_photograph
from igstudy import press
from igstudy.__main__ import main as engine
from igstudy.engine.cluster import read_cluster
from igstudy.engine.parameters import Parameters, read
from igstudy.evidence.results import published
from igstudy.press.pages import chapter
from igstudy.tasks import objects
from igstudy.tasks.folders import read_folder
from strangers import NET, RANKING, STRAIGHT, X
from studies import own_folder

STUDY = (
    "task: objects\nmodels: [objects/mobilenet]\nimages: 2\nsteps: [2]\npaths: [straight]\nmetrics: [completeness]\n"
)
FILES = {
    "study.yaml": STUDY,
    "..yaml": STUDY,
    "...yaml": STUDY,
    "<script>.yaml": STUDY,
    "laughs.yaml": "a: &a [x, x]\nb: &b [*a, *a]\nimages: *b\n",
    "tagged.yaml": "seed: !!python/object/apply:os.mkdir [owned]\n",
    "twice.yaml": "images: 2\nimages: 3\n",
    "deep.yaml": "images: " + "[" * 5000,
    "date.yaml": "seed: 2024-01-01\n",
    "huge.yaml": f"images: 0x{'f' * 6000}\n",
    "list.yaml": "- images\n",
    "empty.yaml": "",
    "two.yaml": "images: 2\n---\nimages: 3\n",
    "_toc.yml": "format: jb-book\nroot: index\n",
    "index.md": "---\njupytext: {}\n---\n",
}


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory):
    """The current folder, with a scene, studies, and much that is not what it seems."""
    here = tmp_path_factory.mktemp("here")
    for name, text in FILES.items():
        (here / name).write_text(text)
    (here / "latin.yaml").write_bytes("# für\n".encode("latin-1"))
    hostile.photographs(here)
    hostile.weights(here)
    own_folder(here / "own", "csv")
    (here / "escapes").mkdir()
    (here / "escapes" / "labels.csv").write_text("file,label\n../scene.png,a\n")
    to_pil_image(objects.scene(2).image).save(here / "scene.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        patch.delenv("IGPATHS_DATA", raising=False)
        there = {file.name for file in here.iterdir()}
        yield here
        assert {file.name for file in here.iterdir()} <= there | {"_build"}


def refused(call, capsys):
    """The line that a command line prints, or the message of the error that a function raises."""
    if not isinstance(call, list):
        with pytest.raises((ValueError, OSError)) as caught:
            call()
        return str(caught.value)
    main = library if call[0] == "explain" else engine
    assert main(call) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


def explain(*arguments, model="objects/mobilenet"):
    return ["explain", *arguments, "--model", model, "--steps", "2"]


def study(name, value):
    return ["run", "study.yaml", "-p", name, value]


EXPLAIN = [
    (explain(""), "argument IMAGE: given ''; allowed: the name of a file or folder"),
    (explain("scene.png", "--out", ""), "argument --out: given ''; allowed: the name of a file or folder"),
    (explain("scene.png", "--out", "a.jpg"), "file is 'a.jpg'; it must be one of *.png, *.pdf, *.svg, *.npz"),
    (explain("scene.png", "--out", "empty.jpg/a.png"), "file is 'empty.jpg/a.png'; there is no folder 'empty.jpg'"),
    (explain("bomb.png"), "bomb.png cannot be read: Image size (3600000000 pixels) exceeds limit of 178956970 pixels"),
    (explain("pipe.jpg"), "image is 'pipe.jpg'; it is a device or a pipe; in '.' there are "),
    (explain("zeros.jpg"), "image is 'zeros.jpg'; it is a device or a pipe"),
    (explain("loop.jpg"), "image is 'loop.jpg'; there is no such file"),
    (explain("folder.jpg"), "image is 'folder.jpg'; it is a folder without images (*.jpeg, *.jpg, "),
    (explain("program.jpg"), "program.jpg cannot be read: PostScript is a program, which is not run: save it as a PNG"),
    (explain("svg.jpg"), "svg.jpg cannot be read: cannot identify image file 'svg.jpg'; its 24 bytes begin with b\""),
    (explain("empty.jpg"), "empty.jpg cannot be read: cannot identify image file 'empty.jpg'; it is empty"),
    (explain("text.png"), "text.png cannot be read: Decompressed data too large"),
    (explain("scene.png", "--psi", "nan"), "psi must be in (0, 1), got nan"),
    (explain("scene.png", "--target", "9" * 5000), "99…; it must be a class's name (disk, "),
    (explain("scene.png", "--target", ""), "target is ''; it must be a class's name (disk, "),
    (explain("scene.png", "--data", "\ud800"), "data is '\\ud800' (parameter data or IGPATHS_DATA): there is no such"),
    (explain("scene.png", "--data", "x" * 300), "x' (parameter data or IGPATHS_DATA): there is no such folder"),
    (explain("scene.png", "--data", "~nobody9"), "data is '~nobody9' (parameter data or IGPATHS_DATA): there is"),
    (explain("scene.png", model=""), "model is ''; it must be objects/NETWORK, installed/NETWORK, torchvision/"),
    (explain("scene.png", model="objects/../../x"), "network is '../../x'; it must be one of densenet, "),
    (explain("scene.png", model="timm/../..@"), "model is 'timm/../..@'; there is no file "),
    (explain("scene.png", model="timm/../..@other.pt"), "timm has no network ''"),
    (explain("scene.png", model="timm/resnet18.a1_in1k@pipe.jpg"), "@pipe.jpg'; there is no file "),
    (explain("scene.png", model="timm/resnet18.a1_in1k@~nobody9/x"), "~nobody9/x'; there is no file "),
    (explain("scene.png", model=f"timm/resnet18.a1_in1k@{'x' * 300}"), "x'; there is no file "),
    (explain("scene.png", model="torchvision/vgg16:IMAGENET1K_V9"), "it must be one of IMAGENET1K_V1, "),
    (explain("scene.png", model="torchvision/resnet18:IMAGENET1K_V1@code.pt"),
     "code.pt is no state dict: it is damaged, or holds other objects than tensors, which is not read"),
    (explain("scene.png", model="torchvision/resnet18:IMAGENET1K_V1@scene.png"), "scene.png is no state dict: "),
    (explain("scene.png", model="installed/x"), "network is 'x'; it must be one of efficientnet_lite0, "),
    (explain("scene.png", model="module:os.getcwd"), "os.getcwd() must return an igpaths.Model, not str"),
    (explain("scene.png", model="module:../x.y"), "module '../x' cannot be imported: "),
    (["explain", "--model", "objects/vgg"], "the following arguments are required: IMAGE"),
]  # fmt: skip
COMMANDS = [
    (["run", ""], "argument params: given ''; allowed: the name of a file or folder"),
    (["run", "pipe.jpg"], "parameters file: given 'pipe.jpg'; allowed: a YAML file; here are "),
    (["run", "/dev/zero"], "parameters file: given '/dev/zero'; allowed: a YAML file"),
    (["run", "scene.png"], "scene.png is not text in UTF-8 ("),
    (["run", "latin.yaml"], "latin.yaml is not text in UTF-8 ("),
    (["table", "laughs.yaml"], "laughs.yaml: not YAML: an anchor, which is not read here at line 1, column 4"),
    (["status", "tagged.yaml"], "tagged.yaml: not YAML: a tag, which is not read here at line 1, column 7"),
    (["table", "twice.yaml"], "twice.yaml: not YAML: 'images' comes twice at line 2, column 1"),
    (["run", "deep.yaml"], "deep.yaml: not YAML: it is nested too deeply"),
    (["run", "date.yaml"], "date.yaml: seed: given datetime.date(2024, 1, 1); allowed: an integer, at least 0"),
    (["run", "huge.yaml"], "huge.yaml: images: given a number too long to be written; allowed: an integer, at least 1"),
    (["run", "list.yaml"], "list.yaml: given ['images']; allowed: lines 'key: value' with the keys task, "),
    (["run", "empty.yaml"], "empty.yaml: given None; allowed: lines 'key: value' with the keys task, "),
    (["run", "two.yaml"], "two.yaml: not YAML: expected a single document in the stream"),
    (["results", "..yaml"], "given '..yaml'; allowed: a name of letters, digits, spaces and _.+- that a folder"),
    (["results", "...yaml"], "given '...yaml'; allowed: a name of letters, digits"),
    (["results", "<script>.yaml"], "given '<script>.yaml'; allowed: a name of letters, digits"),
    (["results", "study.yaml"], "1 of 1 part not computed yet: python -m igstudy run computes them"),
    (["book", "--params", "..yaml"], "given '..yaml'; allowed: a name of letters, digits"),
    (["chapter", "../../etc/x", "--params", "study.yaml"], "given '../../etc/x'; allowed: a number, a title"),
    (["chapter", "", "--params", "study.yaml"], "chapter: given ''; allowed: a number, a title"),
    (["plan", "study.yaml", "--images", "-3"], "argument --images: given '-3'; allowed: a whole number, at least 1"),
    (study("images", "&a 3"), "images: given '&a 3'; allowed: an integer, at least 1, at most 2147483647"),
    (study("images", "!!python/name:os.system ''"), "images: given \"!!python/name:os.system ''\"; allowed: an"),
    (study("images", "9" * 25), "images: given '9999999999999999999999999'; allowed: an integer, at least 1"),
    (study("images", "[" * 5000), "…; allowed: an integer, at least 1"),
    (study("threads", "100000"), "threads: given '100000'; allowed: an integer, at least 1, at most 1024"),
    (study("steps", "{8: 1}"), "steps: given '{8: 1}'; allowed: a list of positive integers"),
    (study("paths", "[[straight]]"), "paths: given ['straight']; allowed: straight, guided, blur, "),
    (study("models", "[module:../x.y]"), "models: given 'module:../x.y'; allowed: objects/NETWORK, "),
    (study("models", '["timm/a@\\e[31m"]'), "models: given 'timm/a@\\x1b[31m'; allowed: objects/NETWORK, "),
    (study("results", "a\x1b[31m"), "results: given 'a\\x1b[31m'; allowed: a folder's path"),
    (study("results", "scene.png"), "scene.png'; allowed: a folder that can be written"),
    (study("precision", "[float32]"), "precision: given '[float32]'; allowed: float64, float32, TF32, bfloat16"),
    (study("device", "cuda:١"), "device: given 'cuda:١'; allowed: cpu, cuda or cuda:N"),
    (study("scheduler", "local:99999"), "scheduler: given 'local:99999'; allowed: nothing, local:N, tcp://"),
    (study("imags", "3"), "unknown parameter: given 'imags'; allowed: task, data, models, images, "),
    (study("", "3"), "unknown parameter: given ''; allowed: task, data, models, images, "),
]  # fmt: skip
FUNCTIONS = [
    (lambda: ig.attribute(NET, [1], 0, path=STRAIGHT, rules=ig.IG()), "images must be float tensors of shape (B, 3, "),
    (lambda: ig.attribute(NET, X * 255, 0, path=STRAIGHT, rules=ig.IG()), "images must lie in [0, 1] before"),
    (lambda: ig.attribute(NET, X * torch.nan, 0, path=STRAIGHT, rules=ig.IG()), "must lie in [0, 1] before"),
    (
        lambda: ig.attribute(NET, X, 99, path=STRAIGHT, rules=ig.IG()),
        "targets must be from 0 to 3 (4 classes), got [99]",
    ),
    (lambda: ig.attribute(NET, X, "cat", path=STRAIGHT, rules=ig.IG()), "targets must be class indices, one for each"),
    (lambda: ig.attribute(NET, X, 0, path="straight", rules=ig.IG()), "path is 'straight'; it must be a path such as"),
    (lambda: ig.attribute(NET, X, 0, path=STRAIGHT, rules="ig"), "rules has 'ig'; it must hold rules such as ig.IG()"),
    (lambda: ig.attribute(NET, X, 0, path=STRAIGHT, rules=ig.IG(), steps=10**30), "steps must be one or more positive"),
    (lambda: ig.explain(3), "the image is an object of type int; it must be a float tensor (3, H, W) in [0, 1]"),
    (lambda: ig.explain("a\0b"), "image is 'a\0b'; there is no such file; in '.' there are "),
    (lambda: ig.explain(X[0], model=3), "model is a int; it must be a name or an ig.Model"),
    (lambda: ig.explain(X[0], device=3), "device is 3; it must be cpu, cuda or cuda:N"),
    (lambda: ig.explain(X[0], paths=3), "path is 3; it must be one of straight, guided, blur, blur-placed"),
    (lambda: ig.load_model(None), "model is None; it must be a name, such as installed/efficientnet_lite0"),
    (lambda: ig.load_model("x" * 1000), "it must be objects/NETWORK, installed/NETWORK, "),
    (lambda: take_photograph("claims.png"), "claims.png cannot be read: image file is truncated"),
    (lambda: read("scene.png"), "scene.png is not text in UTF-8"),
    (lambda: Parameters(images=10**5000), "images: given a number too long to be written; allowed: an integer"),
    (lambda: Parameters(task="x" * 10**6), "…; allowed: objects, photographs, imagenet, folder"),
    (lambda: Parameters(steps=range(1, 10**5)), "…; allowed: increasing step counts, each of which divides the last"),
    (lambda: published("../x"), "given '../x'; allowed: none, for none is published"),
    (lambda: read_cluster("pipe.jpg"), "pipe.jpg is no file with text but a folder, a pipe or a device"),
    (lambda: read_folder("escapes", imagenet=False), "'../scene.png', 'a' is not an image of escapes and its label"),
    (lambda: read_folder("own", imagenet=True), "there is no list of synsets at own/synsets.txt"),
    (lambda: metrics.insertion(NET, X, 0, "x"), "maps must be a tensor or an array, got str"),
    (lambda: metrics.insertion(NET, X, 0, RANKING * torch.nan), "maps must be finite; 2 of 2 are not"),
    (lambda: metrics.deletion(NET, X, 77, RANKING), "targets must be from 0 to 3 (4 classes), got [77]"),
    (lambda: metrics.pointing_game(RANKING, X[:, 0]), "masks must be bool (B, H, W), got (2, 24, 24) of torch.float32"),
    (lambda: metrics.cosine(X, X[:1]), "what is compared must have one shape, got [(2, 3, 24, 24), (1, 3, 24, 24)]"),
]


@pytest.mark.parametrize(("call", "message"), EXPLAIN + COMMANDS + FUNCTIONS)
def test_is_refused_in_one_line(capsys, monkeypatch, call, message):
    monkeypatch.setattr(
        press, "chapters", SimpleNamespace(make=lambda *_, title: chapter(Path.cwd(), title)), raising=False
    )
    assert message in refused(call, capsys)
