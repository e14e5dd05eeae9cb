"""What a straight walk's time grows with: steps, the image's side, and the batch, with fitted exponents."""

from functools import partial
from typing import Any

from torch.nn.functional import interpolate

import igpaths as ig
from bench.subjects import Subject, subject
from bench.timing import interleaved, median
from igstudy.evidence.statistics import slope

VALUES = {
    "steps": (8, 16, 32, 64, 128, 256, 512),
    "side": (112, 160, 224, 320, 448),
    "batch size": (1, 2, 4, 8, 16, 32, 64),
}
HELD = {"steps": 32, "side": 224, "batch size": 16}
IMAGES = 2


def walk(case: Subject, net: ig.Classifier, chosen: dict[str, int]) -> None:
    """One walk of both images, at the steps, side and batch size that are chosen."""
    images = interpolate(case.images, size=chosen["side"], mode="bilinear").clamp(0, 1)
    ig.attribute(
        net, images, case.targets, path=ig.Straight(), rules=(ig.IG(), ig.IDGI()), steps=(chosen["steps"],),
        batch_size=chosen["batch size"],
    )  # fmt: skip


def run(device: str) -> list[dict[str, Any]]:
    """A row for each value of each of the three, with the exponent of the time in it."""
    case = subject("torchvision/mobilenet_v2", count=IMAGES, device=device)
    net, rows = case.classifier(), []
    for name, values in VALUES.items():
        seconds = interleaved({f"{value}": partial(walk, case, net, HELD | {name: value}) for value in values})
        times = [median(seconds, f"{value}") for value in values]
        exponent = -slope(values, times)
        rows += [
            {"grows": name, "value": value, "seconds": time, "exponent": exponent, "weights": case.weights}
            for value, time in zip(values, times, strict=True)
        ]
    return rows
