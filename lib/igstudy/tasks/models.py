"""The names of the objects task's models, ``objects/resnet``, which `igpaths.models` finds as an entry point.

The names are those of the shipped cards: importing this, and refusing a name, takes no torch.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from igpaths.arguments import check_word
from igpaths.models import Model, Offer

if TYPE_CHECKING:
    from torch import Tensor

ABOUT = "For the drawn scenes of the objects task, shipped; accuracy on its test scenes"
WEIGHTS = Path(__file__).parent / "weights"


def names(*, every: bool = False) -> dict[str, Offer]:
    """The names of the networks, each with the accuracy that its card reports, in [0, 1]; there are no others."""
    cards = {name: json.loads((WEIGHTS / f"{name}.json").read_text(encoding="utf-8")) for name in networks()}
    return {f"objects/{name}": Offer(card["accuracy"]) for name, card in cards.items()}


def networks() -> list[str]:
    """The names of the networks, without ``objects/``."""
    return sorted(card.stem for card in WEIGHTS.glob("*.json"))


def load(name: str, *, file: Path | None) -> Model:
    """The model ``objects/NETWORK``, whose weights are shipped: it takes no file."""
    network = name.partition("/")[2]
    check_word(f"model is {name!r}; network", network, networks())
    weights = WEIGHTS / f"{network}.safetensors"
    if not weights.is_file():
        raise ValueError(f"model is {name!r}; its weights {weights} are not there: `make models` trains them")

    from igpaths.models.weights import fit, read_state
    from igstudy.tasks import objects
    from igstudy.tasks.networks import NETWORKS

    return Model(
        name=name,
        network=fit(name, NETWORKS[network](), read_state(weights, name)),
        mean=tuple(objects.MEAN.flatten().tolist()),
        std=tuple(objects.STD.flatten().tolist()),
        prepare=prepare,
        classes=objects.CLASSES,
    )


def prepare(photograph: Image.Image) -> "Tensor":
    """A photograph as a square of the scenes' size."""
    from torchvision.transforms import functional

    from igstudy.tasks.objects import SIZE

    square = functional.center_crop(functional.resize(photograph, [SIZE]), [SIZE])
    return functional.to_tensor(square)
