"""Digests: what changes them, and what does not."""

import ast
import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import igstudy.engine.fingerprint as fingerprint
from igpaths.attributions import attribute
from igpaths.metrics import insertion
from igpaths.models import load_model
from igpaths.models.classes import read_synsets
from igpaths.rules import IDGI, IG
from igstudy.engine.parameters import Parameters
from igstudy.engine.units import part_facts, parts, source_facts
from igstudy.measures import MEASURES
from igstudy.measures.protocols import PROTOCOLS
from igstudy.measures.sources import APART, PATHS, controls, on_path
from igstudy.tasks import imagenet
from studies import photographs, small, study


@pytest.fixture
def edited(monkeypatch):
    """Read a module of the library as if some of its text were another."""

    def edit(module, old, new):
        source = fingerprint._source
        text = Path(importlib.util.find_spec(module).origin).read_text(encoding="utf-8")
        assert old in text
        monkeypatch.setattr(
            fingerprint,
            "_source",
            lambda name: ast.parse(text.replace(old, new, 1)) if name == module else source(name),
        )
        forget()

    yield edit
    monkeypatch.undo()
    forget()


def forget():
    for cached in (fingerprint._module, fingerprint._code, fingerprint._defined):
        cached.cache_clear()


def digests():
    """The digest of every part of a study, by its name."""
    everything = study_of_all()
    return {part.name: fingerprint.digest(part_facts(part)) for part in parts(everything)}


def study_of_all():
    return Parameters(
        models=("objects/vgg",), paths=tuple(PATHS), metrics=tuple(MEASURES), protocols=tuple(PROTOCOLS), maps=1
    )


def touched(edit, *change):
    before = digests()
    edit(*change)
    after = digests()
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}


class TestCode:
    def test_a_docstring_a_comment_and_an_annotation_touch_nothing(self, edited):
        rules = "igpaths.rules"
        assert not touched(
            edited, rules, '"""The segment\'s signed credit (B, C, H, W), in units', '"""Signed credit, in'
        )
        assert not touched(edited, rules, "# The unit gradient is squared", "# Squared is the unit gradient")
        annotated = 'def credit(self, segment: "Segment") -> Tensor:'
        assert not touched(edited, rules, annotated, "def credit(self, segment):")

    def test_a_rule_touches_whatever_reads_it_and_no_control(self, edited):
        changed = touched(edited, "igpaths.rules", "direction.square_()", "direction.square_().mul_(2)")
        assert {name for name in digests() if not name.startswith("controls.")} == changed

    def test_the_left_part_touches_split_ig_alone(self, edited):
        changed = touched(edited, "igpaths.rules", 'crossing: str = "left"', 'crossing: str = "right"')
        assert changed == {name for name in digests() if name.startswith("split-")}

    def test_a_path_touches_its_own_walks(self, edited):
        changed = touched(edited, "igpaths.paths.lines", "wider - point.x", "point.x - wider")
        assert changed == {name for name in digests() if name.startswith("blur")}

    def test_how_study_a_counts_points_touches_its_straight_walk(self, edited):
        changed = touched(edited, "igstudy.measures.study_a", "/ (self.points - 1)", "/ self.points")
        assert changed == {name for name in digests() if name.startswith("straight-study-a")}
        assert all(name.endswith(".study-a") for name in changed)
        assert changed

    def test_a_metric_touches_itself(self, edited):
        changed = touched(edited, "igpaths.metrics.stability", "largest / norm", "largest / norm / 2")
        assert {name.split(".")[1] for name in changed} == {"sensitivity"}
        assert changed == {name for name in digests() if ".sensitivity." in name}

    def test_what_several_metrics_share_touches_all_of_them(self, edited):
        changed = touched(edited, "igpaths.metrics.ranking", "descending=True, stable=True", "stable=True")
        own = {"insertion", "canvases", "information", "entropy", "webp", "perturbation", "temperature"}
        assert {name.split(".")[1] for name in changed} == own

    @pytest.mark.parametrize(
        ("old", "new", "measures"),
        [
            ("quality=quality)", "quality=quality - 1)", {"compression", "qualities"}),
            ("GaussianBlur(radius)", "GaussianBlur(radius / 2)", {"information", "entropy", "webp"}),
        ],
    )
    def test_what_alters_photographs_touches_the_measures_that_look_at_them(self, edited, old, new, measures):
        changed = touched(edited, "igpaths.metrics.canvases", old, new)
        assert {name.split(".")[1] for name in changed} == measures

    def test_how_images_are_read_and_how_the_network_is_asked_touch_everything(self, edited):
        assert touched(
            edited, "igpaths.models.photographs", 'image.convert("RGB")', 'image.convert("L").convert("RGB")'
        ) == {*digests()}
        assert touched(edited, "igpaths.classifier", "(pixels - mean).div_(std)", "pixels - mean") == {*digests()}

    def test_the_walk_touches_no_control(self, edited):
        changed = touched(edited, "igpaths.attributions", "self.maps[rule] += credit", "self.maps[rule] += 1 * credit")
        assert changed == {name for name in digests() if not name.startswith("controls.")}

    def test_a_protocol_that_is_added_touches_no_other(self):
        both = {part.name: fingerprint.digest(part_facts(part)) for part in parts(study_of_all())}
        ours = parts(replace(study_of_all(), protocols=("igpaths",)))
        assert {part.name: fingerprint.digest(part_facts(part)) for part in ours}.items() <= both.items()

    def test_a_version_that_its_author_raises_touches_itself(self):
        part = parts(study_of_all())[0]
        raised = replace(part, measure=replace(part.measure, version=part.measure.version + 1))
        assert part_facts(part) != part_facts(raised)

    def test_names_are_followed_into_other_modules(self, edited):
        before = fingerprint.code(insertion)
        edited("igpaths.gaussian", "def blur(", "def blur(other=0, /, *given):\n    pass\n\n\ndef blur_as_it_was(")
        assert fingerprint.code(insertion) != before  # the blurred canvas is a blur of gaussian.py

    def test_classes_that_are_only_named_can_be_left_apart(self, edited):
        before = fingerprint.code(attribute, IG, apart=APART), fingerprint.code(attribute, IDGI, apart=APART)
        edited("igpaths.rules", "direction.square_()", "direction.abs()")
        after = fingerprint.code(attribute, IG, apart=APART), fingerprint.code(attribute, IDGI, apart=APART)
        assert after[0] == before[0]
        assert after[1] != before[1]

    def test_sources_differ_by_path_steps_output_and_nothing_else(self):
        facts = [
            on_path("straight", output="logit", steps=(4,)),
            on_path("straight-grey", output="logit", steps=(4,)),
            on_path("straight", output="probability", steps=(4,)),
            on_path("straight", output="logit", steps=(2, 4)),
            controls(output="logit"),
        ]
        assert len({fingerprint.digest(source_facts(source)) for source in facts}) == len(facts)
        assert source_facts(controls(output="logit")) == source_facts(controls(output="probability"))


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
            fingerprint._package.cache_clear()
            return fingerprint._package("mine_outer", "torch.nn.modules.conv")

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
        there = imagenet.photographs(folder, read_synsets(folder))

        def found(scale):
            monkeypatch.setenv("OWN_SCALE", str(scale))
            model = load_model(f"module:own_{kind}.network")
            return fingerprint.network(model), fingerprint.photographs(there, model)

        before, after = found(1), found(3)
        assert before == found(1)
        assert before[0] != after[0] or kind == "grey"  # only photographs as wide as these are treated otherwise
        assert (before[1] == after[1]) == (kind in ("number", "tensor", "listed"))

    def test_a_network_that_fails_or_draws_numbers(self):
        class Broken(torch.nn.Module):
            def forward(self, x):
                raise TypeError

        class Noisy(torch.nn.Module):
            def forward(self, x):
                return x.mean((2, 3)) + torch.rand(3)

        broken, noisy = replace(small(), network=Broken()), replace(small(), network=Noisy())
        assert fingerprint.behaviour(broken) == fingerprint.behaviour(broken)
        state = torch.get_rng_state()
        assert fingerprint.behaviour(noisy) == fingerprint.behaviour(noisy)
        assert torch.equal(torch.get_rng_state(), state)


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


class TestImages:
    def test_one_pixel_and_nothing_else(self, tmp_path):
        folder = photographs(tmp_path / "photos")

        def found():
            return imagenet.photographs(folder, read_synsets(folder))

        before = [fingerprint.photographs((photograph,), small()) for photograph in found()]
        path = found()[2].path
        pixels = np.array(Image.open(path))
        path.touch()
        assert [fingerprint.photographs((photograph,), small()) for photograph in found()] == before
        pixels[3, 3, 1] ^= 1
        Image.fromarray(pixels).save(path)
        after = [fingerprint.photographs((photograph,), small()) for photograph in found()]
        assert [a != b for a, b in zip(before, after, strict=True)] == [False, False, True, False, False, False]

    def test_scenes_by_number_and_seed(self):
        assert fingerprint.scenes(0, 4, 0) != fingerprint.scenes(4, 4, 0)
        assert fingerprint.scenes(0, 4, 0) != fingerprint.scenes(0, 4, 1)


def test_the_study_of_these_tests_is_valid(tmp_path):
    assert study(photographs(tmp_path / "photos")).images == 6
