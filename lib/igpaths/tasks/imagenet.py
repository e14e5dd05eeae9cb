"""The imagenet task: a folder of photographs by synset.

The folder holds ``val/<wnid>/*.JPEG`` and ``synsets.txt``, one synset a line in the order of the networks' classes.
"""

import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

ENVIRONMENT = "IGPATHS_DATA"
SUFFIXES = (".jpeg", ".jpg", ".png")


@dataclass(frozen=True)
class Synset:
    """A class of ImageNet: its WordNet identifier and its words."""

    wnid: str
    name: str


@dataclass(frozen=True)
class Photograph:
    """A file of the folder with its synset and its class, an index into the synsets."""

    path: Path
    wnid: str
    target: int


def data_folder(data: str | Path = "") -> Path:
    """The folder that the parameter `data`, or where it is empty the environment variable IGPATHS_DATA, names."""
    named = data or os.environ.get(ENVIRONMENT, "")
    if not named:
        raise ValueError(
            f"the imagenet task needs a folder with val/<wnid>/*.JPEG and synsets.txt: "
            f"name it with the parameter data or the environment variable {ENVIRONMENT}"
        )
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise ValueError(f"data is {str(named)!r} (parameter data or {ENVIRONMENT}): there is no such folder")
    return folder


def read_synsets(path: Path) -> tuple[Synset, ...]:
    """The synsets in class-index order, from lines of a wnid, a tab or space, and a name.

    ImageNet's own LOC_synset_mapping.txt is such a file. A line of another form and a wnid that comes twice raise
    ValueError with the line's number.
    """
    if not path.is_file():
        raise ValueError(f"there is no list of synsets at {path}")
    synsets: dict[str, Synset] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = re.fullmatch(r"(n\d{8})\s+(\S.*?)\s*", line)
        if not match:
            raise ValueError(f"{path}, line {number}: {line!r} is not a wnid and a name, as in 'n01440764<tab>tench'")
        if match[1] in synsets:
            raise ValueError(f"{path}, line {number}: {match[1]} comes twice")
        synsets[match[1]] = Synset(wnid=match[1], name=match[2])
    if not synsets:
        raise ValueError(f"{path} lists no synset")
    return tuple(synsets.values())


def photographs(folder: Path, synsets: Sequence[Synset]) -> tuple[Photograph, ...]:
    """Every .JPEG, .jpg, .jpeg or .png of ``folder/val/<wnid>/``, in the order of synsets and file names.

    Hidden files and folders do not count. Raises ValueError where there is no val/, no synset folder or no image, and
    for a folder that is not in the list.
    """
    root = folder / "val"
    if not root.is_dir():
        raise ValueError(f"{folder} has no folder val/ with the photographs, val/<wnid>/*.JPEG")
    target = {synset.wnid: index for index, synset in enumerate(synsets)}
    names = {entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith(".")}
    if not names:
        raise ValueError(f"{root} has no synset folders: the photographs belong into val/<wnid>/")
    if strange := sorted(names - target.keys()):
        raise ValueError(f"{root} has {len(strange)} folders that are no synset of the list, such as {strange[0]!r}")
    found = tuple(
        Photograph(path=path, wnid=wnid, target=target[wnid])
        for wnid in sorted(names, key=target.__getitem__)
        for path in sorted((root / wnid).iterdir())
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )
    if not found:
        raise ValueError(f"{root} has synset folders but no image in them ({', '.join(SUFFIXES)})")
    return found


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


def open_photograph(path: Path) -> Image.Image:
    """The photograph in RGB; grey, palette, CMYK and transparent files are converted.

    The EXIF orientation is ignored: ImageNet's networks were trained on, and are tested on, the pixels as stored.
    Raises ValueError with the file's name where it cannot be read to its end or has more than 8 bits a channel.
    """
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")  # some of ImageNet's files have damaged EXIF, which nothing here uses
            if image.mode.startswith(("I", "F")):
                raise ValueError(f"mode {image.mode} has more than 8 bits a channel")
            return image.convert("RGB")
    except Exception as error:  # a damaged file fails in many ways, and must not stop a run of thousands
        raise ValueError(f"{path.name} cannot be read: {error}") from error
