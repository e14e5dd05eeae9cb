"""What is taken for an argument, and what is refused in a line that says what to write instead, without torch."""

import operator
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from igpaths.texts import amount

if TYPE_CHECKING:
    from torch import Tensor

ROUNDING = 1e-5  # by which pixels may leave [0, 1]: resizing in float32 does


class NotFinite(UserWarning):
    """A network that answers with NaN or infinite numbers, and for which of the `images`, by their numbers."""

    def __init__(self, message: str, images: Sequence[int] = ()) -> None:
        super().__init__(message)
        self.images = images


def as_targets(targets: Any, count: int, *, classes: int | None = None) -> "Tensor":
    """Class indices (count,) in int64 on the CPU, from one index for all images or one for each, of any integer type.

    ValueError for anything else, for another number of them, or for an index that is no class.
    """
    import torch

    values, wanted = None, f"one for each of the {amount(count, 'image')} or one for all"
    if not (isinstance(targets, list | tuple) and any(isinstance(each, bool | np.bool_) for each in targets)):
        with suppress(TypeError, ValueError):
            tensor = isinstance(targets, torch.Tensor)
            values = targets.detach().cpu() if tensor else torch.from_numpy(np.array(targets))
    if values is None or values.is_floating_point() or values.is_complex() or values.dtype == torch.bool:
        kind = shorten(targets) if values is None else values.dtype
        raise ValueError(f"targets must be class indices, {wanted}, got {kind}")
    if values.ndim and values.shape != (count,):
        raise ValueError(f"targets must be class indices, {wanted}, got shape {tuple(values.shape)}")
    values = values.long().expand(count)
    if classes is not None and (odd := sorted({n for n in values.tolist() if not 0 <= n < classes})):
        known = f"from 0 to {classes - 1} ({amount(classes, 'class', 'classes')})"
        raise ValueError(f"targets must be {known}, got {odd}")
    return values.clone() if values.is_inference() else values


def as_counts(name: str, values: Any) -> tuple[int, ...]:
    """Positive whole numbers, sorted and each once, from one or several of them; ValueError for any other."""
    single = isinstance(values, str | bytes) or not isinstance(values, Iterable) or getattr(values, "ndim", 1) == 0
    counts: tuple[int, ...] = ()
    with suppress(ValueError):
        counts = tuple(sorted({as_count(name, n) for n in ([values] if single else values)}))
    if not counts:
        raise ValueError(f"{name} must be one or more positive whole numbers, got {shorten(values)}")
    return counts


def as_count(name: str, value: Any) -> int:
    """One positive whole number; ValueError for any other."""
    count = 0
    with suppress(TypeError):
        count = 0 if np.asarray(value).dtype == bool else operator.index(value)
    if not 1 <= count < 2**31:
        raise ValueError(f"{name} must be 1 or more, a whole number, got {shorten(value)}")
    return count


def check_number(name: str, value: Any, allowed: str, valid: Callable[[float], bool]) -> None:
    """ValueError unless a value is a number that is `valid`, which is `allowed` in words."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not valid(value):
        raise ValueError(f"{name} must be {allowed}, got {shorten(value)}")


def check_word(name: str, word: object, allowed: Iterable[str], *, more: str = "") -> None:
    """ValueError where a choice is not one of the words allowed; `more` says what else would be."""
    words = list(allowed)
    if not isinstance(word, str) or word not in words:
        known = ", ".join(words)
        raise ValueError(f"{name} is {shorten(word)}; it must be one of {known}{more}{nearest(word, words)}")


def nearest(name: object, allowed: Iterable[str]) -> str:
    """The end of a message that names what may be meant, or nothing."""
    close = get_close_matches(str(name), list(allowed), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def check_images(images: Any, channels: int) -> None:
    """ValueError where images are no float tensor (B, C, H, W) of these channels, or there are none."""
    import torch

    wanted = f"images must be float tensors of shape (B, {channels}, H, W)"
    if not isinstance(images, torch.Tensor):
        raise ValueError(f"{wanted}, got {type(images).__name__}")
    if images.layout != torch.strided or images.is_meta:
        raise ValueError(f"{wanted}, got one that is {images.layout} on {images.device}")
    if images.ndim != 4 or images.shape[1] != channels or not images.numel() or not images.is_floating_point():
        raise ValueError(f"{wanted}, got {tuple(images.shape)} of {images.dtype}")


def check_range(name: str, values: "Tensor", when: str, *, remedy: str = " (check=False takes any range)") -> None:
    """ValueError where values leave [0, 1] by more than rounding, or are not finite."""
    low, high = float(values.detach().min()), float(values.detach().max())
    if not (low >= -ROUNDING and high <= 1 + ROUNDING):
        raise ValueError(f"{name} must lie in [0, 1] {when}; got [{low:.9g}, {high:.9g}]{remedy}")


def shorten(value: object, most: int = 60) -> str:
    """A value in one line of a message, of at most so many letters."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # which Python raises for a whole number of thousands of digits
        text = "a number too long to be written"
    return text if len(text) <= most else f"{text[: most - 1]}…"
