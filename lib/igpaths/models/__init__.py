"""A model by its name: a network, its normalisation, and how a photograph becomes its input.

Another installed package adds names under a prefix ``NAME/`` by a module under NAME in the entry-point group
"igpaths.models", with the functions `load` and `names` and the constant `ABOUT` of `igpaths.models.installed`.
"""

import importlib
import math
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL.Image import Image

import igpaths as ig
from igpaths.arguments import ROUNDING, nearest, shorten

if TYPE_CHECKING:
    from torch import Tensor, device, nn

    from igpaths.classifier import Output

ENVIRONMENT = "IGPATHS_DATA"
GROUP = "igpaths.models"
DEFAULT = "installed/efficientnet_lite0"
FORMS = (
    "installed/NETWORK, torchvision/NETWORK:WEIGHTS, timm/NAME.TAG (these two also with @FILE) or "
    "module:PACKAGE.FUNCTION (for example torchvision/resnet50:IMAGENET1K_V2)"
)
OWN = {"installed": "installed", "torchvision": "torchvision_zoo", "timm": "timm_zoo"}  # modules here, by their prefix
BEST_KNOWN = (
    "densenet121", "densenet169", "densenet201", "inception_v3", "mobilenet_v2", "resnet50", "resnet101", "resnet152",
    "vgg16", "vgg19",
)  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """A model that has a name: its accuracy in [0, 1] as its package reports it, and what it `needs` before it runs.

    The accuracy is NaN where none is reported; `needs` says in words what is downloaded or must be installed, "" where
    all is here.
    """

    accuracy: float = math.nan
    needs: str = ""


@dataclass(frozen=True)
class Model:
    """A network with all that is needed to explain it.

    Attributes
    ----------
    name : str, the name it was loaded by, or any.
    network : nn.Module, normalised images (B, C, H, W) to logits (B, classes).
    mean, std : tuples of C floats: the network's input is (image - mean) / std.
    prepare : function from an RGB photograph to a float tensor (C, H, W) in [0, 1], resized and cropped but not
        normalised; None where only tensors are explained.
    classes : tuple of str, the name of each class by its index; empty where they have none.
    """

    name: str
    network: "nn.Module"
    mean: tuple[float, ...]
    std: tuple[float, ...]
    prepare: "Callable[[Image], Tensor] | None" = None
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Other sequences become tuples; ValueError where they hold something else."""
        model = f"model is {self.name!r}; its"
        for name in ("mean", "std"):
            values, given = _listed(getattr(self, name), float), shorten(getattr(self, name))
            if values is None:
                raise ValueError(f"{model} {name} is {given}; it must be a number for each channel, such as (0.5, …)")
            if name == "mean" and not all(0 <= value <= 1 for value in values):
                raise ValueError(f"{model} mean is {given}; it must lie in [0, 1], as images do before normalisation")
            object.__setattr__(self, name, values)
        names = _listed(self.classes, str)
        if names is None or not all(isinstance(each, str) for each in self.classes):
            raise ValueError(f"{model} classes are {shorten(self.classes)}; they must be names, a tuple by their index")
        object.__setattr__(self, "classes", names)

    def classifier(
        self, *, output: "Output", device: "device | str" = "cpu", precision: str | None = "float32",
        fold: bool = True, **options: Any,
    ) -> "ig.Classifier":  # fmt: skip
        """The frozen `Classifier` of images in [0, 1], its batch norms folded; the options are its own."""
        own: dict[str, Any] = {
            "mean": self.mean,
            "std": self.std,
            "output": output,
            "device": device,
            "precision": precision,
        }
        return ig.Classifier(self.network, **own, fold=fold, **options)

    def see(self, photograph: "Image | Tensor", *, name: str) -> "Tensor":
        """What the network sees: a float32 tensor (C, H, W) in [0, 1] on the CPU; rounding by 1e-5 is cut off.

        The photograph is an RGB image that `prepare` takes, or a tensor that is prepared already. ValueError with the
        model's name and the photograph's where `prepare` fails, or its tensor has another shape, type or range.
        """
        import torch

        pixels: Any = photograph
        model, source = f"model is {self.name!r}", f"{name} is"
        if isinstance(photograph, Image):
            source = f"its prepare turns {name} into"
            if self.prepare is None:
                raise ValueError(f"{model}; it has no prepare, which turns {name} into a tensor: explain a tensor")
            try:
                pixels = self.prepare(photograph)
            except Exception as error:  # it is the reader's own function
                raise ValueError(f"{model}; its prepare fails for {name}: {in_one_line(error)}") from error
        channels = len(self.mean)
        if not isinstance(pixels, torch.Tensor):
            kind = f"an object of type {type(pixels).__name__}"
        elif pixels.ndim != 3 or len(pixels) != channels or not pixels.numel() or not pixels.is_floating_point():
            kind = f"a tensor {tuple(pixels.shape)} of {pixels.dtype}"
        elif not bool(((pixels >= -ROUNDING) & (pixels <= 1 + ROUNDING)).all()):
            kind = f"a tensor of pixels from {pixels.min():.6g} to {pixels.max():.6g}"
        else:
            return pixels.detach().float().cpu().clamp(0, 1)
        wanted = f"a float tensor ({channels}, H, W) in [0, 1], not normalised"
        if channels == 1 and isinstance(pixels, torch.Tensor) and pixels.ndim == 3 and len(pixels) == 3:
            wanted += ": torchvision.transforms.Grayscale() makes one channel of three, in prepare or before"
        raise ValueError(f"{model}; {source} {kind}; it must be {wanted}")


def load_model(name: str, *, data: str | Path = "") -> Model:
    """The model with this name.

    Parameters
    ----------
    name : one that `list_models` gives; ``torchvision/NETWORK:WEIGHTS@FILE`` or ``timm/NAME.TAG@FILE`` for a state dict
        in a file, which may have another number of classes; or the reader's own function that returns a `Model`,
        ``module:PACKAGE.FUNCTION``. Weights without a file are downloaded once: torchvision's into TORCH_HOME, timm's
        into HF_HOME. DEFAULT is refused: it names other weights in another release.
    data : folder against which a relative FILE is resolved; the environment variable IGPATHS_DATA where it is empty,
        the current folder where both are.

    ValueError for a name, file or function that does not exist, a function that fails, a file that is not a state dict,
    or weights that do not fit; OSError where weights can neither be found in TORCH_HOME nor be downloaded.
    """
    if not isinstance(name, str):
        raise ValueError(f"model is {shorten(name)}; it must be a name, such as {DEFAULT}")
    if name.startswith("module:"):
        return _imported(name)
    prefix, slash, rest = name.partition("/")
    if not slash or prefix not in providers():
        close = [f"{known}/{rest}" for known in get_close_matches(prefix, providers())]
        close = close or [f"torchvision/{each}:WEIGHTS" for each in get_close_matches(label(name), BEST_KNOWN)]
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        more = "".join(f"{prefix}/NETWORK, " for prefix in providers() if prefix not in OWN)
        raise ValueError(f"model is {name!r}; it must be {more}{FORMS}{hint} (`python -m igpaths models` lists them)")
    file = None
    if "@" in rest:
        file = (data_folder(data) or Path()) / os.path.expanduser(rest.partition("@")[2])
        if not os.path.isfile(file):  # which, unlike a Path's, has an answer to every text
            raise ValueError(f"model is {name!r}; there is no file {file.absolute()}")
    model: Model = providers()[prefix].load().load(name, file=file)
    return model


def list_models(*, every: bool = False) -> dict[str, Offer]:
    """The names that need no file of the reader's, each with its accuracy and what it needs.

    `every` classifier that a package has; by default only the best known of them.
    """
    return {name: offer for each in providers().values() for name, offer in each.load().names(every=every).items()}


@cache
def providers() -> dict[str, EntryPoint]:
    """By prefix, the modules that load models, not imported yet: those here, and those of other packages.

    What is installed comes first, what is downloaded last.
    """
    others = {entry.name: entry for entry in entry_points(group=GROUP)}
    own = {name: EntryPoint(name, f"{__name__}.{module}", GROUP) for name, module in OWN.items()}
    return {"installed": own["installed"]} | others | own


def label(name: str) -> str:
    """The network's name without prefix, weights and file: "resnet50" of "torchvision/resnet50:IMAGENET1K_V2"."""
    if name.startswith("module:"):
        return re.split("[:.]", name)[-1]
    return re.split("[:@]", name.partition("/")[2])[0] or name


def data_folder(data: str | Path = "") -> Path | None:
    """The folder that `data`, or where it is empty the environment variable IGPATHS_DATA, names; None without both."""
    path = data or os.environ.get(ENVIRONMENT, "")
    folder = Path(os.path.expanduser(path))
    if not os.path.isdir(folder):
        raise ValueError(f"data is {str(path)!r} (parameter data or {ENVIRONMENT}): there is no such folder")
    return folder if path else None


def in_one_line(error: Exception) -> str:
    """An error of foreign code, whose message may have many lines, in one."""
    words, clear = " ".join(str(error).split()), isinstance(error, ValueError | OSError | ImportError)
    return words if words and clear else f"{type(error).__name__}: {words}"


def _listed(values: Any, kind: type) -> tuple[Any, ...] | None:
    """The values of a sequence as a tuple of one kind; None for what is none, such as a word or a dict."""
    with suppress(TypeError, ValueError):
        return None if isinstance(values, str | Mapping) else tuple(map(kind, values))
    return None


def _imported(name: str) -> Model:
    path = name.removeprefix("module:")
    package, _, function = path.rpartition(".")
    try:
        module = importlib.import_module(package)
    except Exception as error:  # whatever the reader's own file raises; without a dot there is no package
        raise ValueError(f"model is {name!r}; module {package!r} cannot be imported: {in_one_line(error)}") from error
    if not callable(build := getattr(module, function, None)):
        hint = nearest(function, vars(module))
        raise ValueError(f"model is {name!r}; {package} has no function {function!r}{hint}")
    try:
        model = build()
    except Exception as error:
        raise ValueError(f"model is {name!r}; {path}(), without arguments, fails: {in_one_line(error)}") from error
    if not isinstance(model, Model):
        raise ValueError(f"model is {name!r}; {path}() must return an igpaths.Model, not {type(model).__name__}")
    return replace(model, name=name)
