"""Networks as strangers bring them: each of a kind that a library of this sort was reported to fail on.

`ARCHITECTURES` lists how each is made, and `build` makes it with random weights that are the same at every call.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune
from torchvision.models.convnext import CNBlockConfig
from torchvision.models.resnet import BasicBlock

CLASSES = 4


def build(make: Callable[[], nn.Module]) -> nn.Module:
    """The network that `make` makes, with the same weights at every call."""
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.*is deprecated", FutureWarning)
        torch.manual_seed(5)
        return make()


class View(nn.Module):
    """A LeNet, which flattens with `view` after a convolution."""

    def __init__(self, channels: int = 3, classes: int = CLASSES) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(channels, 6, 5), nn.Conv2d(6, 8, 5)
        self.head = nn.Linear(8 * 25, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.max_pool2d(self.first(x).relu(), 2)
        x = nn.functional.max_pool2d(self.second(x).relu(), 2)
        return self.head(x.view(-1, 8 * 25))


class Perceptron(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3 * 32 * 32, 16), nn.Tanh(), nn.Linear(16, CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x.view(x.size(0), -1))


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


def vit() -> nn.Module:
    sizes = {"image_size": 32, "patch_size": 8, "num_layers": 2, "num_heads": 2, "hidden_dim": 16, "mlp_dim": 32}
    network = torchvision.models.VisionTransformer(**sizes, num_classes=CLASSES)
    nn.init.normal_(network.heads.head.weight)  # torchvision's is zero
    return network


def swin() -> nn.Module:
    sizes = {"patch_size": [4, 4], "embed_dim": 16, "depths": [1, 1], "num_heads": [2, 2], "window_size": [4, 4]}
    return torchvision.models.SwinTransformer(**sizes, num_classes=CLASSES)


def convnext() -> nn.Module:
    return torchvision.models.ConvNeXt([CNBlockConfig(16, 32, 1), CNBlockConfig(32, None, 1)], num_classes=CLASSES)


def densenet() -> nn.Module:
    sizes = {"growth_rate": 4, "block_config": (2, 2), "num_init_features": 8, "memory_efficient": True}
    return torchvision.models.DenseNet(**sizes, num_classes=CLASSES)


class Rows(nn.Module):
    """A recurrent network that reads an image row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.reader, self.head = nn.LSTM(3 * 32, 12, batch_first=True), nn.Linear(12, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.reader(x.permute(0, 2, 1, 3).flatten(2))[0][:, -1])


class Frequencies(nn.Module):
    """A global filter: complex weights on the image's spectrum."""

    def __init__(self) -> None:
        super().__init__()
        self.filter = nn.Parameter(torch.randn(3, 32, 17, dtype=torch.complex64) / 10)
        self.body = small()

    def forward(self, x: Tensor) -> Tensor:
        return self.body(torch.fft.irfft2(torch.fft.rfft2(x) * self.filter, s=x.shape[-2:]))


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


class Constant(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.arange(float(CLASSES)))

    def forward(self, x: Tensor) -> Tensor:
        return self.logits.expand(len(x), -1)


def after_a_pass(network: nn.Module, channels: int = 3) -> nn.Module:
    """The network once it has seen images, in the mode in which it trains: what its user has in hand."""
    network.train()(torch.rand(2, channels, 32, 32))
    return network


@torch.no_grad()
def normalised(network: nn.Module, size: int = 32) -> nn.Module:
    """The network in training mode, its BatchNorm with a batch's statistics: else deep ones let nothing through."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    network.train()(torch.rand(4, 3, size, size))
    return network


def resnet() -> nn.Module:
    return normalised(torchvision.models.ResNet(BasicBlock, [1, 1, 1, 1], num_classes=CLASSES))


def googlenet() -> nn.Module:
    options = {"aux_logits": False, "init_weights": False}
    return normalised(torchvision.models.GoogLeNet(num_classes=CLASSES, **options), 64)


def inception() -> nn.Module:
    options = {"transform_input": True, "init_weights": False}
    return normalised(torchvision.models.Inception3(num_classes=CLASSES, **options), 299)


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


def batchnorm_in_training() -> nn.Module:
    layers = [nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(0.5), nn.AdaptiveAvgPool2d(2), nn.Flatten()]
    return normalised(nn.Sequential(*layers, nn.Linear(24, CLASSES)))


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


@dataclass(frozen=True)
class Architecture:
    """How a network is made, and what it takes: images of so many channels and pixels a side.

    `plain` makes the same network where the first cannot compute in float64. `rounding` is how far float32 moves an
    attribution, as a share of it: where a black image leaves all maxima of a pool equal, rounding chooses among them.
    """

    make: Callable[[], nn.Module]
    channels: int = 3
    size: int = 32
    plain: Callable[[], nn.Module] | None = None
    rounding: float = 1e-3


def logits_only(logits: Tensor) -> SimpleNamespace:
    return SimpleNamespace(logits=logits, loss=None, hidden_states=None)


ARCHITECTURES = {
    "LeNet with view": Architecture(View),
    "MLP with view": Architecture(Perceptron),
    "ViT": Architecture(vit),
    "Swin": Architecture(swin),
    "ConvNeXt": Architecture(convnext),
    "DenseNet, checkpointed": Architecture(densenet),
    "ResNet": Architecture(resnet),
    "GoogLeNet": Architecture(googlenet, size=64, rounding=0.05),
    "Inception v3": Architecture(inception, size=75, rounding=0.05),
    "LSTM over rows": Architecture(Rows),
    "complex weights": Architecture(Frequencies),
    "one channel": Architecture(lambda: View(channels=1), channels=1),
    "four channels": Architecture(lambda: small(channels=4), channels=4),
    "object with logits": Architecture(lambda: Wrapped(after=logits_only)),
    "dict": Architecture(lambda: Wrapped(after=lambda z: {"logits": z, "loss": None})),
    "tuple": Architecture(lambda: Wrapped(after=lambda z: (z,))),
    "weight_norm": Architecture(old_weight_norm),
    "spectral_norm": Architecture(old_spectral_norm),
    "parametrized weight_norm": Architecture(new_weight_norm),
    "parametrized spectral_norm": Architecture(new_spectral_norm),
    "cached parametrization": Architecture(cached_parametrization),
    "pruned": Architecture(pruned),
    "hooks that keep activations": Architecture(with_kept_activations),
    "hooks of an object": Architecture(with_cam),
    "BatchNorm in training mode": Architecture(batchnorm_in_training),
    "cached activations": Architecture(lambda: after_a_pass(Caching())),
    "axes of five": Architecture(Anchored),
    "constant": Architecture(Constant),
    "in place: layer": Architecture(in_place_layer),
    "in place: x[:, 0] *= 2": Architecture(Channel),
    **{f"in place: {how}": Architecture(lambda how=how: Wrapped(before=IN_PLACE[how])) for how in IN_PLACE},
    "float16": Architecture(lambda: small().half()),
    "bfloat16": Architecture(lambda: small().bfloat16()),
    "float16 with view": Architecture(lambda: View().half()),
    "mixed halves": Architecture(mixed),
    "DataParallel": Architecture(lambda: nn.DataParallel(small())),
    "torch.fx": Architecture(lambda: torch.fx.symbolic_trace(small())),
    "torch.jit.script": Architecture(lambda: torch.jit.script(small())),
    "torch.jit.trace": Architecture(lambda: torch.jit.trace(small(), torch.rand(2, 3, 32, 32))),
    "torch.jit.freeze": Architecture(
        lambda: torch.jit.freeze(torch.jit.trace(small().eval(), torch.rand(1, 3, 32, 32))), plain=small
    ),
    "torch.compile": Architecture(lambda: torch.compile(small(), backend="eager"), plain=small),
}
