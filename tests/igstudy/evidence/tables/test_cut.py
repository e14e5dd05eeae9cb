"""Whether cut walks explain what more steps gain, kind by kind, on planted gains."""

import pytest

from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables import cut


def gains(method="IG + IDGI", **values):
    return {method: {network: Estimate(value, value, value, 20) for network, value in values.items()}}


SHORT = gains(mobilenet_v1=0.1, mobilenet_v2=0.3, vgg=0.1, resnet=0.1, inception=0.1, squeezenet1_1=0.9)


@pytest.mark.parametrize(
    ("net", "small", "words"),
    [
        (0.2, 0.5, ("about as large", "hides part of it")),
        (0.5, 0.01, ("hides part of it", "comes from the cut")),
        (0.01, 0.1, ("comes from the cut", "about as large")),
    ],
)
def test_each_kind_is_told_by_its_own_networks(net, small, words):
    whole = gains(mobilenet_v1=net, mobilenet_v2=net, vgg=small, resnet=small, inception=small, squeezenet1_1=0.0)
    first, second = cut.by_kind(SHORT, whole).splitlines()
    assert first.startswith(
        "- On ImageNet networks, by medians over 2 networks: IDGI on IG gains 0.200 with walks that"
    )
    assert second.startswith("- On small networks, by medians over 3 networks: IDGI on IG gains 0.100 with walks that")
    assert words[0] in first
    assert words[1] in second


def test_the_gain_of_ig_stands_beside_that_of_idgi():
    both = gains(vgg=0.2) | gains("IG", vgg=0.4) | gains("Guided IG", vgg=0.6)
    words = cut.by_kind(both, both)
    assert words.index("IDGI on IG gains 0.200") < words.index("IG itself gains 0.400")
    assert "0.600" not in words


def test_networks_of_one_protocol_alone_and_the_control_say_nothing():
    nothing = "It was not measured under both protocols."
    assert cut.by_kind(gains(vgg=0.1), gains(resnet=0.1)) == cut.by_kind({}, {}) == nothing
    assert cut.by_kind(gains(squeezenet1_1=0.1), gains(squeezenet1_1=0.1)) == nothing
    assert cut.by_kind(gains(mine=0.1), gains(mine=0.1)).startswith("- On these networks, by medians over 1 network: ")


@pytest.mark.parametrize(
    ("whole", "words"),
    [
        (0.11, "about as large"),
        (0.95, "hides part of it"),
        (0.02, "comes from the cut"),
        (0.3, "more on 2 of 3 networks, which leaves open"),
    ],
)
def test_what_cut_walks_explain_depends_on_the_gain_along_whole_ones(whole, words):
    found = cut.of_cut_walks([0.1, 0.1, 0.9], [whole] * 3)
    assert words in found
    assert f"gains 0.100 with walks that are cut short and {whole:.3f} with whole walks" in found


def test_a_cut_that_was_not_measured_explains_nothing():
    assert cut.of_cut_walks([], []) == "was not measured under both protocols"
