"""The versions of what numbers depend on."""

import platform
from importlib.metadata import version

import PIL.features

PACKAGES = ("torch", "torchvision", "numpy", "scipy", "pandas", "pillow", "scikit-image", "matplotlib")


def versions() -> dict[str, str]:
    """Versions of Python, of the packages that results depend on, and of the codecs inside Pillow."""
    packages = {package: version(package) for package in PACKAGES}
    codecs = {codec: str(PIL.features.version(codec)) for codec in ("jpg", "webp", "zlib")}
    return {"python": platform.python_version(), **packages, **codecs}
