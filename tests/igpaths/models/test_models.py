"""A model by its name: every form, and every way in which a name or a file can be wrong."""

import math
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from safetensors.torch import save_file
from torch import nn
from torchvision.transforms import functional

from igpaths import Classifier, Model, list_models, load_model
from igpaths.models import DEFAULT, label
from igstudy.tasks import models, objects
from igstudy.tasks.models import networks as shipped
from igstudy.tasks.networks import NETWORKS

PARAMS = Path(__file__).parents[3] / "params"


def photograph(width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(256, size=(height, width, 3), dtype=np.uint8))


def same_logits(network: nn.Module, model: Model) -> bool:
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return torch.equal(network(x), model.network(x))


class TestOwnModule:
    @pytest.fixture(autouse=True)
    def module(self, tmp_path, monkeypatch):
        (tmp_path / "reader_models.py").write_text(
            "import torch\n"
            "from igpaths.models import Model\n"
            "def linear():\n"
            "    return Model('mine', torch.nn.Flatten(), (0., 0., 0.), (1., 1., 1.), None)\n"
            "def network():\n"
            "    return torch.nn.Flatten()\n"
            "def crash():\n"
            "    raise RuntimeError('the checkpoint is\\nfrom another machine')\n"
            "def missing():\n"
            "    return torch.load('nowhere.pt')\n"
            "def none():\n"
            "    pass\n"
            "def argument(path):\n"
            "    return linear()\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        (tmp_path / "broken_models.py").write_text("import not_there_either\n")
        (tmp_path / "typing_models.py").write_text("def build(:\n")
        yield
        sys.modules.pop("reader_models", None)

    def test_is_called_and_named(self):
        assert load_model("module:reader_models.linear").name == "module:reader_models.linear"

    def test_of_the_first_edition(self, tmp_path):
        lines = "from torch import nn\nfrom igpaths.tasks import Model\n"
        lines += "def linear():\n    return Model('mine', nn.Flatten(), (0.,) * 3, (1.,) * 3)\n"
        (tmp_path / "older_models.py").write_text(lines)
        assert load_model("module:older_models.linear").mean == (0, 0, 0)
        sys.modules.pop("older_models")

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("module:reader_models.network", "must return an igpaths.Model, not Flatten"),
            ("module:reader_models.linaer", "reader_models has no function 'linaer'; did you mean linear?"),
            ("module:not_there.linear", "module 'not_there' cannot be imported: No module named 'not_there'"),
            ("module:linear", "module '' cannot be imported"),
            ("module:.linear", "module '' cannot be imported"),
            ("module:", "module '' cannot be imported"),
            ("module:broken_models.build", "'broken_models' cannot be imported: No module named 'not_there_either'"),
            ("module:typing_models.build", "'typing_models' cannot be imported: SyntaxError: "),
            ("module:reader_models.crash", "fails: RuntimeError: the checkpoint is from another machine"),
            ("module:reader_models.missing", "fails: [Errno 2] No such file or directory: 'nowhere.pt'"),
            ("module:reader_models.none", "reader_models.none() must return an igpaths.Model, not NoneType"),
            (
                "module:reader_models.argument",
                "argument(), without arguments, fails: TypeError: argument() missing 1 req",
            ),
        ],
    )
    def test_errors(self, name, message):
        with pytest.raises(ValueError, match=re.escape(message)) as caught:
            load_model(name)
        assert str(caught.value).startswith(f"model is {name!r}; ")
        assert "\n" not in str(caught.value)


class TestObjects:
    def test_loads_what_is_shipped(self, tmp_path, monkeypatch):
        torch.manual_seed(0)
        network = NETWORKS["vgg"]().eval()
        save_file(network.state_dict(), tmp_path / "vgg.safetensors")
        for name in ("vgg", "resnet"):
            shutil.copy(models.WEIGHTS / f"{name}.json", tmp_path)
        monkeypatch.setattr(models, "WEIGHTS", tmp_path)
        model = load_model("objects/vgg")
        assert same_logits(network, model)
        assert model.mean == pytest.approx((0.45, 0.45, 0.45))
        assert model.std == (0.25, 0.25, 0.25)
        image = model.prepare(photograph(300, 200))
        assert image.shape == (3, objects.SIZE, objects.SIZE)
        assert 0 <= image.min() < image.max() <= 1
        with pytest.raises(ValueError, match=r"resnet.safetensors are not there: `make models` trains them"):
            load_model("objects/resnet")

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_classifier(self, dtype):
        precision = str(dtype).removeprefix("torch.")
        network = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
        model = Model("module:own", network, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6), functional.to_tensor)
        classifier = model.classifier(output="logit", precision=precision)
        assert isinstance(classifier, Classifier)
        assert network[1].weight.dtype == torch.float32
        images = torch.rand(2, 3, 2, 2, dtype=dtype)
        mean, std = (torch.tensor(v, dtype=torch.float64).to(dtype).view(3, 1, 1) for v in (model.mean, model.std))
        expected = network.to(dtype)((images - mean) / std)
        assert torch.allclose(classifier.logits(images), expected, rtol=1e-6 if dtype == torch.float32 else 1e-14)
        with pytest.raises(ValueError, match="output is 'score'"):
            model.classifier(output="score")


class TestModel:
    """What a reader gives a model: sequences of other kinds are taken, other things are refused in one line."""

    def test_sequences(self):
        own = Model("own", nn.Identity(), torch.full((3,), 0.5), np.full(3, 0.25), classes=np.array(["a", "b"]))
        assert (own.mean, own.std, own.classes) == ((0.5,) * 3, (0.25,) * 3, ("a", "b"))

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"mean": 0.5}, "mean is 0.5; it must be a number for each channel"),
            ({"mean": None}, "mean is None"),
            ({"std": "0.25"}, "std is '0.25'; it must be a number for each channel"),
            ({"mean": (123.7, 116.3, 103.5)}, r"mean is \(123.7, 116.3, 103.5\); it must lie in \[0, 1\]"),
            ({"classes": {0: "a", 1: "b"}}, "classes are {0: 'a', 1: 'b'}; they must be names"),
            ({"classes": (0, 1)}, r"classes are \(0, 1\); they must be names"),
            ({"classes": "ab"}, "classes are 'ab'"),
            ({"classes": None}, "classes are None"),
        ],
    )
    def test_refused(self, given, words):
        with pytest.raises(ValueError, match=rf"^model is 'own'; its {words}[^\n]*$"):
            Model(**({"name": "own", "network": nn.Identity(), "mean": (0.5,) * 3, "std": (0.25,) * 3} | given))


class TestSee:
    """The one check of what a network sees."""

    def test_a_tensor_is_taken_as_it_is(self):
        model, image = Model("own", nn.Flatten(), (0.0,), (1.0,)), torch.rand(1, 4, 5, dtype=torch.float64)
        seen = model.see(image.requires_grad_(), name="x")
        assert torch.equal(seen, image.detach().float())
        assert not seen.requires_grad

    @pytest.mark.parametrize(
        "image",
        [torch.rand(3, 4), torch.rand(1, 3, 4, 5), torch.rand(4, 4, 5), torch.rand(3, 0, 5), torch.ones(3, 4, 5).int()],
    )
    def test_other_shapes_and_types(self, image):
        model = Model("own", nn.Flatten(), (0.0,) * 3, (1.0,) * 3)
        message = f"x is a tensor {tuple(image.shape)} of {image.dtype}; it must be a float tensor (3, H, W) in [0, 1]"
        with pytest.raises(ValueError, match=re.escape(message)):
            model.see(image, name="x")


class TestList:
    def test_what_is_installed_first_and_the_ten_networks_of_study_a(self):
        ours = [f"objects/{name}" for name in shipped()]
        ten = yaml.safe_load((PARAMS / "imagenet.yaml").read_text())["models"]
        listed = list_models()
        assert next(iter(listed)) == DEFAULT
        assert [*dict.fromkeys(name.split("/")[0] for name in listed)] == [
            "installed",
            "objects",
            "torchvision",
            "timm",
        ]
        assert listed.keys() >= {*ours, *ten}
        networks = {name.split(":")[0] for name in listed if name.startswith(("objects/", "torchvision/"))}
        assert networks == {*ours, *(name.split(":")[0] for name in ten)}

    @pytest.mark.parametrize("every", [False, True])
    def test_an_accuracy_is_a_share_where_it_is_known(self, every):
        for name, offer in list_models(every=every).items():
            assert math.isnan(offer.accuracy) == name.startswith("timm/")
            assert math.isnan(offer.accuracy) or 0.5 < offer.accuracy < 1

    def test_every_one_begins_with_the_best_known_of_its_package(self):
        every, few = list_models(every=True), list_models()
        assert len(every) > 1000
        assert every.keys() >= few.keys()
        for package in ("installed/", "objects/", "torchvision/"):
            known = [name for name in few if name.startswith(package)]
            assert [name for name in every if name.startswith(package)][: len(known)] == known

    def test_what_is_here_needs_nothing_and_what_is_not_says_what(self, tmp_path, monkeypatch):
        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        name = "torchvision/mobilenet_v2:IMAGENET1K_V2"
        assert list_models()[name].needs == "downloads 14 MB"
        assert list_models()["objects/resnet"].needs == list_models()[DEFAULT].needs == ""
        (tmp_path / "hub/checkpoints").mkdir(parents=True)
        (tmp_path / "hub/checkpoints/mobilenet_v2-7ebf99e0.pth").touch()
        assert list_models()[name].needs == ""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "resnet50",
            "model is 'resnet50'; it must be objects/NETWORK, .*; did you mean torchvision/resnet50:WEIGHTS or ",
        ),
        ("object/resnet", "did you mean objects/resnet? .*`python -m igpaths models` lists them"),
        ("", "model is ''; it must be objects/NETWORK"),
        ("objects/resnt", "network is 'resnt'; it must be one of densenet, .*, mobilenet, .*; did you mean resnet?"),
        ("torchvision/resnet51:IMAGENET1K_V1", "torchvision has no classifier 'resnet51', .*; did you mean resnet50?"),
        ("torchvision/", "torchvision has no classifier ''"),
        ("torchvision/vgg16", "weights of vgg16 is ''; it must be one of IMAGENET1K_V1, IMAGENET1K_FEATURES"),
        ("torchvision/resnet50:IMAGENET1K_V3", "must be one of IMAGENET1K_V1, IMAGENET1K_V2; did you mean IMAGENET1K_"),
        ("torchvision/resnet50:DEFAULT", "DEFAULT names other weights in another release; .* IMAGENET1K_V1, IMAGENET"),
        (f"torchvision/resnet50:DEFAULT@{__file__}", "DEFAULT names other weights"),
        (f"torchvision/resnet50@{__file__}", "weights of resnet50 is ''; it must be one of"),
        ("torchvision/resnet51@none.pt", "there is no file .*/none.pt"),
    ],
)
def test_unknown_names(name, message):
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        load_model(name)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("objects/resnet", "resnet"),
        ("torchvision/resnet50:IMAGENET1K_V2", "resnet50"),
        ("torchvision/vgg16:IMAGENET1K_V1@my weights/v1.2/vgg.pt", "vgg16"),
        ("module:mine.network", "network"),
        ("LeNet v1.2", "LeNet v1.2"),
        ("", ""),
    ],
)
def test_the_short_name(name, short):
    assert label(name) == short
