"""Small networks for the objects task: one of each family of Study A, and what tells their causes apart.

They keep what distinguishes the families (plain convolutions, residual sums, dense concatenations, parallel branches,
inverted bottlenecks) at a size that trains on two cores: a strided stem brings 176 pixels to 44, stages at 44, 22 and
11 pixels follow, and a global average feeds one linear layer.

Beside the five there are the same five under a modern recipe ("vgg-modern"), and a smaller ResNet with and without its
shortcuts under either recipe from six seeds ("severed-modern-0"); `igstudy.tasks.training.recipe` says how each is
trained.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def _conv(inputs: int, outputs: int, size: int = 3, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU, keeping the image's size at stride 1."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def _classifier(*layers: nn.Module, features: int, classes: int) -> nn.Sequential:
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(features, classes))


def vgg(classes: int = 10) -> nn.Module:
    """Plain 3×3 convolutions and max pooling; no path around a layer."""
    layers = [
        *(_conv(3, 32, 7, stride=4), _conv(32, 32), nn.MaxPool2d(2)),
        *(_conv(32, 64), _conv(64, 64), nn.MaxPool2d(2)),
        *(_conv(64, 128), _conv(128, 128), _conv(128, 128)),
    ]
    return _classifier(*layers, features=128, classes=classes)


class Residual(nn.Module):
    """x ↦ ReLU(shortcut(x) + branch(x)), the basic block of ResNet."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            _conv(inputs, outputs, stride=stride),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        same = inputs == outputs and stride == 1
        projection = (nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        self.shortcut = nn.Identity() if same else nn.Sequential(*projection)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.shortcut(x) + self.branch(x))


class Severed(nn.Sequential):
    """The layers of `Residual` without its shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(_conv(inputs, outputs, stride=stride), _conv(outputs, outputs))


def _staged(block: type[nn.Module], width: int, classes: int, *, pooled: bool) -> nn.Sequential:
    """Five blocks in three stages, each twice as wide as the one before, after a stem that may end in max pooling."""
    pool = [nn.MaxPool2d(2)] if pooled else []
    layers = [
        *(_conv(3, width, 7, stride=4), *pool, block(width, width)),
        *(block(width, 2 * width, 2), block(2 * width, 2 * width)),
        *(block(2 * width, 4 * width, 2), block(4 * width, 4 * width)),
    ]
    return _classifier(*layers, features=4 * width, classes=classes)


def resnet(classes: int = 10) -> nn.Module:
    """Residual blocks, two a stage."""
    return _staged(Residual, 32, classes, pooled=False)


def narrow(classes: int = 10) -> nn.Module:
    """`resnet` at half its width and, by max pooling after its stem, at half the height and width of its maps."""
    return _staged(Residual, 16, classes, pooled=True)


def severed(classes: int = 10) -> nn.Module:
    """The layers of `narrow` without its shortcuts."""
    return _staged(Severed, 16, classes, pooled=True)


class Dense(nn.Module):
    """`layers` convolutions, each of which sees the input and all outputs before it."""

    def __init__(self, inputs: int, growth: int, layers: int) -> None:
        super().__init__()
        widths = [inputs + i * growth for i in range(layers)]
        self.layers = nn.ModuleList(nn.Sequential(_conv(w, 2 * growth, 1), _conv(2 * growth, growth)) for w in widths)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)
        return x


def densenet(classes: int = 10) -> nn.Module:
    """Dense blocks of four layers with halving transitions."""
    layers = [
        *(_conv(3, 32, 7, stride=4), nn.MaxPool2d(2)),
        *(Dense(32, 24, 4), _conv(128, 64, 1), nn.AvgPool2d(2)),
        *(Dense(64, 32, 4), _conv(192, 96, 1)),
        *(Dense(96, 32, 3), _conv(192, 192, 1)),
    ]
    return _classifier(*layers, features=192, classes=classes)


class Inception(nn.Module):
    """Four branches side by side (1×1, 3×3, two 3×3, pooling), each a quarter of the output."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        quarter = outputs // 4
        self.branches = nn.ModuleList(
            [
                _conv(inputs, quarter, 1),
                nn.Sequential(_conv(inputs, quarter, 1), _conv(quarter, quarter)),
                nn.Sequential(_conv(inputs, quarter, 1), _conv(quarter, quarter), _conv(quarter, quarter)),
                nn.Sequential(nn.AvgPool2d(3, 1, 1), _conv(inputs, quarter, 1)),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], dim=1)


def inception(classes: int = 10) -> nn.Module:
    """Inception modules, two a stage."""
    layers = [
        *(_conv(3, 32, 7, stride=4), nn.MaxPool2d(2)),
        *(Inception(32, 96), Inception(96, 128), Inception(128, 160), nn.MaxPool2d(2)),
        *(Inception(160, 256), Inception(256, 256)),
    ]
    return _classifier(*layers, features=256, classes=classes)


class InvertedResidual(nn.Module):
    """Expand fourfold, convolve each channel alone, project linearly; a shortcut where the shapes agree."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        wide = 4 * inputs
        self.branch = nn.Sequential(
            _conv(inputs, wide, 1),
            _conv(wide, wide, stride=stride, groups=wide),
            nn.Conv2d(wide, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.same = inputs == outputs and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        return x + self.branch(x) if self.same else self.branch(x)


def mobilenet(classes: int = 10) -> nn.Module:
    """Inverted bottlenecks with linear outputs, as in MobileNetV2."""
    layers = [
        *(_conv(3, 32, 7, stride=4), nn.MaxPool2d(2)),
        *(InvertedResidual(32, 32), InvertedResidual(32, 32), InvertedResidual(32, 64, 2)),
        *(InvertedResidual(64, 64), InvertedResidual(64, 64), InvertedResidual(64, 64), _conv(64, 256, 1)),
    ]
    return _classifier(*layers, features=256, classes=classes)


FIVE: dict[str, Callable[[], nn.Module]] = {
    each.__name__: each for each in (vgg, resnet, densenet, inception, mobilenet)
}
TWO: dict[str, Callable[[], nn.Module]] = {"narrow": narrow, "severed": severed}
SEEDS = range(6)  # of each of the four kinds by which shortcuts and recipe are told apart
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    **FIVE,
    **{f"{name}-modern": build for name, build in FIVE.items()},
    **{f"{n}-{recipe}-{i}": build for n, build in TWO.items() for recipe in ("plain", "modern") for i in SEEDS},
}
