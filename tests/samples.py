"""Samples for the tests of measures: four images under a small network, or a test's own, explained along a source."""

import torch

from igpaths.averages import uniform_references
from igpaths.metrics import blur_photograph
from igstudy.measures.sample import Sample
from igstudy.measures.sources import explain, on_path
from problems import classifier, images, small_network

BATCH = 4
IMAGES = images(BATCH, shape=(3, 16, 16)).float()
TARGETS = torch.arange(BATCH) % 5
BLURRED = IMAGES.mean((2, 3), keepdim=True).expand_as(IMAGES)
PALE = (0.9 * IMAGES + 0.05).clamp(0, 1)


def network(output="logit"):
    layers = small_network(torch.float32)
    with torch.no_grad():
        layers[-1].weight.mul_(400)  # so that some scores rise by more than 5
    return classifier(layers, output)


def sample(source, **changes):
    net = network(source.output)
    own = {
        "label": "small",
        "predictions": net.predict(IMAGES)[0],
        "names": tuple("abcd"),
        "photographs": tuple("aabb"),
        "materials": tuple("xyxy"),
        "altered": lambda alter: BLURRED if alter is blur_photograph else PALE,
    }
    return sampled(source, net, IMAGES, TARGETS, **(own | changes))


def sampled(source, net, images, targets, /, **changes):
    """The images explained along a source, all of them classified rightly."""
    count = len(images)
    facts = {
        "source": source,
        "walked": explain(source, net, images, targets, batch_size=16),
        "net": net,
        "label": "own",
        "images": images,
        "targets": targets,
        "predictions": targets,
        "names": tuple(map(str, range(count))),
        "photographs": tuple(map(str, range(count))),
        "materials": ("",) * count,
        "masks": None,
        "altered": lambda alter: images.mean((2, 3), keepdim=True).expand_as(images),
        "references": lambda count: uniform_references(images, samples=count, seed=1),
        "start": 0,
        "kept": 0,
        "seed": 0,
        "backgrounds": 25,
        "batch_size": 16,
    }
    return Sample(**(facts | changes))


STRAIGHT = on_path("straight", output="probability", steps=(2, 4))
