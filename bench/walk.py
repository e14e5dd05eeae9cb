"""What a walk costs beside the bare network: `attribute` against a loop of forward passes and input gradients.

The bare loop runs the network as it was written, at its own best batch size and layout, in the same precision, on a
batch that is there already. The walk's Classifier folds its batch norms: "as written" is the walk without that.
"drawing" is the part of the walk's time that its path's points take to make. "of peak", on a GPU, is the network's
arithmetic, in operations a second, as a part of what one large product of matrices reaches there in this precision.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import igpaths as ig
from bench.subjects import Subject, subject
from bench.timing import elapsed, interleaved, median, ratio

STEPS = {"cpu": 128, "cuda": 32}
RULES = (ig.IG(), ig.IDGI(), ig.Left(ig.IG(), 0.9), ig.Right(ig.IG(), 0.9))
BATCHES = {"cpu": (4, 8, 16, 32), "cuda": (64, 128, 256)}  # of the bare loop, the best of which counts
WALKS = {"cpu": (16,), "cuda": (64, 128)}
IMAGES = {"cpu": 2, "cuda": 64}
SMALL = {"cpu": (4, (32,)), "cuda": (64, (64, 128))}  # images and batches of the walk, of the small networks
NETWORKS = {
    "cpu": ("torchvision/mobilenet_v2", "installed/efficientnet_lite0", "objects/resnet", "objects/densenet"),
    "cuda": ("torchvision/mobilenet_v2", "torchvision/resnet50", "torchvision/vgg16"),
}
PRECISIONS = {"cpu": ("float32",), "cuda": ("float32", "TF32", "bfloat16")}
KNOWN: dict[str, ig.Straight | ig.Blur] = {"straight": ig.Straight(), "blur": ig.Blur()}
LAYOUTS = {"channels last": torch.channels_last, "contiguous": torch.contiguous_format}


def multiply(precision: str) -> torch.autocast:
    """Set the products' precision for a loop that is not the library's; within it bfloat16 is autocast."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    for place in (torch.backends.cudnn.conv, torch.backends.cuda.matmul):  # type: ignore[attr-defined]
        place.fp32_precision = "tf32" if precision == "TF32" else "ieee"
    return torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16")


def bare_loop(module: nn.Module, x: Tensor, targets: Tensor, precision: str, count: int) -> None:
    """The input gradients of `count` images by a frozen network, the batch x again and again, and nothing else."""
    for start in range(0, count, len(x)):
        size = min(len(x), count - start)
        part = x[:size].detach().requires_grad_()
        with multiply(precision):
            logits = module(part)
        probability = logits.float().softmax(1).gather(1, targets[:size].view(-1, 1))
        torch.autograd.grad(probability.sum(), part)


def bare(
    case: Subject, *, batch: int, layout: torch.memory_format, device: str, precision: str = "float32"
) -> Callable[[int], None]:
    """The bare loop of a network in a batch size and layout, as a function of the number of gradients."""
    net = case.classifier(fold=False)
    module = net.module.to(memory_format=layout)
    repeats = -(-batch // len(case.images))
    x = case.images.repeat(repeats, 1, 1, 1)[:batch].to(device)
    x = ((x - net.mean) / net.std).contiguous(memory_format=layout)
    targets = case.targets.repeat(repeats)[:batch].to(device)
    return partial(bare_loop, module, x, targets, precision)


def best(case: Subject, *, device: str, gradients: int, precision: str) -> tuple[str, Callable[[int], None]]:
    """The bare loop in the fastest of all batch sizes and layouts, with its name."""
    loops = {
        f"batch {batch}, {name}": bare(case, batch=batch, layout=layout, device=device, precision=precision)
        for batch in BATCHES[device]
        for name, layout in LAYOUTS.items()
    }
    seconds = interleaved({name: partial(loop, gradients) for name, loop in loops.items()})
    name = min(seconds, key=lambda each: median(seconds, each))
    return name, loops[name]


def operations(case: Subject, *, device: str) -> float:
    """The floating-point operations of one image's gradient: the way back to the input takes as many again."""
    with FlopCounterMode(display=False) as counter:
        case.classifier().logits(case.images[:1].to(device))
    return 2 * counter.get_total_flops()


def peak(*, precision: str) -> float:
    """The operations a second of a product of large square matrices on a GPU: the best of ten."""
    size = 8192
    a, b = (torch.randn(size, size, device="cuda") for _ in range(2))
    if precision == "bfloat16":
        a, b = a.bfloat16(), b.bfloat16()
    with multiply(precision):
        return 2 * size**3 / min(elapsed(lambda: a @ b) for _ in range(10))


def draw(net: ig.Classifier, case: Subject, path: ig.Straight | ig.Blur, steps: int, batch: int) -> None:
    """Make the points of a walk, and do nothing with them."""
    images = case.images.to(net.device, net.dtype)
    points = path.draw(images, path.start(net, images))
    alphas = torch.arange(steps + 1, dtype=torch.float64).view(-1, 1).expand(-1, len(images)) / steps
    for part in alphas.split(max(1, batch // len(images))):
        points(part)


def compare(case: Subject, *, sizes: tuple[int, ...], device: str, precision: str) -> list[dict[str, Any]]:
    """A row for each path and one of the batch sizes of one network's walk. A guided walk's batch is its images."""
    net, steps = case.classifier(precision=precision), STEPS[device]
    written = case.classifier(precision=precision, fold=False)
    setting, loop = best(case, device=device, gradients=max(BATCHES[device]), precision=precision)
    share = operations(case, device=device) / peak(precision=precision) if device == "cuda" else None
    gradients, rows = len(case.images) * (steps + 1), []
    for path_name, path in {**KNOWN, "guided": ig.Guided()}.items():
        batches = (len(case.images),) if isinstance(path, ig.Guided) else sizes
        work: dict[str, Callable[[], Any]] = {"bare loop": partial(loop, gradients)}
        for batch in batches:
            options: dict[str, Any] = {"path": path, "rules": RULES, "steps": (steps,), "batch_size": batch}
            for name, asked in ((f"batch {batch}", net), (f"as written, batch {batch}", written)):
                work[name] = partial(ig.attribute, asked, case.images, case.targets, **options)
            if not isinstance(path, ig.Guided):
                work[f"drawing, batch {batch}"] = partial(draw, net, case, path, steps, batch)
        seconds = interleaved(work)
        for walk in (f"batch {batch}" for batch in batches):
            drawing = seconds.get(f"drawing, {walk}")
            rate = gradients / median(seconds, walk)
            unfolded = ratio(seconds, of="bare loop", to=f"as written, {walk}")
            written_as = {"as written": unfolded["ratio"]}
            written_as |= {f"as written, {each}": unfolded[each] for each in ("least", "most")}
            rows.append(
                {
                    "network": case.name,
                    "weights": case.weights,
                    "norms folded": net.folded,
                    "precision": precision,
                    "path": path_name,
                    "images": len(case.images),
                    "walk": walk,
                    "bare loop": setting,
                    "gradients/s": rate,
                    "bare gradients/s": gradients / median(seconds, "bare loop"),
                    **written_as,
                    "of peak": rate * share if share else None,
                    "drawing": median(seconds, f"drawing, {walk}") / median(seconds, walk) if drawing else None,
                    **ratio(seconds, of="bare loop", to=walk),
                }
            )
    return rows


def run(device: str, *more: str) -> list[dict[str, Any]]:
    """A row for each network, precision, path and batch size of the walk; `more` are networks beside those here."""
    rows = []
    for name in (*NETWORKS[device], *more):
        count, sizes = SMALL[device] if name.startswith("objects/") else (IMAGES[device], WALKS[device])
        case = subject(name, count=count, device=device)
        for precision in PRECISIONS[device]:
            rows += compare(case, sizes=sizes, device=device, precision=precision)
    return rows
