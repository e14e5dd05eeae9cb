"""Networks with an error of known size: what rounding, another precision or noise in the gradients does to a map."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from igpaths.classifier import Classifier

Network = TypeVar("Network", bound=Classifier)


class Noisy(Classifier):
    """A network whose every gradient g has noise of the relative length ε: g + ε ‖g‖/√n · N(0, 1), n its numbers.

    The noise depends on the image, on how many gradients of it were computed before, and on the seed, but not on how
    they were batched.

    Parameters
    ----------
    net : the network, whose choices it keeps.
    size : ε.
    images : how many images walk together, as many as `igpaths.walks` is given.
    seed, start : the i-th of them has the noise of image number ``start + i``.
    """

    def __init__(self, net: Classifier, *, size: float, images: int, seed: int = 0, start: int = 0) -> None:
        super().__init__(net.module, **_choices(net))
        self.size, self.images, self.seed, self.start = size, images, seed, start
        self.count = 0  # of the gradients so far

    def gradients(self, images: Tensor, targets: Any) -> tuple[Tensor, Tensor]:
        """The scores (B,), and their gradients (B, C, H, W) with noise."""
        scores, gradients = super().gradients(images, targets)
        noise = np.stack([self._noise(self.count + i, gradients.shape[1:]) for i in range(len(images))])
        self.count += len(images)
        lengths = gradients.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
        return scores, gradients + torch.from_numpy(noise).to(gradients) * lengths * self.size

    def _noise(self, place: int, shape: torch.Size) -> np.ndarray:
        time, image = divmod(place, self.images)  # images move together, each in its turn
        rng = np.random.default_rng((self.seed, 17, self.start + image, time))
        return rng.standard_normal(shape, dtype=np.float32) / np.float32(shape.numel() ** 0.5)


def recomputed(net: Network, **changes: Any) -> Network:
    """The network with other choices of a `Classifier`'s, such as its precision or device; all else as it is."""
    again = copy.copy(net)
    Classifier.__init__(again, net.module, **(_choices(net) | changes))
    return again


def misrounded(net: Network) -> Network:
    """The network with the mean and std that its images are normalised by off by one float32 rounding, about 1e-7."""
    infinity = torch.tensor(torch.inf)
    mean, std = (torch.nextafter(each.flatten().float().cpu(), infinity).tolist() for each in (net.mean, net.std))
    return recomputed(net, mean=mean, std=std)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Compute with this many threads, whatever was set before: rounding depends on their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _choices(net: Classifier) -> dict[str, Any]:
    """All choices of a Classifier, by the names of its parameters."""
    colours = {"mean": net.mean.flatten().tolist(), "std": net.std.flatten().tolist()}
    return colours | {name: getattr(net, name) for name in ("output", "precision", "temperature", "device")}
