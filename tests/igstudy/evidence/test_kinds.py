"""The kinds of network: every network that a study can run is of one kind, and each of the papers' is known."""

from itertools import chain

import pytest

from igstudy.evidence.kinds import CONTROL, IMAGENET, KINDS, ONES, OTHER, PAIRED, SMALL, WORDS, kind_of
from igstudy.evidence.papers import FAMILIES
from igstudy.tasks.networks import NETWORKS


def test_no_network_is_of_two_kinds():
    every = list(chain.from_iterable(ONES.values()))
    assert len(every) == len(set(every))
    assert tuple(ONES) == KINDS == tuple(WORDS)


def test_every_network_of_the_objects_task_is_small_or_paired():
    assert {*ONES[SMALL], *ONES[PAIRED]} == set(NETWORKS)
    assert len(ONES[PAIRED]) == 24


@pytest.mark.parametrize(
    ("network", "kind"),
    [
        ("mobilenet_v2", IMAGENET),
        ("mobilenet", SMALL),
        ("vgg-modern", SMALL),
        ("severed-modern-5", PAIRED),
        ("squeezenet1_1", CONTROL),
        ("my_network", OTHER),
        ("narrow", OTHER),
    ],
)
def test_a_name_says_the_kind(network, kind):
    assert kind_of(network) == kind


def test_the_papers_networks_are_trained_on_imagenet_and_stand_beside_small_ones():
    for own, family in FAMILIES.values():
        assert (kind_of(own), kind_of(family)) == (IMAGENET, SMALL)
