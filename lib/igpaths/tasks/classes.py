"""The names of a model's classes, and the class that a name stands for."""

import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from igpaths.tasks.imagenet import ENVIRONMENT, data_folder, read_synsets
from igpaths.tasks.models import Model


def class_names(model: Model, count: int, *, data: str | Path = "") -> tuple[str, ...]:
    """The names of a model's `count` classes: those listed in `data` if they fit, else its own, else numbers.

    Parameters
    ----------
    model : Model.
    count : int, its outputs.
    data : folder that may have a synsets.txt; the environment variable IGPATHS_DATA where it is empty.

    Raises
    ------
    ValueError
        for a folder that does not exist, or a synsets.txt that lists something else.

    Examples
    --------
    >>> from igpaths.tasks.classes import class_names
    >>> class_names(model, 10)[:3], class_names(model, 2)  # two classes are not its own
    (('disk', 'square', 'triangle'), ('class 0', 'class 1'))
    """
    named = data or os.environ.get(ENVIRONMENT, "")
    file = data_folder(named) / "synsets.txt" if named else None
    listed = tuple(synset.name for synset in read_synsets(file)) if file and file.is_file() else ()
    numbered = tuple(f"class {index}" for index in range(count))
    return next(names for names in (listed, model.classes, numbered) if len(names) == count)


def class_index(target: str, classes: Sequence[str]) -> int:
    """The class that an index or a name stands for; of a synset's names the first one is enough.

    Raises
    ------
    ValueError
        where there is none, or more than one.

    Examples
    --------
    >>> from igpaths.tasks.classes import class_index
    >>> class_index("ring", data.classes), class_index("5", data.classes)
    (5, 5)
    >>> class_index("rings", data.classes)
    Traceback (most recent call last):
        ...
    ValueError: target is 'rings'; it must be a class's name or index, 0 to 9; did you mean ring?
    """
    if target.isdecimal() and int(target) < len(classes):
        return int(target)
    whole = [index for index, name in enumerate(classes) if name == target]
    found = whole or [index for index, name in enumerate(classes) if first_name(name) == target]
    if len(found) > 1:
        raise ValueError(f"target is {target!r}, the name of classes {', '.join(map(str, found))}: give the index")
    if not found:
        close = get_close_matches(target, map(first_name, classes), n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise ValueError(f"target is {target!r}; it must be a class's name or index, 0 to {len(classes) - 1}{hint}")
    return found[0]


def first_name(name: str) -> str:
    """The first of a synset's names: "tench" of "tench, Tinca tinca".

    Examples
    --------
    >>> from igpaths.tasks.classes import first_name
    >>> first_name("tench, Tinca tinca")
    'tench'
    """
    return name.split(",")[0]
