"""Networks as strangers bring them: each of a kind that a library of this sort was reported to fail on.

`ARCHITECTURES` lists how each is made; `modified.build` makes it with random weights that are the same at every call.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torchvision
from torch import Tensor, nn
from torchvision.models.convnext import CNBlockConfig
from torchvision.models.resnet import BasicBlock

from modified import (
    CLASSES,
    IN_PLACE,
    Anchored,
    Caching,
    Casting,
    Channel,
    Contiguous,
    Wrapped,
    after_a_pass,
    cached_parametrization,
    in_place_layer,
    logits_only,
    mixed,
    new_spectral_norm,
    new_weight_norm,
    old_spectral_norm,
    old_weight_norm,
    pruned,
    small,
    with_cam,
    with_kept_activations,
)


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


class Constant(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.arange(float(CLASSES)))

    def forward(self, x: Tensor) -> Tensor:
        return self.logits.expand(len(x), -1)


@torch.no_grad()
def normalised(network: nn.Module, size: int = 32) -> nn.Module:
    """The network in training mode, its BatchNorm with a batch's statistics: else deep ones let nothing through."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    network.train()(torch.rand(2, 3, size, size))
    return network


def resnet() -> nn.Module:
    return normalised(torchvision.models.ResNet(BasicBlock, [1, 1, 1, 1], num_classes=CLASSES))


def googlenet() -> nn.Module:
    options = {"aux_logits": False, "init_weights": False}
    return normalised(torchvision.models.GoogLeNet(num_classes=CLASSES, **options), 64)


def inception() -> nn.Module:
    options = {"transform_input": True, "init_weights": False}
    return normalised(torchvision.models.Inception3(num_classes=CLASSES, **options), 299)


def batchnorm_in_training() -> nn.Module:
    layers = [nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(0.5), nn.AdaptiveAvgPool2d(2), nn.Flatten()]
    return normalised(nn.Sequential(*layers, nn.Linear(24, CLASSES)))


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


ARCHITECTURES = {
    "LeNet with view": Architecture(View, rounding=0.05),
    "MLP with view": Architecture(Perceptron),
    "ViT": Architecture(vit),
    "Swin": Architecture(swin),
    "ConvNeXt": Architecture(convnext),
    "DenseNet, checkpointed": Architecture(densenet),
    "ResNet": Architecture(resnet, rounding=0.01),
    "GoogLeNet": Architecture(googlenet, size=64, rounding=0.05),
    "Inception v3": Architecture(inception, size=75, rounding=0.05),
    "LSTM over rows": Architecture(Rows),
    "complex weights": Architecture(Frequencies),
    "one channel": Architecture(lambda: View(channels=1), channels=1, rounding=0.05),
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
    "float16 with view": Architecture(lambda: View().half(), rounding=0.05),
    "mixed halves": Architecture(mixed),
    "half, casts to its weights": Architecture(lambda: Casting(None)),
    "contiguous images only": Architecture(Contiguous),
    "DataParallel": Architecture(lambda: nn.DataParallel(small())),
    "torch.fx": Architecture(lambda: torch.fx.symbolic_trace(small())),
    "torch.jit.script": Architecture(lambda: torch.jit.script(small())),
    "torch.jit.trace": Architecture(lambda: torch.jit.trace(small(), torch.rand(2, 3, 32, 32))),
    "torch.jit.freeze": Architecture(
        lambda: torch.jit.freeze(torch.jit.trace(small().eval(), torch.rand(1, 3, 32, 32))), plain=small
    ),
    "torch.compile": Architecture(lambda: torch.compile(small(), backend="eager"), plain=small),
}
