"""The names of the objects task's models, ``objects/resnet``, which `igpaths.models` finds as an entry point."""

import json
from pathlib import Path

from PIL import Image
from torch import Tensor
from torchvision.transforms import functional

from igpaths.models import Model, choice
from igpaths.models.zoo import fit, read_state
from igstudy.tasks import objects
from igstudy.tasks.networks import NETWORKS

ABOUT = "For the drawn scenes of the objects task, shipped; accuracy on its test scenes"


def names(*, every: bool = False) -> dict[str, float]:
    """The names of the networks, each with the accuracy that its card reports, in [0, 1]; there are no others."""
    cards = {name: json.loads((objects.WEIGHTS / f"{name}.json").read_text(encoding="utf-8")) for name in NETWORKS}
    return {f"objects/{name}": card["accuracy"] for name, card in cards.items()}


def load(name: str, *, file: Path | None) -> Model:
    """The model ``objects/NETWORK``, whose weights are shipped: it takes no file."""
    network = name.partition("/")[2]
    if network not in NETWORKS:
        raise ValueError(f"model is {name!r}; {choice('network', network, NETWORKS)}")
    weights = objects.WEIGHTS / f"{network}.safetensors"
    if not weights.is_file():
        raise ValueError(f"model is {name!r}; its weights {weights} are not there: `make models` trains them")
    return Model(
        name=name,
        network=fit(name, NETWORKS[network](), read_state(weights, name)),
        mean=tuple(objects.MEAN.flatten().tolist()),
        std=tuple(objects.STD.flatten().tolist()),
        prepare=prepare,
        classes=objects.CLASSES,
    )


def prepare(photograph: Image.Image) -> Tensor:
    """A photograph as a square of the scenes' size."""
    square = functional.center_crop(functional.resize(photograph, [objects.SIZE]), [objects.SIZE])
    return functional.to_tensor(square)
