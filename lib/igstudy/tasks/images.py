"""The images of a task, as a model takes them, with their classes and, where the task knows them, their masks."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.functional import to_pil_image, to_tensor

from igpaths.models import OWN, Model
from igstudy.tasks import FOLDERS, TASKS, objects
from igstudy.tasks.folders import read_folder
from igstudy.tasks.photographs import Collection, find_classes, shipped

OTHERS = tuple(f"{prefix}/" for prefix in OWN)  # of models that do not know the scenes
UNKNOWN = -1  # the target of a photograph without a label
Alter = Callable[[Image.Image], Image.Image]
logger = logging.getLogger("igpaths")


class NoImagesError(ValueError):
    """None of the photographs asked for can be read; `skipped` has a line for each."""

    def __init__(self, message: str, *, skipped: tuple[str, ...]) -> None:
        super().__init__(message)
        self.skipped = skipped


@dataclass(frozen=True)
class Images:
    """Images of a task, ready for a model."""

    images: Tensor  # (B, C, H, W), float32 in [0, 1]
    targets: Tensor  # (B,), int64, the class of each; UNKNOWN where the photograph has no label
    names: tuple[str, ...]  # unique
    photographs: tuple[str, ...]  # the photograph behind each image: scenes share their backgrounds'
    materials: tuple[str, ...]  # the photograph that fills each image's object: of scenes; "" of photographs
    classes: tuple[str, ...]  # the name of each class by its index; none where nothing names them
    masks: Tensor | None = None  # (B, H, W), bool, the true pixels of the object, where the task knows them
    skipped: tuple[str, ...] = ()  # a line for each photograph that could not be read


def load_images(
    task: str, *, model: Model, count: int, start: int = 0, data: str | Path = "", seed: int = 0,
    backgrounds: int = objects.BACKGROUNDS, alter: Alter | None = None,
) -> Images:  # fmt: skip
    """Images number `start` to ``start + count - 1`` of a task, as `model` takes them.

    The order is fixed by `seed` and by the folder, so that shards of a run are slices of it.

    Parameters
    ----------
    task : "objects", scenes of the test split; "photographs", those that packages ship; "imagenet" or "folder",
        photographs of a folder in ImageNet's form or in one of the reader's (see `folders`), one of each class before a
        second of any.
    model : Model whose `prepare` resizes and crops a photograph.
    count : int, 1 or more. Where a folder has fewer photographs, all are taken and the log says so.
    start : int, 0 or more.
    data : the folder of the tasks imagenet and folder; the environment variable IGPATHS_DATA where it is empty.
    seed : int, 0 or more.
    backgrounds : int, 1 to 25: on how many backgrounds the scenes of the objects task lie.
    alter : function from the photograph at its full size to another, applied before the model resizes and crops it,
        such as a compression or a blur. A scene of the objects task is its own photograph.

    ValueError for an unknown task, a model of another task, a folder that lacks something, or where no photograph is
    left. A photograph that cannot be read is logged, counted in `skipped` and not replaced.
    """
    if count < 1 or start < 0:
        raise ValueError(f"count must be 1 or more and start 0 or more, got count {count} and start {start}")
    there = collection(task, data)
    if model.name.startswith(OTHERS if task == "objects" else "objects/"):
        raise ValueError(f"model {model.name!r} does not know the classes of the task {task!r}")
    if there is None:
        return _scenes(start, count, seed, backgrounds, alter)
    return _photographs(there, model, start, count, seed, alter)


def _scenes(start: int, count: int, seed: int, backgrounds: int, alter: Alter | None) -> Images:
    indices = range(start, start + count)
    batch = objects.batch(indices, split="test", seed=seed, backgrounds=backgrounds)
    images = batch.images
    if alter is not None:
        images = torch.stack([to_tensor(alter(to_pil_image(image))) for image in images])
    names = tuple(f"scene-{index:05d}" for index in indices)
    return Images(images, batch.targets, names, batch.photographs, batch.materials, objects.CLASSES, batch.masks)


def collection(task: str, data: str | Path = "") -> Collection | None:
    """The photographs of a task; None for the objects task, whose scenes are drawn."""
    if task not in TASKS:
        raise ValueError(f"task is {task!r}; it must be one of {', '.join(TASKS)}")
    if task in FOLDERS:
        return read_folder(data, imagenet=task == "imagenet")
    return shipped() if task == "photographs" else None


def _photographs(there: Collection, model: Model, start: int, count: int, seed: int, alter: Alter | None) -> Images:
    number = len(there.photographs)
    chosen = there.sample(start + count, seed=seed)[start:]
    if len(chosen) < count:
        logger.warning("%d photographs asked for from number %d on: %s has %d", count, start, there.source, number)
    index, classes = find_classes(there, model)
    images, targets, names, skipped = list[Tensor](), list[int](), list[str](), list[str]()
    for photograph in chosen:
        try:
            pixels = photograph.open()
        except ValueError as error:
            skipped.append(str(error))
            continue
        names.append(photograph.name)
        targets.append(index.get(photograph.label, UNKNOWN))
        images.append(model.see(alter(pixels) if alter else pixels, name=names[-1]))
        if images[-1].shape != images[0].shape:
            shapes = f"{tuple(images[-1].shape)}, and {names[0]} into {tuple(images[0].shape)}"
            raise ValueError(
                f"model is {model.name!r}; its prepare turns {names[-1]} into {shapes}: one size is needed"
            )
    if skipped:
        logger.warning("%d of %d photographs skipped: %s", len(skipped), len(chosen), "; ".join(skipped))
    if not images:
        message = f"no photograph is left of {len(chosen)} from number {start} on, of {number} in {there.source}"
        raise NoImagesError(message, skipped=tuple(skipped))
    both, none = tuple(names), ("",) * len(names)
    return Images(torch.stack(images), torch.tensor(targets), both, both, none, classes, skipped=tuple(skipped))
