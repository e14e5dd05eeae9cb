"""Insertion at temperatures: what explains and what judges are taken apart, and what the normalised score keeps."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch

from igpaths.metrics import area, edges, insertion, random_maps
from igstudy.measures import revealing
from igstudy.measures.protocols import IGPATHS
from igstudy.measures.quantities import recomputed
from igstudy.measures.sample import ranking_maps, stacked
from igstudy.measures.sources import controls, explain
from igstudy.measures.tempering import APART, LEAST, TEMPERATURES, at, normalised, temper
from problems import Function, classifier, small_network
from samples import BATCH, IMAGES, STRAIGHT, TARGETS, network, sample, sampled

CONTROLS = controls(output="probability")


@pytest.fixture(scope="module")
def straight():
    return sample(STRAIGHT)


@pytest.fixture(scope="module")
def found(straight):
    return pd.concat(temper(straight, IGPATHS))


def values(found, metric, explained, evaluated):
    own = found[found["variant"] == f"black, 21 counts, {at(explained, evaluated)}"]
    return own[own["metric"] == metric]["value"].to_numpy()


def test_at_one_it_is_insertion_as_it_is(straight, found):
    plain = pd.concat(revealing.reveal(straight, IGPATHS))
    for metric in ("insertion", "insertion ratio"):
        own = plain[(plain["metric"] == metric) & (plain["variant"] == "black, 21 counts") & (plain["steps"] == 4)]
        np.testing.assert_array_equal(values(found, metric, 1, 1), own["value"])


def test_a_quarter_is_a_network_of_four_times_the_weights():
    surer = small_network(torch.float32)
    with torch.no_grad():
        surer[-1].weight.mul_(4)
        surer[-1].bias.mul_(4)
    calm, sure = (
        sample(STRAIGHT, net=net, walked=explain(STRAIGHT, net, IMAGES, TARGETS, batch_size=16))
        for net in (classifier(layers, "probability") for layers in (small_network(torch.float32), surer))
    )
    own, expected = (pd.concat(temper(each, IGPATHS)) for each in (calm, sure))
    np.testing.assert_allclose(values(own, "insertion", 0.25, 0.25), values(expected, "insertion", 1, 1), rtol=1e-4)
    assert calm.net.temperature == 1


def test_every_pair_explains_at_one_temperature_and_asks_at_another(straight, found):
    pairs = {*product(APART, repeat=2), *((t, t) for t in TEMPERATURES)}
    assert {*found["variant"]} == {f"black, 21 counts, {at(*pair)}" for pair in pairs}
    assert "black, 21 counts, explained at T = 4, evaluated at T = 0.25" in {*found["variant"]}
    for explained, evaluated in ((4.0, 0.25), (1.0, 4.0)):
        hot, asked = (recomputed(straight.net, temperature=t) for t in (explained, evaluated))
        walked = explain(replace(STRAIGHT, steps=(4,)), hot, IMAGES, TARGETS, batch_size=16)
        source = replace(STRAIGHT, steps=(4,))
        _, stack = stacked(replace(straight, net=hot, walked=walked, source=source), IGPATHS)
        r = insertion(asked, IMAGES, TARGETS, stack, **straight.drawing)
        for metric, curve in (("insertion", r.probability), ("insertion ratio", r.probability_ratio)):
            expected = area(r.shares, curve).flatten()
            np.testing.assert_allclose(values(found, metric, explained, evaluated), expected, rtol=1e-9)


def test_confidence_stands_beside_the_controls_which_are_explained_at_no_temperature():
    own, net = pd.concat(temper(sample(CONTROLS), IGPATHS)), network("probability")
    for t in TEMPERATURES:
        expected = (net.logits(IMAGES).double() / t).softmax(1)[range(BATCH), TARGETS]
        kept = own[(own["metric"] == "confidence") & (own["variant"] == f"T = {t:g}")]["value"]
        np.testing.assert_allclose(kept, expected, rtol=1e-5)
    assert {*own["method"]} == {"edges", "random", ""}
    assert not own["variant"].str.contains("explained").any()


class Margin(Function):
    """Two classes whose logits differ by slope · the image's mean, less `drop`: a curve of grey images is straight."""

    def __init__(self, slope, drop):
        super().__init__()
        self.slope, self.drop = slope, drop

    def f(self, x):
        return self.slope * x.mean(1) - self.drop


GREY = torch.full((2, 3, 20, 20), 0.5, dtype=torch.float64)
ZEROS = torch.zeros(2, dtype=torch.int64)
CURVES = torch.stack([edges(IMAGES[:2].double()), random_maps(2, (16, 16), seed=0).double()], dim=1)


def asked(t, *, slope, drop, images=GREY, maps=None):
    """What two classes answer at a temperature, as edges and random pixels are revealed."""
    net = recomputed(classifier(Margin(slope, drop), "probability"), temperature=t)
    if maps is None:
        maps = random_maps(len(images), images.shape[2:], seed=0).double().unsqueeze(1)
    return insertion(net, images, ZEROS[: len(images)], maps)


@pytest.mark.parametrize("t", TEMPERATURES)
def test_of_a_straight_margin_every_score_is_known(t):
    r = asked(t, slope=8, drop=3)
    p = torch.sigmoid((4 * r.shares - 3) / t)
    expected = area(r.shares, (p - p[0]) / (p[-1] - p[0]))
    torch.testing.assert_close(normalised(r)[0], expected.expand(2, 1), rtol=0, atol=1e-12)


@pytest.mark.parametrize("images", [GREY, IMAGES[:2].double()], ids=["grey", "photographs"])
def test_where_the_margin_is_held_no_temperature_moves_it(images):
    maps = CURVES if images is not GREY else None
    first, *others = [normalised(asked(t, slope=8 * t, drop=3 * t, images=images, maps=maps))[0] for t in TEMPERATURES]
    for each in others:
        torch.testing.assert_close(each, first, rtol=0, atol=1e-12)


def test_where_the_margin_is_not_held_it_moves_and_tends_to_the_margins_own_while_plain_insertion_tends_to_its_floor():
    images = IMAGES[:2].double()
    ask = [asked(t, slope=8, drop=1, images=images, maps=CURVES) for t in (1.0, 1e5)]
    margin = ask[1].logit * 1e5
    own = area(ask[1].shares, (margin - margin[..., :1]) / (margin[..., -1:] - margin[..., :1]))
    torch.testing.assert_close(normalised(ask[1])[0], own, rtol=0, atol=1e-4)
    torch.testing.assert_close(
        area(ask[1].shares, ask[1].probability), torch.full((2, 2), 0.5).double(), rtol=0, atol=1e-4
    )
    assert ((normalised(ask[0])[0] - own).abs() > 0.01).all()


def test_a_straight_margin_that_ends_as_far_above_nothing_as_it_began_below_has_one_half_at_every_temperature():
    for t in TEMPERATURES:
        torch.testing.assert_close(normalised(asked(t, slope=8, drop=2))[0], torch.full((2, 1), 0.5).double())


@pytest.mark.parametrize("t", TEMPERATURES)
def test_a_curve_that_lies_above_another_does_so_at_every_temperature(t):
    images = IMAGES[:2].double()
    bright = images.mean(1, keepdim=True)
    above, below = normalised(asked(t, slope=8, drop=3, images=images, maps=torch.cat([bright, -bright], 1)))[0].T
    assert (above > below).all()


def test_an_image_no_surer_than_its_canvas_is_left_out_of_the_normalised_score_alone():
    black = torch.stack([torch.zeros_like(GREY[0]), GREY[0]])
    net = classifier(Margin(8, 3), "probability")
    found = pd.concat(temper(sampled(CONTROLS, net, black, ZEROS), IGPATHS))
    out = found[found["left_out"] != ""]
    assert {*out["metric"]} == {"insertion normalised"}
    assert {*out["image"]} == {"0"}
    assert {*out["left_out"]} == {f"p(x) − p(canvas) < {LEAST:g} p(x)"}
    assert list(ranking_maps(sample(CONTROLS), IGPATHS)) == [("edges", 0, "none"), ("random", 0, "none")]
