"""Study A's grid on one image, 3 paths × {IG, IDGI} × 8 to 128 steps, and Guided IG alone: ours against PAIR's way.

PAIR's way is a call for each path and step count, and IDGI's formula on the gradients that it asked for. It is given
its default batch of one, and the batch that we use; both are shown. Guided IG's steps wait for each other, so only
images can share a batch; PAIR takes one at a time, and the library all four.
"""

from functools import partial
from typing import Any

import igpaths as ig
from bench import peers
from bench.subjects import subject
from bench.timing import interleaved, median, ratio
from igpaths.paths import Path

STEPS = (8, 16, 32, 64, 128)
PATHS: dict[str, Path] = {"straight": ig.Straight(), "blur": ig.Blur(), "guided": ig.Guided()}
RULES = (ig.IG(), ig.IDGI())
BATCH = {"cpu": 16, "cuda": 128}


def run(device: str) -> list[dict[str, Any]]:
    """A row for the grid against PAIR with each batch size, and a row for Guided IG on one image and on four."""
    batch = BATCH[device]
    return [
        *compare("grid", device=device, paths=tuple(PATHS), steps=STEPS, images=1, batches=(1, batch)),
        *compare("guided", device=device, paths=("guided",), steps=(128,), images=1, batches=(1,)),
        *compare("guided", device=device, paths=("guided",), steps=(128,), images=4, batches=(1,)),
    ]


def compare(
    task: str, *, device: str, paths: tuple[str, ...], steps: tuple[int, ...], images: int, batches: tuple[int, ...]
) -> list[dict[str, Any]]:
    """A row for each batch size of PAIR."""
    case = subject("torchvision/mobilenet_v2", count=images, device=device)
    net, counted = case.classifier(), {}

    def ours() -> None:
        walked = [
            ig.attribute(
                net, case.images, case.targets, path=PATHS[path], rules=RULES, steps=steps, batch_size=BATCH[device]
            )
            for path in paths
        ]
        counted["igpaths"] = sum(one.evaluations for one in walked)

    def theirs(batch_size: int) -> None:
        for image, target in zip(case.images, case.targets.tolist(), strict=True):
            for path in paths:
                for n in steps:
                    peers.explain(path, net, image, target, steps=n, batch_size=batch_size)

    named = {f"PAIR, batch {size}": size for size in batches}
    seconds = interleaved({"igpaths": ours, **{name: partial(theirs, size) for name, size in named.items()}})
    return [
        {
            "task": task,
            "images": images,
            "network": case.name,
            "weights": case.weights,
            "peer": name,
            "gradients": counted["igpaths"],
            "peer's gradients": len(paths) * sum(steps),
            "seconds": median(seconds, "igpaths"),
            "peer's seconds": median(seconds, name),
            **ratio(seconds, of=name, to="igpaths"),
        }
        for name in named
    ]
