"""What a reader's own network does, and that it does the same again, as its `prepare` must.

Either may hold numbers, files and layers that nothing can list, so what they do is part of a key. What does something
else when it is called again has no key, and is refused.
"""

import hashlib
import pickle
import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.functional import to_pil_image

from igpaths.models import Model
from igstudy.tasks import objects

OFTEN = 15  # times that a call is repeated which draws random numbers, for it may flip an image or may not


class NotRepeatable(ValueError):
    """A network or a `prepare` that does something else when it is called again."""


def behaviour(model: Model) -> list[str]:
    """A sum of the network's outputs, and one of its gradient, for a scene, noise and black.

    They have nine digits of float64, or three of float32 where the network takes no other: the rounding of another
    processor changes nothing. Raises `NotRepeatable` for a network that gives other outputs when it is called again.
    """
    noise = torch.rand(len(model.mean), objects.SIZE, objects.SIZE, generator=torch.Generator().manual_seed(0))
    image = noise
    with suppress(ValueError):  # a model that explains tensors only, or whose prepare fails, as the study says
        scene = objects.batch(range(1), split="test").images[0]
        image = model.see(to_pil_image(scene).resize((640, 480)), name="a scene")
        noise = torch.rand(image.shape, generator=torch.Generator().manual_seed(0))
    found = list[str]()
    for precision, digits in (("float64", 9), ("float32", 3)):
        net = model.classifier(output=_weighted, precision=precision)
        try:
            repeated(partial(net.scores, image[None], 0), f"model is {model.name!r}; its network gives other outputs")
            for each in (image, noise, torch.zeros_like(image)):
                score, gradient = net.gradients(each[None], 0)
                sums = score[0], (gradient[0].cpu() * noise).sum()
                found += [f"{float(value) + 0.0:.{digits - 1}e}" for value in sums[: 2 if digits > 3 else 1]]
            return found
        except NotRepeatable:
            raise
        except Exception as error:  # in float64, or what the study itself reports
            found = [type(error).__name__]
    return found


def _weighted(outputs: Tensor, _: Tensor) -> Tensor:
    """The sum of each image's outputs, each with a weight of its own."""
    flat = outputs.flatten(1) if outputs.ndim > 1 else outputs[:, None]
    return flat @ torch.randn(flat.shape[1], generator=torch.Generator().manual_seed(0)).to(flat)


def repeated(call: Callable[[], Tensor], what: str) -> Tensor:
    """What a call gives, which must be the same again: twice, or often where it draws random numbers.

    `NotRepeatable` begins with `what`. The states of the random generators stay as they were.
    """
    before = _random_states()
    try:
        first = call()
        drawn = _random_states()[0] != before[0]
        for _ in range(OFTEN if drawn else 1):
            again = call()
            if again.shape != first.shape or not torch.allclose(again, first, rtol=1e-10, atol=0, equal_nan=True):
                raise NotRepeatable(f"{what} for the same image when it is called again: it must not be random")
    finally:
        _, python, numpy, pytorch = before
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        torch.set_rng_state(pytorch)
    return first


def _random_states() -> tuple[str, Any, Any, Tensor]:
    """The states of the generators that code draws from when it names none, and before them a digest of all."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    return hashlib.sha256(pickle.dumps(states)).hexdigest(), *states
