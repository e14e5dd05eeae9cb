"""Torchvision's networks: their names, their preparation, their download, and files with other classes."""

import hashlib
import re

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from torch import nn
from torchvision.transforms import functional

import hostile
from igpaths import load_model
from igpaths.models import torchvision_zoo as zoo

SQUEEZENET = "torchvision/squeezenet1_1:IMAGENET1K_V1"
EVERY = torchvision.models.list_models(module=torchvision.models)
MODULES = {torchvision.models.get_model_builder(name).__module__: name for name in reversed(EVERY)}
FAMILIES = sorted(MODULES.values())  # the first name of each


def photograph(width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(256, size=(height, width, 3), dtype=np.uint8))


def same_logits(network, model):
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return torch.equal(network(x), model.network(x))


def test_the_names_in_the_source_of_torchvision_are_its_own():
    entries = {name: [each.name for each in torchvision.models.get_model_weights(name)] for name in EVERY}
    assert zoo.catalogue() == entries


class TestClasses:
    @pytest.mark.parametrize("network", FAMILIES)
    def test_a_network_of_every_family_takes_the_number_of_its_last_layer(self, network):
        regnet = network.startswith("regnet")  # which computes its widths with tensors
        with torch.device("cpu" if regnet else "meta"):
            last = [*zoo._build(network, {}).state_dict()][-1]
            built = zoo._build(network, {last: torch.zeros(5)}).state_dict()
        assert len(built[last]) == len(built[last.replace("bias", "weight")]) == 5

    @pytest.mark.parametrize(
        "network", ["resnet18", "mobilenet_v3_small", "densenet121", "squeezenet1_0", "vit_b_32", "googlenet"]
    )
    def test_a_file_with_five(self, network, tmp_path):
        options = {"init_weights": False, "aux_logits": False} if network == "googlenet" else {}
        own = torchvision.models.get_model(network, weights=None, num_classes=5, **options).eval()
        torch.save(own.state_dict(), tmp_path / "five.pt")
        model = load_model(f"torchvision/{network}:IMAGENET1K_V1@five.pt", data=tmp_path)
        assert model.classes == ()
        x = model.prepare(photograph(300, 200))[None]
        logits = model.classifier(output="logit").logits(x)
        assert logits.shape == (1, 5)
        if network != "googlenet":  # which changes its own normalisation
            mean, std = (torch.tensor(each).view(3, 1, 1) for each in (model.mean, model.std))
            torch.testing.assert_close(logits, own((x - mean) / std).detach(), rtol=1e-4, atol=1e-5)


class TestPreparation:
    @pytest.mark.parametrize(
        ("network", "entry", "size"),
        [
            ("mobilenet_v2", "IMAGENET1K_V1", 224),
            ("mobilenet_v2", "IMAGENET1K_V2", 224),
            ("efficientnet_b0", "IMAGENET1K_V1", 224),  # bicubic
            ("inception_v3", "IMAGENET1K_V1", 299),
        ],
    )
    def test_equals_the_preset_before_normalisation(self, network, entry, size, monkeypatch, tmp_path):
        monkeypatch.setattr(zoo, "read_state", lambda file, name: {})
        monkeypatch.setattr(zoo, "fit", lambda name, network, state: network)
        monkeypatch.setattr(zoo, "_build", lambda network, state: nn.Linear(1, 1000))
        (tmp_path / "any.pt").touch()
        model = load_model(f"torchvision/{network}:{entry}@any.pt", data=tmp_path)
        preset = torchvision.models.get_model_weights(network)[entry].transforms()
        for width, height in [(500, 375), (375, 501), (256, 256), (60, 41), (224, 1000), (7, 3)]:
            image = model.prepare(photograph(width, height))
            assert image.shape == (3, size, size)
            assert image.min() >= 0
            assert image.max() <= 1
            normalised = functional.normalize(image, model.mean, model.std)
            assert (normalised - preset(photograph(width, height))).abs().max() < 1e-6

    @pytest.mark.parametrize(("network", "auxiliary"), [("inception_v3", "AuxLogits"), ("googlenet", "aux1")])
    def test_networks_that_change_their_own_normalisation(self, network, auxiliary):
        with_heads = zoo._build(network, {f"{auxiliary}.fc.weight": torch.zeros(1)})
        without = zoo._build(network, {})
        assert with_heads.transform_input
        assert without.transform_input
        assert getattr(with_heads, auxiliary) is not None
        assert getattr(without, auxiliary) is None


class TestDownload:
    """The real path, from a file:// address."""

    @pytest.fixture
    def squeezenet(self):
        return torchvision.models.squeezenet1_1(weights=None).eval()

    @pytest.fixture
    def address(self, squeezenet, tmp_path, monkeypatch):
        """Serve the random network under a name that carries its hash, as torchvision's files do."""
        torch.save(squeezenet.state_dict(), tmp_path / "squeezenet.pt")
        content = (tmp_path / "squeezenet.pt").read_bytes()
        served = tmp_path / f"squeezenet-{hashlib.sha256(content).hexdigest()[:8]}.pth"
        served.write_bytes(content)
        entry = torchvision.models.SqueezeNet1_1_Weights.IMAGENET1K_V1
        monkeypatch.setattr(entry.value, "url", served.as_uri())
        monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
        return served

    def test_into_torch_home_once(self, squeezenet, address, tmp_path):
        assert same_logits(squeezenet, load_model(SQUEEZENET))
        assert (tmp_path / "home/hub/checkpoints" / address.name).is_file()
        address.unlink()
        assert same_logits(squeezenet, load_model(SQUEEZENET))

    def test_a_wrong_hash_is_refused(self, address, tmp_path):
        address.write_bytes(b"something else")
        with pytest.raises(OSError, match="could not be downloaded \\(invalid hash value"):
            load_model(SQUEEZENET)
        assert not list((tmp_path / "home/hub/checkpoints").iterdir())

    def test_no_code_in_the_cache_is_run(self, address, tmp_path, monkeypatch):
        hostile.weights(tmp_path)
        monkeypatch.chdir(tmp_path)
        cache = tmp_path / "home/hub/checkpoints"
        cache.mkdir(parents=True)
        (tmp_path / "code.pt").rename(cache / address.name)
        with pytest.raises(ValueError, match=f"{address.name} is no state dict: it is damaged, or holds other objects"):
            load_model(SQUEEZENET)
        assert not (tmp_path / "owned").exists()

    def test_no_connection(self, address, tmp_path):
        address.unlink()
        cache = re.escape(str(tmp_path / "home/hub/checkpoints"))
        with pytest.raises(OSError, match=rf"could not be downloaded .*: put that file into {cache}, or name a local"):
            load_model(SQUEEZENET)
