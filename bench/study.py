"""How long a study takes, from an empty store to its last row, against its images and its networks."""

import tempfile
from dataclasses import replace
from functools import partial
from typing import Any

from bench.timing import interleaved, median
from igstudy.engine import runs as engine
from igstudy.engine.parameters import FIVE, Parameters

STUDY = Parameters(steps=(8, 32), metrics=("completeness", "insertion"), protocols=("igpaths",), shard=4, threads=2)
IMAGES, NETWORKS = (2, 4, 8, 16), (1, 2, 3, 4, 5)
HELD = 4  # images of each network, where the networks grow; the images grow for one network


def work(device: str, *, images: int, networks: int) -> None:
    """One study into a store of its own."""
    models = tuple(f"objects/{name}" for name in FIVE[:networks])
    with tempfile.TemporaryDirectory() as folder:
        assert not engine.run(replace(STUDY, models=models, images=images, device=device, results=folder)).failures


def run(device: str) -> list[dict[str, Any]]:
    """A row for each number of images, with one network, and for each number of networks."""
    sizes = [("images", count, {"images": count, "networks": 1}) for count in IMAGES]
    sizes += [("networks", count, {"images": HELD, "networks": count}) for count in NETWORKS]
    seconds = interleaved({f"{name} {count}": partial(work, device, **size) for name, count, size in sizes})
    return [
        {
            "grows": name,
            "value": count,
            **size,
            "seconds": median(seconds, f"{name} {count}"),
            "least": min(seconds[f"{name} {count}"]),
            "most": max(seconds[f"{name} {count}"]),
        }
        for name, count, size in sizes
    ]
