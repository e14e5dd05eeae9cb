"""Weights in a file of one's own, and every way in which such a file can be wrong."""

import pickle
import re

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

import hostile
from igpaths import Model, load_model
from igpaths.models import weights

SQUEEZENET = "torchvision/squeezenet1_1:IMAGENET1K_V1"


@pytest.fixture(scope="module")
def squeezenet(tmp_path_factory):
    """A random squeezenet1_1 and its state dict on disk, in both formats."""
    torch.manual_seed(0)
    network = torchvision.models.squeezenet1_1(weights=None).eval()
    folder = tmp_path_factory.mktemp("weights")
    torch.save(network.state_dict(), folder / "squeezenet.pt")
    save_file(network.state_dict(), folder / "squeezenet.safetensors")
    return network, folder


def same_logits(network: nn.Module, model: Model) -> bool:
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return torch.equal(network(x), model.network(x))


class TestLocalFile:
    @pytest.mark.parametrize("file", ["squeezenet.pt", "squeezenet.safetensors"])
    @pytest.mark.parametrize("absolute", [True, False])
    def test_state_dict(self, squeezenet, file, absolute):
        network, folder = squeezenet
        name = f"{SQUEEZENET}@{folder / file if absolute else file}"
        model = load_model(name, data="" if absolute else folder)
        assert model.name == name
        assert model.mean == (0.485, 0.456, 0.406)
        assert model.std == (0.229, 0.224, 0.225)
        assert not model.network.training
        assert same_logits(network, model)

    def test_relative_to_the_environment_variable(self, squeezenet, monkeypatch):
        monkeypatch.setenv("IGPATHS_DATA", str(squeezenet[1]))
        assert same_logits(squeezenet[0], load_model(f"{SQUEEZENET}@squeezenet.pt"))

    def test_missing(self, tmp_path):
        with pytest.raises(ValueError, match=re.escape(f"there is no file {tmp_path / 'none.pt'}")):
            load_model(f"{SQUEEZENET}@none.pt", data=tmp_path)
        with pytest.raises(ValueError, match=re.escape(f"there is no file {tmp_path}")):
            load_model(f"{SQUEEZENET}@", data=tmp_path)

    @pytest.mark.parametrize("file", ["text.pt", "text.safetensors", "pickle.pt", "list.pt", "checkpoint.pt"])
    def test_not_a_state_dict(self, tmp_path, file):
        (tmp_path / "text.pt").write_text("hello")
        (tmp_path / "text.safetensors").write_text("hello")
        (tmp_path / "pickle.pt").write_bytes(pickle.dumps(nn.Linear(1, 1)))
        torch.save([torch.zeros(1)], tmp_path / "list.pt")
        torch.save({"epoch": 3, "state_dict": {}}, tmp_path / "checkpoint.pt")
        with pytest.raises(ValueError, match=f"{file} is no state dict"):
            load_model(f"{SQUEEZENET}@{file}", data=tmp_path)

    def test_a_checkpoint_is_named_by_its_keys(self, tmp_path):
        torch.save({"epoch": 3, "state_dict": {}}, tmp_path / "checkpoint.pt")
        with pytest.raises(ValueError, match=r"no state dict \(tensors by name\) but a dict of epoch, state_dict$"):
            load_model(f"{SQUEEZENET}@checkpoint.pt", data=tmp_path)

    def test_does_not_fit(self, squeezenet, tmp_path):
        state = squeezenet[0].state_dict()
        state["head.weight"] = state.pop("features.0.weight")
        state["classifier.1.bias"] = torch.zeros(10)
        torch.save(state, tmp_path / "other.pt")
        with pytest.raises(ValueError, match="do not fit") as caught:
            load_model(f"{SQUEEZENET}@other.pt", data=tmp_path)
        message = str(caught.value)
        assert "1 missing (features.0.weight)" in message
        assert "1 unexpected (head.weight)" in message
        assert "1 of another shape (classifier.1.weight is (1000, 512, 1, 1), expected (10, 512, 1, 1))" in message
        assert message.endswith("is one of your own, module:PACKAGE.FUNCTION")

    def test_of_another_network(self, squeezenet):
        message = r"\d+ missing \(features.0.0.weight, .*, …\); 50 unexpected"
        with pytest.raises(ValueError, match=message):
            load_model(f"torchvision/mobilenet_v2:IMAGENET1K_V2@{squeezenet[1] / 'squeezenet.pt'}")

    def test_densenet_files_with_the_names_of_an_older_release(self):
        def build() -> nn.Module:
            return torchvision.models.DenseNet(growth_rate=4, block_config=(2, 2), num_init_features=8)

        new = build().state_dict()
        old = {re.sub(r"\.(norm|conv)([12])\.", r".\1.\2.", key): value for key, value in new.items()}
        assert old.keys() != new.keys()
        fitted = weights.fit("any", build(), {k: v for k, v in old.items() if "num_batches" not in k})
        assert all(torch.equal(fitted.state_dict()[key], new[key]) for key in new)


class TestHostile:
    """What would run code or take all memory, if one let it."""

    @pytest.mark.parametrize(
        ("file", "message"),
        [
            ("code.pt", "it is damaged, or holds other objects than tensors, which is not read"),
            ("script.pt", "it is an archive of TorchScript, which holds code: save the network's state_dict()"),
            ("bomb.pt", "its entries are compressed, from 40"),
            ("claim.pt", "fc.bias; it must have dense tensors of real numbers, as many as the file holds"),
            ("nothing.pt", "fc.bias; it must have dense tensors"),
            ("meta.pt", "fc.bias; it must have dense tensors"),
            ("complex.pt", "fc.bias; it must have dense tensors of real numbers"),
            ("cut.pt", "PytorchStreamReader failed"),
            ("header.safetensors", "header too large"),
        ],
    )
    def test_is_no_state_dict(self, tmp_path, monkeypatch, file, message):
        hostile.weights(tmp_path)
        monkeypatch.chdir(tmp_path)
        for name in (SQUEEZENET, "timm/resnet18.a1_in1k"):
            with pytest.raises(ValueError, match=f"{file} is no state dict: .*{re.escape(message)}"):
                load_model(f"{name}@{file}")
        assert not (tmp_path / "owned").exists()

    @pytest.mark.parametrize("name", ["torchvision/resnet18:IMAGENET1K_V1", "timm/resnet18.a1_in1k"])
    @pytest.mark.parametrize("file", ["number.pt", "other.pt"])
    def test_does_not_fit(self, tmp_path, name, file):
        hostile.weights(tmp_path)
        with pytest.raises(ValueError, match="the weights do not fit the network: "):
            load_model(f"{name}@{file}", data=tmp_path)
