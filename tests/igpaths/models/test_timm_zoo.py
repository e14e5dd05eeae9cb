"""Timm's networks through the library, from files and without any way to the hub."""

import importlib.util

import huggingface_hub
import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

import igpaths as ig
from igpaths.models import timm_zoo

ARCHITECTURES = {  # a convolutional network, a transformer, and one with squeeze and excitation
    "resnet18.a1_in1k": {"input_size": 224, "mean": (0.485, 0.456, 0.406)},
    "vit_tiny_patch16_224.augreg_in21k_ft_in1k": {"input_size": 224, "mean": (0.5, 0.5, 0.5)},
    "mobilenetv3_small_050.lamb_in1k": {"input_size": 224, "mean": (0.485, 0.456, 0.406)},
}


@pytest.fixture(scope="module", params=ARCHITECTURES)
def stored(request, tmp_path_factory):
    """The name of a network with random weights in a file, and the network."""
    torch.manual_seed(0)
    network = timm.create_model(request.param).eval()
    file = tmp_path_factory.mktemp("timm") / "random weights.safetensors"
    save_file(network.state_dict(), file)
    return f"timm/{request.param}@{file}", network


@pytest.fixture
def three(tmp_path):
    """A file with the weights of a resnet18 of three classes."""
    torch.save(timm.create_model("resnet18", num_classes=3).state_dict(), tmp_path / "three.pt")
    return tmp_path / "three.pt"


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """Neither a cache nor a way to the hub."""

    class Session:
        def head(self, *_, **__):
            raise ConnectionError("no route to\nhost")

    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_: None)
    monkeypatch.setattr(huggingface_hub, "get_session", Session)
    monkeypatch.setattr(timm, "create_model", lambda *_, **__: pytest.fail("it must not try"))


def missing(package, *hidden):
    return None if package in hidden else importlib.util.find_spec(package)


def photograph():
    return Image.fromarray(np.random.default_rng(0).integers(256, size=(240, 300, 3), dtype=np.uint8))


def test_the_maps_of_three_architectures_are_complete(stored):
    name, network = stored
    model = ig.load_model(name)
    assert model.mean == ARCHITECTURES[name.partition("/")[2].partition("@")[0]]["mean"]
    assert model.classes[0].startswith("tench")
    x = model.prepare(photograph())[None]
    assert x.shape == (1, 3, 224, 224)
    net = model.classifier(output="logit")
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (model.mean, model.std))
    with torch.no_grad():
        torch.testing.assert_close(net.logits(x), network((x - mean) / std), rtol=1e-4, atol=1e-4)
    maps = ig.attribute(net, x, 7, path=ig.Straight(), rules=(ig.IG("both"), ig.IDGI()), steps=4)
    scores = maps.scores[4][0]
    torch.testing.assert_close(maps[ig.IDGI()].sum(), scores[-1] - scores[0], rtol=1e-3, atol=1e-3 * scores.abs().max())
    assert float(maps[ig.IG("both")].abs().sum()) > 0


def test_a_photograph_is_explained(stored):
    found = ig.explain(photograph(), model=stored[0], rules=("ig", "idgi"), steps=2, target="tench")
    assert found.maps.shape == (1, 2, 3, 224, 224)
    assert found.model == stored[0]
    assert bool(found.maps.isfinite().all())
    assert found.target_index == 0


def test_a_file_with_another_number_of_classes(three):
    model = ig.load_model(f"timm/resnet18.a1_in1k@{three}")
    assert model.classes == ()
    assert model.classifier(output="logit").logits(torch.rand(1, 3, 64, 64)).shape == (1, 3)
    found = ig.explain(photograph(), model=model, steps=1, target=2)
    assert found.target == "class 2"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("timm/resnet18.a9_in1k", "tag of resnet18 is 'a9_in1k'; it must be one of .*a1_in1k"),
        ("timm/resnet18", "tag of resnet18 is ''; it must be one of .*a1_in1k"),
        ("timm/resnet18.a1_in1", "did you mean a1_in1k\\?"),
        ("timm/resnett18.a1_in1k", "timm has no network 'resnett18'; did you mean resnet18\\?"),
        ("timm/", "timm has no network ''"),
        ("timm/resnet18.a1_in1k@none.pt", "there is no file .*none.pt"),
    ],
)
def test_names_that_are_none(name, message, offline):
    with pytest.raises(ValueError, match=message):
        ig.load_model(name)


@pytest.mark.parametrize("tag", ["", ".nonsense"])
def test_a_file_needs_a_tag_too_which_says_how_images_are_normalised(three, tag):
    with pytest.raises(ValueError, match=r"tag of resnet18 is '.*'; it must be one of .*a1_in1k"):
        ig.load_model(f"timm/resnet18{tag}@{three}")


def test_a_network_without_weights_of_its_own_has_no_tag(tmp_path):
    (name,) = [each for each in timm.list_models("test_*") if not timm.list_pretrained(f"{each}.*")][:1] or [None]
    name = name or next(each for each in timm.list_models("resnet*") if not timm.list_pretrained(f"{each}.*"))
    torch.save(timm.create_model(name).state_dict(), tmp_path / "own.pt")
    assert ig.load_model(f"timm/{name}@own.pt", data=tmp_path).name == f"timm/{name}@own.pt"
    with pytest.raises(ValueError, match="it must be one of none, with @FILE"):
        ig.load_model(f"timm/{name}.a1_in1k@own.pt", data=tmp_path)
    with pytest.raises(ValueError, match="it must be one of none, with @FILE"):
        ig.load_model(f"timm/{name}")


def test_a_file_of_another_network(three):
    with pytest.raises(
        ValueError, match=r"the weights do not fit the network: .* missing .* of another shape .*module:PACKAGE"
    ):
        ig.load_model(f"timm/resnet50.a1_in1k@{three}")


def test_no_way_to_the_hub(offline):
    message = r"model is 'timm/resnet18.a1_in1k'; its weights cannot be had \(.*no route to host\): name a local file"
    with pytest.raises(OSError, match=message) as caught:
        ig.load_model("timm/resnet18.a1_in1k")
    assert "\n" not in str(caught.value)


def test_without_timm(monkeypatch):
    monkeypatch.setattr(timm_zoo, "find_spec", lambda package: missing(package, "timm"))
    offers = timm_zoo.names()
    assert {offer.needs for offer in offers.values()} == {"pip install 'igpaths[timm]'"}
    assert offers.keys() == timm_zoo.names(every=True).keys()
    with pytest.raises(
        ValueError, match=r"model is 'timm/resnet18.a1_in1k'; timm is not installed: pip install 'igpaths"
    ):
        ig.load_model("timm/resnet18.a1_in1k")


def test_what_is_in_the_cache_needs_nothing_and_the_rest_says_its_size(monkeypatch):
    here = "resnet18.a1_in1k"
    monkeypatch.setattr(
        huggingface_hub, "try_to_load_from_cache", lambda hub, file: "file" if hub == f"timm/{here}" else None
    )
    needs = {name: offer.needs for name, offer in timm_zoo.names().items()}
    assert needs.pop(f"timm/{here}") == ""
    assert needs["timm/resnet50.a1_in1k"] == "downloads 102 MB"
    assert all(each.startswith("downloads ") for each in needs.values())
