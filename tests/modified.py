"""A small network, and what its users do to it: normalised weights, hooks, operations in place, kept activations."""

import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune

CLASSES = 4


def build(make: Callable[[], nn.Module]) -> nn.Module:
    """The network that `make` makes, with the same weights at every call."""
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.*is deprecated", FutureWarning)
        torch.manual_seed(5)
        return make()


def small(channels: int = 3, classes: int = CLASSES) -> nn.Sequential:
    """A convolution, a bend, a pool and a linear layer."""
    layers = [nn.Conv2d(channels, 6, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(96, classes))


class Wrapped(nn.Module):
    """The small network with something of its own before and after it."""

    def __init__(
        self, before: Callable[[Tensor], Tensor] = lambda x: x, after: Callable[[Tensor], Any] = lambda x: x
    ) -> None:
        super().__init__()
        self.body, self.before, self.after = small(), before, after

    def forward(self, x: Tensor) -> Any:
        return self.after(self.body(self.before(x)))


def logits_only(logits: Tensor) -> SimpleNamespace:
    return SimpleNamespace(logits=logits, loss=None, hidden_states=None)


class Anchored(nn.Module):
    """A parameter and a buffer with five axes, as detectors have."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.scale = small(), nn.Parameter(torch.full((1, 1, 1, 1, 1), 1.5))
        self.register_buffer("anchors", torch.rand(1, 3, 1, 1, 2))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) * self.scale.flatten() + self.anchors.sum()


class Caching(nn.Module):
    """Keeps its last activations, for a figure."""

    def __init__(self) -> None:
        super().__init__()
        self.body = small()

    def forward(self, x: Tensor) -> Tensor:
        self.features = self.body[:2](x)
        return self.body[2:](self.features)


def after_a_pass(network: nn.Module, channels: int = 3) -> nn.Module:
    """The network once it has seen images, in the mode in which it trains: what its user has in hand."""
    network.train()(torch.rand(2, channels, 32, 32))
    return network


def old_weight_norm() -> nn.Module:
    network = small()
    torch.nn.utils.weight_norm(network[0])
    return after_a_pass(network)


def old_spectral_norm() -> nn.Module:
    network = small()
    torch.nn.utils.spectral_norm(network[0])
    return after_a_pass(network)


def new_weight_norm() -> nn.Module:
    network = small()
    parametrizations.weight_norm(network[0])
    return after_a_pass(network)


def new_spectral_norm() -> nn.Module:
    network = small()
    parametrizations.spectral_norm(network[-1])
    return after_a_pass(network)


def cached_parametrization() -> nn.Module:
    network = new_weight_norm()
    with parametrize.cached():
        network(torch.rand(1, 3, 32, 32))
    return network


def pruned() -> nn.Module:
    network = small()
    prune.l1_unstructured(network[0], "weight", 0.3)
    return after_a_pass(network)


class Cam:
    """An object of a network's user that keeps activations and their gradients by hooks."""

    def __init__(self, layer: nn.Module) -> None:
        self.activations: list[Tensor] = []
        self.gradients: list[Tensor] = []
        layer.register_forward_hook(self.keep)
        layer.register_full_backward_hook(self.keep_gradient)

    def keep(self, layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        self.activations.append(output)

    def keep_gradient(self, layer: nn.Module, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> None:
        self.gradients.append(outputs[0])


def with_cam() -> nn.Module:
    network = small()
    network.cam = Cam(network[1])
    return after_a_pass(network)


def with_kept_activations() -> nn.Module:
    network, kept = small(), {}
    network[1].register_forward_hook(lambda layer, inputs, output: kept.__setitem__("activation", output))
    network[0].register_forward_pre_hook(lambda layer, inputs: kept.__setitem__("input", inputs))
    return after_a_pass(network)


class Contiguous(nn.Module):
    """Insists on images that are contiguous, as those are that its user gives it."""

    def __init__(self) -> None:
        super().__init__()
        self.body = small()

    def forward(self, x: Tensor) -> Tensor:
        assert x.is_contiguous(), "give me contiguous images"
        return self.body(x)


class Casting(nn.Module):
    """A half-precision network that casts its images itself."""

    def __init__(self, dtype: torch.dtype | None) -> None:
        super().__init__()
        self.body, self.dtype = small().half(), dtype

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x.to(self.dtype or self.body[0].weight.dtype))


def mixed() -> nn.Module:
    network = small().half()
    network[0].float()
    return network


IN_PLACE: dict[str, Callable[[Tensor], Tensor]] = {
    "x -= 0.1": lambda x: x.__isub__(0.1),
    "x.sub_": lambda x: x.sub_(0.1),
    "clamp_": lambda x: x.clamp_(-1, 1),
    "relu_": lambda x: nn.functional.relu(x, inplace=True),
    "dropout_": lambda x: nn.functional.dropout(x, 0.5, training=False, inplace=True),
    "a view's mul_": lambda x: x.unsqueeze(1).squeeze(1).mul_(2),
    "flipped colours, then in place": lambda x: x[:, [2, 1, 0]].sub_(0.1),
    "one colour": lambda x: x.index_copy_(1, torch.tensor([0]), 2 * x[:, :1]),
}


class Channel(nn.Module):
    """Writes into one colour of its input."""

    def __init__(self) -> None:
        super().__init__()
        self.body = small()

    def forward(self, x: Tensor) -> Tensor:
        x[:, 0] *= 2
        return self.body(x)


def in_place_layer() -> nn.Module:
    return nn.Sequential(nn.ReLU(inplace=True), *small())
