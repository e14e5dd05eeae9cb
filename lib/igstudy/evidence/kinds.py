"""The kinds of network that a claim is told of, each apart.

Those trained on ImageNet carry what is said about the papers. The small ones of the objects task say what carries over,
and the pairs among them, which differ by shortcuts, recipe and seed alone, say what causes what. SqueezeNet 1.1 is a
control: it has no batch norm, so that its score is almost linear along the ray from grey. Of other networks, such as a
reader's own, no claim is told.
"""

from collections.abc import Iterable

from igstudy.evidence.papers import FAMILIES
from igstudy.tasks.networks import NETWORKS, TWO

IMAGENET, SMALL, PAIRED, CONTROL, OTHER = "ImageNet", "small", "paired", "SqueezeNet", "other"
ONES = {  # networks by the short names that label their rows
    IMAGENET: (
        *("mobilenet_v1", "mobilenet_v2", "efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"),
        *dict.fromkeys(ours[0] for ours in FAMILIES.values() if ours[0] != "mobilenet_v2"),  # the papers' own
    ),
    SMALL: tuple(name for name in NETWORKS if name.partition("-")[0] not in TWO),
    PAIRED: tuple(name for name in NETWORKS if name.partition("-")[0] in TWO),
    CONTROL: ("squeezenet1_1",),
}
KINDS = tuple(ONES)
WORDS = {  # of a table's column
    IMAGENET: "ImageNet networks",
    SMALL: "small networks",
    PAIRED: "paired small networks",
    CONTROL: "SqueezeNet, a control",
}


def kind_of(network: str) -> str:
    """The kind of network that a short name stands for."""
    return next((kind for kind, names in ONES.items() if network in names), OTHER)


def foremost(networks: Iterable[str]) -> str:
    """The kind of which most is said: the first in the order of `KINDS` that has one of these networks."""
    found = set(map(kind_of, networks))
    return next((kind for kind in KINDS if kind in found), OTHER)


def on(kind: str) -> str:
    """The beginning of a sentence about a kind of network."""
    return f"On {WORDS.get(kind, 'these networks')},"
