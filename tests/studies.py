"""A small study: photographs of noise in a folder, and a network of the reader's own that takes 32 × 32 pixels."""

import os
import signal
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image
from torch import Tensor, nn

from igpaths.models import BEST_KNOWN as STUDY_A
from igpaths.models import Model
from igstudy.engine.parameters import Parameters
from problems import small_network

WNIDS = [f"n{i:08d}" for i in range(1, 6)]
QUICK = ("completeness", "insertion", "compression")
SIDE = 32


def small() -> Model:
    """A network that is the same in every process; the tests damage it through the environment."""
    network = small_network(torch.float32, classes=5)
    if "STUDIES_WEIGHT" in os.environ:
        with torch.no_grad():
            network[0].bias[0] += float(os.environ["STUDIES_WEIGHT"])
    return Model("small", network, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), prepare)


def prepare(photograph: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(photograph.resize((SIDE, SIDE)))).permute(2, 0, 1) / 255


def normalised() -> Model:
    """The small network with a `prepare` that does what the network is to do."""
    model = small()
    return replace(model, prepare=lambda photograph: (prepare(photograph) - 0.5) / 0.25)


class Fussy(nn.Module):
    """A network that has no answer for pictures that are white in one corner."""

    def __init__(self) -> None:
        super().__init__()
        self.network = small_network(torch.float32, classes=5)

    def forward(self, x: Tensor) -> Tensor:
        unanswered = (x[:, :, 0, 0] > 1.9).all(1).view(-1, 1)
        return torch.where(unanswered, torch.nan, self.network(x))


def fussy() -> Model:
    return Model("fussy", Fussy(), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), prepare)


class Greedy(nn.Module):
    """A network that has no memory for more than two images."""

    def __init__(self) -> None:
        super().__init__()
        self.network = small_network(torch.float32, classes=5)

    def forward(self, x: Tensor) -> Tensor:
        if len(x) > 2:
            raise torch.OutOfMemoryError("out of memory: tried to allocate more than there is")
        return self.network(x)


def greedy() -> Model:
    return Model("greedy", Greedy(), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), prepare)


def picture(shade: int = 90, size: tuple[int, int] = (30, 40)) -> Image.Image:
    """A smooth picture whose colour says its shade."""
    ramp = np.arange(40, dtype=np.uint8)[:, None, None] + np.array([shade, 20, 200 - shade], dtype=np.uint8)
    return Image.fromarray(np.broadcast_to(ramp, (40, 30, 3)).copy()).resize(size)


OWN_CLASSES = ("Großer Hund", "ein Käfer", "Über Katze")  # in the order of a folder's names


def own_folder(folder: Path, form: str, count: int = 2) -> Path:
    """Photographs of one's own, `count` of each of `OWN_CLASSES`, in one of the forms "val", "folders", "csv", "none".

    They are of many sizes, and spaces and umlauts are in every name.
    """
    lines = ["file,label"]
    for number, name in enumerate(OWN_CLASSES * count):
        file = f"Foto {number} schön.{'jpg' if number % 2 else 'PNG'}"
        place = {"val": folder / "val" / name, "folders": folder / name}.get(form, folder)
        place.mkdir(parents=True, exist_ok=True)
        picture(40 * number, (20 + 13 * number, 70 - 9 * number)).save(place / file)
        lines.append(f"{file},{name}")
    if form == "csv":
        (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def three() -> Model:
    """A network of one's own whose classes have no names; it takes 32 × 32 pixels."""
    return Model("three", small_network(torch.float32, classes=3), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), prepare)


def photographs(folder: Path, count: int = 6, classes: int = 5) -> Path:
    """A folder of the imagenet task with `count` photographs, of the first five of its synsets in turn."""
    folder.mkdir(exist_ok=True)
    (folder / "synsets.txt").write_text("".join(f"n{i:08d}\tname of {i}\n" for i in range(1, classes + 1)))
    for i in range(count):
        wnid = WNIDS[i % len(WNIDS)]
        (folder / "val" / wnid).mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(i).integers(0, 255, (8, 8, 3), dtype=np.uint8)
        photograph = Image.fromarray(pixels).resize((48, 48), Image.Resampling.BICUBIC)
        photograph.save(folder / "val" / wnid / f"{wnid}_{i}.png")
    return folder


def study(folder: Path, **changes: object) -> Parameters:
    """The small study on a folder of `photographs`, its store beside them."""
    choices: dict[str, object] = {
        "task": "imagenet",
        "data": str(folder),
        "models": ("module:studies.small",),
        "images": 6,
        "steps": (2, 4),
        "metrics": QUICK,
        "protocols": ("igpaths",),
        "shard": 4,
        "threads": 1,
        "results": str(folder / "results"),
    }
    return Parameters(**(choices | changes))  # type: ignore[arg-type]


class Mortal(nn.Module):
    """A network whose first process, the planner apart, dies over it; STUDIES_GRAVE is a file that says that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.network = small_network(torch.float32, classes=5)

    def forward(self, x: Tensor) -> Tensor:
        grave = Path(os.environ["STUDIES_GRAVE"])
        if not grave.exists() and os.environ["STUDIES_PLANNER"] != str(os.getpid()):
            grave.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.network(x)


def mortal() -> Model:
    return Model("mortal", Mortal(), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), prepare)


def large() -> Model:
    """The small network on photographs of the size that MS-SSIM needs."""
    return Model("large", small_network(torch.float32, classes=5), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), prepare_large)


def prepare_large(photograph: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(photograph.resize((168, 168)))).permute(2, 0, 1) / 255


NARROW = {  # what makes a network faster and keeps its layers, by how its name begins
    "densenet": {"bn_size": 1},
    "inception": {"init_weights": False, "aux_logits": False},  # an output of training alone
    "resnet": {"width_per_group": 16},
}


def vgg(name: str) -> nn.Module:
    """A VGG of which every layer has an eighth of its channels or fewer."""
    layers = torchvision.models.vgg.cfgs[{"vgg16": "D", "vgg19": "E"}[name]]
    narrow = [each if each == "M" else int(each) // 8 for each in layers]
    network = torchvision.models.VGG(torchvision.models.vgg.make_layers(narrow), init_weights=False)
    for place, size in ((0, (64 * 7 * 7, 64)), (3, (64, 64)), (6, (64, 1000))):
        network.classifier[place] = nn.Linear(*size)
    return network


@lru_cache(maxsize=1)  # a study asks for its network several times
def of_study_a(name: str) -> Model:
    """A network of Study A, narrower and with random weights, on photographs of the smallest size that MS-SSIM takes.

    What the engine asks of a network depends on its layers, and not on how many channels they have.
    """
    torch.manual_seed(0)
    side, kind = 161, name.rstrip("0123456789").partition("_")[0]
    network = vgg(name) if kind == "vgg" else torchvision.models.get_model(name, weights=None, **NARROW.get(kind, {}))
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None  # so that one batch is enough for scores of a reasonable size
    with torch.no_grad():
        network(torch.randn(2, 3, side, side))
        *_, last = (layer for layer in network.modules() if isinstance(layer, nn.Linear))
        last.weight.mul_(0.1)  # so that no probability is saturated

    def prepare(photograph: Image.Image) -> Tensor:
        return torch.from_numpy(np.array(photograph.resize((side, side)))).permute(2, 0, 1) / 255

    return Model(name, network, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), prepare)


# module:studies.vgg19 and the like
globals().update({name: partial(of_study_a, name) for name in STUDY_A})
