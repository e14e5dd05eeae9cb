"""Networks as strangers bring them: copied without a change to theirs, laid out in memory, computed with all their bits
whatever the process has asked for, and their logits found."""

import copy
import gc
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

SHARED = (type, FunctionType, BuiltinFunctionType, ModuleType, str, bytes, int, float)  # by a thing and its copy
_lock = threading.Lock()
_open: dict[str, list[list[Any]]] = {}  # by kind of device, the settings before, and those of each open context


def copy_frozen(module: nn.Module, device: torch.device | str | None = None) -> nn.Module:
    """A copy of the network on `device`, in evaluation mode, none of whose parameters requires a gradient.

    Activations that the network or its hooks keep are copied without their graph. Raises ValueError for what is no
    module, where it has no weights yet, and where it cannot be copied or put in evaluation mode.
    """
    if not isinstance(module, nn.Module):
        kind = type(module).__name__
        remedy = "load a state dict into one, wrap a function in one that calls it"
        raise ValueError(f"the network must be a torch.nn.Module, got {kind}; {remedy}")
    tensors = (*module.named_parameters(), *module.named_buffers())
    if empty := [name for name, t in tensors if is_lazy(t) or t.is_meta]:
        remedy = "load them, or call it once on an image where its layers are lazy"
        raise ValueError(f"the network has no weights yet, such as {empty[0]!r}: {remedy}")
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


def mixes_images(layer: nn.Module) -> bool:
    """Whether a layer in evaluation mode normalises an image with the statistics of all images of its batch."""
    return isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.running_mean is None


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


@contextmanager
def products(device: torch.device, precision: str = "float32") -> Iterator[None]:
    """Within it no setting of the process reaches a product on `device`: neither its precision nor autocast.

    With `precision` "TF32" a GPU may round the factors to 10 bits. The settings belong to the whole process, so they
    are put back when the last thread has left.
    """
    kind, settings = device.type, _settings(device.type)
    own = [("tf32" if precision == "TF32" and kind == "cuda" else "ieee")] * (len(settings) - 1) + [False]
    contexts = _open.setdefault(kind, [])
    with _lock:
        contexts += [own] if contexts else [[read() for read, _ in settings], own]
        _write(settings, own)
    try:
        with torch.autocast(kind, enabled=False):
            yield
    finally:
        with _lock:
            del contexts[next(i for i in reversed(range(len(contexts))) if contexts[i] is own)]
            _write(settings, contexts[-1] if len(contexts) > 1 else contexts.pop())


def _write(settings: list[tuple[Any, Callable[[Any], None]]], values: list[Any]) -> None:
    for (_, write), value in zip(settings, values, strict=True):
        write(value)


def _settings(kind: str) -> list[tuple[Any, Callable[[Any], None]]]:
    """How to read and to write what decides the rounding of products on a kind of device."""
    backends: Any = torch.backends
    places = {
        "cpu": (backends.mkldnn.matmul, backends.mkldnn.conv, backends.mkldnn.rnn),
        "cuda": (backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn),
    }.get(kind, ())
    name = "fp32_precision"
    found: list[Any] = [(partial(getattr, place, name), partial(setattr, place, name)) for place in places]
    # Attention without a graph takes another way, which a walk's forward passes must not.
    return [*found, (backends.mha.get_fastpath_enabled, backends.mha.set_fastpath_enabled)]


def logits_of(response: Any, count: int) -> Tensor:
    """The tensor of logits in what a network returned for `count` images; ValueError where it is not the only one."""
    found = response.get("logits") if isinstance(response, Mapping) else getattr(response, "logits", None)
    response = found if isinstance(found, Tensor) else response
    if isinstance(response, Tensor):
        return response
    parts = response.values() if isinstance(response, Mapping) else response
    parts = list(parts) if isinstance(response, Mapping | tuple | list) else []
    logits = [part for part in parts if isinstance(part, Tensor) and part.ndim == 2 and len(part) == count]
    if len(logits) != 1:
        kind = f"{type(response).__name__} with {len(logits)} such tensors"
        raise ValueError(f"the network must return logits (images, classes), not a {kind}: wrap it in one that does")
    return logits[0]


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory, of the device or of the machine, did not suffice."""
    words = ("out of memory", "not enough memory", "can't allocate memory", "alloc_failed")
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and any(word in str(error).lower() for word in words)
    )
