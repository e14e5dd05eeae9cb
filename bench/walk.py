"""What a walk costs beside the bare network: `attribute` against a loop of forward passes and input gradients.

The bare loop runs at its own best batch size and layout, on a batch that is there already. "drawing" is the part of the
walk's time that its path's points take to make.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

import igpaths as ig
from bench.subjects import Subject, subject
from bench.timing import interleaved, median, ratio

STEPS = 128
RULES = (ig.IG(), ig.IDGI(), ig.Left(ig.IG(), 0.9), ig.Right(ig.IG(), 0.9))
BATCHES = {"cpu": (4, 8, 16, 32), "cuda": (64, 128, 256)}
NETWORKS = {
    "cpu": ("torchvision/mobilenet_v2", "objects/resnet"),
    "cuda": ("torchvision/mobilenet_v2", "torchvision/resnet50", "torchvision/vgg16"),
}
PATHS = {"straight": ig.Straight(), "blur": ig.Blur()}


def bare_loop(module: nn.Module, x: Tensor, targets: Tensor, count: int) -> None:
    """The input gradients of `count` images by a frozen network, the batch x again and again, and nothing else."""
    for start in range(0, count, len(x)):
        size = min(len(x), count - start)
        part = x[:size].detach().requires_grad_()
        probability = module(part).softmax(1).gather(1, targets[:size].view(-1, 1))
        torch.autograd.grad(probability.sum(), part)


def bare(given: Subject, *, batch: int, layout: torch.memory_format, device: str) -> Callable[[int], None]:
    """The bare loop of a network in a batch size and layout, as a function of the number of gradients."""
    net = given.classifier()
    module = net.module.to(memory_format=layout)
    repeats = -(-batch // len(given.images))
    x = given.images.repeat(repeats, 1, 1, 1)[:batch].to(device)
    x = ((x - net.mean) / net.std).contiguous(memory_format=layout)
    targets = given.targets.repeat(repeats)[:batch].to(device)
    return partial(bare_loop, module, x, targets)


def best(given: Subject, *, device: str, gradients: int) -> tuple[str, Callable[[int], None]]:
    """The bare loop in the fastest of all batch sizes and layouts, with its name."""
    loops = {
        f"batch {batch}, {'channels last' if layout is torch.channels_last else 'contiguous'}": bare(
            given, batch=batch, layout=layout, device=device
        )
        for batch in BATCHES[device]
        for layout in (torch.channels_last, torch.contiguous_format)
    }
    seconds = interleaved({name: partial(loop, gradients) for name, loop in loops.items()})
    name = min(seconds, key=lambda each: median(seconds, each))
    return name, loops[name]


def draw(net: ig.Classifier, given: Subject, path: ig.Straight | ig.Blur, batch: int) -> None:
    """Make the points of a walk, and do nothing with them."""
    images = given.images.to(net.device, net.dtype)
    drawn = path.drawn(images, path.start(net, images))
    alphas = torch.arange(STEPS + 1, dtype=torch.float64).view(-1, 1).expand(-1, len(images)) / STEPS
    for part in alphas.split(max(1, batch // len(images))):
        drawn(part)


def run(device: str) -> list[dict[str, Any]]:
    """A row for each network, path and batch size of the walk."""
    rows = []
    for name in NETWORKS[device]:
        given = subject(name, count=4 if device == "cpu" else 16, device=device)
        gradients = len(given.images) * (STEPS + 1)
        setting, loop = best(given, device=device, gradients=max(BATCHES[device]))
        net = given.classifier()
        for path_name, path in PATHS.items():
            walks = {
                f"batch {batch}": partial(
                    ig.attribute, net, given.images, given.targets, path=path, rules=RULES, steps=(STEPS,),
                    batch_size=batch,
                )
                for batch in BATCHES[device]
            }  # fmt: skip
            drawing = {f"drawing, batch {batch}": partial(draw, net, given, path, batch) for batch in BATCHES[device]}
            seconds = interleaved({"bare loop": partial(loop, gradients), **walks, **drawing})
            for walk in walks:
                rows.append(
                    {
                        "network": given.name,
                        "weights": given.weights,
                        "path": path_name,
                        "walk": walk,
                        "bare loop": setting,
                        "gradients/s": gradients / median(seconds, walk),
                        "bare gradients/s": gradients / median(seconds, "bare loop"),
                        "drawing": median(seconds, f"drawing, {walk}") / median(seconds, walk),
                        **ratio(seconds, of="bare loop", to=walk),
                    }
                )
    return rows
