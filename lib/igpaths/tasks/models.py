"""A model by its name: a network, its normalisation, and how a photograph becomes its input.

==================================================  ==========================================================
``objects/resnet``                                  one of the five networks of the objects task
``torchvision/resnet50:IMAGENET1K_V2``              torchvision's network and weights by their exact enum
``torchvision/vgg16:IMAGENET1K_V1@weights/vgg.pt``  the same, its state dict read from a file
``module:package.function``                         the reader's own: a function that returns a `Model`
==================================================  ==========================================================
"""

import copy
import importlib
import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import safetensors.torch
import torch
import torchvision
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms import functional

from igpaths.classifier import Classifier
from igpaths.tasks import objects
from igpaths.tasks.imagenet import ENVIRONMENT
from igpaths.tasks.networks import NETWORKS

FORMS = (
    "objects/NETWORK, torchvision/NETWORK:WEIGHTS, torchvision/NETWORK:WEIGHTS@FILE or module:PACKAGE.FUNCTION "
    "(for example objects/resnet, torchvision/resnet50:IMAGENET1K_V2)"
)
STUDY_A = (
    "densenet121", "densenet169", "densenet201", "inception_v3", "mobilenet_v2", "resnet50", "resnet101", "resnet152",
    "vgg16", "vgg19",
)  # fmt: skip


@dataclass(frozen=True)
class Model:
    """A network with all that is needed to explain it.

    Attributes
    ----------
    name : str, the name it was loaded by.
    network : nn.Module, normalised images (B, 3, H, W) to logits (B, classes).
    mean, std : tuples of three floats: the network's input is (image - mean) / std.
    prepare : function from an RGB photograph to a float tensor (3, H, W) in [0, 1], resized and cropped but not
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
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    prepare: Callable[[Image.Image], Tensor]
    classes: tuple[str, ...] = ()

    def classifier(self, *, output: str, device: torch.device | str = "cpu", precision: str = "float32") -> Classifier:
        """The frozen classifier of images in [0, 1], with "probability" or "logit" as its score."""
        network = copy.deepcopy(self.network).to(device=device)
        return Classifier(network, mean=self.mean, std=self.std, output=output, precision=precision)


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
    kind, _, rest = name.partition("/")
    if kind == "objects":
        return _objects(name, rest)
    if kind == "torchvision":
        return _torchvision(name, rest, Path(data or os.environ.get(ENVIRONMENT, "")))
    kind, _, rest = name.partition(":")
    if kind == "module":
        return _imported(name, rest)
    known = {label(each): each for each in list_models(every=True)}  # each network with its newest weights
    close = [known[network] for network in get_close_matches(name.rpartition("/")[2], known, n=3)]
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    raise ValueError(f"model is {name!r}; it must be {FORMS}{hint} (`python -m igpaths models` lists them)")


def label(name: str) -> str:
    """The network's name without task, enum and file: "objects/resnet" → "resnet".

    Examples
    --------
    >>> from igpaths.tasks.models import label
    >>> label("objects/resnet"), label("torchvision/resnet50:IMAGENET1K_V2"), label("module:mine.network")
    ('resnet', 'resnet50', 'network')
    """
    return name.split("@")[0].split("/")[-1].split(":")[0] if "/" in name.split("@")[0] else name.rsplit(".", 1)[-1]


def list_models(*, every: bool = False) -> dict[str, float]:
    """The names that need no file of the reader's, each with its accuracy.

    Parameters
    ----------
    every : all classifiers of torchvision, those of Study A first; by default only these ten.

    Returns
    -------
    dict of str to float
        The share of right answers in [0, 1]: on the test scenes that the cards of the objects networks report, and on
        ImageNet's validation set as torchvision reports it.

    Examples
    --------
    >>> from igpaths.tasks.models import list_models
    >>> [name for name in list_models() if "vgg16" in name]
    ['torchvision/vgg16:IMAGENET1K_V1']
    >>> list_models()["objects/resnet"] > 0.9
    True
    """
    cards = {name: json.loads((objects.WEIGHTS / f"{name}.json").read_text(encoding="utf-8")) for name in NETWORKS}
    networks = dict.fromkeys((*STUDY_A, *_torchvision_networks())) if every else STUDY_A
    return {f"objects/{name}": card["accuracy"] for name, card in cards.items()} | {
        f"torchvision/{name}:{entry.name}": entry.meta["_metrics"]["ImageNet-1K"]["acc@1"] / 100
        for name in networks
        for entry in torchvision.models.get_model_weights(name)
        if entry.meta["categories"]  # vgg16's IMAGENET1K_FEATURES have no classifier
    }


def _objects(name: str, network: str) -> Model:
    if network not in NETWORKS:
        raise ValueError(f"model is {name!r}; {_choice('network', network, NETWORKS)}")
    file = objects.WEIGHTS / f"{network}.safetensors"
    if not file.is_file():
        raise ValueError(f"model is {name!r}; its weights {file} are not there: `make models` trains them")
    return Model(
        name=name,
        network=_fit(name, NETWORKS[network](), _state(file, name)),
        mean=_triple(objects.MEAN.flatten().tolist()),
        std=_triple(objects.STD.flatten().tolist()),
        prepare=_prepare_objects,
        classes=objects.CLASSES,
    )


def _prepare_objects(photograph: Image.Image) -> Tensor:
    square = functional.center_crop(functional.resize(photograph, [objects.SIZE]), [objects.SIZE])
    return functional.to_tensor(square)


def _torchvision(name: str, rest: str, folder: Path) -> Model:
    match = re.fullmatch(r"([^:@]*)(?::([^@]*))?(?:@(.*))?", rest)
    assert match  # every part is optional, so that a missing one gets a message of its own
    network, weights, file = match.groups(default="")
    if network not in _torchvision_networks():
        raise ValueError(
            f"model is {name!r}; torchvision has no classifier {network!r}, it has those of "
            f"torchvision.models.list_models(torchvision.models){_nearest(network, _torchvision_networks())}"
        )
    entries = {entry.name: entry for entry in torchvision.models.get_model_weights(network)}
    if weights not in entries:
        moving = "DEFAULT names other weights in another release; " if weights == "DEFAULT" else ""
        raise ValueError(f"model is {name!r}; {moving}{_choice(f'weights of {network}', weights, entries)}")
    entry = entries[weights]
    state = _state(folder.expanduser() / file, name) if "@" in rest else _download(name, entry)
    preset = entry.transforms()
    return Model(
        name=name,
        network=_fit(name, _build(network, state), state),
        mean=_triple(preset.mean),
        std=_triple(preset.std),
        prepare=entry.transforms(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)),  # the preset without its normalisation
        classes=tuple(entry.meta["categories"] or ()),
    )


def _torchvision_networks() -> list[str]:
    return torchvision.models.list_models(module=torchvision.models)


def _build(network: str, state: dict[str, Tensor]) -> nn.Module:
    if network not in ("inception_v3", "googlenet"):
        return torchvision.models.get_model(network, weights=None)
    # Their weights expect another normalisation, which the network does itself when told to; files exist with and
    # without the auxiliary heads, which play no part in evaluation.
    auxiliary = any(key.startswith(("aux", "Aux")) for key in state)
    options = {"transform_input": True, "init_weights": False, "aux_logits": auxiliary}
    return torchvision.models.get_model(network, weights=None, **options)


def _download(name: str, weights: torchvision.models.WeightsEnum) -> dict[str, Tensor]:
    try:
        return weights.get_state_dict(progress=False, check_hash=True)
    except OSError as error:
        cache = Path(torch.hub.get_dir()) / "checkpoints"
        raise OSError(
            f"model is {name!r}; {weights.url} could not be downloaded ({error}): put that file into {cache}, or name "
            f"a local one, torchvision/NETWORK:WEIGHTS@FILE"
        ) from error


def _imported(name: str, path: str) -> Model:
    package, _, function = path.rpartition(".")
    try:
        module = importlib.import_module(package)
    except (ImportError, ValueError) as error:  # ValueError: there is no dot, so no package
        raise ValueError(f"model is {name!r}; module {package!r} cannot be imported: {error}") from error
    if not callable(build := getattr(module, function, None)):
        names = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise ValueError(f"model is {name!r}; {package} has no function {function!r}{_nearest(function, names)}")
    model = build()
    if not isinstance(model, Model):
        raise ValueError(f"model is {name!r}; {path}() must return an igpaths.tasks.Model, not {type(model).__name__}")
    return replace(model, name=name)


def _state(file: Path, name: str) -> dict[str, Tensor]:
    """The tensors by name in a .safetensors file, or in any other that torch.save wrote."""
    if not file.is_file():
        raise ValueError(f"model is {name!r}; there is no file {file.absolute()}")
    try:
        if file.suffix == ".safetensors":
            return safetensors.torch.load_file(file)
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged or foreign file fails in many ways
        raise ValueError(f"model is {name!r}; {file} is no state dict: {error}") from error
    if not isinstance(state, dict) or not all(isinstance(k, str) and isinstance(v, Tensor) for k, v in state.items()):
        raise ValueError(f"model is {name!r}; {file} is no state dict (tensors by name) but {_kind(state)}")
    return state


def _fit(name: str, network: nn.Module, state: dict[str, Tensor]) -> nn.Module:
    """`network` in evaluation mode with these weights."""
    # torchvision's DenseNet files keep the names of an older release: denselayer1.norm.1 for denselayer1.norm1.
    for key in list(state):
        state[re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", key)] = state.pop(key)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        own = network.state_dict()
        findings = {
            "missing": [key for key in own if key not in state],
            "unexpected": [key for key in state if key not in own],
            "of another shape": [
                f"{key} {tuple(state[key].shape)} for {tuple(own[key].shape)}"
                for key in own
                if key in state and state[key].shape != own[key].shape
            ],
        }
        report = "; ".join(f"{len(keys)} {what} ({_some(keys)})" for what, keys in findings.items() if keys)
        raise ValueError(f"model is {name!r}; the weights do not fit the network: {report or error}") from error
    return network.eval()


def _triple(values: Iterable[float]) -> tuple[float, float, float]:
    red, green, blue = values
    return red, green, blue


def _kind(value: object) -> str:
    return f"a dict of {_some([str(key) for key in value])}" if isinstance(value, dict) else type(value).__name__


def _some(words: list[str]) -> str:
    return ", ".join(words[:3]) + (", …" if len(words) > 3 else "")


def _nearest(given: str, allowed: Iterable[str]) -> str:
    close = get_close_matches(given, list(allowed), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _choice(what: str, given: str, allowed: Iterable[str]) -> str:
    allowed = list(allowed)
    return f"{what} is {given!r}, it must be one of {', '.join(allowed)}{_nearest(given, allowed)}"
