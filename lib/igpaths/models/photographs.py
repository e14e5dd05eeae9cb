"""A photograph from its file, as the networks were trained to see it."""

import warnings
from difflib import get_close_matches
from pathlib import Path

from PIL import Image


def open_photograph(path: Path) -> Image.Image:
    """The photograph in RGB; grey, palette, CMYK and transparent files are converted.

    The EXIF orientation is ignored: ImageNet's networks were trained on, and are tested on, the pixels as stored.
    Raises ValueError with the file's name where it cannot be read to its end or has more than 8 bits a channel.
    """
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")  # some of ImageNet's files have damaged EXIF, which nothing here uses
            return in_colour(image)
    except Exception as error:  # a damaged file fails in many ways, and must not stop a run of thousands
        raise ValueError(f"{path.name} cannot be read: {error}") from error


def in_colour(image: Image.Image) -> Image.Image:
    """The image in RGB; ValueError where it has more than 8 bits a channel."""
    if image.mode.startswith(("I", "F")):
        raise ValueError(f"mode {image.mode} has more than 8 bits a channel")
    return image.convert("RGB")


def find_photograph(file: Path) -> Image.Image:
    """`open_photograph` for a name that a person typed: its ValueError says what is there instead."""
    if not file.is_file():
        folder = file if file.is_dir() else file.parent
        there = sorted(other.name for other in folder.iterdir()) if folder.is_dir() else []
        close = get_close_matches(file.name, there, n=3) or there[:3]
        what = "it is a folder" if file.is_dir() else "there is no such file"
        raise ValueError(f"image is '{file}'; {what}; in '{folder}' there are {', '.join(close) or 'no files'}")
    try:
        return open_photograph(file)
    except ValueError as error:
        with file.open("rb") as stream:
            head = stream.read(24)
        size = f"its {file.stat().st_size} bytes begin with {head!r}" if head else "it is empty"
        raise ValueError(f"{error}; {size}") from error
