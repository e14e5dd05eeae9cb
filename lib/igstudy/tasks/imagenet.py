"""The imagenet task: a folder of photographs by synset.

The folder holds ``val/<wnid>/*.JPEG`` and ``synsets.txt``, one synset a line in the order of the networks' classes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from igpaths.models import ENVIRONMENT, data_folder

SUFFIXES = (".jpeg", ".jpg", ".png")


@dataclass(frozen=True)
class Photograph:
    """A file of the folder with its synset and its class, an index into the synsets."""

    path: Path
    wnid: str
    target: int


def folder_of(data: str | Path) -> Path:
    """The folder that `data`, or where it is empty the environment variable IGPATHS_DATA, names."""
    folder = data_folder(data)
    if folder is None:
        raise ValueError(
            f"the imagenet task needs a folder with val/<wnid>/*.JPEG and synsets.txt: "
            f"name it with the parameter data or the environment variable {ENVIRONMENT}"
        )
    return folder


def photographs(folder: Path, synsets: Collection[str]) -> tuple[Photograph, ...]:
    """Every .JPEG, .jpg, .jpeg or .png of ``folder/val/<wnid>/``, in the order of synsets (wnids) and file names.

    Hidden files and folders do not count. Raises ValueError where there is no val/, no synset folder or no image, and
    for a folder that is not in the list.
    """
    if not synsets:
        raise ValueError(f"there is no list of synsets at {folder / 'synsets.txt'}")
    root = folder / "val"
    if not root.is_dir():
        raise ValueError(f"{folder} has no folder val/ with the photographs, val/<wnid>/*.JPEG")
    target = {wnid: index for index, wnid in enumerate(synsets)}
    names = {entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith(".")}
    if not names:
        raise ValueError(f"{root} has no synset folders: the photographs belong into val/<wnid>/")
    if strange := sorted(names - target.keys()):
        raise ValueError(f"{root} has {len(strange)} folders that are no synset of the list, such as {strange[0]!r}")
    listed = tuple(
        Photograph(path=path, wnid=wnid, target=target[wnid])
        for wnid in sorted(names, key=target.__getitem__)
        for path in sorted((root / wnid).iterdir())
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )
    if not listed:
        raise ValueError(f"{root} has synset folders but no image in them ({', '.join(SUFFIXES)})")
    return listed


def choose(photographs: Sequence[Photograph], count: int, *, seed: int = 0) -> tuple[Photograph, ...]:
    """A seeded sample that takes one photograph of each class before it takes a second of any.

    It is the first `count` of one order that only `seed` and the folder determine, so that a larger sample begins
    with the smaller one; all of them where `count` is larger than there are.
    """
    if count < 1 or seed < 0:
        raise ValueError(f"count must be 1 or more and seed 0 or more, got count {count} and seed {seed}")
    rng = np.random.default_rng(seed)
    rounds: dict[int, int] = {}  # photographs of each class so far
    keyed = []
    for position in rng.permutation(len(photographs)):
        photograph = photographs[position]
        rounds[photograph.target] = rounds.get(photograph.target, 0) + 1
        keyed.append((rounds[photograph.target], photograph))
    return tuple(photograph for _, photograph in sorted(keyed, key=lambda pair: pair[0]))[:count]
