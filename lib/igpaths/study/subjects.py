"""The networks of a study, each with the images that it is asked about."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from PIL import Image, ImageFilter
from torch import Tensor

from igpaths.classifier import Classifier
from igpaths.study.parameters import Parameters
from igpaths.tasks import Alter, load_images, load_model


@dataclass(frozen=True, eq=False)
class Subject:
    """One network of a study.

    Attributes
    ----------
    name : the model's name, as in the parameters.
    label : its short form for figures and tables.
    net : the Classifier.
    images, targets, photographs : (B, 3, H, W) in [0, 1], the true classes (B,), and the photograph behind each image,
        for intervals that resample photographs.
    predictions : (B,), the classes that the network finds.
    classes : the names of the classes by index.
    skipped : a line for each photograph that could not be read.
    """

    name: str
    label: str
    net: Classifier
    images: Tensor
    targets: Tensor
    photographs: tuple[str, ...]
    predictions: Tensor
    classes: tuple[str, ...]
    skipped: tuple[str, ...]


def subjects(study: Parameters, *, output: str, images: int | None = None) -> Iterator[Subject]:
    """Each network of the study in turn, with its first `images` images (all of the study's by default).

    `output` is the Classifier's: "probability" or "logit".
    """
    torch.backends.cudnn.allow_tf32 = False  # else a GPU's convolutions have 10 bits, and its maps are others
    for name in study.models:
        model = load_model(name, data=study.folder or "")
        net = model.classifier(output=output, device=study.device)
        chosen = load_images(
            study.task, model=model, count=images or study.images, data=study.folder or "", seed=study.seed
        )
        predictions = [net.predict(part)[0].cpu() for part in chosen.images.split(study.batch_size)]
        yield Subject(
            name=name,
            label=label(name),
            net=net,
            images=chosen.images,
            targets=chosen.targets,
            photographs=chosen.photographs,
            predictions=torch.cat(predictions),
            classes=chosen.classes,
            skipped=chosen.skipped,
        )


def altered(study: Parameters, subject: Subject, alter: Alter) -> Tensor:
    """The subject's images (B, 3, H, W) again, their photographs altered at full size: compressed, blurred, …"""
    model = load_model(subject.name, data=study.folder or "")
    return load_images(
        study.task,
        model=model,
        count=len(subject.images) + len(subject.skipped),
        data=study.folder or "",
        seed=study.seed,
        alter=alter,
    ).images


def blur_photograph(photograph: Image.Image, *, radius: float = 20) -> Image.Image:
    """The photograph under Pillow's Gaussian of `radius` pixels: the canvas of SIC and AIC in Study A's code."""
    return photograph.filter(ImageFilter.GaussianBlur(radius))


def label(name: str) -> str:
    """The network's name without task, enum and file: "objects/resnet" → "resnet"."""
    return name.split("@")[0].split("/")[-1].split(":")[0] if "/" in name.split("@")[0] else name.rsplit(".", 1)[-1]
