"""Torchvision's classifiers by their exact weights, downloaded once or read from a file.

A file of weights is a state dict: the tensors by name, in .safetensors or as ``torch.save`` writes them. Torch and
torchvision take seconds to import, which is left until more than the names in torchvision's source is needed.
"""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from igpaths.arguments import check_word, nearest
from igpaths.models import BEST_KNOWN, Model, in_one_line

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torchvision.models import WeightsEnum

ABOUT = "For photographs, downloaded once; accuracy on ImageNet"


def names(*, every: bool = False) -> dict[str, float]:
    """The names of models by their weights, each with its accuracy on ImageNet's validation set, in [0, 1].

    `every` network, the best known of them first; by default those alone.
    """
    from torchvision.models import get_model_weights

    networks = dict.fromkeys((*BEST_KNOWN, *catalogue())) if every else BEST_KNOWN
    return {
        f"torchvision/{network}:{entry.name}": entry.meta["_metrics"]["ImageNet-1K"]["acc@1"] / 100
        for network in networks
        for entry in get_model_weights(network)
        if entry.meta["categories"]  # vgg16's IMAGENET1K_FEATURES have no classifier
    }


@cache
def catalogue() -> dict[str, list[str]]:
    """The names of each network's weights, read from torchvision's source without importing it."""
    spec = find_spec("torchvision")
    folder = Path(spec.origin if spec and spec.origin else "").parent / "models"
    source = "".join(file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.py")))
    enums = re.findall(r"^class (\w+)\(WeightsEnum\):\n((?:    .*\n|\n)*)", source, flags=re.MULTILINE)
    weights = {enum: re.findall(r"^    (\w+) = Weights\(", body, flags=re.MULTILINE) for enum, body in enums}
    networks = re.findall(r"^def (\w+)\(\s*\*,\s*weights: (?:Optional\[)?(\w+)", source, flags=re.MULTILINE)
    return {network: weights[enum] for network, enum in sorted(networks)}


def load(name: str, *, file: Path | None) -> Model:
    """The model ``torchvision/NETWORK:WEIGHTS``: its weights are downloaded, or those of the name's file."""
    network, _, entry = name.partition("/")[2].partition("@")[0].partition(":")
    if network not in catalogue():
        raise ValueError(
            f"model is {name!r}; torchvision has no classifier {network!r}, it has those of "
            f"torchvision.models.list_models(torchvision.models){nearest(network, catalogue())}"
        )
    moving = "DEFAULT names other weights in another release; " if entry == "DEFAULT" else ""
    check_word(f"model is {name!r}; {moving}weights of {network}", entry, catalogue()[network])

    from torchvision.models import get_model_weights

    weights = get_model_weights(network)[entry]
    state = _download(name, weights) if file is None else read_state(file, name)
    preset = weights.transforms()
    return Model(
        name=name,
        network=fit(name, _build(network, state), state),
        mean=tuple(preset.mean),
        std=tuple(preset.std),
        prepare=weights.transforms(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)),  # the preset without its normalisation
        classes=tuple(weights.meta["categories"] or ()),
    )


def _build(network: str, state: "dict[str, Tensor]") -> "nn.Module":
    from torchvision.models import get_model

    # The weights of two networks expect another normalisation, which these do themselves by an option; files exist with
    # and without the auxiliary heads, which play no part in evaluation.
    auxiliary = any(key.startswith(("aux", "Aux")) for key in state)
    options = {"transform_input": True, "init_weights": False, "aux_logits": auxiliary}
    return get_model(network, weights=None, **(options if network in ("inception_v3", "googlenet") else {}))


def _download(name: str, weights: "WeightsEnum") -> "dict[str, Tensor]":
    try:
        return weights.get_state_dict(progress=False, check_hash=True)
    except OSError as error:
        import torch

        cache = Path(torch.hub.get_dir()) / "checkpoints"
        remedy = f"put that file into {cache}, or name a local one, torchvision/NETWORK:WEIGHTS@FILE"
        raise OSError(f"model is {name!r}; {weights.url} could not be downloaded ({error}): {remedy}") from error


def read_state(file: Path, name: str) -> "dict[str, Tensor]":
    """The tensors by name in a .safetensors file, or in any other that torch.save wrote, for the model of this name."""
    import safetensors.torch
    import torch

    try:
        if file.suffix.lower() == ".safetensors":
            return safetensors.torch.load_file(file)
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged or foreign file fails in many ways
        raise ValueError(f"model is {name!r}; {file} is no state dict: {in_one_line(error)}") from error
    pairs = state.items() if isinstance(state, dict) else [(None, state)]
    if not all(isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in pairs):
        kind = f"a dict of {_some(list(map(str, state)))}" if isinstance(state, dict) else type(state).__name__
        raise ValueError(f"model is {name!r}; {file} is no state dict (tensors by name) but {kind}")
    return state


def fit(name: str, network: "nn.Module", state: "dict[str, Tensor]") -> "nn.Module":
    """`network` in evaluation mode with these weights; ValueError says which of them do not fit."""
    # torchvision's DenseNet files keep the names of an older release: denselayer1.norm.1 for denselayer1.norm1.
    for key in list(state):
        state[re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", key)] = state.pop(key)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        shapes, given = ({key: tuple(t.shape) for key, t in each.items()} for each in (network.state_dict(), state))
        findings = {
            "missing": [key for key in shapes if key not in given],
            "unexpected": [key for key in given if key not in shapes],
            "of another shape": [f"{k} {given[k]} for {own}" for k, own in shapes.items() if given.get(k, own) != own],
        }
        words = "; ".join(f"{len(keys)} {what} ({_some(keys)})" for what, keys in findings.items() if keys)
        words = words or in_one_line(error)
        raise ValueError(f"model is {name!r}; the weights do not fit the network: {words}") from error
    return network.eval()


def _some(words: list[str]) -> str:
    return ", ".join(words[:3]) + (", …" if len(words) > 3 else "")
