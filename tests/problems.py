"""Functions of an image whose attributions are known in closed form, as networks in float64.

Each is a network with two logits, (f(x), 0), so that with output="logit" and target 0 the score is f.
"""

import re

import torch
from torch import Tensor, nn

import igpaths as ig

SHAPE = (3, 4, 5)
BASELINE = 0.1


def name(value: object) -> str:
    """A value as the name of a test: the same in every process, so without random values and addresses."""
    if isinstance(value, Tensor):
        return f"{value.dtype} {tuple(value.shape)}"
    return " ".join(re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value)).split())[:60]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(count: int = 2, seed: int = 1, shape: tuple[int, int, int] = SHAPE) -> Tensor:
    return 0.2 + 0.7 * torch.rand(count, *shape, dtype=torch.float64, generator=generator(seed))


class Function(nn.Module):
    """Weights of the image's shape, and f(x) to be written by the subclass; x is flattened to (B, n)."""

    def __init__(self, seed: int = 0, shape: tuple[int, int, int] = SHAPE) -> None:
        super().__init__()
        n = shape[0] * shape[1] * shape[2]
        self.w = nn.Parameter(torch.randn(n, dtype=torch.float64, generator=generator(seed)), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        value = self.f(x.flatten(1))
        return torch.stack([value, torch.zeros_like(value)], dim=1)


class Constant(Function):
    def f(self, x: Tensor) -> Tensor:
        return 0 * x.sum(1) + 3


class Linear(Function):
    """f = w·x: every path gives IG w ⊙ (x − x'), at any number of steps on the straight one."""

    def f(self, x: Tensor) -> Tensor:
        return x @ self.w

    def ig(self, x: Tensor, baseline: Tensor) -> Tensor:
        return self.w.view(x.shape[1:]) * (x - baseline)


class SeparableQuadratic(Function):
    """f = Σ w_i x_i²: IG is w_i (x_i² − x'_i²)."""

    def f(self, x: Tensor) -> Tensor:
        return (x * x) @ self.w

    def ig(self, x: Tensor, baseline: Tensor) -> Tensor:
        return self.w.view(x.shape[1:]) * (x**2 - baseline**2)


class CoupledQuadratic(Function):
    """f = xᵀ Q x, Q symmetric: IG on the straight line is (x − x')_i (Q (x + x'))_i."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        q = torch.randn(len(self.w), len(self.w), dtype=torch.float64, generator=generator(seed))
        self.q = nn.Parameter(q + q.T, requires_grad=False)

    def f(self, x: Tensor) -> Tensor:
        return ((x @ self.q) * x).sum(1)

    def ig(self, x: Tensor, baseline: Tensor) -> Tensor:
        return (x - baseline) * ((x + baseline).flatten(1) @ self.q).view(x.shape)


class Exponential(Function):
    """f = Σ w_i exp(2 x_i): smooth, IG is w_i (exp 2x_i − exp 2x'_i)."""

    def f(self, x: Tensor) -> Tensor:
        return (2 * x).exp() @ self.w

    def ig(self, x: Tensor, baseline: Tensor) -> Tensor:
        return self.w.view(x.shape[1:]) * ((2 * x).exp() - (2 * baseline).exp())


class Kink(Function):
    """f = max(0, v·x − b), v = |w|/Σ|w|: 0 up to the kink, where v·γ(α) = b, and linear after it."""

    threshold = 0.3

    def f(self, x: Tensor) -> Tensor:
        return (x @ self.v - self.threshold).relu()

    @property
    def v(self) -> Tensor:
        return self.w.abs() / self.w.abs().sum()

    def ig(self, x: Tensor, baseline: Tensor) -> Tensor:
        start, end = baseline.flatten(1) @ self.v, x.flatten(1) @ self.v
        rest = ((end - self.threshold) / (end - start)).clamp(0, 1)  # of the path lies behind the kink
        return self.v.view(x.shape[1:]) * (x - baseline) * rest.view(-1, 1, 1, 1)


class Recorder(nn.Module):
    """Keeps what a network sees, and how much at once."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(x)
        return self.network(x)


class Counted(nn.Module):
    """Counts the images that pass through a network."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.count = 0

    def forward(self, x: Tensor) -> Tensor:
        self.count += len(x)
        return self.network(x)


def small_network(dtype: torch.dtype = torch.float64, classes: int = 5, seed: int = 0) -> nn.Module:
    """A smooth convolutional network with random weights, for invariants that need no training."""
    torch.manual_seed(seed)
    layers = [nn.Conv2d(3, 8, 3, padding=1), nn.Softplus(), nn.Conv2d(8, 8, 3, stride=2), nn.Softplus()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, classes)).to(dtype)


def classifier(network: nn.Module, output: str = "logit") -> ig.Classifier:
    return ig.Classifier(network, mean=(0, 0, 0), std=(1, 1, 1), output=output)


class Ramp(Function):
    """f rises from 0 to 1 while |w|·x / Σ|w| rises from 0.3 to 0.325, as between two kinks of a network.

    It depends on x through one direction, so IG is |w_i| (x − x')_i (f(x) − f(x')) / |w|·(x − x').
    """

    def f(self, x: Tensor) -> Tensor:
        return (40 * (x @ self.w.abs() / self.w.abs().sum() - 0.3)).clamp(0, 1)

    def ig(self, x: Tensor, baseline: Tensor) -> Tensor:
        part = self.w.abs() * (x - baseline).flatten(1)
        change = self.f(x.flatten(1)) - self.f(baseline.flatten(1))
        return (part / part.sum(1, keepdim=True) * change.view(-1, 1)).view(x.shape)
