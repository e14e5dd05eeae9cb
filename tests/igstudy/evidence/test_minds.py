"""Where that is so already which would change our mind: planted networks turn each sentence round."""

import pandas as pd
import pytest

from igstudy.engine.store import COLUMNS
from igstudy.evidence import minds
from igstudy.evidence.deciding import LEAST

NOTHING = pd.DataFrame(columns=COLUMNS)
ABOVE = "by magnitude its ABPC is above both, each by its interval"
BETTER = ", where the unsaturated part is the better map by this metric"


def planted(values, *, metric, network, sign="signed", variant="", protocol="igpaths"):
    """Rows of as many images as decide a claim, a little apart, in which each method has one value."""
    lines = [
        {"method": method, "value": value + 0.001 * i, "image": f"{i}", "photograph": f"{i}"}
        for method, value in values.items()
        for i in range(LEAST)
    ]
    facts = {"metric": metric, "network": network, "sign": sign, "variant": variant, "protocol": protocol}
    return pd.DataFrame(lines).assign(**facts, steps=8, material="", left_out="")


def moved(network, constants, device):
    """By how much misrounded constants, and another device, move the maps of IG and of Guided IG."""
    names = ("IG", "Guided IG")
    rounded = {"metric": "rounding change", "variant": "constants"}
    return pd.concat([
        planted(dict(zip(names, constants, strict=True)), network=network, **rounded),
        planted(dict(zip(names, device, strict=True)), network=network, metric="device change", variant="cpu"),
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("vgg", "resnet", "words"),
    [
        ((2, 0.5), (2, 0.5), "on 2 of 2 networks, and IG's too on 2 of these, so the condition is met on none."),
        ((2, 0.5), (0.5, 0.5), "on 2 of 2 networks, and IG's too on 1 of these, so the condition is met on resnet."),
        ((2, 0.5), (0.5, 0.1), "on 1 of 2 networks, and IG's too on 1 of these, so the condition is met on none."),
        ((2, 0.1), (2, 0.1), "on none of 2 networks, so the condition is met on none."),
    ],
)
def test_a_device_is_compared_with_one_rounding_on_both_paths(vgg, resnet, words):
    rows = pd.concat([moved("vgg", (1, 0.2), vgg), moved("resnet", (1, 0.2), resnet)])
    assert minds.devices(rows) == f"It moves Guided IG's further {words}"


def test_networks_that_were_measured_in_one_way_alone_say_nothing():
    one, other = moved("vgg", (1, 1), (2, 2)), moved("resnet", (1, 1), (2, 2))
    apart = pd.concat([one[one["variant"] == "constants"], other[other["variant"] == "cpu"]])
    assert minds.devices(apart) == minds.devices(NOTHING) == "No network has been measured in both ways."


def test_medians_of_a_device_and_of_constants_are_over_the_same_images():
    rows = moved("vgg", (1, 0.2), (2, 0.1))
    others = rows[rows["variant"] == "cpu"].assign(image="other", value=9.0)
    many = pd.concat([rows, *(others.assign(image=f"other {i}", photograph=f"other {i}") for i in range(2 * LEAST))])
    assert minds.devices(many) == minds.devices(rows)
    left_out = rows.assign(left_out="misclassified").where(rows["variant"] == "constants", rows)
    assert minds.devices(left_out) == minds.devices(NOTHING)


def faithful(network, baseline, left, full=0.5, window=0.5):
    values = {"Left": left, "Full": full, "Window": window}
    protocol = {"protocol": f"igpaths, {baseline}", "variant": "logit, plain", "sign": "absolute"}
    own = planted(values, metric="ABPC", network=network, **protocol)
    apart = own["image"].astype(int) % 2 - 0.5
    return own.assign(value=own["value"] + 0.1 * apart * (own["method"] == "Left"))


@pytest.mark.parametrize(
    ("grey", "black", "words"),
    [
        ((0.4, 0.5), (0.4, 0.4), "on none of 2 networks from grey and on none of 2 networks from black: "
         "the condition is not met."),
        ((0.9, 0.4), (0.9, 0.9), "on 1 of 2 networks from grey (vgg) and on 2 of 2 networks from black (vgg, resnet): "
         f"the condition is met from black{BETTER}."),
        ((0.9, 0.9), (0.9, 0.9), "on 2 of 2 networks from grey (vgg, resnet) and on 2 of 2 networks from black (vgg, "
         f"resnet): the condition is met from grey and from black{BETTER}."),
    ],
)  # fmt: skip
def test_left_must_be_above_both_on_most_networks(grey, black, words):
    rows = [faithful(name, "grey", left) for name, left in zip(("vgg", "resnet"), grey, strict=True)]
    rows += [faithful(name, "black", left) for name, left in zip(("vgg", "resnet"), black, strict=True)]
    control = faithful("squeezenet1_1", "grey", 0.9)
    assert minds.parts(pd.concat([*rows, control])) == f"On small networks, {ABOVE}, {words}"


def test_kinds_of_network_are_counted_apart():
    rows = [faithful(name, "grey", 0.9) for name in ("vgg", "resnet", "narrow-plain-0")]
    words = minds.parts(pd.concat([*rows, faithful("mobilenet_v2", "grey", 0.4)]))
    assert words == (
        f"On ImageNet networks, {ABOVE}, on none of 1 network from grey: the condition is not met. "
        f"On small networks, {ABOVE}, on 2 of 2 networks from grey (vgg, resnet): the condition is met from grey"
        f"{BETTER}. "
        f"On paired small networks, {ABOVE}, on 1 of 1 network from grey (narrow-plain-0): the condition is met from "
        f"grey{BETTER}."
    )


def test_one_of_the_two_is_not_enough():
    rows = [faithful("vgg", "grey", 0.6, window=0.9), faithful("resnet", "grey", 0.6, full=0.9)]
    assert "on none of 2 networks from grey: the condition is not met." in minds.parts(pd.concat(rows))
    assert minds.parts(NOTHING) == "This was not measured."


def scored(network, idgi):
    """Insertion of Σ g² at 0.5 and of IDGI by magnitude, whose difference varies by 0.009 over the images."""
    of = {"metric": "insertion", "network": network, "variant": "black, 21 counts"}
    rows = pd.concat([
        planted({"IG + IDGI": idgi}, sign="absolute", **of), planted({"Σ g²": 0.5}, sign="none", **of)
    ])  # fmt: skip
    return rows.assign(path="straight", value=rows["value"].where(rows["method"] != "Σ g²", 0.5))


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (0.6, 0.6, "more in the mean, and more by its own interval on 2 of 2 "
                   "networks (vgg, resnet): the condition is met."),
        (0.6, 0.4, "on 1 of 2 networks (vgg): the condition is not met."),
        (0.4, 0.4, "on none of 2 networks: the condition is not met."),
    ],
)  # fmt: skip
def test_idgi_is_compared_with_its_squares_on_each_network(one, other, words):
    rows = pd.concat([scored("vgg", one), scored("resnet", other), scored("squeezenet1_1", 0.9)])
    found = minds.weights(rows)
    assert found.startswith("On small networks, it scores ")
    assert found.endswith(words)
    assert minds.weights(rows[rows["method"] == "Σ g²"]) == ""
