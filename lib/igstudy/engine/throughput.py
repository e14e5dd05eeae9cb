"""How fast a network answers here, as a study asks it, and how many gradients the study's walks ask it for."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from igpaths.models import load_model
from igstudy.engine.parameters import Parameters
from igstudy.engine.units import parts
from igstudy.measures.quantities import threads
from igstudy.tasks.images import load_images

SECONDS = 1.5  # for which each of the two is timed, after one call to warm up


@dataclass(frozen=True)
class Throughput:
    """Images a second, one batch after the other."""

    gradients: float
    forwards: float


def throughput(study: Parameters, name: str) -> Throughput:
    """What the model of this name does here at its own resolution, with the study's batch, threads and precision."""
    model = load_model(name, data=study.folder or "")
    count = min(study.batch_size, study.images)
    few = load_images(study.task, model=model, count=count, data=study.folder or "", seed=study.seed).images
    batch = few[torch.arange(study.batch_size) % len(few)]
    net = model.classifier(output=study.output, device=study.device, precision=study.precision)
    with threads(study.threads):
        return Throughput(
            gradients=_rate(lambda: net.gradients(batch, 0)[0], len(batch)),
            forwards=_rate(lambda: net.scores(batch, 0), len(batch)),
        )


def count_gradients(study: Parameters) -> int:
    """The gradients that the walks of a study take for each image; its metrics come on top."""
    sources = {part.source.name: part.source for part in parts(study)}
    return sum(source.path.evaluations(source.steps) for source in sources.values() if source.path)


def _rate(compute: Callable[[], Any], count: int) -> float:
    compute().cpu()  # which waits for a GPU
    began, calls = time.monotonic(), 0
    while (spent := time.monotonic() - began) < SECONDS:
        compute().cpu()
        calls += 1
    return calls * count / spent
