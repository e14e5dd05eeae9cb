"""What an explanation of an image holds, and what is refused."""

import io
import logging
import re
import sys
import warnings

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image
from torch import nn
from torchvision.transforms.functional import to_pil_image, to_tensor

import igpaths as ig
from igpaths.arguments import NotFinite
from igstudy.tasks import objects


@pytest.fixture
def scene(tmp_path):
    file = tmp_path / "scene.png"
    to_pil_image(objects.scene(2).image).save(file)
    return file


def own(prepare=to_tensor, channels=3, classes=(), outputs=4):
    """A model of the reader's own, whose network says the same of every image."""
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, outputs))
    nn.init.zeros_(network[2].weight)
    nn.init.zeros_(network[2].bias)
    return ig.Model("mine", network, (0.0,) * channels, (1.0,) * channels, prepare, classes)


def test_what_the_network_sees_and_says(scene):
    found = ig.explain(scene, model="objects/vgg", steps=4)
    image = objects.scene(2).image
    (index,), (probability,) = ig.load_model("objects/vgg").classifier(output="probability").predict(image[None])
    assert torch.equal(found.image, image)
    assert found.predicted == found.target == objects.CLASSES[index]
    assert found.target_index == index
    assert found.probability == pytest.approx(float(probability))
    assert float(found.scores[0, -1]) == pytest.approx(float(probability))


def test_several_methods_are_those_of_attribute_from_one_walk_a_path(scene):
    found = ig.explain(
        scene, model="objects/vgg", paths=("blur", "straight"), rules=("right", "idgi", "left"), steps=4, psi=0.5
    )
    net, image = ig.load_model("objects/vgg").classifier(output="probability"), objects.scene(2).image[None]
    rules = (ig.Right(ig.IG("both"), 0.5), ig.IDGI(), ig.Left(ig.IG("both"), 0.5))
    for p, (name, path) in enumerate({"blur": ig.Blur(), "straight": ig.Straight()}.items()):
        maps = ig.attribute(net, image, found.target_index, path=path, rules=rules, steps=4)
        assert found.evaluations[p] == maps.evaluations
        assert torch.equal(found.scores[p], maps.scores[4][0])
        assert torch.equal(found.alphas[p], maps.alphas[4][0])
        assert found.alpha_star[p] == maps.alpha_star[rules[0], 4]
        for r, (short, rule) in enumerate(zip(found.rules, rules, strict=True)):
            assert torch.equal(found[name, short], maps[rule][0])
            assert torch.equal(found.maps[p, r], maps[rule][0])
            assert found.completeness_gap[p, r] == maps.completeness_gap[rule, 4]
    assert (found.paths, found.baselines) == (("blur", "straight"), ("blur", "black"))
    for names in (("blur", "ig"), "idgi", ("straight",)):
        with pytest.raises(KeyError, match=r"no map for .*: \('blur', 'right'\); .*; \('straight', 'left'\)"):
            found[names]


def test_a_placed_path_closes_the_gap_that_the_words_complain_of(scene):
    found = ig.explain(scene, model="objects/resnet", paths=("blur", "blur-placed"), rules=("ig", "idg"), steps=32)
    _, _, even, idg, _, placed, _ = str(found).splitlines()
    assert re.fullmatch(
        r"  Blur IG: .* gap [-+]\d+\.\d+%, more steps, or the path blur-placed, close it; insertion 0\.\d{4}", even
    )
    assert re.fullmatch(r"  Blur IG \+ IDG: completeness not promised; insertion 0\.\d{4}", idg)
    assert re.fullmatch(r"  Blur IG, placed: completeness gap [-+][0-4]\.\d+%; insertion 0\.\d{4}", placed)


def test_insertion_is_that_of_the_metric_for_every_map(scene):
    found = ig.explain(scene, model="objects/vgg", paths=("blur", "straight"), rules=("idgi", "ig", "idg"), steps=4)
    net = ig.load_model("objects/vgg").classifier(output="logit")
    for p, r in np.ndindex(2, 3):
        curve = ig.metrics.insertion(net, found.image[None], found.target_index, found.maps[p, r].abs().sum(0)[None])
        score = float(ig.metrics.area(curve.shares, curve.probability))
        assert float(found.insertion[p, r]) == pytest.approx(score, abs=1e-6)
        assert 0 < score < 1


def test_a_row_for_each_map_has_the_facts_by_their_names(scene):
    found = ig.explain(scene, model="objects/vgg", paths=("blur", "straight"), rules=("idgi", "ig"), steps=4)
    rows = found.rows()
    assert [(row["path"], row["rule"]) for row in rows] == [
        ("blur", "idgi"), ("blur", "ig"), ("straight", "idgi"), ("straight", "ig"),
    ]  # fmt: skip
    for row, (p, r) in zip(rows, np.ndindex(2, 2), strict=True):
        assert row["completeness_gap"] == float(found.completeness_gap[p, r])
        assert row["insertion"] == float(found.insertion[p, r])
        assert row["score_change"] == float(found.scores[p, -1] - found.scores[p, 0])
        assert row["alpha_star"] == pytest.approx(float(found.alpha_star[p]), nan_ok=True)
        assert (row["evaluations"], row["seconds"]) == (found.evaluations[p], found.seconds[p])
        assert (row["target"], row["probability"], row["steps"]) == ("triangle", found.probability, 4)


def test_a_name_twice_counts_once_and_one_needs_no_tuple(scene):
    model = own()
    twice = ig.explain(scene, model=model, paths=("straight",) * 2, rules=("ig", "ig"), steps=1)
    assert twice.maps.shape[:2] == (1, 1)
    assert ig.explain(scene, model=model, paths="guided", rules="idgi", steps=1).paths == ("guided",)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_tensor_is_explained_as_it_is(channels):
    image = torch.rand(channels, 9, 8)
    found = ig.explain(image, model=own(None, channels), steps=2)
    assert torch.equal(found.image, image)
    assert found["straight", "ig"].shape == image.shape
    assert found._repr_png_().startswith(b"\x89PNG")


def test_an_image_of_pil_and_a_score_of_ones_own(scene):
    def margin(logits, targets):
        return logits.gather(1, targets[:, None])[:, 0] - logits.mean(1)

    image = Image.open(scene)
    found = ig.explain(image, model="objects/vgg", output=margin, target="star", steps=2)
    assert found.output == "margin"
    assert (found.target, found.predicted) == ("star", "triangle")
    net = ig.load_model("objects/vgg").classifier(output=margin)
    assert found.scores[0, -1] == pytest.approx(float(net.scores(found.image[None], 3)))
    assert ig.explain(image, model=own(), output=lambda z, t: z[:, 0], steps=1).output == "score"


def test_a_single_output_has_no_probability(scene):
    found = ig.explain(scene, model=own(outputs=1), output="logit", steps=2)
    assert np.isnan(found.probability)
    assert found.target_index == 0
    assert bool(found.insertion.isnan().all())
    assert "nan" not in str(found) + found.picture().axes[0].get_xlabel()


def test_a_score_that_never_changes_has_no_relative_gap_and_no_alpha_star(scene):
    found = ig.explain(scene, model=own(), steps=4, target=3)
    head, path, gap = str(found).splitlines()
    assert head == "class 3 (class 3), probability 0.2500, by mine; seen as class 0, probability 0.2500"
    assert path.startswith("straight path: +0.0000 from black, never rises above it; 5 gradient evaluations in ")
    assert gap == "  IG: completeness gap +0.0000; insertion 0.2500"
    assert len(found.picture().axes) == 3


class Logarithm(nn.Module):
    def forward(self, x):
        return torch.log(x.mean((2, 3)))


def test_a_score_that_is_not_finite_is_named_and_drawn_without_its_map(tmp_path):
    model = ig.Model("logarithm", Logarithm(), (0.0,) * 3, (1.0,) * 3)
    image = 0.5 + torch.rand(3, 9, 8) / 4
    with pytest.warns(NotFinite, match=r"image 0 is not finite at α = 0"):
        found = ig.explain(image, model=model, output="logit", paths=("straight", "blur"), steps=4)
    head, straight, gap, blur, other = str(found).splitlines()
    assert "is not finite at α = 0; " in straight
    assert gap == "  IG: completeness gap not finite"
    assert "not finite" not in head + blur + other
    assert found.insertion.isnan().tolist() == [[True], [True]]  # of one output
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = found.picture()
        found.save(tmp_path / "found.png")
    words = {ax.get_title(): [text.get_text() for text in ax.texts] for ax in figure.axes}
    assert words["IG"] == ["not finite"]
    assert words["Blur IG"] == []


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda image: image, "model is 'mine'; its prepare turns scene.png into an object of type Image; it must be"),
        (lambda image: to_tensor(image)[None], "its prepare turns scene.png into a tensor (1, 3, 176, 176) of torch"),
        (lambda image: to_tensor(image)[:1], "into a tensor (1, 176, 176) of torch.float32; it must be a float tensor"),
        (lambda image: (to_tensor(image) * 255).byte(), "into a tensor (3, 176, 176) of torch.uint8; it must be"),
        (lambda image: to_tensor(image) - 1, "into a tensor of pixels from -0.894118 to -0.0666667; it must be"),
        (lambda image: to_tensor(image) * torch.nan, "into a tensor of pixels from nan to nan; it must be"),
        (lambda image: 1 / 0, "model is 'mine'; its prepare fails for scene.png: ZeroDivisionError: division by zero"),
        (None, "model is 'mine'; it has no prepare, which turns scene.png into a tensor"),
    ],
)  # fmt: skip
def test_a_model_whose_photographs_are_prepared_otherwise_is_refused(scene, prepare, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ig.explain(scene, model=own(prepare), steps=4)


def test_rounding_of_a_resize_is_cut_off(scene):
    edges = torch.linspace(-9e-6, 1 + 9e-6, 3 * 8 * 8, dtype=torch.float64).view(3, 8, 8)
    found = ig.explain(scene, model=own(lambda image: edges), steps=1)
    assert (found.image.min(), found.image.max()) == (0, 1)
    assert found.image.dtype == torch.float32


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": nn.Flatten()}, "model is a Flatten; it must be a name or an ig.Model, which holds a network"),
        ({"paths": ()}, "path is ''; it must be one of straight, guided, blur, blur-placed"),
        ({"paths": ig.Straight()}, "path is Straight(baseline='black'); it must be one of straight"),
        ({"rules": ig.IG}, "it must be one of ig, idgi, idg, variation, left, right"),
        ({"steps": 2.5}, "steps must be 1 or more, a whole number, got 2.5"),
        ({"output": "odds"}, "output is 'odds'; it must be one of probability, logit"),
        ({"model": own(classes=("a", "b"))}, "model is 'mine'; its network has 4 outputs for 2 classes"),
        ({"model": own(outputs=1)}, "the network has one output"),
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_refused_in_a_line(options, message):
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        ig.explain(torch.rand(3, 8, 8), **{"model": own(), "steps": 2, **options})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("image", [np.zeros((3, 8, 8)), None, [0.5]])
def test_what_is_no_image_is_refused(image):
    with pytest.raises(ValueError, match=f"the image is an object of type {type(image).__name__}; it must be a"):
        ig.explain(image, model=own())


def test_a_network_that_fails_is_named(scene):
    network = nn.Sequential(nn.Flatten(), nn.Linear(5, 2))
    model = ig.Model("small", network, (0.0,) * 3, (1.0,) * 3, to_tensor)
    with pytest.raises(ValueError, match=r"model is 'small'; its network fails for scene.png \(3, 176, 176\): Runtime"):
        ig.explain(scene, model=model)


def test_an_orientation_that_is_not_followed_is_remarked(scene, tmp_path, caplog):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    with Image.open(scene) as image:
        image.convert("RGB").save(tmp_path / "turned.jpg", exif=exif)
    with caplog.at_level(logging.WARNING):
        ig.explain(scene, model=own(), steps=1)
        assert not caplog.records
        ig.explain(tmp_path / "turned.jpg", model=own(), steps=1)
    assert "turned.jpg: its EXIF says that it should be turned" in caplog.text


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_in_a_terminal_alone(scene, monkeypatch, terminal):
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    ig.explain(scene, model=own(), paths=("straight", "guided"), steps=4)
    assert len(re.findall(r"\| 0/5 ", screen.getvalue())) == 2 * terminal
    assert bool(screen.getvalue()) == terminal
    before = screen.getvalue()
    ig.explain(scene, model=own(), steps=4, progress=False)
    assert screen.getvalue() == before


class Otherwise(nn.Module):
    """A small network whose logits `change` alters."""

    def __init__(self, change):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten())
        self.head, self.change = nn.Linear(96, 3), change

    def forward(self, x):
        return self.change(self.head(self.body(x)))


@pytest.mark.parametrize("output", ["probability", "logit"])
@pytest.mark.parametrize("kind", ["random", "mixing"])
def test_a_network_that_is_another_each_time_is_refused_by_name(kind, output):
    def change(z):
        if kind == "random":
            return z + torch.rand(3)
        return z if len(z) < 2 else nn.functional.batch_norm(z, None, None, training=True)

    own = ig.Model("dice", Otherwise(change), (0.5,) * 3, (0.25,) * 3)
    with pytest.raises(ValueError, match="^model is 'dice'; its network gives another score for the same image"):
        ig.explain(torch.rand(3, 24, 24), model=own, steps=2, output=output)


def test_a_network_without_a_gradient_is_named():
    class Forward(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

    own = ig.Model("forward", Otherwise(Forward.apply), (0.5,) * 3, (0.25,) * 3)
    with pytest.raises(
        ValueError, match=r"^model is 'forward'; its network has no gradient: NotImplementedError: [^\n]*$"
    ):
        ig.explain(torch.rand(3, 24, 24), model=own, steps=2)
