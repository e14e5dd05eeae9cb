"""What an explanation holds, and a picture whose texts all have room."""

from itertools import pairwise

import pytest
import torch
from torch import nn
from torchvision.transforms.functional import to_pil_image, to_tensor

from igpaths import explain as explanations
from igpaths.explain import Explanation, explain, picture
from igpaths.tasks import Model, load_model, objects


@pytest.fixture
def scene(tmp_path):
    file = tmp_path / "scene.png"
    to_pil_image(objects.scene(2).image).save(file)
    return file


def test_what_the_network_sees_and_says(scene):
    found = explain(scene, model="objects/vgg", steps=4)
    image = objects.scene(2).image
    (index,), (probability,) = load_model("objects/vgg").classifier(output="probability").predict(image[None])
    assert torch.equal(found.image, image)
    assert found.predicted == found.target == objects.CLASSES[index]
    assert found.target_index == index
    assert found.probability == found.score == pytest.approx(float(probability))
    assert float(found.attribution.sum()) - found.score_change == pytest.approx(found.completeness_gap, abs=1e-6)
    assert found.evaluations == 5
    assert found.method == "vgg · straight path from black · IG · 4 steps"


def test_a_score_that_never_changes_has_no_relative_gap(scene, monkeypatch):
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 4))
    nn.init.zeros_(network[2].weight)
    nn.init.zeros_(network[2].bias)
    own = Model("module:own", network, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), to_tensor)
    monkeypatch.setattr(explanations, "load_model", lambda name, data: own)
    found = explain(scene, model="module:own", steps=4, target=3)
    assert found.target == "class 3"
    assert found.result == "probability 0.2500, +0.0000 from the baseline; completeness gap +0.0000"
    assert len(picture(found).axes) == 3


def test_titles_of_any_length_neither_overlap_nor_leave_the_picture():
    words = "a rather long name of a class that a network of my own may well have"
    figure = picture(
        Explanation(
            image=torch.rand(3, 60, 40),
            attribution=torch.randn(3, 60, 40),
            method="a method",
            predicted=words,
            probability=0.5,
            target=words,
            target_index=0,
            output="probability",
            score=0.5,
            score_change=0.5,
            completeness_gap=0.0,
            evaluations=5,
            seconds=1.0,
        )
    )
    figure.canvas.draw()
    titles = [ax.title.get_window_extent() for ax in figure.axes]
    assert all(left.x1 < right.x0 for left, right in pairwise(titles))
    drawn = figure.get_tightbbox()
    assert all(title.y1 <= drawn.y1 * figure.dpi for title in titles)
