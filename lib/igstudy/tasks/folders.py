"""Photographs of one's own: class folders, a flat folder with a list of labels, or a flat folder without any.

ImageNet's form is ``val/<wnid>/*.JPEG`` beside ``synsets.txt``, one synset a line in the order of the networks'
classes.
"""

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path
from unicodedata import normalize

from igpaths.arguments import shorten
from igpaths.folders import SUFFIXES
from igpaths.models import ENVIRONMENT, data_folder
from igpaths.models.classes import read_synsets
from igpaths.texts import read_text, written
from igstudy.tasks.photographs import Collection, Photograph

LABELS = "labels.csv"
CLASSES = "classes.txt"
FORM = f"class folders with images, or images and {LABELS} (columns file and label), or images alone"


def read_folder(data: str | Path, *, imagenet: bool) -> Collection:
    """The photographs of the folder that `data`, or where it is empty the environment variable IGPATHS_DATA, names.

    Hidden files do not count. In ImageNet's form every folder of val/ must be a synset of the list. In a folder of
    one's own the images lie in val/ if there is one, and ``classes.txt`` beside it may name the network's classes, one
    a line; without it they are those that the model names, or the labels in alphabetical order, as torchvision's
    ImageFolder has them. Images that ``labels.csv`` does not list do not count, and it lists none elsewhere.

    ValueError where there is no such folder, no image in it, or a list that does not fit.
    """
    folder = data_folder(data)
    if folder is None:
        form = "val/<wnid>/*.JPEG and synsets.txt" if imagenet else FORM
        where = f"name it with the parameter data or the environment variable {ENVIRONMENT}"
        raise ValueError(f"the task needs a folder with {form}: {where}")
    return _imagenet(folder) if imagenet else _own(folder)


def _imagenet(folder: Path) -> Collection:
    synsets = read_synsets(folder)
    if not synsets:
        raise ValueError(f"there is no list of synsets at {folder / 'synsets.txt'}; without one, set task: folder")
    root = folder / "val"
    if not root.is_dir():
        raise ValueError(f"{folder} has no folder val/ with the photographs, val/<wnid>/*.JPEG")
    names = _folders(root)
    if not names:
        raise ValueError(f"{root} has no synset folders: the photographs belong into val/<wnid>/")
    if strange := sorted(set(names) - synsets.keys()):
        raise ValueError(f"{root} has {len(strange)} folders that are no synset of the list, such as {strange[0]!r}")
    photographs = _labelled(root, [wnid for wnid in synsets if wnid in names])
    if not photographs:
        raise ValueError(f"{root} has synset folders but no image in them ({', '.join(SUFFIXES)})")
    return Collection(photographs, str(folder), synsets, listed=True)


def _own(folder: Path) -> Collection:
    root = folder / "val" if (folder / "val").is_dir() else folder
    lists = [each / LABELS for each in (root, folder) if (each / LABELS).is_file()]
    found, flat = _labelled(root, _folders(root)), _images(root)
    if found and flat and not lists:
        raise ValueError(f"{root} has images beside class folders, such as {flat[0].name!r}; it must have {FORM}")
    if lists:
        found = _listed(root, lists[0])
    elif flat:
        found = tuple(Photograph(path, written(path.name)) for path in flat)
    if not found:
        raise ValueError(f"{root} has no image ({', '.join(SUFFIXES)}); it must have {FORM}")
    labels = dict.fromkeys(each.label for each in found if each.label)
    if not (folder / CLASSES).is_file():
        names = sorted(labels) if lists else labels
        return Collection(found, str(root), {name: name for name in names})
    names = [name for name in map(_name, read_text(folder / CLASSES).splitlines()) if name]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{folder / CLASSES} lists {twice[0]!r} twice")
    if strange := labels.keys() - set(names):
        raise ValueError(f"{folder / CLASSES} does not list {min(strange)!r}, a label of {root}")
    return Collection(found, str(root), {name: name for name in names}, listed=True)


def _listed(root: Path, file: Path) -> tuple[Photograph, ...]:
    lines = csv.DictReader(io.StringIO(read_text(file)))
    try:
        columns, rows = lines.fieldnames or (), list(lines)
    except csv.Error as error:
        raise ValueError(f"{file} is no CSV file: {error}") from error
    if not {"file", "label"} <= set(columns):
        given = shorten(",".join(columns))
        raise ValueError(f"{file} begins with {given}; its first line must be 'file,label' (the names of its columns)")
    found: dict[str, Photograph] = {}
    for number, row in enumerate(rows, 2):
        name, label = (row["file"] or "").strip(), _name(row["label"] or "")
        inside = not Path(name).is_absolute() and ".." not in Path(name).parts
        if not (name and label and inside and os.path.isfile(root / name)) or name in found:
            wanted = f"an image of {root} and its label, once"
            raise ValueError(f"{file}, line {number}: {shorten(name, 120)}, {shorten(label)} is not {wanted}")
        found[name] = Photograph(root / name, name, label)
    return tuple(found.values())


def _name(text: str) -> str:
    """A label, in one spelling: a Mac's folders have letters and their dots apart."""
    return normalize("NFC", written(text.strip()))


def _labelled(root: Path, names: Iterable[str]) -> tuple[Photograph, ...]:
    there = ((name, path) for name in names for path in _images(root / name))
    return tuple(Photograph(path, written(f"{name}/{path.name}"), _name(name)) for name, path in there)


def _folders(root: Path) -> list[str]:
    return sorted(each.name for each in root.iterdir() if each.is_dir() and not each.name.startswith("."))


def _images(root: Path) -> list[Path]:
    there = sorted(root.iterdir())
    images = [each for each in there if each.suffix.lower() in SUFFIXES and not each.name.startswith(".")]
    return [each for each in images if each.is_file()]  # to open a pipe would wait for ever
