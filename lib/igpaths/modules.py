"""Networks as strangers bring them: copied without a change to theirs, laid out in memory, and their logits found."""

import copy
import gc
from collections.abc import Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import torch
from torch import Tensor, nn

SHARED = (type, FunctionType, BuiltinFunctionType, ModuleType, str, bytes, int, float)  # by a thing and its copy


def copy_frozen(module: nn.Module, device: torch.device | str | None = None) -> nn.Module:
    """A copy of the network on `device`, in evaluation mode, none of whose parameters requires a gradient.

    Activations that the network or its hooks keep are copied without their graph.

    Raises
    ------
    ValueError
        For what is no module, and where it cannot be copied or put in evaluation mode.
    """
    if not isinstance(module, nn.Module):
        raise ValueError(
            f"the network must be a torch.nn.Module, got {type(module).__name__}; "
            "wrap a function in a Module whose forward calls it"
        )
    try:
        with torch.inference_mode(False), torch.no_grad():
            copied = copy.deepcopy(module, {id(t): t.detach().clone() for t in _kept(module)})
    except Exception as error:  # whatever a foreign object's copying raises
        raise ValueError(
            f"the network cannot be copied ({type(error).__name__}: {error}), and yours must stay as it is; "
            "take out of it what is not copied (locks, streams, open files), or let its class define __deepcopy__"
        ) from error
    try:
        copied.eval()
    except NotImplementedError as error:
        raise ValueError(f"the network cannot be put in evaluation mode: {error}") from error
    for parameter in copied.parameters():
        parameter.requires_grad_(False)
    if device is None:
        return copied
    try:
        return copied.to(device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device is {str(device)!r}: {str(error).splitlines()[0]}") from error


def _kept(module: nn.Module) -> Iterator[Tensor]:
    """The tensors with a graph, which torch refuses to copy, among all that a copy of the module reaches."""
    waiting, seen = list[Any]([module]), set[int]()
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, SHARED):
            continue
        seen.add(id(thing))
        if not isinstance(thing, Tensor):
            waiting += gc.get_referents(thing)
        elif thing.grad_fn is not None:
            yield thing


def cast(module: nn.Module, dtype: torch.dtype) -> None:
    """Give the module's real tensors this dtype, and its complex ones the complex dtype of the same precision."""
    both = {False: dtype, True: dtype.to_complex()}
    module._apply(lambda t: t.to(both[t.is_complex()]) if t.is_floating_point() or t.is_complex() else t)


def lay_out(module: nn.Module, layout: torch.memory_format) -> None:
    """Give the module's four-dimensional tensors this memory format."""
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.ndim == 4:
            tensor.data = tensor.data.contiguous(memory_format=layout)


def logits_of(response: Any, count: int) -> Tensor:
    """The tensor of logits in what a network returned for `count` images.

    Raises
    ------
    ValueError
        Where there is none, or more than one.
    """
    found = response.get("logits") if isinstance(response, Mapping) else getattr(response, "logits", None)
    response = found if isinstance(found, Tensor) else response
    if isinstance(response, Tensor):
        return response
    parts = response.values() if isinstance(response, Mapping) else response
    parts = list(parts) if isinstance(response, Mapping | tuple | list) else []
    logits = [part for part in parts if isinstance(part, Tensor) and part.ndim == 2 and len(part) == count]
    if len(logits) != 1:
        raise ValueError(
            f"the network must return logits (images, classes); it returned {type(response).__name__}, with "
            f"{len(logits)} tensors of that shape: wrap it in a Module whose forward returns the logits alone"
        )
    return logits[0]


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory, of the device or of the machine, did not suffice."""
    words = ("out of memory", "not enough memory", "can't allocate memory", "alloc_failed")
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and any(word in str(error).lower() for word in words)
    )
