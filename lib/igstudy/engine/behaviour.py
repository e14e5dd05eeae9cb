"""What a reader's own network does, and that it does the same again, as its `prepare` must.

Either may hold numbers, files and layers that nothing can list, so what they do is part of a key. What does something
else when it is called again has no key, and is refused; so is a network for which an image is another beside others.
"""

import random
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map
from torchvision.transforms.functional import resize

from igpaths.classifier import Classifier
from igpaths.models import Model
from igstudy.tasks import objects

OFTEN = 3  # times that a network is called again: it may have a generator of its own
DRAWN = 63  # times that any call is repeated which draws random numbers, for it may flip an image or may not
BESIDE = 1e-3  # of the largest answer, by which one may differ beside other images: rounding is less
SAME = 1e-10  # of the largest answer, by which one may differ when it is given again


class NotRepeatable(ValueError):
    """A network or a `prepare` that does something else when it is called again."""


class Promoted(TorchFunctionMode):
    """Within it float32 is float64, also that of layers that a network keeps outside of its modules."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        def promote(value: Any) -> Any:
            return value.double() if isinstance(value, Tensor) and value.dtype == torch.float32 else value

        return function(*tree_map(promote, args), **tree_map(promote, kwargs or {}))


def behaviour(model: Model, size: Sequence[int] = (objects.SIZE, objects.SIZE)) -> list[str]:
    """A sum of the network's outputs, and one of its gradient, for a scene, noise and black of this height and width.

    They have nine digits of float64, or three of float32 where the network takes no other: the rounding of another
    processor changes nothing. Raises `NotRepeatable` for a network that gives other outputs or gradients when it is
    called again, or other outputs for an image that is beside others.
    """
    shape = (len(model.mean), *size)
    noise = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    scene = resize(objects.batch(range(1), split="test").images[0], list(size)).clamp(0, 1)
    scene = scene if len(scene) == shape[0] else scene.mean(0).expand(shape)
    images, found = torch.stack([scene, noise, torch.zeros(shape)]), list[str]()
    for precision, within, digits in (
        ("float64", nullcontext(), 9), ("float64", Promoted(), 9), ("float32", nullcontext(), 3),
    ):  # fmt: skip
        net = model.classifier(output=_weighted, precision=precision)
        try:
            with within:
                found += _sums(net, images, noise, digits, f"model is {model.name!r}; its network gives other")
        except NotRepeatable:
            raise
        except Exception as error:  # in float64, or what the study itself reports
            found.append(type(error).__name__)
        else:
            if type(within) is nullcontext:  # what is promoted may write where nothing reads it
                break
    return found


def _sums(net: Classifier, images: Tensor, noise: Tensor, digits: int, what: str) -> list[str]:
    """By image, its score without and with a graph, and a sum of its gradient."""

    def ask(image: Tensor) -> Tensor:
        score, gradient = net.gradients(image[None], 0)
        return torch.cat([score, gradient.flatten()]).cpu()

    repeated(lambda: net.scores(images[:1], 0), f"{what} outputs", times=OFTEN)
    answers = [repeated(lambda: ask(images[0]), f"{what} gradients"), *map(ask, images[1:])]
    alone = torch.cat([net.scores(image[None], 0) for image in images])
    try:
        beside = net.scores(images, 0)
    except Exception:  # of a network that takes one image at a time
        beside = alone
    if not _close(beside, alone, BESIDE):
        raise NotRepeatable(f"{what} outputs for the same image when it is beside others: it must not mix images")
    sums = list[Tensor]()
    for score, answer in zip(alone, answers, strict=True):
        # In few digits the parts of a gradient must not cancel.
        gradient = answer[1:] if digits > 3 else answer[1:].abs()
        sums += [score, answer[0], gradient @ noise.flatten().to(gradient)]
    return [f"{float(value) + 0.0:.{digits - 1}e}" for value in sums]


def _weighted(outputs: Tensor, _: Tensor) -> Tensor:
    """The sum of each image's outputs, each with a weight of its own."""
    flat = outputs.flatten(1) if outputs.ndim > 1 else outputs[:, None]
    return flat @ torch.randn(flat.shape[1], generator=torch.Generator().manual_seed(0)).to(flat)


def repeated(call: Callable[[], Tensor], what: str, *, times: int = 1) -> Tensor:
    """What a call gives, which must be the same again, so many `times`, or often where it draws random numbers.

    `NotRepeatable` begins with `what`. The states of the random generators stay as they were.
    """
    python, numpy, pytorch = _random_states()
    try:
        first = call()
        other_python, other_numpy, other_pytorch = _random_states()
        drawn = python != other_python or not torch.equal(pytorch, other_pytorch)
        drawn = drawn or any(not np.array_equal(a, b) for a, b in zip(numpy, other_numpy, strict=True))
        for _ in range(DRAWN if drawn else times):
            again = call()
            if again.shape != first.shape or not _close(again, first, SAME):
                raise NotRepeatable(f"{what} for the same image when it is called again: it must not be random")
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        torch.set_rng_state(pytorch)
    return first


def _random_states() -> tuple[Any, Any, Tensor]:
    """The states of the generators that code draws from when it names none."""
    return random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002


def _close(one: Tensor, other: Tensor, share: float) -> bool:
    """Whether two tensors differ by no more than a share of the largest number."""
    most = share * float(other.nan_to_num(0, 0, 0).abs().max())
    return torch.allclose(one, other, rtol=0, atol=most, equal_nan=True)
