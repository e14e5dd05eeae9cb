"""A frozen network computes the same with fewer steps.

In evaluation mode a batch norm multiplies and adds constants, which the convolution before it can do with other
weights. An activation that clamps in place needs no copy of what it took for the way back, and no memory for its
gradient. Which layer follows which is read off a trace by torch.fx. A convolution of single pixels in a single thread
is computed by oneDNN. Whatever cannot be traced, or would not compute the same, stays as it is.
"""

import copy
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_weights

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
CLAMPS = (nn.ReLU, nn.ReLU6, nn.Hardtanh)
# Layers that leave what they take as it is, and whose gradient of it is nobody else's
TAKERS = (*CONVOLUTIONS, nn.Linear, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
CLOSE = 1e-4  # relative to the largest output, for float32; a float64 network is far closer


class _Tracer(fx.Tracer):
    """A trace whose leaves are convolutions and batch norms, also those of other packages."""

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        return isinstance(module, (*CONVOLUTIONS, _BatchNorm)) or super().is_leaf_module(module, name)


class _Clamp(torch.autograd.Function):
    """A clamp in place, there and back: strictly within its bounds, by what it returns, the gradient passes."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, low: float, high: float) -> Tensor:
        ctx.mark_dirty(x)
        ctx.bounds = low, high
        ctx.save_for_backward(x.clamp_(low, high))
        return x

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        clamped = torch.ops.aten.hardtanh_backward
        return clamped.grad_input(gradient, *ctx.saved_tensors, *ctx.bounds, grad_input=gradient), None, None


class Clamp(nn.Module):
    """`nn.Hardtanh`, `nn.ReLU6` or `nn.ReLU` in place, without new memory for its input or its gradient.

    For where only `TAKERS` take what it returns.
    """

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self.low, self.high = low, high

    def forward(self, x: Tensor) -> Tensor:
        return _Clamp.apply(x, self.low, self.high) if x.requires_grad else x.clamp_(self.low, self.high)

    def extra_repr(self) -> str:
        return f"{self.low}, {self.high}"


class Pointwise(nn.Conv2d):
    """A convolution of single pixels that oneDNN computes in a single thread too.

    There torch gives batches under 16 images to a slower library, unless the kernel is dilated, and a kernel of one
    pixel is the same however it is dilated. One small image alone is never oneDNN's, and slowest with a dilated kernel.
    """

    def forward(self, x: Tensor) -> Tensor:
        return torch.conv2d(x, self.weight, self.bias, self.stride, dilation=2 if len(x) > 1 else 1)


def prefer_onednn(module: nn.Module) -> None:
    """Make the convolutions of single pixels on a CPU `Pointwise`, in place."""
    plain = (1, 1), (0, 0), 1, "cpu", torch.float32
    for part in module.modules():
        if type(part) is nn.Conv2d:
            weight = part.weight
            if (part.kernel_size, part.padding, part.groups, weight.device.type, weight.dtype) == plain:
                part.__class__ = Pointwise


def fold_norms(module: nn.Module) -> int:
    """Fold the batch norms of a frozen network in evaluation mode, in place; how many were folded.

    A norm is folded where it alone takes what a convolution returns, both are called once, and nothing is hooked to
    either. Activations that clamp become `Clamp` where that changes nothing else.
    """
    parts = dict(module.named_modules(remove_duplicate=False))
    if not any(isinstance(part, (_BatchNorm, *CLAMPS)) for part in parts.values()):
        return 0
    try:
        with torch.random.fork_rng(devices=[]):
            nodes = list(_Tracer().trace(copy.deepcopy(module)).nodes)  # a trace may leave its marks on a module
    except Exception:  # whatever a network does that depends on its input
        return 0
    calls = [node for node in nodes if node.op == "call_module" and str(node.target) in parts]
    times = Counter(id(parts[str(node.target)]) for node in calls)
    folded = 0
    for node in calls:
        before = node.args[0] if node.args else None
        if not isinstance(before, fx.Node) or before not in calls or len(before.users) > 1:
            continue
        convolution, norm = parts[str(before.target)], parts[str(node.target)]
        if not isinstance(norm, _BatchNorm) or not isinstance(convolution, CONVOLUTIONS):
            continue
        if (
            _is_hooked(convolution)
            or _is_hooked(norm)
            or norm.running_mean is None
            or {times[id(part)] for part in (convolution, norm)} != {1}
        ):
            continue
        folded += _fold(module, str(before.target), str(node.target))
    parts = dict(module.named_modules(remove_duplicate=False))
    for node in calls:
        taken = all(isinstance(part, TAKERS) and not _is_hooked(part) for part in _takers(node, parts))
        if taken and times[id(parts[str(node.target)])] <= 1:
            _clamp_in_place(module, str(node.target), fresh=_is_fresh(node, parts))
    return folded


def _is_hooked(part: nn.Module) -> bool:
    return any(getattr(part, hooks) for hooks in HOOKS)


def _is_idle(part: nn.Module | None) -> bool:
    """Whether a layer returns what it takes: an identity, or what is left of a norm that is folded."""
    return type(part) is nn.Identity or (type(part) is nn.Sequential and all(map(_is_idle, part)))


def _layer(node: fx.Node, parts: dict[str, nn.Module]) -> nn.Module | None:
    return parts.get(str(node.target)) if node.op == "call_module" else None


def _takers(node: fx.Node, parts: dict[str, nn.Module]) -> Iterator[nn.Module | None]:
    """The layers that take what a node returns, past those that are idle; None for whatever is no layer."""
    for user in node.users:
        part = _layer(user, parts)
        if _is_idle(part):
            yield from _takers(user, parts)
        else:
            yield part


def _is_fresh(node: fx.Node, parts: dict[str, nn.Module]) -> bool:
    """Whether a node alone takes what a convolution returns."""
    before = node.args[0] if node.args else None
    if not isinstance(before, fx.Node) or len(before.users) > 1:
        return False
    part = _layer(before, parts)
    return isinstance(part, CONVOLUTIONS) or (_is_idle(part) and _is_fresh(before, parts))


def _clamp_in_place(module: nn.Module, name: str, *, fresh: bool) -> None:
    """Put a `Clamp` in the place of an activation, or of one that was in a norm that is folded.

    It may clamp in place where the activation did, or what it takes is `fresh`, nobody else's.
    """
    whole = module.get_submodule(name)
    inside = whole.named_children() if type(whole) is nn.Sequential else ()
    parts: list[tuple[str, Any]] = [(name, whole), *((f"{name}.{key}", part) for key, part in inside)]
    for place, part in parts:
        if type(part) not in CLAMPS or not (part.inplace or fresh) or _is_hooked(part):
            continue
        bounds = (0.0, math.inf) if type(part) is nn.ReLU else (part.min_val, part.max_val)
        parent, _, last = place.rpartition(".")
        setattr(module.get_submodule(parent), last, Clamp(*bounds))


def _fold(module: nn.Module, convolution: str, norm: str) -> bool:
    """Put a convolution with other weights in the place of both, if it computes the same."""
    old: Any = module.get_submodule(convolution)
    following: Any = module.get_submodule(norm)
    statistics = (following.running_mean, following.running_var, following.eps, following.weight, following.bias)
    rest = nn.Sequential(*following.children())  # some packages put the activation into the norm
    try:
        new = copy.copy(old)
        new._parameters = dict(old._parameters)
        weights = fuse_conv_bn_weights(old.weight, old.bias, *statistics)
        new.weight, new.bias = (nn.Parameter(each.detach(), requires_grad=False) for each in weights)
        image = _noise(old)
        expected, found = following(old(image)), rest(new(image))
    except Exception:  # a convolution that has its weights from elsewhere, or is called otherwise
        return False
    if not torch.allclose(found, expected, rtol=0, atol=CLOSE * float(expected.abs().max())):
        return False
    for name, part in ((convolution, new), (norm, rest)):
        parent, _, last = name.rpartition(".")
        setattr(module.get_submodule(parent), last, part)
    return True


def _noise(convolution: Any) -> Tensor:
    """An input for a convolution, a little larger than its kernel."""
    sizes = zip(convolution.kernel_size, convolution.dilation, strict=True)
    sides = [dilation * (size - 1) + 4 for size, dilation in sizes]
    generator = torch.Generator().manual_seed(0)
    return torch.randn(1, convolution.in_channels, *sides, generator=generator).to(convolution.weight)
