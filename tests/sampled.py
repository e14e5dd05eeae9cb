"""Samples of a measure for networks and images of a test's own."""

from igstudy.measures.sample import Sample
from igstudy.measures.sources import explain


def sampled(source, net, images, targets, **changes):
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
        "masks": None,
        "altered": lambda alter: images.mean((2, 3), keepdim=True).expand_as(images),
        "start": 0,
        "kept": 0,
        "seed": 0,
        "batch_size": 16,
    }
    return Sample(**(facts | changes))
