"""Study A's grid on one image, 3 paths × {IG, IDGI} × 8 to 128 steps, and Guided IG alone: ours against PAIR's way.

PAIR's way is a call for each path and step count, and IDGI's formula on the gradients that it asked for. It is given
its default batch of one, and the batch that we use; both are shown, and the faster one counts.
"""

from functools import partial
from typing import Any

import igpaths as ig
from bench import peers
from bench.subjects import subject
from bench.timing import interleaved, median, ratio

STEPS = (8, 16, 32, 64, 128)
PATHS = {"straight": ig.Straight(), "blur": ig.Blur(), "guided": ig.Guided()}
RULES = (ig.IG(), ig.IDGI())
BATCH = {"cpu": 16, "cuda": 128}


def run(device: str) -> list[dict[str, Any]]:
    """A row for the grid and one for Guided IG, against PAIR with each batch size."""
    given = subject("torchvision/mobilenet_v2", count=1, device=device)
    net, batch = given.classifier(), BATCH[device]
    images, targets = given.images, given.targets
    counted: dict[str, int] = {}

    def ours(name: str, paths: tuple[str, ...], steps: tuple[int, ...]) -> None:
        counted[name] = sum(
            ig.attribute(net, images, targets, path=PATHS[path], rules=RULES, steps=steps, batch_size=batch).evaluations
            for path in paths
        )

    def theirs(name: str, paths: tuple[str, ...], steps: tuple[int, ...], batch_size: int) -> None:
        for path in paths:
            for n in steps:
                peers.explain(path, net, images[0], int(targets[0]), steps=n, batch_size=batch_size)
        counted[name] = len(paths) * sum(steps)

    rows = []
    for task, paths, steps in (("grid", tuple(PATHS), STEPS), ("guided, 128 steps", ("guided",), (128,))):
        batches = (1, batch) if len(paths) > 1 else (1,)
        named = {f"PAIR, batch {size}": size for size in batches}
        contestants = {name: partial(theirs, name, paths, steps, size) for name, size in named.items()}
        seconds = interleaved({"igpaths": partial(ours, "igpaths", paths, steps), **contestants})
        for name in named:
            rows.append(
                {
                    "task": task,
                    "network": given.name,
                    "weights": given.weights,
                    "peer": name,
                    "gradients": counted["igpaths"],
                    "peer's gradients": counted[name],
                    "seconds": median(seconds, "igpaths"),
                    "peer's seconds": median(seconds, name),
                    **ratio(seconds, of=name, to="igpaths"),
                }
            )
    return rows
