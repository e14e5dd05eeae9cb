"""Networks with an error of known size: what rounding, another precision or noise in the gradients does to a map."""

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor

from igpaths.classifier import Classifier


class Noisy(Classifier):
    """A network whose every gradient g has noise of the relative length ε: g + ε ‖g‖/√n · N(0, 1), n its numbers.

    It shares the network's weights. The noise depends on the image, on how many gradients of it were asked before,
    and on the seed, but not on how they were batched.

    Parameters
    ----------
    net : the network.
    size : ε.
    images : how many images walk together, as many as `igpaths.walks` is given.
    seed, start : the i-th of them has the noise of image number ``start + i``.

    Examples
    --------
    >>> noisy = quantities.Noisy(net, size=0.1, images=2)
    >>> exact, moved = (each.gradients(x, targets)[1].flatten(1) for each in (net, noisy))
    >>> ((moved - exact).norm(dim=1) / exact.norm(dim=1)).round(decimals=2)
    tensor([0.1000, 0.1000])
    """

    def __init__(self, net: Classifier, *, size: float, images: int, seed: int = 0, start: int = 0) -> None:
        vars(self).update(vars(net))
        self.size, self.images, self.seed, self.first = size, images, seed, start
        self.asked = 0

    def gradients(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The scores (B,), and their gradients (B, 3, H, W) with noise."""
        scores, gradients = super().gradients(images, targets)
        noise = np.stack([self._noise(self.asked + i, gradients.shape[1:]) for i in range(len(images))])
        self.asked += len(images)
        lengths = gradients.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
        return scores, gradients + torch.from_numpy(noise).to(gradients) * lengths * self.size

    def _noise(self, place: int, shape: torch.Size) -> np.ndarray:
        time, image = divmod(place, self.images)  # images move together, so that each is asked in its turn
        rng = np.random.default_rng((self.seed, 17, self.first + image, time))
        return rng.standard_normal(shape, dtype=np.float32) / np.float32(shape.numel() ** 0.5)


def recomputed(net: Classifier, *, device: str | None = None, **changes: Any) -> Classifier:
    """The network on another device, or with other choices of a `Classifier`'s: another precision, mean or std.

    Examples
    --------
    >>> quantities.recomputed(net, precision="float64").scores(x, targets).dtype
    torch.float64
    """
    module = copy.deepcopy(net.module).to(device) if device else net.module
    choices = {
        "mean": net.mean.flatten().tolist(),
        "std": net.std.flatten().tolist(),
        "output": net.output,
        "precision": net.precision,
    }
    return Classifier(module, **(choices | changes))


def misrounded(net: Classifier) -> Classifier:
    """The network with the mean and std that its images are normalised by off by one float32 rounding, about 1e-7.

    Examples
    --------
    >>> off = (quantities.misrounded(net).mean - net.mean).flatten()
    >>> (0 < off) & (off < 1e-7)
    tensor([True, True, True])
    """
    infinity = torch.tensor(torch.inf)
    mean, std = (torch.nextafter(each.flatten().float().cpu(), infinity).tolist() for each in (net.mean, net.std))
    return recomputed(net, mean=mean, std=std)
