"""A photograph, from its file or in memory, as the networks were trained to see it: in RGB, its pixels as stored."""

import logging
import warnings
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

logger = logging.getLogger("igpaths")
DEEP = 2**16 - 1  # the highest level of 16 bits


class Unreadable(ValueError):
    """What was given as an image cannot be read."""


def open_photograph(path: Path) -> Image.Image:
    """The photograph in RGB, its pixels as stored: ImageNet's networks were trained on them, whatever EXIF says.

    Grey levels of 16 bits are scaled by their full range to 8, which the log remarks. ValueError, with the file's name,
    where it cannot be read to its end, has 32 bits a channel or more than 178,956,970 pixels, or is PostScript.
    """
    try:
        # Some of ImageNet's files have damaged EXIF, which nothing here uses
        with warnings.catch_warnings(action="ignore"), Image.open(path) as image:
            if image.format == "EPS":
                raise Unreadable("PostScript is a program, which is not run: save it as a PNG")
            return _in_colour(image, path.name)
    except Image.DecompressionBombError as error:
        raise ValueError(
            f"{path.name} cannot be read: {error.args[0].partition(',')[0]}: save a smaller copy"
        ) from error
    except Exception as error:  # a damaged file fails in many ways, and must not stop a run of thousands
        raise ValueError(f"{path.name} cannot be read: {error}") from error


def take_photograph(image: Any) -> tuple[str, Any]:
    """What a person calls an image: its name for messages, and the image in RGB; what is no image is left as it is.

    Unreadable says what is at a path where no image is. The log remarks an EXIF orientation that is not followed.
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
        pixels = _in_colour(pixels, name)
    return name, pixels


def _find(file: Path) -> Image.Image:
    if not file.is_file():
        folder = file if file.is_dir() else file.parent
        there = sorted(other.name for other in folder.iterdir()) if folder.is_dir() else []
        close = get_close_matches(file.name, there, n=3) or there[:3]
        there_is = "it is a device or a pipe" if file.exists() else "there is no such file"
        what = "it is a folder" if file.is_dir() else there_is
        raise Unreadable(f"image is '{file}'; {what}; in '{folder}' there are {', '.join(close) or 'no files'}")
    try:
        return open_photograph(file)
    except ValueError as error:
        with file.open("rb") as stream:
            head = stream.read(24)
        size = f"its {file.stat().st_size} bytes begin with {head!r}" if head else "it is empty"
        raise Unreadable(f"{error}; {size}") from error


def _in_colour(image: Image.Image, name: str) -> Image.Image:
    if image.mode in ("I", "F"):
        remedy = "save it as a PNG of 8 or 16 bits, or explain a tensor of its pixels in [0, 1]"
        raise Unreadable(f"mode {image.mode} has 32 bits a channel, whose range is not known: {remedy}")
    if image.mode.startswith("I;16"):
        levels = np.asarray(image).astype(np.int64)
        low, high = int(levels.min()), int(levels.max())
        used = f"from {low} to {high}, {(high - low) / DEEP:.1%} of that"
        logger.warning(
            "%s: its grey levels, 0 to %d, are scaled to 0 to 255; the image uses those %s", name, DEEP, used
        )
        image = Image.fromarray(np.round(levels * 255 / DEEP).astype(np.uint8))
    return image.convert("RGB")
