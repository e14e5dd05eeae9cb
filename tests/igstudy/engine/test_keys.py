"""Digests of networks and of images: what changes the keys of their units, and what does not."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from torchvision.transforms.functional import to_tensor

import igstudy.engine.fingerprint as fingerprint
from igpaths.models import load_model
from igstudy.engine import syntax
from igstudy.engine.provenance import versions
from igstudy.engine.units import plan
from igstudy.tasks.folders import read_folder
from igstudy.tasks.photographs import Photograph
from studies import OWN_CLASSES, own_folder, photographs, small, study, three


class TestNetwork:
    def test_one_weight(self):
        model = small()
        before = fingerprint.network(model)
        with torch.no_grad():
            model.network[0].weight[0, 0, 0, 0] += 1e-6
        assert fingerprint.network(model) != before
        assert fingerprint.network(small()) == before

    def test_a_module_that_the_readers_own_imports(self, tmp_path, monkeypatch):
        monkeypatch.syspath_prepend(tmp_path)
        (tmp_path / "mine_outer.py").write_text("from mine_inner import f\n\n\ndef network():\n    return f()\n")

        def found(text):
            (tmp_path / "mine_inner.py").write_text(text)
            syntax.package.cache_clear()
            return syntax.package("mine_outer", "torch.nn.modules.conv")

        before = found("def f():\n    return 1\n")
        assert before.keys() == {"mine_outer", "mine_inner"}
        assert found("def f():\n    'a docstring'\n    return 1  # a comment\n") == before
        assert found("def f():\n    return 2\n") != before

    def test_a_buffer_that_is_not_saved(self):
        model = small()
        model.network.register_buffer("secret", torch.ones(1), persistent=False)
        before = fingerprint.network(model)
        model.network.secret += 1
        assert fingerprint.network(model) != before

    def test_normalisation(self):
        assert fingerprint.network(replace(small(), mean=(0.5, 0.5, 0.4))) != fingerprint.network(small())

    @pytest.mark.parametrize("kind", ["number", "tensor", "listed", "closure", "callable", "partial", "module", "grey"])
    def test_what_a_readers_model_reads_from_elsewhere(self, tmp_path, monkeypatch, kind):
        """Neither code nor weights change, but what the network or its `prepare` holds."""
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setenv("OWN_KIND", kind)
        (tmp_path / f"own_{kind}.py").write_text(OWN)
        folder = photographs(tmp_path / "photos")
        there = read_folder(folder, imagenet=True).photographs

        def found(scale):
            monkeypatch.setenv("OWN_SCALE", str(scale))
            model = load_model(f"module:own_{kind}.network")
            return fingerprint.network(model), fingerprint.photographs(there, {}, model)

        before, after = found(1), found(3)
        assert before == found(1)
        of_the_network = kind in ("number", "tensor", "listed")
        assert (before[0] != after[0]) == (of_the_network or kind == "module")  # which prints what it does
        assert (before[1] == after[1]) == of_the_network


OWN = """
import functools, os
import torch
from torch import nn
from torchvision import transforms
from torchvision.transforms.functional import center_crop, resize, to_tensor
from igpaths import Model
KIND = os.environ["OWN_KIND"]

class Scaled(nn.Module):
    def __init__(self, scale):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(
            nn.Conv2d(3, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(96, 4)
        )
        self.scale = torch.tensor(scale) if KIND == "tensor" else scale if KIND == "number" else 1.0
        self.layers = [nn.Linear(4, 4)]
        nn.init.constant_(self.layers[0].weight, scale)

    def forward(self, z):
        z = self.body(z) * self.scale
        return self.layers[0](z) if KIND == "listed" else z

class Prepare:
    def __init__(self, side):
        self.side = side

    def __call__(self, photograph):
        return to_tensor(center_crop(resize(photograph, self.side), 32))

def sized(photograph, side):
    return to_tensor(center_crop(resize(photograph, side), 32))

def greyed(photograph, scale):
    pixels = to_tensor(resize(photograph, [32, 32]))
    return pixels if photograph.width == 640 else pixels / scale

def network():
    scale = float(os.environ["OWN_SCALE"])
    side = int(32 * scale)
    prepare = {
        "closure": lambda photograph: sized(photograph, side),
        "callable": Prepare(side),
        "partial": functools.partial(sized, side=side),
        "module": transforms.Compose([transforms.Resize(side), transforms.CenterCrop(32), transforms.ToTensor()]),
        "grey": functools.partial(greyed, scale=scale),
    }.get(KIND, functools.partial(sized, side=32))
    return Model("own", Scaled(scale), (0.5,) * 3, (0.25,) * 3, prepare)
"""


FIRST = "Foto 0 schön.PNG"


@pytest.mark.parametrize(
    ("form", "edit"),
    [
        ("folders", lambda folder: (folder / "Großer Hund" / FIRST).rename(folder / "ein Käfer" / "x.PNG")),
        ("csv", lambda folder: swap(folder / "labels.csv", f"{FIRST},Großer Hund", f"{FIRST},ein Käfer")),
        ("csv", lambda folder: (folder / "labels.csv").unlink()),
        ("val", lambda folder: swap(folder / "classes.txt", "ein Käfer\nÜber Katze", "Über Katze\nein Käfer")),
    ],
    ids=["moved", "edited", "removed", "listed"],
)
def test_another_label_is_another_key(tmp_path, form, edit):
    folder = own_folder(tmp_path, form)
    if form == "val":
        (folder / "classes.txt").write_text("\n".join(OWN_CLASSES), encoding="utf-8")

    def files():
        chosen = study(folder, task="folder", models=("module:studies.three",), shard=6)
        return {file for unit in plan(chosen) for file in unit.files.values()}

    before = files()
    assert files() == before
    edit(folder)
    assert not files() & before


def swap(file, old, new):
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Random ones of timm's ResNet-18."""
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("weights") / "mine.pt"
    torch.save(timm.create_model("resnet18").state_dict(), file)
    return file


class TestTimm:
    """A network of timm, which is known by its name: its layers, its data configuration and its file."""

    NAME = "timm/resnet18.a1_in1k"

    def test_another_tag_has_other_data(self, weights):
        one, other = (load_model(f"timm/resnet18.{tag}@{weights}") for tag in ("a1_in1k", "fb_ssl_yfcc100m_ft_in1k"))
        assert repr(one.prepare) != repr(other.prepare)
        assert fingerprint.network(one) != fingerprint.network(other)

    def test_the_file_and_not_its_place(self, weights, tmp_path):
        model = load_model(f"{self.NAME}@{weights}")
        elsewhere = shutil.copy(weights, tmp_path / "a copy.pt")
        assert fingerprint.network(load_model(f"{self.NAME}@{elsewhere}")) == fingerprint.network(model)
        state = torch.load(weights, weights_only=True)
        state["fc.bias"][3] += 1
        torch.save(state, elsewhere)
        assert fingerprint.network(load_model(f"{self.NAME}@{elsewhere}")) != fingerprint.network(model)

    def test_another_release_of_timm_may_compute_otherwise(self, weights, monkeypatch):
        model = load_model(f"{self.NAME}@{weights}")
        before = fingerprint.network(model), fingerprint.network(small())
        monkeypatch.setattr(fingerprint, "versions", lambda: versions() | {"timm": "99"})
        assert fingerprint.network(model) != before[0]
        assert fingerprint.network(small()) == before[1]
        assert "timm" not in fingerprint.packages()  # on which no other number depends

    def test_who_is_foreign(self):
        names = ("installed/x", "torchvision/x:Y", self.NAME, "objects/x", "module:x.y", "mine")
        foreign = [name for name in names if fingerprint.is_foreign(replace(small(), name=name))]
        assert foreign == ["module:x.y", "mine"]


class TestImages:
    @pytest.mark.parametrize("shard", [1, 6])
    def test_of_unequal_sizes_are_refused_in_whichever_shards(self, tmp_path, monkeypatch, shard):
        folder = photographs(tmp_path / "photos")
        odd = read_folder(folder, imagenet=True).photographs[2].path
        Image.open(odd).resize((48, 40)).save(odd)
        monkeypatch.setattr("studies.prepare", to_tensor)
        words = r"^model is 'module:studies.small'; its prepare turns [^ ]+ into .*: one"
        with pytest.raises(ValueError, match=words):
            plan(study(folder, shard=shard))

    def test_one_pixel_and_nothing_else(self, tmp_path):
        folder = photographs(tmp_path / "photos")

        there = read_folder(folder, imagenet=True).photographs

        def found():
            return [fingerprint.photographs((photograph,), {}, small()) for photograph in there]

        before = found()
        path = there[3].path  # of the first class there are two
        pixels = np.array(Image.open(path))
        path.touch()
        assert found() == before
        pixels[3, 3, 1] ^= 1
        Image.fromarray(pixels).save(path)
        after = found()
        assert [a != b for a, b in zip(before, after, strict=True)] == [False, False, False, True, False, False]

    def test_a_label_a_name_and_a_crop(self, tmp_path):
        path = own_folder(tmp_path, "none") / "Foto 0 schön.PNG"
        one = Photograph(path, "a", "cat", (0, 0, 9, 9))
        others = [replace(one, name="b"), replace(one, label="dog"), replace(one, label=""), replace(one, crop=None)]
        index = {"cat": 0, "dog": 1}
        digests = [fingerprint.photographs((each,), index, three()) for each in (one, *others)]
        assert len(set(digests)) == len(digests)
        assert fingerprint.photographs((one,), {"dog": 0, "cat": 1}, three()) == digests[2]  # the class is what counts

    def test_scenes_by_number_seed_and_backgrounds(self):
        different = [(0, 4, 0, 25), (4, 4, 0, 25), (0, 4, 1, 25), (0, 4, 0, 8)]
        assert len({fingerprint.scenes(*numbers) for numbers in different}) == len(different)


def test_the_study_of_these_tests_is_valid(tmp_path):
    assert study(photographs(tmp_path / "photos")).images == 6
