"""One process against two, of one core each, on a study of objects into an empty store."""

import tempfile
from dataclasses import replace
from functools import partial
from typing import Any

from bench.timing import interleaved, median, ratio
from igstudy.engine import runs as engine
from igstudy.engine.parameters import Parameters

STUDY = Parameters(
    models=("objects/resnet",),
    images=32,
    paths=("straight", "blur"),
    steps=(32,),
    metrics=("completeness", "insertion"),
    protocols=("igpaths",),
    shard=2,
    threads=1,
)


def run(device: str) -> list[dict[str, Any]]:
    """One row: how many times as fast two workers are, their start included."""

    def study(workers: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            chosen = replace(STUDY, scheduler=f"local:{workers}", results=folder, device=device)
            assert not engine.run(chosen).failures

    seconds = interleaved({f"{n}": partial(study, n) for n in (1, 2)})
    return [
        {
            "study": f"{STUDY.images} images of objects/resnet",
            "seconds with 1": median(seconds, "1"),
            "seconds with 2": median(seconds, "2"),
            **ratio(seconds, of="1", to="2"),
        }
    ]
