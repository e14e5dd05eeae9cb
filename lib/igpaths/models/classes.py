"""The names of a model's classes, and the class that a name stands for."""

import re
from collections.abc import Sequence
from pathlib import Path

from igpaths.arguments import nearest, shorten
from igpaths.models import Model
from igpaths.texts import amount, read_text


def class_names(model: Model, count: int, *, listed: Sequence[str] = ()) -> tuple[str, ...]:
    """The names of a model's `count` outputs: those `listed` if they fit, else its own, else numbers.

    ValueError where the model itself names more or fewer classes.
    """
    if len(listed) == count:
        return tuple(listed)
    if model.classes and len(model.classes) != count:
        words = f"{amount(count, 'output')} for {amount(len(model.classes), 'class', 'classes')}"
        raise ValueError(f"model is {model.name!r}; its network has {words}")
    return model.classes or tuple(f"class {index}" for index in range(count))


def class_index(target: str, classes: Sequence[str]) -> int:
    """The class that an index or a name stands for; of a synset's names the first one is enough.

    Where there is none, or more than one, ValueError says so, and which name is the nearest.
    """
    if target.isdecimal() and len(target) < 10 and int(target) < len(classes):
        return int(target)
    whole = [index for index, name in enumerate(classes) if name == target]
    matches = whole or [index for index, name in enumerate(classes) if first_name(name) == target]
    if len(matches) > 1:
        raise ValueError(f"target is {target!r}, the name of classes {', '.join(map(str, matches))}: give the index")
    if not matches:
        names = [first_name(name) for name in classes]
        few = f" ({', '.join(names)})" if len(names) <= 10 else ""
        allowed = f"a class's name{few} or index, 0 to {len(names) - 1}"
        raise ValueError(f"target is {shorten(target)}; it must be {allowed}{nearest(target, names)}")
    return matches[0]


def first_name(name: str) -> str:
    """The first of a synset's names: "tench" of "tench, Tinca tinca"."""
    return name.split(",")[0]


def read_synsets(folder: Path | None) -> dict[str, str]:
    """The names by their wnid, in class-index order, of the folder's synsets.txt; none without a folder or that file.

    A line is a wnid, a tab or space, and a name, in UTF-8, as in ImageNet's own LOC_synset_mapping.txt. Lines end as on
    any system, empty ones may follow the last. A line of another form and a wnid that comes twice raise ValueError with
    the line's number, another encoding one with the file's name.
    """
    if folder is None or not (path := folder / "synsets.txt").is_file():
        return {}
    lines = read_text(path).rstrip().splitlines()
    synsets: dict[str, str] = {}
    for number, line in enumerate(lines or [""], 1):
        match = re.fullmatch(r"(n\d{8})\s+(\S.*?)\s*", line)
        if not match:
            form = "a wnid and a name, as in 'n01440764<tab>tench'"
            raise ValueError(f"{path}, line {number}: {line!r} is not {form}")
        if match[1] in synsets:
            raise ValueError(f"{path}, line {number}: {match[1]} comes twice")
        synsets[match[1]] = match[2]
    return synsets
