"""The networks of a study, each with the images that it is asked about."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from igpaths.classifier import Classifier
from igpaths.models import Model, label, load_model
from igstudy.engine.parameters import Parameters
from igstudy.tasks import Alter, load_images


@dataclass(frozen=True, eq=False)
class Subject:
    """One network of a study, and some of its images.

    Attributes
    ----------
    model : the network as it was loaded.
    label : its short form for figures and tables.
    net : the Classifier.
    images, targets : (B, 3, H, W) in [0, 1], and the true classes (B,).
    names, photographs : each image's name, and the photograph behind it, for intervals that resample photographs.
    predictions : (B,), the classes that the network finds.
    classes : the names of the classes by index.
    skipped : a line for each photograph that could not be read.
    start : the number of the first image in the study's order.
    masks : (B, H, W), bool, the true pixels of the object; None where the task does not know them.

    Examples
    --------
    >>> from igstudy.engine.subjects import subject
    >>> chosen = subject(study, load_model("objects/resnet"), output="logit")
    >>> chosen.label, chosen.names, chosen.predictions
    ('resnet', ('scene-00000', 'scene-00001'), tensor([0, 1]))
    """

    model: Model
    label: str
    net: Classifier
    images: Tensor
    targets: Tensor
    names: tuple[str, ...]
    photographs: tuple[str, ...]
    predictions: Tensor
    classes: tuple[str, ...]
    skipped: tuple[str, ...] = ()
    start: int = 0
    masks: Tensor | None = None


def subject(study: Parameters, model: Model, *, output: str, start: int = 0, count: int | None = None) -> Subject:
    """A network with its images number `start` to ``start + count - 1``, all of the study's by default.

    `output` is the Classifier's: "probability" or "logit".

    Examples
    --------
    >>> from igstudy.engine.subjects import subject
    >>> subject(study, model, output="probability", start=4, count=1).names
    ('scene-00004',)
    """
    net = model.classifier(output=output, device=study.device, precision=study.precision)
    chosen = load_images(
        study.task, model=model, count=count or study.images, start=start, data=study.folder or "", seed=study.seed
    )
    predictions = [net.predict(part)[0].cpu() for part in chosen.images.split(study.batch_size)]
    return Subject(
        model=model,
        label=label(model.name),
        net=net,
        images=chosen.images,
        targets=chosen.targets,
        names=chosen.names,
        photographs=chosen.photographs,
        predictions=torch.cat(predictions),
        classes=chosen.classes,
        skipped=chosen.skipped,
        start=start,
        masks=chosen.masks,
    )


def subjects(study: Parameters, *, output: str, images: int | None = None) -> Iterator[Subject]:
    """Each network of the study in turn, with its first `images` images (all of the study's by default).

    Examples
    --------
    >>> from igstudy.engine.subjects import subjects
    >>> [(each.label, each.images.shape) for each in subjects(study, output="probability", images=1)]
    [('resnet', torch.Size([1, 3, 176, 176]))]
    """
    for name in study.models:
        yield subject(study, load_model(name, data=study.folder or ""), output=output, count=images)


def altered(study: Parameters, subject: Subject, alter: Alter) -> Tensor:
    """The subject's images (B, 3, H, W) again, their photographs altered at full size: compressed, blurred, …

    Examples
    --------
    >>> from igpaths.metrics import jpeg
    >>> from igstudy.engine.subjects import altered, subject
    >>> chosen = subject(study, model, output="probability")
    >>> altered(study, chosen, jpeg).shape
    torch.Size([2, 3, 176, 176])
    """
    return load_images(
        study.task,
        model=subject.model,
        count=len(subject.images) + len(subject.skipped),
        start=subject.start,
        data=study.folder or "",
        seed=study.seed,
        alter=alter,
    ).images
