"""A photograph from its file, as the networks were trained to see it."""

import warnings
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
            if image.mode.startswith(("I", "F")):
                raise ValueError(f"mode {image.mode} has more than 8 bits a channel")
            return image.convert("RGB")
    except Exception as error:  # a damaged file fails in many ways, and must not stop a run of thousands
        raise ValueError(f"{path.name} cannot be read: {error}") from error
