"""Torchvision's classifiers by their exact weights, downloaded once or read from a file.

Torch and torchvision take seconds to import, which is left until more than the names in torchvision's source is needed.
"""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from igpaths.arguments import check_word, nearest
from igpaths.models import BEST_KNOWN, Model, Offer
from igpaths.models.weights import fit, read_state

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torchvision.models import WeightsEnum

ABOUT = "Torchvision's, for photographs; accuracy on ImageNet's validation set"


def names(*, every: bool = False) -> dict[str, Offer]:
    """The names of models by their weights, with their accuracy on ImageNet and the size of what is not here yet.

    `every` network, the best known of them first; by default those alone.
    """
    from torchvision.models import get_model_weights

    networks = dict.fromkeys((*BEST_KNOWN, *catalogue())) if every else BEST_KNOWN
    return {
        f"torchvision/{network}:{entry.name}": Offer(
            entry.meta["_metrics"]["ImageNet-1K"]["acc@1"] / 100,
            "" if _cached(entry).is_file() else f"downloads {entry.meta['_file_size']:.0f} MB",
        )
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
        known = f"torchvision.models.list_models(torchvision.models){nearest(network, catalogue())}"
        raise ValueError(f"model is {name!r}; torchvision has no classifier {network!r}, it has those of {known}")
    moving = "DEFAULT names other weights in another release; " if entry == "DEFAULT" else ""
    check_word(f"model is {name!r}; {moving}weights of {network}", entry, catalogue()[network])

    from torchvision.models import get_model_weights

    weights = get_model_weights(network)[entry]
    state = _download(name, weights) if file is None else read_state(file, name)
    own = fit(name, _build(network, state), state)
    preset, classes = weights.transforms(), tuple(weights.meta["categories"] or ())
    outputs = len(list(own.state_dict().values())[-1])
    return Model(
        name=name,
        network=own,
        mean=tuple(preset.mean),
        std=tuple(preset.std),
        prepare=weights.transforms(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)),  # the preset without its normalisation
        classes=classes if outputs == len(classes) else (),
    )


def _build(network: str, state: "dict[str, Tensor]") -> "nn.Module":
    """The network, whose last layer has as many classes as that of the state dict."""
    import torch
    from torchvision.models import get_model

    # The weights of two networks expect another normalisation, which these do themselves by an option; files exist with
    # and without the auxiliary heads, which play no part in evaluation.
    auxiliary = any(key.startswith(("aux", "Aux")) for key in state)
    options = {"transform_input": True, "init_weights": False, "aux_logits": auxiliary}
    options = options if network in ("inception_v3", "googlenet") else {}
    own = get_model(network, weights=None, **options)
    last, values = list(own.state_dict().items())[-1]
    classes = len(torch.atleast_1d(state.get(last, values)))
    return own if classes == len(values) else get_model(network, weights=None, num_classes=classes, **options)


def _cached(weights: "WeightsEnum") -> Path:
    import torch

    return Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rpartition("/")[2]


def _download(name: str, weights: "WeightsEnum") -> "dict[str, Tensor]":
    import torch

    file = _cached(weights)
    if not file.is_file():
        digits = re.search(r"-([0-9a-f]{8,})\.", file.name)  # of its SHA-256
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(weights.url, str(file), digits[1] if digits else None, progress=False)
        except (OSError, RuntimeError) as error:  # the latter of a file that is another
            remedy = f"put that file into {file.parent}, or name a local one, torchvision/NETWORK:WEIGHTS@FILE"
            raise OSError(f"model is {name!r}; {weights.url} could not be downloaded ({error}): {remedy}") from error
    return read_state(file, name)
