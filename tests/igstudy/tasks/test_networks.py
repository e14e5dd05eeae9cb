"""The shipped networks of the objects task: their shapes, their files and their accuracy."""

import json

import pytest
import torch

from igpaths.models import load_model
from igstudy.tasks import objects
from igstudy.tasks.models import WEIGHTS, networks
from igstudy.tasks.networks import NETWORKS, TWO

PARAMETERS = {"vgg": 440298, "resnet": 681898, "densenet": 309610, "inception": 460394, "mobilenet": 166826}
PARAMETERS |= {"narrow": 172506, "severed": 169754}
SHIPPED = networks()
IMAGES = 1000


@pytest.fixture(scope="module")
def test_images():
    return objects.batch(range(IMAGES), split="test", seed=0)


@pytest.mark.parametrize("name", NETWORKS)
def test_shape_and_size(name):
    network = NETWORKS[name]().eval()
    assert network(torch.zeros(2, 3, objects.SIZE, objects.SIZE)).shape == (2, 10)
    assert sum(p.numel() for p in network.parameters()) == PARAMETERS[name.partition("-")[0]]


def test_the_five_families_are_shipped_and_all_take_30_megabytes():
    files = list(WEIGHTS.iterdir())
    assert {file.name for file in files} == {f"{name}.{kind}" for name in SHIPPED for kind in ("safetensors", "json")}
    assert {name for name in NETWORKS if name.partition("-")[0] not in TWO} <= set(SHIPPED) <= set(NETWORKS)
    assert sum(file.stat().st_size for file in files) <= 30 * 10**6


@pytest.mark.parametrize("name", SHIPPED)
def test_classifies_as_well_as_its_card_says(name, test_images):
    card = json.loads((WEIGHTS / f"{name}.json").read_text())
    classifier = load_model(f"objects/{name}").classifier(output="logit")
    predicted = torch.cat([classifier.predict(images)[0] for images in test_images.images.split(50)])
    accuracy = (predicted == test_images.targets).double().mean().item()
    assert accuracy >= (0.8 if name.partition("-")[0] in TWO else 0.9)  # the paired ones are small and trained briefly
    assert accuracy == pytest.approx(card["accuracy"], abs=0.003)  # rounding may turn an image near the border


@pytest.mark.parametrize("name", SHIPPED)
def test_card(name):
    card = json.loads((WEIGHTS / f"{name}.json").read_text())
    assert card["network"] == f"objects/{name}"
    assert card["architecture"]
    assert card["parameters"] == PARAMETERS[name.partition("-")[0]]
    assert card["recipe"].keys() >= {"seed", "images", "epochs", "batch", "learning_rate", "augmentation"}
    assert card["accuracy_of_each_class"].keys() == set(objects.CLASSES)
    assert card["test_images"] == IMAGES
    assert card["photographs"]["materials"] == dict(zip(objects.CLASSES, objects.MATERIALS, strict=True))
    assert card["photographs"]["training_backgrounds"] == list(objects.TRAIN_BACKGROUNDS)
    assert card["photographs"]["test_backgrounds"] == list(objects.TEST_BACKGROUNDS)
    assert "60%" in card["photographs"]["split"]
    assert card["normalisation"]["mean"] == pytest.approx([0.45] * 3)
    assert card["normalisation"]["std"] == [0.25] * 3
    assert card["trained_with"]
    assert card["commit"]
