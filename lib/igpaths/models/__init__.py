"""A model by its name: a network, its normalisation, and how a photograph becomes its input.

==================================================  ==========================================================
``torchvision/resnet50:IMAGENET1K_V2``              torchvision's network and weights by their exact enum
``torchvision/vgg16:IMAGENET1K_V1@weights/vgg.pt``  the same, its state dict read from a file
``module:package.function``                         the reader's own: a function that returns a `Model`
==================================================  ==========================================================

Another installed package can add names of its own under a prefix ``NAME/``: it registers a module under NAME in the
entry-point group "igpaths.models", with the functions `load` and `names` and the constant `ABOUT` of
`igpaths.models.zoo`. So ``objects/resnet`` is known where this library's study is installed.
"""

import copy
import importlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from torch import Tensor, device, nn

from igpaths.classifier import Classifier

if TYPE_CHECKING:
    from PIL import Image

ENVIRONMENT = "IGPATHS_DATA"
FORMS = (
    "torchvision/NETWORK:WEIGHTS, torchvision/NETWORK:WEIGHTS@FILE or module:PACKAGE.FUNCTION "
    "(for example torchvision/resnet50:IMAGENET1K_V2)"
)


@dataclass(frozen=True)
class Model:
    """A network with all that is needed to explain it.

    Attributes
    ----------
    name : str, the name it was loaded by.
    network : nn.Module, normalised images (B, C, H, W) to logits (B, classes).
    mean, std : tuples of C floats: the network's input is (image - mean) / std.
    prepare : function from an RGB photograph to a float tensor (C, H, W) in [0, 1], resized and cropped but not
        normalised.
    classes : tuple of str, the name of each class by its index; empty where they have none.

    Examples
    --------
    >>> model.name, model.classes[:3]
    ('objects/resnet', ('disk', 'square', 'triangle'))
    >>> model.classifier(output="logit", precision="float64").scores(x, targets).dtype
    torch.float64
    """

    name: str
    network: nn.Module
    mean: tuple[float, ...]
    std: tuple[float, ...]
    prepare: "Callable[[Image.Image], Tensor]"
    classes: tuple[str, ...] = ()

    def classifier(
        self,
        *,
        output: str,
        device: device | str = "cpu",
        precision: str | None = "float32",
        temperature: float = 1.0,
    ) -> Classifier:
        """The frozen `Classifier` of images in [0, 1]; the options are its own."""
        return Classifier(
            copy.deepcopy(self.network).to(device=device),
            mean=self.mean,
            std=self.std,
            output=output,
            precision=precision,
            temperature=temperature,
        )


def load_model(name: str, *, data: str | Path = "") -> Model:
    """The model with this name.

    Parameters
    ----------
    name : one that `list_models` gives, ``torchvision/NETWORK:WEIGHTS@FILE`` for its state dict in a file, or the
        reader's own function that returns a `Model`, ``module:PACKAGE.FUNCTION``. Torchvision's weights without a file
        are downloaded into TORCH_HOME once. DEFAULT is refused: it names other weights in another release.
    data : folder against which a relative FILE is resolved; the environment variable IGPATHS_DATA where it is empty,
        the current folder where both are.

    Raises
    ------
    ValueError
        for a name, file or function that does not exist, a file that is not a state dict, weights that do not fit.
    OSError
        where weights can neither be found in TORCH_HOME nor be downloaded.

    Examples
    --------
    >>> load_model("objects/resnet").classes[:4]
    ('disk', 'square', 'triangle', 'star')
    >>> load_model("objects/resnt")
    Traceback (most recent call last):
        ...
    ValueError: model is 'objects/resnt'; network is 'resnt', it must be one of ...; did you mean resnet?
    """
    prefix, slash, _ = name.partition("/")
    if slash and prefix in providers():
        model: Model = providers()[prefix].load(name, folder=Path(data or os.environ.get(ENVIRONMENT, "")))
        return model
    kind, _, path = name.partition(":")
    if kind == "module":
        return _imported(name, path)
    known = {label(each): each for each in list_models(every=True)}  # each network with its newest weights
    close = [known[network] for network in get_close_matches(name.rpartition("/")[2], known, n=3)]
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    more = "".join(f"{prefix}/NETWORK, " for prefix in providers() if prefix != "torchvision")
    raise ValueError(f"model is {name!r}; it must be {more}{FORMS}{hint} (`python -m igpaths models` lists them)")


def list_models(*, every: bool = False) -> dict[str, float]:
    """The names that need no file of the reader's, each with its accuracy.

    Parameters
    ----------
    every : all classifiers that a package has; by default only the best known of them.

    Returns
    -------
    dict of str to float
        The share of right answers in [0, 1], as the package reports it: for torchvision on ImageNet's validation set.

    Examples
    --------
    >>> from igpaths.models import list_models
    >>> [name for name in list_models() if "vgg16" in name]
    ['torchvision/vgg16:IMAGENET1K_V1']
    >>> list_models()["objects/resnet"] > 0.9
    True
    """
    return {name: share for each in providers().values() for name, share in each.names(every=every).items()}


@cache
def providers() -> dict[str, ModuleType]:
    """By prefix, the modules that load models: those that other packages register, and torchvision's."""
    found = {entry.name: entry.load() for entry in entry_points(group="igpaths.models")}
    return found | {"torchvision": importlib.import_module("igpaths.models.zoo")}


def label(name: str) -> str:
    """The network's name without task, enum and file: "objects/resnet" → "resnet".

    Examples
    --------
    >>> from igpaths.models import label
    >>> label("objects/resnet"), label("torchvision/resnet50:IMAGENET1K_V2"), label("module:mine.network")
    ('resnet', 'resnet50', 'network')
    """
    name = name.split("@")[0]
    return name.split("/")[-1].split(":")[0] if "/" in name else name.rsplit(".", 1)[-1]


def nearest(given: str, allowed: Iterable[str]) -> str:
    """The end of a message that names what may be meant, or nothing."""
    close = get_close_matches(given, list(allowed), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def choice(what: str, given: str, allowed: Iterable[str]) -> str:
    """The words for a name that is not among those allowed."""
    allowed = list(allowed)
    return f"{what} is {given!r}, it must be one of {', '.join(allowed)}{nearest(given, allowed)}"


def _imported(name: str, path: str) -> Model:
    package, _, function = path.rpartition(".")
    try:
        module = importlib.import_module(package)
    except (ImportError, ValueError) as error:  # ValueError: there is no dot, so no package
        raise ValueError(f"model is {name!r}; module {package!r} cannot be imported: {error}") from error
    if not callable(build := getattr(module, function, None)):
        names = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise ValueError(f"model is {name!r}; {package} has no function {function!r}{nearest(function, names)}")
    model = build()
    if not isinstance(model, Model):
        raise ValueError(f"model is {name!r}; {path}() must return an igpaths.Model, not {type(model).__name__}")
    return replace(model, name=name)
