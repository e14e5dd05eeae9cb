"""How fast a network answers here, as a study asks it, and how many gradients the study's walks ask it for."""

import time
from collections.abc import Callable

import torch
from torch import Tensor

from igpaths.models import load_model
from igstudy.engine.parameters import Parameters
from igstudy.engine.units import parts
from igstudy.measures.quantities import threads
from igstudy.tasks.images import load_images

SECONDS = 1.5  # for which each of the two is timed, after one call to warm up


def throughput(study: Parameters, name: str) -> tuple[float, float]:
    """How many gradients and how many forward passes the model of this name makes here in a second.

    It is asked at its own resolution, with the study's batch, threads, device and precision.
    """
    model, count = load_model(name, data=study.data), min(study.batch_size, study.images)
    few = load_images(study.task, model=model, count=count, data=study.data, seed=study.seed).images
    batch = few[torch.arange(study.batch_size) % len(few)]
    net = model.classifier(output=study.output, device=study.device, precision=study.precision)
    with threads(study.threads):
        calls = (lambda: net.gradients(batch, 0)[0], lambda: net.scores(batch, 0))
        gradients, forwards = (len(batch) * _rate(call) for call in calls)
    return gradients, forwards


def count_gradients(study: Parameters) -> int:
    """The gradients that the walks of a study take for each image; its metrics come on top."""
    sources = {part.source.name: part.source for part in parts(study)}
    return sum(source.path.evaluations(source.steps) for source in sources.values() if source.path)


def _rate(compute: Callable[[], Tensor]) -> float:
    """Calls a second."""
    compute().cpu()  # which waits for a GPU
    began, calls = time.monotonic(), 0
    while (spent := time.monotonic() - began) < SECONDS:
        compute().cpu()
        calls += 1
    return calls / spent
