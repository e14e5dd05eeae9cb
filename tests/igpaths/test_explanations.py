"""What an explanation holds, what is saved of it, and a picture whose words all have room."""

import io
import logging
import re
import sys
from dataclasses import fields, replace
from itertools import combinations

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image
from torch import nn
from torchvision.transforms.functional import to_pil_image, to_tensor

import igpaths as ig
from igpaths import explain as explanations
from igpaths.explanations import PATHS, RULES, Explanation, explain, picture, write
from igpaths.models import Model, load_model
from igstudy.tasks import objects

WORDS = "a rather long name of a class that a network of my own may well have"


@pytest.fixture
def scene(tmp_path):
    file = tmp_path / "scene.png"
    to_pil_image(objects.scene(2).image).save(file)
    return file


def own(monkeypatch, prepare=to_tensor):
    """A network of the reader's own, that says the same of every image."""
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 4))
    nn.init.zeros_(network[2].weight)
    nn.init.zeros_(network[2].bias)
    model = Model("module:own", network, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), prepare)
    monkeypatch.setattr(explanations, "load_model", lambda name, data: model)


def made(paths, rules, shape=(60, 40), name="triangle", rises=True):
    """An explanation of noise."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(len(paths), len(rules), 3, *shape, generator=generator)
    alphas = torch.linspace(0, 1, 9, dtype=torch.float64).expand(len(paths), -1)
    return Explanation(
        model="objects/vgg",
        image=torch.rand(3, *shape, generator=generator),
        predicted=name,
        probability=0.5,
        target=name,
        target_index=0,
        output="probability",
        steps=8,
        psi=0.9,
        paths=tuple(paths),
        rules=tuple(rules),
        baselines=("black",) * len(paths),
        maps=noise,
        completeness_gap=noise.sum((2, 3, 4)),
        scores=alphas.float() if rises else 1 - alphas.float(),
        alphas=alphas,
        alpha_star=torch.full((len(paths),), 1.0 if rises else torch.nan),
        evaluations=torch.full((len(paths),), 9),
        seconds=torch.ones(len(paths)),
    )


def test_what_the_network_sees_and_says(scene):
    found = explain(scene, model="objects/vgg", steps=4)
    image = objects.scene(2).image
    (index,), (probability,) = load_model("objects/vgg").classifier(output="probability").predict(image[None])
    assert torch.equal(found.image, image)
    assert found.predicted == found.target == objects.CLASSES[index]
    assert found.target_index == index
    assert found.probability == pytest.approx(float(probability))
    assert float(found.scores[0, -1]) == pytest.approx(float(probability))
    assert found.methods == (("IG",),)


def test_several_methods_are_those_of_attribute_from_one_walk_a_path(scene):
    found = explain(
        scene, model="objects/vgg", paths=("blur", "straight"), rules=("right", "idgi", "left"), steps=4, psi=0.5
    )
    net, image = load_model("objects/vgg").classifier(output="probability"), objects.scene(2).image[None]
    rules = (ig.Right(ig.IG("both"), 0.5), ig.IDGI(), ig.Left(ig.IG("both"), 0.5))
    for p, path in enumerate((ig.Blur(), ig.Straight())):
        maps = ig.attribute(net, image, [found.target_index], path=path, rules=rules, steps=(4,))
        assert found.evaluations[p] == maps.evaluations
        assert torch.equal(found.scores[p], maps.scores[4][0])
        assert torch.equal(found.alphas[p], maps.alphas[4][0])
        assert found.alpha_star[p] == maps.alpha_star[rules[0], 4]
        for r, rule in enumerate(rules):
            assert torch.equal(found.maps[p, r], maps[rule, 4][0])
            assert found.completeness_gap[p, r] == maps.completeness_gap[rule, 4]
    assert found.methods[0] == ("Right Blur IG", "Blur IG + IDGI", "Left Blur IG")
    assert found.baselines == ("blur", "black")


def test_a_name_given_twice_counts_once(scene):
    found = explain(scene, model="objects/vgg", paths=("straight",) * 2, rules=("ig", "ig"), steps=1)
    assert found.maps.shape[:2] == (1, 1)


def test_a_score_that_never_changes_has_no_relative_gap_and_no_alpha_star(scene, monkeypatch):
    own(monkeypatch)
    found = explain(scene, model="module:own", steps=4, target=3)
    head, path, gap = found.lines
    assert head == "class 3 (class 3), probability 0.2500; seen as class 0, probability 0.2500"
    assert path.startswith("straight path: +0.0000 from black, never rises above it; 5 gradient evaluations in ")
    assert gap == "  IG: completeness gap +0.0000"
    assert len(picture(found).axes) == 3


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda image: image, "its prepare must return a float tensor (3, H, W) in [0, 1], not Image"),
        (lambda image: to_tensor(image)[None], "its prepare must return a float tensor (3, H, W) in [0, 1], not (1, 3"),
        (lambda image: to_tensor(image) * 255, "images must lie in [0, 1] before normalisation"),
    ],
)
def test_a_model_whose_photographs_are_prepared_otherwise_is_refused(scene, monkeypatch, prepare, message):
    own(monkeypatch, prepare)
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        explain(scene, model="module:own", steps=4)
    assert message in str(caught.value)


def test_an_orientation_that_is_not_followed_is_remarked(scene, tmp_path, monkeypatch, caplog):
    own(monkeypatch)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    with Image.open(scene) as image:
        image.convert("RGB").save(tmp_path / "turned.jpg", exif=exif)
    with caplog.at_level(logging.WARNING):
        explain(scene, model="module:own", steps=1)
        assert not caplog.records
        explain(tmp_path / "turned.jpg", model="module:own", steps=1)
    assert "turned.jpg: its EXIF says that it should be turned" in caplog.text


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_in_a_terminal_alone(scene, monkeypatch, terminal):
    own(monkeypatch)
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    explain(scene, model="module:own", paths=("straight", "guided"), steps=4)
    assert bool(re.search(r"guided path: .*\| 5/10 ", screen.getvalue())) == bool(screen.getvalue()) == terminal


def test_an_npz_file_holds_every_attribute_by_its_name(tmp_path):
    found = made(("straight", "guided"), ("ig", "left"))
    write(found, tmp_path / "found.npz")
    with np.load(tmp_path / "found.npz") as saved:
        assert set(saved) == {field.name for field in fields(Explanation)}
        for name in saved:
            assert np.array_equal(saved[name], np.asarray(getattr(found, name)))
            assert name in Explanation.__doc__
        assert saved["maps"].dtype == np.float32
        assert [*saved["paths"]] == ["straight", "guided"]


@pytest.mark.parametrize("name", ["triangle", WORDS, "x" * 90])
@pytest.mark.parametrize("shape", [(60, 40), (20, 60)], ids=["portrait", "landscape"])
@pytest.mark.parametrize(
    ("paths", "rules"),
    [(["straight"], ["ig"]), (PATHS, ["ig", "idgi"]), (["blur"], RULES), (["straight", "blur"], RULES)],
    ids=["one", "six", "rules of one path", "eight"],
)
def test_words_of_any_length_neither_overlap_nor_leave_the_picture(paths, rules, shape, name):
    figure = picture(made(paths, rules, shape, name))
    figure.draw_without_rendering()
    words = [text for ax in figure.axes for text in (ax.title, ax.xaxis.label) if text.get_text()]
    legends = [ax.get_legend() for ax in figure.axes if ax.get_legend()]
    boxes = [each.get_window_extent() for each in [*words, *legends, figure._suptitle]]
    panels = [ax.get_window_extent() for ax in figure.axes]
    assert not [1 for a, b in combinations(boxes, 2) if a.overlaps(b)]
    assert not [1 for box in boxes for panel in panels if box.overlaps(panel)]
    assert len(panels) == len(paths) * len(rules) + 2
    for panel in panels:
        assert panel.height / panel.width == pytest.approx(shape[0] / shape[1])
    assert figure.get_tightbbox().width < 2.3 * (len(panels) if min(len(paths), len(rules)) == 1 else len(paths) + 1)


def test_every_method_is_drawn_and_alpha_star_is_marked():
    figure = picture(made(("straight", "blur"), ("ig", "idgi")))
    *_, score = [ax for ax in figure.axes if ax.lines]
    assert [text.get_text() for text in score.get_legend().get_texts()] == ["straight, α* = 1.00", "blur, α* = 1.00"]
    assert [ax.get_title() for ax in figure.axes if len(ax.images) == 2] == [
        "IG", "Blur IG", "IG + IDGI", "Blur IG + IDGI",
    ]  # fmt: skip
    falls = picture(replace(made(("straight",), ("ig",), rises=False), output="logit"))
    (score,) = [ax for ax in falls.axes if ax.lines]
    assert [text.get_text() for text in score.get_legend().get_texts()] == ["straight"]
    assert score.get_title() == "logit along the path"


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("a.pdf", b"%PDF"), ("a.svg", b"<?xml")])
def test_a_picture_is_written_in_the_form_that_its_name_says(tmp_path, name, start):
    write(made(("straight",), ("ig",)), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)
