"""Matrix products and convolutions with all their bits, whatever the process has asked for."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

Setting = tuple[Callable[[], Any], Callable[[Any], None], Any]  # how it is read, how it is set, and to what
_lock = threading.Lock()
_open: dict[str, list[list[Any]]] = {}  # by kind of device, the values before, and of each context that is open


@contextmanager
def products(device: torch.device, precision: str = "float32") -> Iterator[None]:
    """Within it no setting of the process reaches a product on `device`: neither its precision nor autocast.

    The settings belong to the whole process, so they are put back when the last thread has left.

    Parameters
    ----------
    precision : "TF32" lets a GPU round the factors to 10 bits; with any other one products have all bits.
    """
    kind, settings = device.type, _settings(device.type, precision)
    own = [value for _, _, value in settings]
    with _lock:
        contexts = _open.setdefault(kind, [])
        contexts += [own] if contexts else [[read() for read, _, _ in settings], own]
        _write(settings, own)
    try:
        with torch.autocast(kind, enabled=False):
            yield
    finally:
        with _lock:
            del contexts[next(i for i in reversed(range(len(contexts))) if contexts[i] is own)]
            _write(settings, contexts[-1])
            if len(contexts) == 1:
                contexts.clear()


def _write(settings: list[Setting], values: list[Any]) -> None:
    for (_, write, _), value in zip(settings, values, strict=True):
        write(value)


def _settings(kind: str, precision: str) -> list[Setting]:
    """What decides how products on a kind of device are rounded."""
    backends: Any = torch.backends
    places = {
        "cpu": (backends.mkldnn.matmul, backends.mkldnn.conv, backends.mkldnn.rnn),
        "cuda": (backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn),
    }.get(kind, ())
    value = "tf32" if precision == "TF32" and kind == "cuda" else "ieee"
    found = [
        (partial(getattr, place, "fp32_precision"), partial(setattr, place, "fp32_precision"), value)
        for place in places
    ]
    # Attention without a graph takes another way, which a walk's forward passes must not.
    return [*found, (backends.mha.get_fastpath_enabled, backends.mha.set_fastpath_enabled, False)]
