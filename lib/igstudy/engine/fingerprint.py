"""What a result depends on, as digests: the code that made it, the network's weights, the images' bytes.

What a reader's own network and its `prepare` do counts as well: the outputs of fixed images, and the prepared pixels.
`igstudy.engine.syntax` reads the code.
"""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import torch
from torchvision.transforms import Compose

from igpaths.models import Model
from igstudy.engine.behaviour import OFTEN, NotRepeatable, behaviour, repeated
from igstudy.engine.provenance import versions
from igstudy.engine.syntax import ROOT, SOURCES, code, digest, package
from igstudy.tasks import objects
from igstudy.tasks.images import OTHERS
from igstudy.tasks.networks import NETWORKS
from igstudy.tasks.photographs import Photograph


def library() -> str:
    """The digest of the library that this process runs, and of the packages that its numbers depend on.

    Workers compare theirs with that of the process that planned their units.
    """
    return digest([{str(path.relative_to(ROOT)): text for path, text in SOURCES.items()}, packages()])


def packages() -> dict[str, str]:
    """The versions that numbers depend on, of packages and of the codecs that weigh images."""
    return {
        name: number
        for name, number in versions().items()
        if name not in ("python", "matplotlib", "pandas", "timm", "captum")
    }


def network(model: Model, size: Sequence[int] = (objects.SIZE, objects.SIZE)) -> str:
    """The digest of a network: its tensors, normalisation, preparation and own code, and what it does with a scene.

    That scene has the height and width of the images that the network is to see. Raises ValueError for a network
    that cannot be copied or has no weights yet, as a `Classifier` does.
    """
    does = behaviour(model, size) if is_foreign(model) else []
    kind, _, rest = model.name.partition("/")
    own: object = code(NETWORKS[rest]) if kind == "objects" else ""
    if kind in ("timm", "installed"):  # whose layers are timm's
        own = versions()["timm"]
    if is_foreign(model):
        classes = {type(part).__module__ for part in model.network.modules()}
        named = model.name.partition(":")[2].rpartition(".")[0]
        own = [package(named, *sorted(classes), getattr(model.prepare, "__module__", named)), does]
    # The presets of torchvision and timm print what they do; a function's address says nothing.
    prepare = repr(model.prepare) if isinstance(model.prepare, torch.nn.Module | Compose) else ""
    return digest([weights(model), model.mean, model.std, prepare, repr(model.network), own])


def is_foreign(model: Model) -> bool:
    """Whether the model is the reader's own, which may hold numbers, files and layers that nothing here can list."""
    return not model.name.startswith(("objects/", *OTHERS))


def weights(model: Model) -> str:
    """The SHA-256 of a network's parameters and buffers with their names, shapes and types, ordered by the names."""
    hashed = hashlib.sha256()
    for name, tensor in sorted([*model.network.named_parameters(), *model.network.named_buffers()]):
        hashed.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        hashed.update(tensor.detach().to_dense().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return hashed.hexdigest()


def photographs(
    chosen: Sequence[Photograph], classes: Mapping[str, int], model: Model, size: Sequence[int] = ()
) -> str:
    """The digest of photographs: their names, classes, crops, bytes, and the pixels that a reader's own model sees.

    Raises `NotRepeatable` for a `prepare` that gives other pixels when it is called again, and ValueError for one that
    gives another height or width than `size`, that of the study's first, so that shards do not differ.
    """
    facts: list[object] = []
    for number, each in enumerate(chosen):
        at = each.path.stat()
        content = _file(each.path, at.st_size, at.st_mtime_ns, at.st_ctime_ns)
        facts.append([each.name, classes.get(each.label), each.crop, content])
        if is_foreign(model):
            facts.append(_prepared(each, model, size, times=1 if number else OFTEN))
    return digest(facts)


def seen_size(chosen: Sequence[Photograph], model: Model) -> tuple[int, ...]:
    """Height and width of the first of the photographs that the model sees; those of a scene where it sees none."""
    for each in chosen:
        with suppress(ValueError):  # which the study reports
            return tuple(model.see(each.open(), name=each.name).shape[1:])
    return objects.SIZE, objects.SIZE


def _prepared(photograph: Photograph, model: Model, size: Sequence[int], *, times: int) -> list[object]:
    """The digest and the shape of the pixels that the model sees; nothing where there are none, as the study says."""
    what = f"model is {model.name!r}; its prepare gives other pixels"
    try:
        opened = photograph.open()
        pixels = repeated(lambda: model.see(opened, name=photograph.name), what, times=times)
    except NotRepeatable:
        raise
    except ValueError:
        return []
    if size and tuple(pixels.shape[1:]) != tuple(size):
        words = f"its prepare turns {photograph.name} into {tuple(pixels.shape[1:])}, and others into {tuple(size)}"
        raise ValueError(f"model is {model.name!r}; {words}: one size is needed")
    return [hashlib.sha256(pixels.numpy().tobytes()).hexdigest(), *pixels.shape]


def scenes(start: int, count: int, seed: int, backgrounds: int) -> str:
    """The digest of scenes of the objects task, which are a function of their code, number, seed and backgrounds."""
    return digest([code(objects.batch, objects.pair), start, count, seed, backgrounds])


@lru_cache(maxsize=1 << 17)
def _file(path: Path, *state: int) -> str:
    """The digest of a file's bytes, read once as long as the state of the file stays."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
