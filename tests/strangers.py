"""A small network, two images and their maps, and what a refusal looks like, for tests of what strangers give."""

import pytest
import torch

import igpaths as ig
from modified import build, small

HALF = {"mean": (0.5,) * 3, "std": (0.25,) * 3}
STRAIGHT = ig.Straight()


def images(count=2, size=24):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(1))


def classify(network=None, **options):
    return ig.Classifier(build(small) if network is None else network, **(HALF | {"output": "probability"} | options))


NET, X, RANKING = classify(), images(), images()[:, :1]


def refused(call, *words):
    """The call is refused by an error of one line that has these words."""
    with pytest.raises(ValueError, match=r"^[^\n]{10,400}$") as caught:
        call()
    text = str(caught.value)
    assert all(word in text for word in words), text
