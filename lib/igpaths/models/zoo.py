"""Torchvision's classifiers by their exact weights, downloaded once or read from a file.

A file of weights is a state dict: the tensors by name, in .safetensors or as ``torch.save`` writes them.
"""

import re
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn
from torchvision import models

from igpaths.models import BEST_KNOWN, Model, Name, choice, in_one_line, nearest

ABOUT = "For photographs, downloaded once; accuracy on ImageNet"
NETWORKS = models.list_models(module=models)


def names(*, every: bool = False) -> dict[str, float]:
    """The names of models by their weights, each with its accuracy on ImageNet's validation set, in [0, 1].

    `every` network, the best known of them first; by default those alone.
    """
    networks = dict.fromkeys((*BEST_KNOWN, *NETWORKS)) if every else BEST_KNOWN
    return {
        f"torchvision/{network}:{entry.name}": entry.meta["_metrics"]["ImageNet-1K"]["acc@1"] / 100
        for network in networks
        for entry in models.get_model_weights(network)
        if entry.meta["categories"]  # vgg16's IMAGENET1K_FEATURES have no classifier
    }


def load(name: str, *, file: Path | None) -> Model:
    """The model ``torchvision/NETWORK:WEIGHTS``: its weights are downloaded, or those of the name's file."""
    _, network, weights, _ = Name.of(name)
    if network not in NETWORKS:
        raise ValueError(
            f"model is {name!r}; torchvision has no classifier {network!r}, it has those of "
            f"torchvision.models.list_models(torchvision.models){nearest(network, NETWORKS)}"
        )
    entries = {entry.name: entry for entry in models.get_model_weights(network)}
    if weights not in entries:
        moving = "DEFAULT names other weights in another release; " if weights == "DEFAULT" else ""
        raise ValueError(f"model is {name!r}; {moving}{choice(f'weights of {network}', weights, entries)}")
    entry = entries[weights]
    state = _download(name, entry) if file is None else read_state(file, name)
    preset = entry.transforms()
    return Model(
        name=name,
        network=fit(name, _build(network, state), state),
        mean=tuple(preset.mean),
        std=tuple(preset.std),
        prepare=entry.transforms(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)),  # the preset without its normalisation
        classes=tuple(entry.meta["categories"] or ()),
    )


def _build(network: str, state: dict[str, Tensor]) -> nn.Module:
    if network not in ("inception_v3", "googlenet"):
        return models.get_model(network, weights=None)
    # Their weights expect another normalisation, which the network does itself by an option; files exist with and
    # without the auxiliary heads, which play no part in evaluation.
    auxiliary = any(key.startswith(("aux", "Aux")) for key in state)
    options = {"transform_input": True, "init_weights": False, "aux_logits": auxiliary}
    return models.get_model(network, weights=None, **options)


def _download(name: str, weights: models.WeightsEnum) -> dict[str, Tensor]:
    try:
        return weights.get_state_dict(progress=False, check_hash=True)
    except OSError as error:
        cache = Path(torch.hub.get_dir()) / "checkpoints"
        remedy = f"put that file into {cache}, or name a local one, torchvision/NETWORK:WEIGHTS@FILE"
        raise OSError(f"model is {name!r}; {weights.url} could not be downloaded ({error}): {remedy}") from error


def read_state(file: Path, name: str) -> dict[str, Tensor]:
    """The tensors by name in a .safetensors file, or in any other that torch.save wrote, for the model of this name."""
    try:
        if file.suffix.lower() == ".safetensors":
            return safetensors.torch.load_file(file)
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged or foreign file fails in many ways
        raise ValueError(f"model is {name!r}; {file} is no state dict: {in_one_line(error)}") from error
    tensors = isinstance(state, dict) and all(isinstance(value, Tensor) for value in state.values())
    if not tensors or not all(isinstance(key, str) for key in state):
        kind = f"a dict of {_some(list(map(str, state)))}" if isinstance(state, dict) else type(state).__name__
        raise ValueError(f"model is {name!r}; {file} is no state dict (tensors by name) but {kind}")
    return state


def fit(name: str, network: nn.Module, state: dict[str, Tensor]) -> nn.Module:
    """`network` in evaluation mode with these weights; ValueError says which of them do not fit."""
    # torchvision's DenseNet files keep the names of an older release: denselayer1.norm.1 for denselayer1.norm1.
    for key in list(state):
        state[re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", key)] = state.pop(key)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        own = network.state_dict()
        findings = {
            "missing": [key for key in own if key not in state],
            "unexpected": [key for key in state if key not in own],
            "of another shape": [
                f"{key} {tuple(state[key].shape)} for {tuple(own[key].shape)}"
                for key in own
                if key in state and state[key].shape != own[key].shape
            ],
        }
        words = "; ".join(f"{len(keys)} {what} ({_some(keys)})" for what, keys in findings.items() if keys)
        words = words or in_one_line(error)
        raise ValueError(f"model is {name!r}; the weights do not fit the network: {words}") from error
    return network.eval()


def _some(words: list[str]) -> str:
    return ", ".join(words[:3]) + (", …" if len(words) > 3 else "")
