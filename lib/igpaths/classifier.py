"""A network with its normalisation and its score inside.

`Classifier` is what every method and metric of the library explains: images go in with their pixels in [0, 1], and
one score an image comes out, F(x) in the papers' notation. No other part of the library calls a network.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from igpaths.arguments import as_targets, check_images, check_number, check_word, shorten
from igpaths.folding import fold_norms, prefer_onednn
from igpaths.modules import cast, copy_frozen, lay_out, logits_of, mixes_images, out_of_memory, products
from igpaths.texts import amount

Output = str | Callable[[Tensor, Tensor], Tensor]
HALF = (torch.float16, torch.bfloat16)
OUTPUTS = ("probability", "logit")
PRECISIONS = ("float64", "float32", "TF32", "bfloat16")
FAST_CHANNELS_LAST = {"cpu": ("float32", "TF32", "bfloat16"), "cuda": ("TF32", "bfloat16")}


class Classifier:
    """The score F of a network: images (B, C, H, W) in [0, 1] and targets (B,) → scores (B,).

    The network is copied, put in evaluation mode and frozen: the caller's own stays as it was. The copy is laid out
    channels last where convolutions run faster so and the network allows it. No setting of the process, such as the
    precision of matrix products, autocast or inference mode, reaches a result.

    Parameters
    ----------
    module : network that maps normalised images (B, C, H, W) to logits (B, classes). It may also return an object
        with ``logits``, or a dict or tuple that holds one tensor of that shape.
    mean, std : C numbers each: the network sees (x − mean) / std. The mean is also the "mean" baseline.
    output : the score: "probability" (softmax of the target class), "logit", or a function from what the network
        returns over the temperature, and targets (B,), to scores (B,): a margin, a regression, a sigmoid. It has no
        default: Study A explains the probability, Study B the logit, and they saturate differently.
    precision : what the network computes in; by default its own dtype, with all its bits, or float32 for a half
        network, whose gradients would underflow. "float64" and "float32" cast the copy. "TF32" is float32 whose
        products a GPU rounds to 10 bits. "bfloat16" is autocast: products with 7 bits. Points, scores, gradients and
        maps are float64 or float32.
    temperature : T of softmax(z / T), positive: all logits are divided by it, so that the confidence falls as T rises.
    fold : True folds the copy's batch norms into the convolutions before them, which computes the same, up to
        rounding, in less time; `folded` says how many. What cannot be folded stays as it is. Where a gradient is not
        unique, as at a constant image all of whose windows tie in a max-pooling, rounding chooses another one.
    device : where the copy is put; by default the network's own device.

    ValueError for what is no module or cannot be copied, and for an option that is not allowed.

    Examples
    --------
    >>> def margin(logits, targets):
    ...     return logits.gather(1, targets[:, None])[:, 0] - logits.mean(1)
    ...
    >>> ig.Classifier(model.network, mean=model.mean, std=model.std, output=margin)
    Classifier(Sequential, mean=(0.45, 0.45, 0.45), std=(0.25, 0.25, 0.25), output=margin, float32, cpu)
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        mean: Sequence[float],
        std: Sequence[float],
        output: Output,
        precision: str | None = None,
        temperature: float = 1.0,
        fold: bool = False,
        device: torch.device | str | None = None,
    ) -> None:
        if not callable(output):
            check_word("output", output, OUTPUTS, more=", or a function of logits and targets")
        if precision is not None:
            check_word("precision", precision, PRECISIONS)
        colours = [_as_colour(mean), _as_colour(std)]
        if not len(colours[0]) == len(colours[1]) > 0 or not bool((colours[1] > 0).all()):
            raise ValueError(
                "mean and std must be as many finite numbers as the images have channels, such as (0.5,), "
                f"std positive; got mean={shorten(mean)} and std={shorten(std)}"
            )
        check_number("temperature", temperature, "positive and finite", lambda t: 0 < t < float("inf"))
        self.output, self.temperature, self.channels = output, float(temperature), len(colours[0])
        self._known_as_logits = False
        with torch.inference_mode(False), torch.no_grad():
            self.module = copy_frozen(module, device)
            if mixing := [name for name, part in self.module.named_modules() if mixes_images(part)]:
                warnings.warn(MIXED.format(mixing[0]), stacklevel=2)
            tensors = [t for t in (*self.module.parameters(), *self.module.buffers()) if t.is_floating_point()]
            wanted = torch.float64 if precision == "float64" else torch.float32
            if precision or any(t.dtype in HALF for t in tensors):
                cast(self.module, wanted)
                tensors = [t.to(wanted) for t in tensors[:1]]
            self.folded = fold_norms(self.module) if fold else 0
            if fold:
                prefer_onednn(self.module)
            self.dtype = tensors[0].dtype if tensors else wanted
            self.device = tensors[0].device if tensors else torch.device(device or "cpu")
            self.precision = precision or str(self.dtype).removeprefix("torch.")
            self.mean, self.std = (colour.to(self.device, self.dtype).view(-1, 1, 1) for colour in colours)
            channels_last = self.precision in FAST_CHANNELS_LAST.get(self.device.type, ())
            self.layout = torch.channels_last if channels_last else torch.contiguous_format
            lay_out(self.module, self.layout)
        self._spread = self.mean, self.std

    def __repr__(self) -> str:
        mean, std = (tuple(round(v, 4) for v in colour.flatten().tolist()) for colour in (self.mean, self.std))
        output = getattr(self.output, "__name__", "a function") if callable(self.output) else repr(self.output)
        hot = f", temperature={self.temperature:g}" if self.temperature != 1 else ""
        of = f"{type(self.module).__name__}, mean={mean}, std={std}, output={output}{hot}"
        folded = f", {amount(self.folded, 'norm')} folded" if self.folded else ""
        return f"{type(self).__name__}({of}, {self.precision}, {self.device}{folded})"

    def logits(self, images: Tensor) -> Tensor:
        """The network's logits (B, classes) of images (B, C, H, W), over the temperature. They keep a graph."""
        return self._computed(lambda: self._logits(self._pixels(images)), graph=torch.is_grad_enabled())

    def predict(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The classes (B,) with the highest logit, and their probabilities (B,)."""
        probabilities, classes = self.probabilities(self.logits(images).detach()).max(dim=1)
        return classes, probabilities

    def probabilities(self, logits: Tensor) -> Tensor:
        """The softmax (B, classes) of logits of two classes or more; a warning where they are probabilities already."""
        if logits.shape[1] == 1:
            raise ValueError(
                "the network has one output, whose softmax is always 1; explain its logit (target 0) or a function, "
                "output=lambda z, targets: z[:, 0].sigmoid(), or let it return two logits, torch.cat([0 * z, z], 1)"
            )
        if not self._known_as_logits:  # once, since a GPU is waited for
            self._known_as_logits = True
            given = logits.detach() * self.temperature
            if bool((given >= 0).all() & ((given.sum(1) - 1).abs() < 1e-3).all()):
                warnings.warn(SOFTMAX, stacklevel=2)
        return logits.softmax(dim=1)

    def scores(self, images: Tensor, targets: Any) -> Tensor:
        """The scores (B,) of images (B, C, H, W) for targets as `as_targets` takes them: forward only."""
        return self._computed(lambda: self._score(self._pixels(images), targets), graph=False)

    def gradients(self, images: Tensor, targets: Any) -> tuple[Tensor, Tensor]:
        """The scores (B,) and their gradients (B, C, H, W) with respect to the pixels; ValueError without any."""

        def compute() -> tuple[Tensor, Tensor | None]:
            pixels = self._pixels(images.detach()).requires_grad_()
            scores = self._score(pixels, targets)
            if not scores.requires_grad:
                return scores, None
            return scores.detach(), torch.autograd.grad(scores.sum(), pixels, allow_unused=True)[0]

        scores, gradients = self._computed(compute, graph=True)
        if gradients is None:
            gradients = torch.zeros_like(self._pixels(images.detach()))
            if not torch.equal(scores, self.scores(1 - self._pixels(images), targets)):
                raise ValueError(CUT)
        return scores, gradients

    def _computed(self, compute: Callable[[], Any], *, graph: bool) -> Any:
        """What `compute` returns; once more, contiguous from then on, where the network cannot take channels last."""
        with self._alone(graph):
            try:
                return compute()
            except Exception as error:
                if self.layout is torch.contiguous_format or out_of_memory(error):
                    raise
        before = self.module, self.layout
        try:
            with self._alone(graph):
                # Another thread may be in the midst of the module, so a copy of it is laid out anew.
                self.module, self.layout = copy_frozen(self.module), torch.contiguous_format
                lay_out(self.module, self.layout)
                return compute()
        except Exception:
            self.module, self.layout = before  # which was not the fault
            raise

    @contextmanager
    def _alone(self, graph: bool) -> Iterator[None]:
        """Within it only the Classifier's own choices decide how it computes."""
        with torch.inference_mode(False), torch.set_grad_enabled(graph), products(self.device, self.precision):
            yield

    def _pixels(self, images: Tensor) -> Tensor:
        check_images(images, self.channels)
        pixels = images.to(self.device, self.dtype).contiguous(memory_format=self.layout)
        return pixels.clone() if pixels.is_inference() else pixels

    def _colours(self, size: torch.Size) -> tuple[Tensor, Tensor]:
        """Mean and std at every pixel: C numbers against channels last would take four times as long."""
        spread = self._spread  # read once: another thread may want another size
        if spread[0].shape[-2:] != size:
            mean, std = (
                colour.expand(1, self.channels, *size).contiguous(memory_format=self.layout)
                for colour in (self.mean, self.std)
            )
            spread = self._spread = mean, std
        return spread

    def _response(self, pixels: Tensor) -> Tensor:
        """What the network returns for images in [0, 1], over the temperature."""
        mean, std = self._colours(pixels.shape[-2:])
        normalised = (pixels - mean).div_(std)  # a tensor of the network's own, which it may change in place
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            try:
                response = self.module(normalised)
            except Exception as error:
                error.add_note(f"the network was called with {tuple(pixels.shape)}, in {self.precision} precision")
                raise
        return logits_of(response, len(pixels)).to(self.dtype) / self.temperature

    def _logits(self, pixels: Tensor) -> Tensor:
        """The response, where it is logits (B, classes)."""
        response = self._response(pixels)
        if response.ndim != 2 or response.shape[:1] != pixels.shape[:1]:
            raise ValueError(
                f"the network must map {tuple(pixels.shape)} to (images, classes), not to {tuple(response.shape)}: "
                "let output be a function of that and the targets where it is meant"
            )
        return response

    def _score(self, pixels: Tensor, targets: Any) -> Tensor:
        if callable(self.output):
            chosen = as_targets(0 if targets is None else targets, len(pixels))
            scores = self.output(self._response(pixels), send(chosen, self.device))
            if not isinstance(scores, Tensor) or scores.shape != pixels.shape[:1] or not scores.is_floating_point():
                tensor = isinstance(scores, Tensor)
                other = f"{tuple(scores.shape)} of {scores.dtype}" if tensor else type(scores).__name__
                of = amount(len(pixels), "image")
                raise ValueError(f"output must return one score for each of the {of}, not {other}")
            return scores.to(self.dtype)
        logits = self._logits(pixels)
        values = self.probabilities(logits) if self.output == "probability" else logits
        chosen = as_targets(targets, len(pixels), classes=logits.shape[1])
        return values.gather(1, send(chosen, self.device).view(-1, 1)).squeeze(1)


SOFTMAX = (
    "the network returns probabilities, of which another softmax is taken, which flattens them: let it return logits, "
    "or explain output='logit', which are then the probabilities"
)
MIXED = (
    "the layer {!r} has no statistics of its own (track_running_stats=False) and takes those of its batch, so that an "
    "image's score depends on the images beside it: a map is right with batch_size=1 alone"
)
CUT = (
    "no gradient leads from the score back to the image, although the score changes with it: the network cuts its "
    "graph (no_grad, inference_mode, detach, numpy or rounding inside its forward); remove that"
)


def _as_colour(colour: Any) -> Tensor:
    """A finite number for each channel, float64, on the CPU; no number at all from anything else."""
    try:
        values = [] if isinstance(colour, str) else [float(value) for value in colour]
    except (TypeError, ValueError):
        values = []
    return torch.tensor(values if np.isfinite(values).all() else [], dtype=torch.float64, device="cpu")


def send(values: Tensor, device: torch.device, dtype: torch.dtype | None = None) -> Tensor:
    """Values on a device; where they lie on the CPU and it is a GPU, neither waits for the other."""
    if device.type == "cuda" and values.device.type == "cpu":
        return values.to(dtype=dtype or values.dtype).contiguous().pin_memory().to(device, non_blocking=True)
    return values.to(device, dtype or values.dtype)
