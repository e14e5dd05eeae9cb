"""A pretended GPU, which counts how often a program waits for it; no GPU is needed.

Within `pretended` tensors that are put on "cuda" stay where they are and are marked. What is computed of marked tensors
is marked, and says that it lies on "cuda". A call that needs numbers of theirs at once is a wait, as is a copy to the
device from memory that is not pinned. Computing with tensors of both places is refused, as a GPU does. What other
threads wait for does not count.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._pytree import tree_flatten, tree_map

from igpaths.classifier import Classifier

CUDA, CPU = torch.device("cuda"), torch.device("cpu")
READING = {  # what gives numbers, or a shape that depends on them
    *("item", "tolist", "numpy", "__array__", "__bool__", "__int__", "__float__", "__index__", "__contains__", "cpu"),
    *("nonzero", "argwhere", "masked_select", "unique", "unique_consecutive", "bincount", "equal", "allclose"),
    *("is_nonzero", "histc", "__repr__", "__format__"),
}
PLAIN = {"item", "tolist", "numpy", "__array__", "__repr__", "__format__"}  # of which nothing is a tensor
MAKING = (torch.tensor, torch.as_tensor, torch.asarray)


class Pretended(TorchFunctionMode):
    """Within it there is a GPU; `waits` counts the waits for it by what was called."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: Counter[str] = Counter()

    def __enter__(self) -> "Pretended":
        self.streams = ExitStack()
        self.streams.enter_context(mock.patch("torch.cuda.current_stream", return_value=object()))
        self.streams.enter_context(mock.patch("torch.cuda.stream", return_value=nullcontext()))
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self.streams.close()

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        tensors = [each for each in tree_flatten((args, kwargs))[0] if isinstance(each, Tensor)]
        there = any(map(is_marked, tensors))
        name = getattr(function, "__name__", "")
        if function == Tensor.device.__get__:
            return CUDA if there else function(*args)
        if function == Tensor.is_cuda.__get__:
            return there
        if name == "_parse_to":  # what `Module.to` is asked for
            return function(*args, **kwargs)
        if function == Tensor.pin_memory:
            pinned = args[0].clone()
            pinned.is_pinned_here = True
            return pinned
        if name == "__set__" and there and is_marked(args[1]):  # a module's parameter that is moved
            mark(args[0])
        wanted = _wanted(function, args, kwargs)
        if wanted == CPU and there:
            self.waits["to the CPU"] += 1
        elif wanted == CUDA and not there:
            self._send(function, tensors, kwargs)
        elif there and name in READING:
            self.waits[name] += 1
        elif there and name in ("__getitem__", "__setitem__", "index_put_"):
            self._index(args[0], args[1])
        elif there and any(not is_marked(each) and each.ndim for each in tensors) and not _moves(function):
            raise RuntimeError(f"{resolve_name(function) or name} of tensors on the GPU and on the CPU")
        result = function(*_here(args), **_here(kwargs))
        if name in PLAIN:
            return result
        if name == "__iter__" and there:
            return iter([mark(each) for each in result])
        if name == "cpu" or (wanted == CPU and there):
            return tree_map(lambda each: each.clone() if isinstance(each, Tensor) else each, result)
        if wanted == CUDA and not there:
            result = result.clone() if any(result is each for each in tensors) else result
        if there or wanted == CUDA:
            for each in tree_flatten(result)[0]:
                if isinstance(each, Tensor):
                    mark(each)
        return result

    def _send(self, function: Callable[..., Any], tensors: list[Tensor], kwargs: dict[str, Any]) -> None:
        pinned = tensors and kwargs.get("non_blocking") and all(hasattr(each, "is_pinned_here") for each in tensors)
        if (tensors or function in MAKING) and not pinned:
            self.waits["to the GPU"] += 1

    def _index(self, values: Tensor, index: Any) -> None:
        """A mask has as many places as it says, and a list of places must come to the device first."""
        for each in index if isinstance(index, tuple) else (index,):
            if isinstance(each, list | Tensor) and (not isinstance(each, Tensor) or each.ndim):
                is_mask = isinstance(each, Tensor) and each.dtype in (torch.bool, torch.uint8)
                if is_mask or not isinstance(each, Tensor) or not is_marked(each):
                    self.waits["a mask" if is_mask else "an index of the CPU"] += 1


def is_marked(tensor: Tensor) -> bool:
    """Whether a tensor pretends to lie on the GPU."""
    return "is_on_gpu" in tensor.__dict__


def mark(tensor: Tensor) -> Tensor:
    """The tensor, which lies on the GPU from now on."""
    tensor.is_on_gpu = True  # type: ignore[attr-defined]
    return tensor


def moved(net: Classifier) -> Classifier:
    """A Classifier of the CPU that pretends to lie on the GPU."""
    for tensor in (*net.module.parameters(), *net.module.buffers(), net.mean, net.std, *net._spread):
        mark(tensor)
    net.device = CUDA
    return net


def _wanted(function: Any, args: Any, kwargs: dict[str, Any]) -> torch.device | None:
    """The device that a call names."""
    named = [kwargs.get("device"), *(args[1:] if function == Tensor.to else ())]
    for each in named:
        if isinstance(each, torch.device) or (isinstance(each, str) and each in ("cpu", "cuda")):
            return torch.device(each).type and torch.device(torch.device(each).type)
        if isinstance(each, Tensor):
            return CUDA if is_marked(each) else CPU
    return None


def _moves(function: Any) -> bool:
    """Whether a call may have tensors of both places."""
    return getattr(function, "__name__", "") in (
        "to",
        "copy_",
        "type_as",
        "__set__",
        "_has_compatible_shallow_copy_type",
    )


def _here(values: Any) -> Any:
    """Arguments with the CPU in place of the GPU."""
    return tree_map(lambda each: CPU if isinstance(each, torch.device) or each == "cuda" else each, values)


def waits(work: Callable[[], Any]) -> Counter[str]:
    """How often some work waits for the pretended GPU, by what it calls."""
    with Pretended() as gpu:
        result = work()
        if isinstance(result, Iterator):
            for _ in result:
                pass
    return gpu.waits
