"""Timm's classifiers by name and tag, downloaded once or read from a file, with the data configuration of the tag."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from igpaths.arguments import check_word, nearest
from igpaths.models import Model, Offer, in_one_line
from igpaths.models.weights import fit, read_state

if TYPE_CHECKING:
    from torch import nn

ABOUT = "Timm's, for photographs; it reports no accuracy"
MISSING = "pip install 'igpaths[timm]'"
BEST_KNOWN = (
    "convnext_tiny.fb_in1k", "efficientnet_b0.ra_in1k", "mobilenetv3_large_100.ra_in1k", "resnet18.a1_in1k",
    "resnet50.a1_in1k", "swin_tiny_patch4_window7_224.ms_in1k", "vit_small_patch16_224.augreg_in21k_ft_in1k",
)  # fmt: skip


def names(*, every: bool = False) -> dict[str, Offer]:
    """The names of models, and what each needs; timm's package holds no accuracies. `every` needs timm installed."""
    if not find_spec("timm"):
        return {f"timm/{name}": Offer(needs=MISSING) for name in BEST_KNOWN}

    import timm
    import torch

    found = {}
    for name in timm.list_pretrained() if every else BEST_KNOWN:
        needs = "" if _cached(name) else "downloads its weights"
        if needs and not every:  # a network without memory for its weights, whose number says the size
            with torch.device("meta"):
                count = sum(each.numel() for each in timm.create_model(name, pretrained=False).state_dict().values())
            needs = f"downloads {4 * count / 1e6:.0f} MB"
        found[f"timm/{name}"] = Offer(needs=needs)
    return found


def load(name: str, *, file: Path | None) -> Model:
    """The model ``timm/NAME.TAG``: its weights are downloaded, or those of the name's file.

    A file may have another number of classes. ValueError where timm is not installed, or has no such network or tag.
    """
    if not find_spec("timm"):
        raise ValueError(f"model is {name!r}; timm is not installed: {MISSING}")

    import timm
    import torch
    from timm.data import ImageNetInfo, create_transform, infer_imagenet_subset, resolve_model_data_config
    from timm.models import get_pretrained_cfg
    from torchvision.transforms import Compose

    full = name.partition("/")[2].partition("@")[0]
    network, _, tag = full.partition(".")
    if not timm.is_model(network):
        raise ValueError(f"model is {name!r}; timm has no network {network!r}{nearest(network, timm.list_models())}")
    tags = [each.partition(".")[2] for each in timm.list_pretrained(f"{network}.*")]
    if tags or tag or file is None:  # without weights of its own a network has no tag, and takes a file's
        check_word(f"model is {name!r}; tag of {network}", tag, tags or ["none, with @FILE"])
    if file is None:
        own = _download(name, full)
    else:
        state, described = read_state(file, name), get_pretrained_cfg(full)
        last = state.get(f"{described.classifier if described else ''}.weight")
        options = {} if last is None else {"num_classes": len(torch.atleast_1d(last))}
        own = fit(name, timm.create_model(full, **options), state)
    data: dict[str, Any] = resolve_model_data_config(own)
    steps = create_transform(**data, is_training=False).transforms
    subset = infer_imagenet_subset(own)  # None for another number of classes
    return Model(
        name=name,
        network=own.eval(),
        mean=tuple(data["mean"]),
        std=tuple(data["std"]),
        prepare=Compose([step for step in steps if type(step).__name__ != "Normalize"]),
        classes=tuple(ImageNetInfo(subset).label_descriptions()) if subset else (),
    )


def _download(name: str, full: str) -> "nn.Module":
    import huggingface_hub
    import timm

    try:
        if not _cached(full):  # one try, for the hub's own takes a minute of them where there is no way to it
            huggingface_hub.get_session().head(huggingface_hub.constants.ENDPOINT, timeout=10)
        return timm.create_model(full, pretrained=True)
    except Exception as error:  # of the hub, of the network, of a file
        remedy = "name a local file, timm/NAME.TAG@FILE"
        raise OSError(f"model is {name!r}; its weights cannot be had ({in_one_line(error)}): {remedy}") from error


def _cached(name: str) -> bool:
    from huggingface_hub import try_to_load_from_cache
    from timm.models import get_pretrained_cfg

    described = get_pretrained_cfg(name)
    hub = described.hf_hub_id if described else None
    return bool(hub) and isinstance(try_to_load_from_cache(str(hub), "model.safetensors"), str)
