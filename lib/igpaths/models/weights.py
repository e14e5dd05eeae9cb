"""The weights of a network in a file: a state dict, which is the tensors by name.

It is in .safetensors, or as ``torch.save`` writes it. Whatever a file holds, no code of it is run, and it takes no more
memory than its own size says.
"""

import pickle
import re
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from igpaths.models import in_one_line

if TYPE_CHECKING:
    from torch import Tensor, nn

REMEDY = "a network that differs in more than its number of classes is one of your own, module:PACKAGE.FUNCTION"


def read_state(file: Path, name: str) -> "dict[str, Tensor]":
    """The tensors by name in a .safetensors file, or in any other that torch.save wrote, for the model of this name."""
    import safetensors.torch
    import torch

    size, words = file.stat().st_size, f"model is {name!r}; {file} is no state dict"
    try:
        if file.suffix.lower() == ".safetensors":
            state = safetensors.torch.load_file(file)
        else:
            _check_archive(file, size)
            with warnings.catch_warnings(action="ignore"):  # of what is refused here, or harmless
                state = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:  # which advises to let the file run its code
        raise ValueError(f"{words}: it is damaged, or holds other objects than tensors, which is not read") from error
    except Exception as error:  # a damaged or foreign file fails in many ways
        raise ValueError(f"{words}: {in_one_line(error)}") from error
    pairs = state.items() if isinstance(state, dict) else [(None, state)]
    if not all(isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in pairs):
        kind = f"a dict of {_some(list(map(str, state)))}" if isinstance(state, dict) else type(state).__name__
        raise ValueError(f"{words} (tensors by name) but {kind}")
    if odd := [key for key, value in state.items() if not _is_plain(value, size)]:
        raise ValueError(
            f"{words}: {_some(odd)}; it must have dense tensors of real numbers, as many as the file holds"
        )
    return state


def _check_archive(file: Path, size: int) -> None:
    """ValueError for a zip archive of code, or with compressed entries, of which torch.save writes none."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
        if any(entry.filename.endswith("/constants.pkl") for entry in entries):
            raise ValueError("it is an archive of TorchScript, which holds code: save the network's state_dict()")
        if (inflated := sum(entry.file_size for entry in entries)) > size:
            raise ValueError(f"its entries are compressed, from {inflated} bytes to {size}; torch.save compresses none")


def _is_plain(value: "Tensor", size: int) -> bool:
    """Whether a tensor is dense, of real numbers, and not empty, and fits into a file of `size` bytes."""
    import torch

    dense = value.layout == torch.strided and not value.is_meta and not value.is_complex()
    return dense and 0 < value.numel() * value.element_size() <= size


def fit(name: str, network: "nn.Module", state: "dict[str, Tensor]") -> "nn.Module":
    """`network` in evaluation mode with these weights; ValueError says which of them do not fit."""
    # torchvision's DenseNet files keep the names of an older release: denselayer1.norm.1 for denselayer1.norm1.
    for key in list(state):
        state[re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", key)] = state.pop(key)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        shapes, given = ({key: tuple(t.shape) for key, t in each.items()} for each in (network.state_dict(), state))
        findings = {
            "missing": [key for key in shapes if key not in given],
            "unexpected": [key for key in given if key not in shapes],
            "of another shape": [
                f"{k} is {given[k]}, expected {own}" for k, own in shapes.items() if given.get(k, own) != own
            ],
        }
        words = "; ".join(f"{len(keys)} {what} ({_some(keys)})" for what, keys in findings.items() if keys)
        words = words or in_one_line(error)
        raise ValueError(f"model is {name!r}; the weights do not fit the network: {words}; {REMEDY}") from error
    return network.eval()


def _some(words: list[str]) -> str:
    return ", ".join(words[:3]) + (", …" if len(words) > 3 else "")
