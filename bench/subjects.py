"""What is timed: networks and images of the sizes that the studies use."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor, nn

from igpaths.classifier import Classifier

ENVIRONMENT = "IGPATHS_DATA"
WEIGHTS = {"mobilenet_v2": "IMAGENET1K_V1@weights/mobilenet_v2.pt"}  # of the folder that IGPATHS_DATA names


@dataclass(frozen=True, eq=False)
class Subject:
    """A network with images that it is asked about.

    Attributes
    ----------
    name : of the network.
    weights : "trained", or "random", which cost the same.
    module, mean, std : the network, and its normalisation.
    images, targets : (B, 3, H, W) in [0, 1] and (B,), on the CPU.
    """

    name: str
    weights: str
    module: nn.Module
    mean: tuple[float, ...]
    std: tuple[float, ...]
    images: Tensor
    targets: Tensor

    def classifier(self, *, precision: str | None = None, fold: bool = True) -> Classifier:
        """The Classifier of the probability; without `fold` its network is as it was written."""
        chosen: dict[str, Any] = {"precision": precision, "fold": fold}
        return Classifier(self.module, mean=self.mean, std=self.std, output="probability", **chosen)


def subject(name: str, *, count: int, device: str) -> Subject:
    """The network of this name with `count` images.

    "objects/…" is trained and sees scenes, "installed/…" and "module:…" are, and see photographs. A network of
    torchvision has the weights of the folder that IGPATHS_DATA names, and its photographs; without such a folder or
    weights, random ones, and noise.
    """
    task, _, network = name.partition("/")
    data = os.environ.get(ENVIRONMENT, "")
    trained = data and network in WEIGHTS and (Path(data) / WEIGHTS[network].split("@")[1]).is_file()
    if task == "torchvision" and not trained:
        generator = torch.Generator().manual_seed(0)
        images = torch.rand(count, 3, 224, 224, generator=generator)
        module = torchvision.models.get_model(network).to(device)
        mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        return Subject(network, "random", module, mean, std, images, torch.arange(count))
    # Here, since `bench.profile` also times libraries that the study does not go with.
    from igpaths.models import label, load_model
    from igstudy.tasks.images import load_images

    model = load_model(f"{name}:{WEIGHTS[network]}" if trained else name, data=data)
    kind = {"objects": "objects", "installed": "photographs"}.get(task, "imagenet")
    chosen = load_images(kind, model=model, count=count, data=data)
    module, images, targets = model.network.to(device), chosen.images, chosen.targets
    return Subject(network or label(name), "trained", module, model.mean, model.std, images, targets)
