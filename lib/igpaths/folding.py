"""Batch norms folded into the convolutions before them: a frozen network computes the same with fewer steps.

In evaluation mode a batch norm multiplies and adds constants, which the convolution before it can do with other
weights. Where one follows the other is read off a trace by torch.fx. Whatever cannot be traced, or would not compute
the same, stays as it is.
"""

import copy
from collections import Counter
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_weights

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
CLOSE = 1e-4  # relative to the largest output, for float32; a float64 network is far closer


class _Tracer(fx.Tracer):
    """A trace whose leaves are convolutions and batch norms, also those of other packages."""

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        return isinstance(module, (*CONVOLUTIONS, _BatchNorm)) or super().is_leaf_module(module, name)


def fold_norms(module: nn.Module) -> int:
    """Fold the batch norms of a frozen network in evaluation mode, in place; how many were folded.

    A norm is folded where it alone takes what a convolution returns, both are called once, and nothing is hooked to
    either.
    """
    parts = dict(module.named_modules(remove_duplicate=False))
    if not any(isinstance(part, _BatchNorm) for part in parts.values()):
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
        hooked = any(getattr(part, hooks) for part in (convolution, norm) for hooks in HOOKS)
        if hooked or norm.running_mean is None or {times[id(part)] for part in (convolution, norm)} != {1}:
            continue
        folded += _fold(module, str(before.target), str(node.target))
    return folded


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
