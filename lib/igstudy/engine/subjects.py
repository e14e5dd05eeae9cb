"""The networks of a study, each with its images, and these images explained a batch at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from igpaths.classifier import Classifier
from igpaths.models import DEFAULT, Model, label, load_model
from igpaths.models.classes import class_names, first_name
from igpaths.texts import amount
from igstudy.engine.parameters import Parameters
from igstudy.measures.sample import Sample
from igstudy.measures.sources import Source, explain
from igstudy.tasks.images import UNKNOWN, Alter, Images, collection, load_images

POOL = 64  # of a task's images, the first, from which references are drawn: whatever the study's number of images


@dataclass(frozen=True, eq=False, kw_only=True)
class Subject(Images):
    """One network of a study, and some of its images; where these have no label, its predictions are the targets."""

    model: Model
    label: str  # a short name for tables
    net: Classifier
    predictions: Tensor  # (B,), the classes that the network finds
    unlabelled: int  # how many images have no label
    start: int  # the number of the first image in the study's order

    @property
    def titles(self) -> tuple[str, ...]:
        """The name of each image's class for figures, with a number where several images have the same."""
        own = [first_name(self.classes[target]) for target in self.targets]
        return tuple(f"{name} {own[:k].count(name) + 1}" if own.count(name) > 1 else name for k, name in enumerate(own))


def subject(
    study: Parameters, model: Model, *, output: str, start: int | None = None, count: int | None = None
) -> Subject:
    """A network with its images number `start` to ``start + count - 1``, all of the study's by default.

    `output` is the Classifier's: "probability" or "logit".
    """
    net = model.classifier(output=output, device=study.device, precision=study.precision)
    count, start = count or study.images, study.skip if start is None else start
    data = load_images(study.task, model=model, count=count, start=start, **_which(study))
    outputs = net.logits(data.images[:1]).shape[1]
    if data.classes and outputs != len(data.classes):
        words = f"its network has {amount(outputs, 'output')} for {amount(len(data.classes), 'class', 'classes')}"
        more = f": list all {outputs} in classes.txt, a name a line" if study.task == "folder" else ""
        raise ValueError(f"model is {model.name!r}; {words}{more}")
    predictions = torch.cat([net.predict(batch)[0].cpu() for batch in data.images.split(study.batch_size)])
    unknown = data.targets == UNKNOWN
    known = {
        "targets": predictions.where(unknown, data.targets),
        "classes": class_names(model, outputs, listed=data.classes),
        "unlabelled": int(unknown.sum()),
    }
    own = vars(data) | known
    return Subject(model=model, label=label(model.name), net=net, predictions=predictions, start=start, **own)


def subjects(study: Parameters, *, output: str, images: int | None = None) -> Iterator[Subject]:
    """Each network of the study in turn, with its first `images` images (all of the study's by default)."""
    for name in study.models:
        yield subject(study, load_model(name, data=study.data), output=output, count=images)


def pictured(study: Parameters, *, images: int = 1, models: Sequence[str] = (DEFAULT,)) -> Parameters:
    """The study of a chapter's pictures: `images` photographs that packages ship, under networks that people know.

    Where the task is not "objects" they are the study's own: its first images, and as many of its first networks as
    `models` has. All other parameters are the study's.
    """
    if study.task == "objects":
        return replace(study, task="photographs", models=tuple(models), images=images, skip=0)
    return replace(study, models=study.models[: len(models)], images=min(images, study.images))


def altered(study: Parameters, subject: Subject, alter: Alter) -> Tensor:
    """The subject's images (B, 3, H, W) again, their photographs altered at full size: compressed, blurred, …"""
    count = len(subject.images) + len(subject.skipped)
    return load_images(
        study.task, model=subject.model, count=count, start=subject.start, alter=alter, **_which(study)
    ).images


def _which(study: Parameters) -> dict[str, Any]:
    """What decides, beside the network and their numbers, which images a study has."""
    return {"data": study.data, "seed": study.seed, "backgrounds": study.backgrounds}


def drawn(pool: Callable[[], Images], names: Sequence[str], start: int, seed: int, count: int) -> Tensor:
    """For each named image `count` others of the pool (count, B, C, H, W), by its number from `start` on and the seed.

    None, (0, B, C, H, W), where the pool has too few to leave the image itself out.
    """
    images, known = pool().images, np.array(pool().names)
    if len(known) <= count:
        return images.new_empty(0, len(names), *images.shape[1:])
    streams = [np.random.default_rng((seed, 15, start + i)) for i in range(len(names))]
    chosen = [
        each.permutation(np.flatnonzero(known != name))[:count] for each, name in zip(streams, names, strict=True)
    ]
    return images[np.stack(chosen, axis=1)]


def _pool(study: Parameters, model: Model) -> Images:
    there = collection(study.task, study.data)
    count = min(POOL, len(there.photographs)) if there else POOL
    return load_images(study.task, model=model, count=count, **_which(study))


def samples(study: Parameters, subject: Subject, source: Source, net: Classifier) -> Iterator[Sample]:
    """The subject's images a batch at a time, explained along a source by a network with the source's output."""
    whole, pool = cache(partial(altered, study, subject)), cache(partial(_pool, study, subject.model))

    def again(piece: slice, alter: Alter) -> Tensor:
        return whole(alter)[piece]

    for start in range(0, len(subject.images), study.batch_size):
        piece = slice(start, start + study.batch_size)
        images, targets = subject.images[piece], subject.targets[piece]
        yield Sample(
            source=source,
            walked=explain(source, net, images, targets, batch_size=study.batch_size),
            net=net,
            label=subject.label,
            images=images,
            targets=targets,
            predictions=subject.predictions[piece],
            names=subject.names[piece],
            photographs=subject.photographs[piece],
            materials=subject.materials[piece],
            masks=None if subject.masks is None else subject.masks[piece],
            altered=partial(again, piece),
            references=partial(drawn, pool, subject.names[piece], subject.start + start, study.seed),
            start=subject.start + start,
            kept=count_kept(study, subject.start + start, len(images)),
            seed=study.seed,
            backgrounds=study.backgrounds,
            batch_size=study.batch_size,
        )


def count_kept(study: Parameters, start: int, count: int) -> int:
    """Of how many of `count` images from number `start` on the maps are kept."""
    return max(0, min(count, study.maps - start))
