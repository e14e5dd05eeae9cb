"""Several images, and folders of them: which ones they are, and what the picture of each is called."""

import os
from collections.abc import Iterable
from itertools import chain, count
from pathlib import Path

SUFFIXES = (".jpeg", ".jpg", ".png", ".bmp", ".tif", ".tiff", ".webp")


def find_images(given: Iterable[Path], *, without: Path) -> dict[Path, Path]:
    """Every image once, in order, and its name below the folder in which it was found.

    A folder stands for the images in it and in its folders; hidden ones do not count, nor those below the folder
    `without`. ValueError for a folder that has none. Whether a file is there is left to those who read it.
    """
    found, seen = dict[Path, Path](), set[Path]()
    for path in given:
        inside = {path: Path(path.name)}
        if path.is_dir():
            skipped = {real(without)} - {real(path), *real(path).parents}
            below = sorted(each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES and each.is_file())
            inside = {each: each.relative_to(path) for each in below if not skipped & {*real(each).parents}}
            inside = {each: name for each, name in inside.items() if not any(p.startswith(".") for p in name.parts)}
        if not inside:
            raise ValueError(f"image is '{path}'; it is a folder without images (*{', *'.join(SUFFIXES)})")
        found |= {each: name for each, name in inside.items() if real(each) not in seen}
        seen |= {real(each) for each in inside}
    return found


def name_pictures(given: Iterable[Path], folder: Path) -> dict[Path, Path]:
    """Every image of `find_images` and the picture of it below a folder, ``cat/a-map.png`` of ``cat/a.jpg``.

    No picture has the name of another or of an image, in capital or small letters.
    """
    images = find_images(given, without=folder)
    taken = {str(real(image)).casefold() for image in images}
    pictures = dict[Path, Path]()
    for image, name in images.items():
        ends = chain((name.stem, name.name), (f"{name.name}-{number}" for number in count(2)))
        choices = (folder / name.with_name(f"{end}-map.png") for end in ends)
        pictures[image] = next(each for each in choices if str(real(each)).casefold() not in taken)
        taken.add(str(real(pictures[image])).casefold())
    return pictures


def real(path: Path) -> Path:
    """The path without links; one that leads to itself stays."""
    return Path(os.path.realpath(path))
