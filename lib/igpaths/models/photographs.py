"""A photograph, from its file or in memory, as the networks were trained to see it: with its pixels as stored."""

import logging
import warnings
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image

logger = logging.getLogger("igpaths")


def open_photograph(path: Path) -> Image.Image:
    """The photograph in RGB; grey, palette, CMYK and transparent files are converted.

    The EXIF orientation is ignored: ImageNet's networks were trained on, and are tested on, the pixels as stored.
    Raises ValueError with the file's name where it cannot be read to its end or has more than 8 bits a channel.
    """
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")  # some of ImageNet's files have damaged EXIF, which nothing here uses
            return _in_colour(image)
    except Exception as error:  # a damaged file fails in many ways, and must not stop a run of thousands
        raise ValueError(f"{path.name} cannot be read: {error}") from error


def take_photograph(image: Any) -> tuple[str, Any]:
    """What a person calls an image: its name for messages, and the image in RGB; what is no image is left as it is.

    ValueError says what is at a path where no image is. The log remarks an EXIF orientation that is not followed.
    """
    name, pixels = "the image", image
    if isinstance(image, str | Path):
        name, pixels = Path(image).name, _find(Path(image))
    if isinstance(pixels, Image.Image):
        if pixels.getexif().get(ExifTags.Base.Orientation, 1) != 1:
            logger.warning(
                "%s: its EXIF says that it should be turned. It is explained as it is stored, which is how ImageNet's "
                "networks see photographs; to turn it, save a copy of PIL.ImageOps.exif_transpose(Image.open(...))",
                name,
            )
        pixels = _in_colour(pixels)
    return name, pixels


def _find(file: Path) -> Image.Image:
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


def _in_colour(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        raise ValueError(f"mode {image.mode} has more than 8 bits a channel")
    return image.convert("RGB")
