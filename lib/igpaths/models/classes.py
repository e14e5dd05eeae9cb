"""The names of a model's classes, and the class that a name stands for."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from igpaths.models import ENVIRONMENT, Model, nearest


@dataclass(frozen=True)
class Synset:
    """A class of ImageNet: its WordNet identifier and its words."""

    wnid: str
    name: str


def class_names(model: Model, count: int, *, data: str | Path = "") -> tuple[str, ...]:
    """The names of a model's `count` outputs: those listed in `data` if they fit, else its own, else numbers.

    `data` is a folder that may have a synsets.txt; where it is empty, the environment variable IGPATHS_DATA names it.
    ValueError for a folder that does not exist, a list of something else, and a model that names more or fewer classes.

    Examples
    --------
    >>> from igpaths.models.classes import class_names
    >>> class_names(model, 10)[:3]
    ('disk', 'square', 'triangle')
    """
    listed = listed_classes(data)
    if len(listed) == count:
        return listed
    check_outputs(model, count, model.classes)
    return model.classes or tuple(f"class {index}" for index in range(count))


def listed_classes(data: str | Path = "") -> tuple[str, ...]:
    """The names in the synsets.txt of the folder `data` (or IGPATHS_DATA); none where there is no folder or no file."""
    if not (data or os.environ.get(ENVIRONMENT)):
        return ()
    file = data_folder(data) / "synsets.txt"
    return tuple(synset.name for synset in read_synsets(file)) if file.is_file() else ()


def check_outputs(model: Model, count: int, classes: Sequence[str]) -> None:
    """ValueError where a network's `count` outputs are not as many as its classes, if these have names."""
    if classes and len(classes) != count:
        raise ValueError(f"model is {model.name!r}; its network has {count} outputs for {len(classes)} classes")


def class_index(target: str, classes: Sequence[str]) -> int:
    """The class that an index or a name stands for; of a synset's names the first one is enough.

    Where there is none, or more than one, ValueError says so, and which name is the nearest.

    Examples
    --------
    >>> from igpaths.models.classes import class_index
    >>> class_index("ring", data.classes), class_index("5", data.classes)
    (5, 5)
    """
    if target.isdecimal() and int(target) < len(classes):
        return int(target)
    whole = [index for index, name in enumerate(classes) if name == target]
    matches = whole or [index for index, name in enumerate(classes) if first_name(name) == target]
    if len(matches) > 1:
        raise ValueError(f"target is {target!r}, the name of classes {', '.join(map(str, matches))}: give the index")
    if not matches:
        hint = nearest(target, map(first_name, classes))
        raise ValueError(f"target is {target!r}; it must be a class's name or index, 0 to {len(classes) - 1}{hint}")
    return matches[0]


def first_name(name: str) -> str:
    """The first of a synset's names: "tench" of "tench, Tinca tinca".

    Examples
    --------
    >>> from igpaths.models.classes import first_name
    >>> first_name("tench, Tinca tinca")
    'tench'
    """
    return name.split(",")[0]


def data_folder(data: str | Path = "") -> Path:
    """The folder that the parameter `data`, or where it is empty the environment variable IGPATHS_DATA, names."""
    path = data or os.environ.get(ENVIRONMENT, "")
    if not path:
        raise ValueError(
            f"the imagenet task needs a folder with val/<wnid>/*.JPEG and synsets.txt: "
            f"name it with the parameter data or the environment variable {ENVIRONMENT}"
        )
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise ValueError(f"data is {str(path)!r} (parameter data or {ENVIRONMENT}): there is no such folder")
    return folder


def read_synsets(path: Path) -> tuple[Synset, ...]:
    """The synsets in class-index order, from lines of a wnid, a tab or space, and a name.

    ImageNet's own LOC_synset_mapping.txt is such a file. Lines end as on any system, empty ones may follow the last. A
    line of another form, one that is not in UTF-8 and a wnid that comes twice raise ValueError with the line's number.
    """
    if not path.is_file():
        raise ValueError(f"there is no list of synsets at {path}")
    content = path.read_bytes()
    try:
        lines = content.decode("utf-8-sig").rstrip().splitlines()
    except UnicodeDecodeError as error:
        number = content[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}, line {number}: it is not in UTF-8; save the file in that encoding") from error
    synsets: dict[str, Synset] = {}
    for number, line in enumerate(lines, 1):
        match = re.fullmatch(r"(n\d{8})\s+(\S.*?)\s*", line)
        if not match:
            raise ValueError(f"{path}, line {number}: {line!r} is not a wnid and a name, as in 'n01440764<tab>tench'")
        if match[1] in synsets:
            raise ValueError(f"{path}, line {number}: {match[1]} comes twice")
        synsets[match[1]] = Synset(wnid=match[1], name=match[2])
    if not synsets:
        raise ValueError(f"{path} lists no synset")
    return tuple(synsets.values())
