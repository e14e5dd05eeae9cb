"""How fast a network answers here, as a study asks it, how long a walk takes, and how many gradients a study takes."""

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from igpaths.attributions import attribute
from igpaths.classifier import Classifier
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


def walk_seconds(net: Classifier, images: Tensor, targets: Any, **options: Any) -> float:
    """The seconds in which a walk explains images here, with the options of `attribute`, such as path, rules and steps.

    They are those of the second of two walks, until its maps are on the CPU. The first warms up: it pays for what a
    network and a path prepare once, whatever the number of images.
    """
    for _ in range(2):
        began = time.perf_counter()
        attribute(net, images, targets, **options).cpu()  # which waits for a GPU
        spent = time.perf_counter() - began
    return spent


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
