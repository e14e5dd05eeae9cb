"""The rivals: each is the library's own method at about the cost of one walk, and its rows are those of the metrics."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import igpaths as ig
from igpaths.metrics import area, deletion, insertion, roc_auc, signed_map
from igstudy.measures import MEASURES, rivalling
from igstudy.measures.protocols import IGPATHS, STUDY_A
from igstudy.measures.sources import controls
from problems import Counted, Linear, classifier, small_network
from samples import IMAGES, STRAIGHT, TARGETS, sample, sampled

CONTROLS = controls(output="probability")
NAMES = ("SmoothGrad", "SmoothGrad IG", "IG, uniform", "Expected Gradients")


@pytest.fixture(scope="module")
def own():
    return sample(CONTROLS)


def test_each_costs_about_as_much_as_a_walk_of_64_steps():
    net = classifier(Counted(small_network(torch.float32)), "probability")
    four = sampled(CONTROLS, net, IMAGES, TARGETS)
    net.module.count = 0
    assert tuple(rivalling.attributions(four)) == NAMES
    # Gradients at x' and x of 32 noisy versions; and thrice 8 walks of 9 each
    assert net.module.count == len(IMAGES) * (2 * 32 + 3 * 8 * 9)


def test_of_a_linear_network_all_but_the_baselines_are_known():
    function, x = Linear(), IMAGES[:, :, :4, :5].double().contiguous()
    net, targets = classifier(function), torch.zeros(4, dtype=torch.int64)
    references = torch.rand(8, *x.shape, dtype=torch.float64)
    own = sampled(controls(output="logit"), net, x, targets, references=lambda count: references[:count])
    found, w = rivalling.attributions(own), function.w.view(3, 4, 5)
    torch.testing.assert_close(found["SmoothGrad"], w.expand_as(x))
    torch.testing.assert_close(found["Expected Gradients"], w * (x - references.mean(0)), rtol=0, atol=1e-12)


def test_rows_are_those_of_the_metrics_under_our_protocol_beside_the_controls_alone(own):
    found = pd.concat(MEASURES["rivals"].rows(own, IGPATHS))
    assert {*found["method"]} == {*NAMES, "XRAI"}
    assert {*found[found["method"] == "XRAI"]["sign"]} == {"none"}
    maps = rivalling.attributions(own)["SmoothGrad IG"].abs().sum(1)
    for metric, reveal in (("insertion", insertion), ("deletion", deletion)):
        r = reveal(*own.question, maps, **own.drawing)
        rows = found.query("method == 'SmoothGrad IG' and sign == 'absolute' and variant == 'black, 21 counts'")
        values = rows[rows["metric"] == metric]["value"]
        np.testing.assert_allclose(values, area(r.shares, r.probability)[:, 0], rtol=0, atol=1e-12)
    assert not MEASURES["rivals"].of(STRAIGHT, IGPATHS)
    assert not MEASURES["rivals"].of(CONTROLS, STUDY_A)


def test_xrai_takes_the_mean_of_ig_from_black_and_from_white_and_masks_are_used_where_they_are_known(own):
    masks = torch.zeros(4, 16, 16, dtype=torch.bool)
    masks[:, 4:9, 3:11] = True
    masked = sample(CONTROLS, masks=masks)
    found = pd.concat(MEASURES["rivals"].rows(masked, IGPATHS))
    rule = ig.IG("both")
    walks = [
        ig.attribute(own.net, IMAGES, TARGETS, path=ig.Straight(word), rules=rule, steps=32)[rule]
        for word in ("black", "white")
    ]
    regions = ig.xrai(IMAGES, signed_map(sum(walks) / 2))
    values = found.query("method == 'XRAI' and metric == 'ROC AUC'")["value"]
    np.testing.assert_allclose(values, roc_auc(regions, masks)[:, 0], rtol=0, atol=1e-12)


def test_a_task_of_too_few_images_has_none_to_expect(own):
    few = replace(own, references=lambda count: IMAGES.new_empty(0, *IMAGES.shape))
    assert tuple(rivalling.attributions(few)) == NAMES[:3]


def test_an_image_whose_maps_are_not_finite_is_left_out_alone(own):
    maps = {("IG", 0, "absolute"): torch.rand(4, 16, 16)}
    maps["IG", 0, "absolute"][2, 3, 3] = torch.nan
    for frame in rivalling.judge(own, IGPATHS, maps):
        assert (frame["left_out"] == "not finite").tolist() == [False, False, True, False]
        assert frame["value"].isna().tolist() == [False, False, True, False]
