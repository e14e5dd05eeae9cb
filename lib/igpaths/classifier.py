"""A network with its normalisation and its score inside.

`Classifier` is what every method and metric of the library explains: images go in with their pixels in [0, 1], and
one score an image comes out, F(x) in the papers' notation. Everything that asks a network anything asks here.
"""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

OUTPUTS = ("probability", "logit")


class Classifier:
    """The score F of a network: images (B, 3, H, W) in [0, 1] and targets (B,) → scores (B,).

    The network is copied, put in evaluation mode and frozen, so that only the input's gradient is ever computed and
    the caller's own network stays as it was. Device and dtype are the network's; a float64 network keeps float64
    constants. On a CPU in float32 the copy is laid out channels last, which convolutions there run faster.

    Parameters
    ----------
    module : network that maps normalised images (B, 3, H, W) to logits (B, classes).
    mean, std : colour (3 numbers) subtracted from the image, and divisor: the network sees (x − mean) / std.
        The mean is also the "mean" baseline: the zero of the network's own space.
    output : "probability" (softmax of the target class) or "logit". It has no default: Study A explains the
        probability, Study B the logit, and they saturate differently.

    Raises
    ------
    ValueError
        For an unknown output, or for a mean or std that is not three numbers (std positive).
    """

    def __init__(self, module: nn.Module, *, mean: Sequence[float], std: Sequence[float], output: str) -> None:
        if output not in OUTPUTS:
            raise ValueError(f"output is {output!r}; it must be one of {', '.join(OUTPUTS)}")
        if len(mean) != 3 or len(std) != 3 or min(std) <= 0:
            raise ValueError(f"mean and std must be three numbers each, std positive; got mean={mean} and std={std}")
        self.output = output
        self.module = copy.deepcopy(module).eval().requires_grad_(False)
        tensors = (*self.module.parameters(), *self.module.buffers())
        example = next((t for t in tensors if t.is_floating_point()), torch.zeros(()))
        self.device, self.dtype = example.device, example.dtype
        self.mean, self.std = (
            torch.tensor([float(v) for v in colour], dtype=torch.float64).to(self.device, self.dtype).view(3, 1, 1)
            for colour in (mean, std)
        )
        channels_last = self.device.type == "cpu" and self.dtype == torch.float32
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.module.to(memory_format=self.layout)
        self._spread = self.mean, self.std

    def logits(self, images: Tensor) -> Tensor:
        """The network's logits (B, classes) of images (B, 3, H, W)."""
        return self._network(self._normalised(images))

    @torch.no_grad()
    def predict(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The classes (B,) with the highest logit, and their probabilities (B,)."""
        probabilities, classes = self.logits(images).softmax(dim=1).max(dim=1)
        return classes, probabilities

    @torch.no_grad()
    def scores(self, images: Tensor, targets: Tensor) -> Tensor:
        """The scores (B,) of images (B, 3, H, W) for targets (B,): forward only."""
        return self._select(self.logits(images), targets)

    @torch.no_grad()
    def gradients(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The scores (B,) and their gradients (B, 3, H, W) with respect to the pixels."""
        normalised = self._normalised(images)
        with torch.enable_grad():
            scores = self._select(self._network(normalised.requires_grad_()), targets)
            if not scores.requires_grad:  # a network that does not depend on its input
                return scores, torch.zeros_like(normalised)
            (gradients,) = torch.autograd.grad(scores.sum(), normalised)
        return scores.detach(), gradients / self._colours(gradients.shape[-2:])[1]

    def _normalised(self, images: Tensor) -> Tensor:
        images = images.to(self.device, self.dtype).contiguous(memory_format=self.layout)
        mean, std = self._colours(images.shape[-2:])
        return (images - mean) / std

    def _colours(self, size: torch.Size) -> tuple[Tensor, Tensor]:
        """Mean and std at every pixel: three numbers against channels last would take four times as long."""
        if self._spread[0].shape[-2:] != size:
            mean, std = (
                colour.expand(1, 3, *size).contiguous(memory_format=self.layout) for colour in (self.mean, self.std)
            )
            self._spread = mean, std
        return self._spread

    def _network(self, normalised: Tensor) -> Tensor:
        logits = self.module(normalised)
        if not isinstance(logits, Tensor) or logits.shape[:1] != normalised.shape[:1] or logits.ndim != 2:
            given = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            raise ValueError(
                f"the network must map {tuple(normalised.shape)} to (images, classes); it returned {given}"
            )
        return logits

    def _select(self, logits: Tensor, targets: Tensor) -> Tensor:
        check_targets(targets, logits.shape[1])
        values = logits.softmax(dim=1) if self.output == "probability" else logits
        return values.gather(1, targets.to(self.device).view(-1, 1)).squeeze(1)


def check_targets(targets: Tensor, classes: int) -> None:
    """ValueError where a target is no class. They are kept on the CPU: there the check costs no wait for the device."""
    if targets.device.type == "cpu" and bool(((targets < 0) | (targets >= classes)).any()):
        raise ValueError(f"targets must be from 0 to {classes - 1} ({classes} classes), got {targets.tolist()}")
