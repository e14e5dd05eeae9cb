"""The settings of a process that could reach a result: how each is set, and what all of them are."""

import contextlib
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

BACKENDS = {
    "every backend": torch.backends,
    "cuda.matmul": torch.backends.cuda.matmul,
    "cudnn": torch.backends.cudnn,
    "cudnn.conv": torch.backends.cudnn.conv,
    "cudnn.rnn": torch.backends.cudnn.rnn,
    "mkldnn": torch.backends.mkldnn,
    "mkldnn.matmul": torch.backends.mkldnn.matmul,
    "mkldnn.conv": torch.backends.mkldnn.conv,
}


def read(what: Callable[[], object]) -> object:
    try:
        return what()
    except RuntimeError as error:  # torch refuses to read by one interface what was set by the other
        return str(error).split("\n")[0]


def state() -> dict[str, object]:
    """The process's settings, by both of torch's interfaces to the precision of products."""
    found = {name: read(lambda place=place: place.fp32_precision) for name, place in BACKENDS.items()}
    readers = {
        "matmul precision": torch.get_float32_matmul_precision,
        "cuda allow_tf32": lambda: torch.backends.cuda.matmul.allow_tf32,
        "cudnn allow_tf32": lambda: torch.backends.cudnn.allow_tf32,
        "autocast": lambda: (torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")),
        "autocast cache": torch.is_autocast_cache_enabled,
        "default dtype": torch.get_default_dtype,
        "deterministic": torch.are_deterministic_algorithms_enabled,
        "gradients": torch.is_grad_enabled,
        "inference": torch.is_inference_mode_enabled,
        "anomaly": torch.is_anomaly_enabled,
        "default device": torch.get_default_device,
        "numpy errors": np.geterr,
        "threads": torch.get_num_threads,
    }
    return found | {name: read(reader) for name, reader in readers.items()}


@contextlib.contextmanager
def set_to(setter: Callable[[object], None], value: object, before: object) -> Iterator[None]:
    setter(value)
    try:
        yield
    finally:
        setter(before)


@contextlib.contextmanager
def precision(setter: Callable[[object], None], value: object, before: object) -> Iterator[None]:
    """Like `set_to`, for what sets the precision of several backends at once."""
    places = [(place, place.fp32_precision) for place in BACKENDS.values()]
    try:
        with set_to(setter, value, before):
            yield
    finally:
        for place, precision_before in places:
            if place.fp32_precision != precision_before:
                place.fp32_precision = precision_before


def matmul_precision(value: str) -> contextlib.AbstractContextManager[None]:
    return precision(torch.set_float32_matmul_precision, value, "highest")


def precision_of(name: str, value: str) -> contextlib.AbstractContextManager[None]:
    place = BACKENDS[name]
    return precision(lambda each: setattr(place, "fp32_precision", each), value, place.fp32_precision)


def allowed_tf32(place: object) -> contextlib.AbstractContextManager[None]:
    return precision(lambda each: setattr(place, "allow_tf32", each), True, place.allow_tf32)


@contextlib.contextmanager
def anomalies() -> Iterator[None]:
    with pytest.warns(UserWarning, match="Anomaly Detection"), torch.autograd.detect_anomaly():
        yield


SETTINGS = {
    "matmul precision medium": lambda: matmul_precision("medium"),
    "matmul precision high": lambda: matmul_precision("high"),
    "cuda allow_tf32": lambda: allowed_tf32(torch.backends.cuda.matmul),
    "cudnn allow_tf32": lambda: allowed_tf32(torch.backends.cudnn),
    "every backend in TF32": lambda: precision_of("every backend", "tf32"),
    "cuda.matmul in TF32": lambda: precision_of("cuda.matmul", "tf32"),
    "cudnn.conv in TF32": lambda: precision_of("cudnn.conv", "tf32"),
    "mkldnn.matmul in bfloat16": lambda: precision_of("mkldnn.matmul", "bf16"),
    "mkldnn.conv in bfloat16": lambda: precision_of("mkldnn.conv", "bf16"),
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "autocast to float16": lambda: torch.autocast("cpu", torch.float16),
    "default dtype": lambda: set_to(torch.set_default_dtype, torch.float64, torch.float32),
    "default dtype half": lambda: set_to(torch.set_default_dtype, torch.bfloat16, torch.float32),
    "default device": lambda: torch.device("meta"),
    "deterministic": lambda: set_to(torch.use_deterministic_algorithms, True, False),
    "inference_mode": torch.inference_mode,
    "no_grad": torch.no_grad,
    "set_grad_enabled": lambda: torch.set_grad_enabled(False),
    "anomaly detection": anomalies,
    "NumPy's errors": lambda: np.errstate(all="raise"),
}
