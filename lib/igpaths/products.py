"""Matrix products and convolutions with all their bits, whatever the process has asked for."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

_lock = threading.Lock()
_inside: dict[str, int] = {}  # by kind of device, how many contexts are open, in all threads
_before: dict[str, list[str]] = {}


@contextmanager
def products(device: torch.device, precision: str = "float32") -> Iterator[None]:
    """Within it no setting of the process reaches a product on `device`: neither its precision nor autocast.

    The settings belong to the whole process, so they are put back when the last thread has left.

    Parameters
    ----------
    precision : "TF32" lets a GPU round the factors to 10 bits; with any other one products have all bits.
    """
    kind, places = device.type, _places(device.type)
    with _lock:
        if not _inside.get(kind):
            _before[kind] = [place.fp32_precision for place in places]
        _inside[kind] = _inside.get(kind, 0) + 1
        for place in places:
            place.fp32_precision = "tf32" if precision == "TF32" and kind == "cuda" else "ieee"
    try:
        with torch.autocast(kind, enabled=False):
            yield
    finally:
        with _lock:
            _inside[kind] -= 1
            if not _inside[kind]:
                for place, precision_before in zip(places, _before[kind], strict=True):
                    place.fp32_precision = precision_before


def _places(kind: str) -> list[Any]:
    """Where torch keeps the precision of the products of a kind of device."""
    backends: Any = torch.backends
    if kind == "cuda":
        return [backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn]
    return [backends.mkldnn.matmul, backends.mkldnn.conv, backends.mkldnn.rnn] if kind == "cpu" else []
