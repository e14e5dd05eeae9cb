"""Photographs of a task with their labels, from which a study takes a seeded sample; those that packages ship.

A label becomes a class by the collection's own list of classes, or by the names that the model gives its classes.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

from igpaths.models import Model
from igpaths.models.classes import class_index
from igpaths.models.photographs import open_photograph

SHIPPED = Path(__file__).with_name("photographs.yaml")


@dataclass(frozen=True)
class Photograph:
    """A file with its name, which is unique in its collection, and its label, "" where none is known."""

    path: Path
    name: str
    label: str = ""
    crop: tuple[int, int, int, int] | None = None  # left, upper, right, lower, in pixels

    def open(self) -> Image.Image:
        """The photograph in RGB; ValueError with its name where it cannot be read."""
        try:
            image = open_photograph(self.path)
        except ValueError as error:
            raise ValueError(f"{self.name}{str(error).removeprefix(self.path.name)}") from error
        return image.crop(self.crop) if self.crop else image


@dataclass(frozen=True)
class Collection:
    """Photographs in a fixed order, where they come from, and the `classes` that their labels stand for.

    `classes` has the name to show of each label, in the order of the network's outputs. Where they are not `listed`,
    the names that a model gives its classes go before them.
    """

    photographs: tuple[Photograph, ...]
    source: str
    classes: Mapping[str, str]
    listed: bool = False
    shuffled: bool = True

    def sample(self, count: int, *, seed: int = 0) -> tuple[Photograph, ...]:
        """Up to `count` of the photographs: a seeded sample, or the first ones where they are not `shuffled`.

        A sample takes one photograph of each label before it takes a second of any. It is the beginning of one order
        that only `seed` and the collection determine, so that a larger one begins with the smaller one.
        """
        if count < 1 or seed < 0:
            raise ValueError(f"count must be 1 or more and seed 0 or more, got count {count} and seed {seed}")
        if not self.shuffled:
            return self.photographs[:count]
        rounds: dict[str, int] = {}  # photographs of each label so far
        keyed = []
        for position in np.random.default_rng(seed).permutation(len(self.photographs)):
            photograph = self.photographs[position]
            rounds[photograph.label] = rounds.get(photograph.label, 0) + 1
            keyed.append((rounds[photograph.label], photograph))
        return tuple(photograph for _, photograph in sorted(keyed, key=lambda pair: pair[0]))[:count]


def find_classes(collection: Collection, model: Model) -> tuple[dict[str, int], tuple[str, ...]]:
    """The index of each label, and the name of each class; of a synset's names the first one is enough.

    ValueError where a label is no class of the model.
    """
    if collection.classes and (collection.listed or not model.classes):
        return {label: index for index, label in enumerate(collection.classes)}, tuple(collection.classes.values())
    labels = {each.label for each in collection.photographs} - {""}
    if labels and not model.classes:
        raise ValueError(f"model is {model.name!r}; it names no classes, which the labels of {collection.source} are")
    try:
        return {label: class_index(label, model.classes) for label in sorted(labels)}, model.classes
    except ValueError as error:
        remedy = "a folder's classes.txt may list all classes of its network"
        raise ValueError(
            f"model is {model.name!r}; a label of {collection.source} is no class: {error}; {remedy}"
        ) from error


@cache
def shipped() -> Collection:
    """The photographs that installed packages ship and ImageNet's networks know, in the order of their list.

    Facts about each, its licence among them, are in ``photographs.yaml``. ValueError where a package is missing, or
    has another file under its name.
    """
    listed = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    found = []
    for name, facts in listed.items():
        spec = find_spec(facts["package"])
        if spec is None or spec.origin is None:
            raise ValueError(
                f"photograph {name!r} is in the package {facts['package']}: pip install 'igpaths[photographs]'"
            )
        path = Path(spec.origin).parent / facts["file"]
        if hashlib.sha256(path.read_bytes()).hexdigest() != facts["sha256"]:
            raise ValueError(f"photograph {name!r}: {path} is another file than the one listed in {SHIPPED}")
        found.append(Photograph(path, name, facts["label"], tuple(facts["crop"])))
    return Collection(tuple(found), "the shipped photographs", {}, shuffled=False)
