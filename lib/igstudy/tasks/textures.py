"""Textures made by rule: backgrounds of the objects task that share nothing with each other or with a photograph.

A texture is a pure function of its name, but for a level of 255 where platforms round otherwise: a field drawn by one
of the rules below, in three colours of its own, with the contrast of a photograph.

All are coarse: the networks know fine patterns as materials, and classified only 39 to 90 % of the scenes rightly on a
weave, cracks, cells with dark edges, grain, dead leaves, pebbles, marble, stripes, planks, and on the checker and the
labyrinth at less than half their size.
"""

import zlib
from collections.abc import Callable

import numpy as np

SIDE = 352  # pixels
MEAN, CONTRAST = 0.45, 0.15  # mean and standard deviation of the luminance, as of the photographs
GRAIN = 0.2  # of the fine noise on every texture, in standard deviations of its field
Y, X = np.mgrid[:SIDE, :SIDE] + 0.5
FREQUENCY = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.fftfreq(SIDE))  # cycles a pixel
FREQUENCY[0, 0] = 1 / SIDE  # so that its powers are finite


def texture(name: str) -> np.ndarray:
    """The texture of a name in ``TEXTURES``, (SIDE, SIDE, 3) in uint8; KeyError for another name.

    Source: noise of a power spectrum (Field 1987), cells (Worley 1996), turbulence (Perlin 1985), and a labyrinth of
    activation and inhibition (Young 1984).
    """
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    field = _standard(TEXTURES[name](rng)) + GRAIN * _noise(rng, FREQUENCY**-0.5)
    lightness = np.array([[0.2], [0.5], [0.8]])  # which keeps the colours apart in luminance
    colours = lightness + rng.uniform(-0.25, 0.25, (3, 3))
    pixels = np.stack([np.interp(field, (-1.8, 0, 1.8), colour) for colour in colours.T], axis=2)
    pixels = MEAN + (pixels - pixels.mean()) * CONTRAST / pixels.mean(2).std()
    return (255 * np.clip(pixels, 0, 1)).round().astype(np.uint8)


# --- parts of the rules ---


def _standard(field: np.ndarray) -> np.ndarray:
    return (field - field.mean()) / field.std()


def _noise(rng: np.random.Generator, amplitude: np.ndarray) -> np.ndarray:
    """Gaussian noise (SIDE, SIDE) of mean 0 and variance 1, whose Fourier coefficients have this amplitude."""
    return _standard(np.fft.ifft2(np.fft.fft2(rng.standard_normal((SIDE, SIDE))) * amplitude).real)


def _below(wavelength: float) -> np.ndarray:
    """The amplitude (SIDE, SIDE) that a Gaussian leaves to waves longer than this, in pixels."""
    return np.exp(-((FREQUENCY * wavelength) ** 2))


def _turned(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The coordinates (SIDE, SIDE) under a random rotation, in pixels."""
    angle = rng.uniform(0, np.pi)
    return np.cos(angle) * X + np.sin(angle) * Y, np.cos(angle) * Y - np.sin(angle) * X


# --- the rules: fields (SIDE, SIDE) of any mean and spread ---


def _clouds(rng: np.random.Generator) -> np.ndarray:
    return _noise(rng, FREQUENCY**-1.6)


def _gradient(rng: np.random.Generator) -> np.ndarray:
    return _noise(rng, _below(200))


def _spots(rng: np.random.Generator) -> np.ndarray:
    return _noise(rng, np.exp(-(((FREQUENCY * 22 - 1) / 0.25) ** 2)))  # one wavelength in all directions


def _wood(rng: np.random.Generator) -> np.ndarray:
    stretched = np.hypot(12 * np.fft.fftfreq(SIDE)[:, None], np.fft.fftfreq(SIDE)) + 1 / SIDE
    return _noise(rng, stretched**-1.2)


def _camouflage(rng: np.random.Generator) -> np.ndarray:
    return np.tanh(3 * _noise(rng, FREQUENCY**-1.2 * _below(30)))


def _ridges(rng: np.random.Generator) -> np.ndarray:
    octaves = [length * np.abs(_noise(rng, _below(length) - _below(2 * length))) for length in (90, 45, 22)]
    return -np.sum(octaves, axis=0)


def _swirls(rng: np.random.Generator) -> np.ndarray:
    rows, columns = ((each + 25 * _noise(rng, _below(60))).astype(int) % SIDE for each in (Y, X))
    return _clouds(rng)[rows, columns]


def _bands(rng: np.random.Generator) -> np.ndarray:
    places = np.arange(-SIDE, 2 * SIDE, 40)
    return np.interp(_turned(rng)[0], places, rng.uniform(size=len(places)))


def _folds(rng: np.random.Generator) -> np.ndarray:
    return np.sin(_turned(rng)[0] / 20 + 2 * _noise(rng, _below(120)))


def _waves(rng: np.random.Generator) -> np.ndarray:
    phases = [_turned(rng)[0] / rng.uniform(4, 14) + rng.uniform(0, 2 * np.pi) for _ in range(6)]
    return np.sum(np.sin(phases), axis=0)


def _rays(rng: np.random.Generator) -> np.ndarray:
    y, x = rng.uniform(0, SIDE, 2)
    return np.tanh(2 * np.sin(9 * np.arctan2(Y - y, X - x))) * np.exp(-np.hypot(Y - y, X - x) / 400)


def _glows(rng: np.random.Generator) -> np.ndarray:
    centres, widths = rng.uniform(0, SIDE, (40, 2)), rng.uniform(15, 45, 40)
    return np.max([np.exp(-((Y - y) ** 2 + (X - x) ** 2) / w**2) for (y, x), w in zip(centres, widths, strict=True)], 0)


def _facets(rng: np.random.Generator) -> np.ndarray:
    """Voronoi cells of random shades, each lighter away from its point."""
    points, shades = rng.uniform(0, SIDE, (14, 2, 1, 1)), rng.uniform(size=14)
    distances = np.hypot(Y - points[:, 0], X - points[:, 1])
    return shades[distances.argmin(0)] + distances.min(0) / 200


def _shards(rng: np.random.Generator) -> np.ndarray:
    """Steps along random lines."""
    lines = [_turned(rng)[0] for _ in range(24)]
    return np.sum([rng.choice((-1, 1)) * np.tanh(line - rng.choice(line.ravel())) for line in lines], axis=0)


def _checker(rng: np.random.Generator) -> np.ndarray:
    u, v = (np.floor(each / 70).astype(int) for each in _turned(rng))
    return (u + v) % 2 + 0.6 * rng.uniform(size=(16, 16))[u % 16, v % 16]


def _labyrinth(rng: np.random.Generator) -> np.ndarray:
    """What is near activates and what is far inhibits, until all is one or the other."""
    field = rng.standard_normal((SIDE, SIDE))
    for _ in range(12):
        field = np.tanh(6 * np.fft.ifft2(np.fft.fft2(field) * (_below(40) - _below(80))).real)
    return field


TEXTURES: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "clouds": _clouds,
    "gradient": _gradient,
    "spots": _spots,
    "wood": _wood,
    "camouflage": _camouflage,
    "ridges": _ridges,
    "swirls": _swirls,
    "bands": _bands,
    "folds": _folds,
    "waves": _waves,
    "rays": _rays,
    "glows": _glows,
    "facets": _facets,
    "shards": _shards,
    "checker": _checker,
    "labyrinth": _labyrinth,
}
