"""The objects task: ten classes of synthetic objects with their true masks.

An image is a silhouette filled with its own material (one photograph each) on a crop of another photograph, or of a
texture made by rule, over clutter, at a random place, size, rotation and colour. The silhouette is the ground-truth
mask, which photographs do not have. Every image is a pure function of ``(seed, split, index)``, but for a level or two
of 255 by which versions of Pillow round otherwise: nothing is downloaded or stored, and the photographs are those that
scikit-image and matplotlib ship.

Training and test images come from disjoint regions of every photograph (left and right of `TRAIN_SHARE` of its
width), and what is in `TEST_BACKGROUNDS` alone, all textures among it, is never seen in training. A test image may be
drawn from the first few of them alone: the first edition of the study had eight.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import skimage.data
import torch
from matplotlib.cbook import get_sample_data
from PIL import Image, ImageDraw
from torch import Tensor

from igstudy.tasks.textures import TEXTURES, texture

SIZE = 176
MEAN = torch.full((3, 1, 1), 0.45)  # of the networks' input
STD = torch.full((3, 1, 1), 0.25)
CLASSES = ("disk", "square", "triangle", "star", "cross", "ring", "crescent", "heart", "arrow", "hexagon")
MATERIALS = ("hubble_deep_field", "brick", "gravel", "retina", "page", "coins", "text", "chelsea",
             "immunohistochemistry", "grass")  # fmt: skip
TRAIN_BACKGROUNDS = ("astronaut", "camera", "coffee", "stereo_motorcycle", "moon", "cell")
TEST_BACKGROUNDS = (*TRAIN_BACKGROUNDS, "rocket", "clock", "grace_hopper", *(f"texture: {name}" for name in TEXTURES))
BACKGROUNDS = len(TEST_BACKGROUNDS)
TRAIN_SHARE = 0.6
SPLITS = ("train", "test")
TURNS = tuple(Image.Transpose)  # the seven turns and reflections of a square


@dataclass(frozen=True)
class Scene:
    """One image of the task."""

    image: Tensor  # (3, SIZE, SIZE), float32 in [0, 1]
    targets: tuple[int, ...]  # the class of each object
    masks: Tensor  # (len(targets), SIZE, SIZE), bool: the pixels of each object
    photograph: str  # the name of the background's photograph or texture, which images share
    material: str  # the name of the photograph that fills the first object


@dataclass(frozen=True)
class Batch:
    """B single-object images."""

    images: Tensor  # (B, 3, SIZE, SIZE), float32 in [0, 1]
    targets: Tensor  # (B,), int64
    masks: Tensor  # (B, SIZE, SIZE), bool
    photographs: tuple[str, ...]  # of the backgrounds
    materials: tuple[str, ...]


def scene(index: int, *, split: str = "test", seed: int = 0, backgrounds: int = BACKGROUNDS) -> Scene:
    """Image number `index` of a split, with one object of class ``index % 10``.

    Parameters
    ----------
    index : int, 0 or more.
    split : "train" or "test": which regions of the photographs are used.
    seed : int, 0 or more: another seed is another data set.
    backgrounds : int, 1 to 25: a test image lies on one of the first so many of ``TEST_BACKGROUNDS``.
    """
    return _compose([index % len(CLASSES)], _generator(index, split, seed, 1), split, backgrounds)


def material(index: int) -> str:
    """The photograph that fills the first object of image number `index`, of either variant and any split and seed."""
    return MATERIALS[index % len(CLASSES)]


def pair(index: int, *, split: str = "test", seed: int = 0, backgrounds: int = BACKGROUNDS) -> Scene:
    """Image number `index` of the two-object variant: two different classes, side by side or one above the other.

    Parameters are those of `scene`; the masks are disjoint.
    """
    rng = _generator(index, split, seed, 2)
    first = index % len(CLASSES)
    second = (first + 1 + int(rng.integers(len(CLASSES) - 1))) % len(CLASSES)
    return _compose([first, second], rng, split, backgrounds)


def batch(indices: Sequence[int], *, split: str = "test", seed: int = 0, backgrounds: int = BACKGROUNDS) -> Batch:
    """The single-object images with these indices, stacked; parameters are those of `scene`."""
    scenes = [scene(index, split=split, seed=seed, backgrounds=backgrounds) for index in indices]
    return Batch(
        images=torch.stack([s.image for s in scenes]),
        targets=torch.tensor([s.targets[0] for s in scenes]),
        masks=torch.cat([s.masks for s in scenes]),
        photographs=tuple(s.photograph for s in scenes),
        materials=tuple(s.material for s in scenes),
    )


def _generator(index: int, split: str, seed: int, objects: int) -> np.random.Generator:
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}; it must be one of {', '.join(SPLITS)}")
    if index < 0 or seed < 0:
        raise ValueError(f"index and seed must be 0 or more, got index {index} and seed {seed}")
    return np.random.default_rng((seed, SPLITS.index(split), objects, index))


# --- silhouettes: functions of (u, v) that are negative inside, about a distance near the edge, radius at most 1 ---

Silhouette = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _polygon(u: np.ndarray, v: np.ndarray, sides: int, apothem: float) -> np.ndarray:
    angles = 2 * np.pi * np.arange(sides) / sides + np.pi / 2
    planes = [np.float32(np.cos(a)) * u + np.float32(np.sin(a)) * v for a in angles]
    return np.maximum.reduce(planes) - np.float32(apothem)


def _box(u: np.ndarray, v: np.ndarray, half_width: float, half_height: float) -> np.ndarray:
    return np.maximum(np.abs(u) - half_width, np.abs(v) - half_height)


def _star(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    # Fold the plane onto one half of one of five points, whose edge is then a single line.
    angle = np.abs((np.arctan2(u, -v) + np.pi / 5) % (2 * np.pi / 5) - np.pi / 5)
    radius = np.hypot(u, v)
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    tip, notch = (1.0, 0.0), (0.45 * np.cos(np.pi / 5), 0.45 * np.sin(np.pi / 5))
    normal = np.array([notch[1] - tip[1], tip[0] - notch[0]]) / np.hypot(tip[0] - notch[0], notch[1])
    return np.float32(normal[0]) * (x - np.float32(tip[0])) + np.float32(normal[1]) * y


def _heart(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    x, y = (u + v - 0.25) * np.float32(0.5**0.5), (v - u - 0.25) * np.float32(0.5**0.5)
    diamond = _box(x, y, 0.52, 0.52)
    lobes = np.minimum(np.hypot(x, y + 0.52), np.hypot(x + 0.52, y)) - np.float32(0.52)
    return np.minimum(diamond, lobes)


def _arrow(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    shaft = _box(u, v - 0.4, 0.24, 0.5)
    head = np.maximum(np.abs(u) * np.float32(0.8) - (v + 0.9) * np.float32(0.6), v - np.float32(0.05))
    return np.minimum(shaft, head)


SILHOUETTES: dict[str, Silhouette] = {
    "disk": lambda u, v: np.hypot(u, v) - np.float32(0.85),
    "square": lambda u, v: _box(u, v, 0.7, 0.7),
    "triangle": lambda u, v: _polygon(u, v, 3, 0.5),
    "star": _star,
    "cross": lambda u, v: np.minimum(_box(u, v, 0.9, 0.28), _box(u, v, 0.28, 0.9)),
    "ring": lambda u, v: np.abs(np.hypot(u, v) - np.float32(0.68)) - np.float32(0.22),
    "crescent": lambda u, v: np.maximum(np.hypot(u, v) - 0.95, 0.72 - np.hypot(u - 0.42, v)),
    "heart": _heart,
    "arrow": _arrow,
    "hexagon": lambda u, v: _polygon(u, v, 6, 0.8),
}


# --- composition ---


@lru_cache
def _photograph(name: str, split: str) -> Image.Image:
    """The split's own region of one photograph, RGB; of a texture, which has no part in training, the whole."""
    if name.startswith("texture: "):
        return Image.fromarray(texture(name.removeprefix("texture: ")))
    photo = _whole(name)
    edge = round(TRAIN_SHARE * photo.width)
    return photo.crop((0, 0, edge, photo.height) if split == "train" else (edge, 0, photo.width, photo.height))


def _whole(name: str) -> Image.Image:
    """A photograph that scikit-image or matplotlib ships, RGB."""
    if name == "grace_hopper":
        return Image.open(get_sample_data("grace_hopper.jpg", asfileobj=False)).convert("RGB")
    pixels = getattr(skimage.data, name)()
    pixels = pixels[0] if name == "stereo_motorcycle" else pixels  # the left eye
    if name == "retina":
        pixels = pixels[200:1211, 200:1211]  # without the black surround
    return Image.fromarray(pixels).convert("RGB")


def _crop(photo: Image.Image, rng: np.random.Generator, smallest: int) -> Image.Image:
    """A random square of at least `smallest` pixels (or all there are), turned, recoloured, SIZE wide."""
    largest = min(photo.size)
    extent = rng.uniform(min(smallest, largest), min(largest, 2 * SIZE))
    left, top = rng.uniform(0, photo.width - extent), rng.uniform(0, photo.height - extent)
    crop = photo.resize((SIZE, SIZE), Image.Resampling.BILINEAR, box=(left, top, left + extent, top + extent))
    crop = crop.transpose(TURNS[int(rng.integers(len(TURNS)))])
    gain = rng.uniform(0.7, 1.2) * rng.uniform(0.8, 1.2, (3, 1))
    offset = 255 * (rng.uniform(-0.1, 0.15) + rng.uniform(-0.08, 0.08, (3, 1)))
    return crop.point(np.clip(gain * np.arange(256) + offset, 0, 255).astype(np.uint8).ravel().tolist())


def _clutter(canvas: Image.Image, rng: np.random.Generator) -> None:
    """Draw a few flat ellipses, bars and lines: edges and colours that belong to no class."""
    draw = ImageDraw.Draw(canvas)
    for kind in rng.integers(3, size=rng.integers(2, 7)):
        colour = tuple(int(c) for c in rng.integers(256, size=3))
        (x0, x1), (y0, y1) = np.sort(rng.uniform(0, SIZE, (2, 2)), axis=1)
        if kind == 0:
            draw.ellipse((x0, y0, x0 + 0.3 * (x1 - x0), y0 + 0.3 * (y1 - y0)), fill=colour)
        elif kind == 1:
            draw.rectangle((x0, y0, x0 + 0.3 * (x1 - x0), y0 + 0.3 * (y1 - y0)), fill=colour)
        else:
            draw.line((x0, y0, x1, y1), fill=colour, width=int(rng.integers(1, 4)))


def _places(count: int, rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Centre and radius in pixels of one or two objects that lie whole in the image and do not touch."""
    if count == 1:
        radius = rng.uniform(0.2, 0.36) * SIZE
        x, y = rng.uniform(radius, SIZE - radius, 2)
        return [(x, y, radius)]
    radii = rng.uniform(0.17, 0.24, 2) * SIZE
    along = [rng.uniform(radii[0], SIZE / 2 - radii[0]), rng.uniform(SIZE / 2 + radii[1], SIZE - radii[1])]
    across = [rng.uniform(r, SIZE - r) for r in radii]
    places = list(zip(along, across, radii, strict=True))
    places = [(y, x, r) for x, y, r in places] if rng.integers(2) else places
    return places if rng.integers(2) else places[::-1]


def _compose(targets: list[int], rng: np.random.Generator, split: str, backgrounds: int) -> Scene:
    if not 1 <= backgrounds <= BACKGROUNDS:
        raise ValueError(f"backgrounds must be 1 to {BACKGROUNDS}, got {backgrounds}")
    names = TRAIN_BACKGROUNDS if split == "train" else TEST_BACKGROUNDS[:backgrounds]
    background = names[int(rng.integers(len(names)))]
    canvas = _crop(_photograph(background, split), rng, 90)
    _clutter(canvas, rng)
    grid = np.arange(SIZE, dtype=np.float32) + np.float32(0.5)
    masks = []
    for target, (x, y, radius) in zip(targets, _places(len(targets), rng), strict=True):
        angle = rng.uniform(-np.pi, np.pi)
        cos, sin = np.float32(np.cos(angle) / radius), np.float32(np.sin(angle) / radius)
        dx, dy = grid[None, :] - np.float32(x), grid[:, None] - np.float32(y)
        distance = np.float32(radius) * SILHOUETTES[CLASSES[target]](cos * dx + sin * dy, cos * dy - sin * dx)
        cover = (255 * np.clip(0.5 - distance, 0, 1)).astype(np.uint8)  # one pixel of antialiasing
        canvas.paste(_crop(_photograph(MATERIALS[target], split), rng, 100), mask=Image.fromarray(cover))
        masks.append(cover > 127)
    pixels = torch.from_numpy(np.array(canvas)).permute(2, 0, 1).contiguous()
    filled = MATERIALS[targets[0]]
    return Scene(pixels / 255, tuple(targets), torch.from_numpy(np.stack(masks)), background, filled)
