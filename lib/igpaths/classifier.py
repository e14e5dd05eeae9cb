"""A network with its normalisation and its score inside.

`Classifier` is what every method and metric of the library explains: images go in with their pixels in [0, 1], and
one score an image comes out, F(x) in the papers' notation. Everything that asks a network anything asks here.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

OUTPUTS = ("probability", "logit")
PRECISIONS = ("float64", "float32", "TF32", "bfloat16")


class Classifier:
    """The score F of a network: images (B, 3, H, W) in [0, 1] and targets (B,) → scores (B,).

    The network is copied, put in evaluation mode and frozen, so that only the input's gradient is ever computed and
    the caller's own network stays as it was. The device is the network's; a float64 network keeps float64 constants.
    The copy is laid out channels last where convolutions run faster so: on a CPU, and with tensor cores.

    Parameters
    ----------
    module : network that maps normalised images (B, 3, H, W) to logits (B, classes).
    mean, std : colour (3 numbers) subtracted from the image, and divisor: the network sees (x − mean) / std.
        The mean is also the "mean" baseline: the zero of the network's own space.
    output : "probability" (softmax of the target class) or "logit". It has no default: Study A explains the
        probability, Study B the logit, and they saturate differently.
    precision : what the network computes in; by default its own dtype, with all its bits. "float64" and "float32"
        cast the copy. "TF32" is float32 whose products a GPU rounds to 10 bits, and a CPU does not. "bfloat16" is
        autocast: convolutions and products with 7 bits. In all of these but "float64" points, scores, gradients and
        maps are float32. The process's own TF32 settings are left as they are, and do not matter here.
    temperature : T of softmax(z / T), positive: all logits are divided by it. The order of the classes stays, the
        confidence falls as T rises; with T → ∞ every class has the same probability, with T → 0 the highest has all.

    Raises
    ------
    ValueError
        For an unknown output or precision, for a mean or std that is not three numbers (std positive), or for a
        temperature that is not positive and finite.

    Examples
    --------
    >>> sure, unsure = (
    ...     ig.Classifier(model.network, mean=model.mean, std=model.std, output="probability", temperature=t)
    ...     for t in (1, 10)
    ... )
    >>> sure.scores(x, targets) > unsure.scores(x, targets)
    tensor([True, True])
    >>> scores, gradients = sure.gradients(x, targets)  # of the probability with respect to the pixels
    >>> scores.shape, gradients.shape
    (torch.Size([2]), torch.Size([2, 3, 176, 176]))
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        mean: Sequence[float],
        std: Sequence[float],
        output: str,
        precision: str | None = None,
        temperature: float = 1.0,
    ) -> None:
        for name, given, allowed in (("output", output, OUTPUTS), ("precision", precision, (None, *PRECISIONS))):
            if given not in allowed:
                raise ValueError(f"{name} is {given!r}; it must be one of {', '.join(filter(None, allowed))}")
        if len(mean) != 3 or len(std) != 3 or min(std) <= 0:
            raise ValueError(f"mean and std must be three numbers each, std positive; got mean={mean} and std={std}")
        if not 0 < temperature < float("inf"):
            raise ValueError(f"temperature must be positive and finite, got {temperature}")
        self.output, self.temperature = output, float(temperature)
        self.module = copy.deepcopy(module).eval().requires_grad_(False)
        if precision:
            self.module.to(torch.float64 if precision == "float64" else torch.float32)
        tensors = (*self.module.parameters(), *self.module.buffers())
        example = next((t for t in tensors if t.is_floating_point()), torch.zeros(()))
        self.device, self.dtype = example.device, example.dtype
        self.precision = precision or str(self.dtype).removeprefix("torch.")
        self.mean, self.std = (
            torch.tensor([float(v) for v in colour], dtype=torch.float64).to(self.device, self.dtype).view(3, 1, 1)
            for colour in (mean, std)
        )
        fast = {"cpu": ("float32", "TF32", "bfloat16"), "cuda": ("TF32", "bfloat16")}
        channels_last = self.precision in fast.get(self.device.type, ())
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.module.to(memory_format=self.layout)
        self._spread = self.mean, self.std

    def logits(self, images: Tensor) -> Tensor:
        """The network's logits (B, classes) of images (B, 3, H, W), over the temperature."""
        with self._products():
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
        with torch.enable_grad(), self._products():
            scores = self._select(self._network(normalised.requires_grad_()), targets)
            if not scores.requires_grad:  # a network that does not depend on its input
                return scores, torch.zeros_like(normalised)
            (gradients,) = torch.autograd.grad(scores.sum(), normalised)
        return scores.detach(), gradients / self._colours(gradients.shape[-2:])[1]

    def _normalised(self, images: Tensor) -> Tensor:
        images = images.to(self.device, self.dtype).contiguous(memory_format=self.layout)
        mean, std = self._colours(images.shape[-2:])
        return (images - mean).div_(std)

    def _colours(self, size: torch.Size) -> tuple[Tensor, Tensor]:
        """Mean and std at every pixel: three numbers against channels last would take four times as long."""
        if self._spread[0].shape[-2:] != size:
            mean, std = (
                colour.expand(1, 3, *size).contiguous(memory_format=self.layout) for colour in (self.mean, self.std)
            )
            self._spread = mean, std
        return self._spread

    def _network(self, normalised: Tensor) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            logits = self.module(normalised)
        if not isinstance(logits, Tensor) or logits.shape[:1] != normalised.shape[:1] or logits.ndim != 2:
            given = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            raise ValueError(
                f"the network must map {tuple(normalised.shape)} to (images, classes); it returned {given}"
            )
        return logits.to(self.dtype) / self.temperature

    @contextmanager
    def _products(self) -> Iterator[None]:
        """Within it a GPU multiplies in TF32 where that is our precision, and with all bits where it is not."""
        if self.device.type != "cuda":
            yield
            return
        places = torch.backends.cudnn.conv, torch.backends.cuda.matmul  # type: ignore[attr-defined]
        before = [place.fp32_precision for place in places]
        try:
            for place in places:
                place.fp32_precision = "tf32" if self.precision == "TF32" else "ieee"
            yield
        finally:
            for place, each in zip(places, before, strict=True):
                place.fp32_precision = each

    def _select(self, logits: Tensor, targets: Tensor) -> Tensor:
        check_targets(targets, logits.shape[1])
        values = logits.softmax(dim=1) if self.output == "probability" else logits
        return values.gather(1, sent(targets, self.device).view(-1, 1)).squeeze(1)


def check_targets(targets: Tensor, classes: int) -> None:
    """ValueError where a target is no class. They are kept on the CPU: there the check costs no wait for the device."""
    if targets.device.type == "cpu" and bool(((targets < 0) | (targets >= classes)).any()):
        raise ValueError(f"targets must be from 0 to {classes - 1} ({classes} classes), got {targets.tolist()}")


def sent(values: Tensor, device: torch.device, dtype: torch.dtype | None = None) -> Tensor:
    """Values on a device; where they lie on the CPU and it is a GPU, neither waits for the other."""
    if device.type == "cuda" and values.device.type == "cpu":
        return values.to(dtype=dtype or values.dtype).contiguous().pin_memory().to(device, non_blocking=True)
    return values.to(device, dtype or values.dtype)
