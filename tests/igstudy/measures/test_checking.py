"""Checks of sanity: rows of a network whose layers are randomised, and of the metrics that are shown its maps."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import igpaths as ig
from igpaths.metrics import absolute_map, area, insertion, spearman
from igstudy.measures import MEASURES, checking
from igstudy.measures.protocols import IGPATHS, STUDY_A, STUDY_B
from igstudy.measures.quantities import randomised, similarity
from igstudy.measures.sources import PATHS, controls, explain, of_study_a, on_path, splits
from problems import classifier, images, small_network
from samples import sampled

SHAPE = (3, 16, 16)
STRAIGHT = on_path("straight", output="logit", steps=(2, 4))
X, TARGETS = images(4, shape=SHAPE), torch.arange(4)
STAGES = ["1 of 3 layers", "2 of 3 layers", "all layers"]


def linear():
    torch.manual_seed(0)
    return classifier(nn.Sequential(nn.Flatten(), nn.Linear(768, 4)).double())


@pytest.fixture(scope="module")
def small():
    return sampled(STRAIGHT, classifier(small_network()), X, TARGETS)


def values(frames, metric, variant, method, sign="absolute"):
    found = pd.concat(frames)
    own = (found[["metric", "variant", "method", "sign"]] == [metric, variant, method, sign]).all(axis=1)
    return found[own]["value"].to_numpy()


def test_of_a_linear_network_it_is_the_likeness_of_two_shufflings_of_the_weights():
    net = linear()
    found = checking.sanity(sampled(STRAIGHT, net, X, TARGETS), IGPATHS)
    weights = [each.module[1].weight[TARGETS].view_as(X) for each in (net, randomised(net))]
    expected = {
        ("IG", "absolute"): [absolute_map(w * X) for w in weights],  # w ⊙ (x − x') from black
        ("gradient", "absolute"): [absolute_map(w) for w in weights],
        ("Σ g²", "none"): [(w * w).sum(1) for w in weights],
    }
    for (method, sign), maps in expected.items():
        for metric, compare in (("sanity spearman", spearman), ("sanity SSIM", similarity)):
            own = values(found, metric, "all layers", method, sign)
            np.testing.assert_allclose(own, compare(*maps), rtol=1e-6)
            assert (np.abs(own) < 0.5).all()


def test_each_stage_has_its_rows_of_every_ranked_map_by_magnitude(small):
    found = pd.concat(checking.sanity(small, IGPATHS))
    assert list(dict.fromkeys(found["variant"])) == STAGES
    assert set(found["metric"]) == {"sanity spearman", "sanity SSIM"}
    keys = set(zip(found["method"], found["steps"], found["sign"], strict=True))
    absolute = {(name, 4, "absolute") for name in ("IG", "IG + IDGI", "gradient")}
    assert keys == absolute | {("Σ g²", 4, "none")}
    assert len(found) == 2 * 3 * 4 * 4
    assert found["value"].between(-1, 1).all()


def test_a_stage_compares_the_walks_of_the_network_and_of_its_copy(small):
    found = checking.sanity(small, IGPATHS)
    for count, stage in enumerate(STAGES, 1):
        nets = small.net, randomised(small.net, count)
        maps = [ig.attribute(net, X, TARGETS, path=ig.Straight(), rules=ig.IDGI(), steps=4) for net in nets]
        expected = spearman(*(absolute_map(each[ig.IDGI(), 4]) for each in maps))
        np.testing.assert_allclose(values(found, "sanity spearman", stage, "IG + IDGI"), expected, rtol=1e-9)


def test_maps_that_know_no_network_stay_as_they_were(small):
    frames = checking.sanity(replace(small, source=controls(output="logit"), walked=None), IGPATHS)
    assert {name for frame in frames for name in frame["method"]} == {"edges", "random"}
    np.testing.assert_allclose(np.concatenate([frame["value"] for frame in frames]), 1)


def test_an_image_has_the_same_rows_in_another_batch_and_another_seed_randomises_otherwise(small):
    def measured(sample):
        return pd.concat(checking.sanity(sample, IGPATHS)).query("image == '3'")["value"].to_numpy()

    part = {
        name: getattr(small, name)[2:]
        for name in ("images", "targets", "predictions", "names", "photographs", "materials")
    }
    alone = replace(small, **part, start=2)
    alone = replace(alone, walked=explain(STRAIGHT, *alone.question, batch_size=1), batch_size=1)
    np.testing.assert_allclose(measured(alone), measured(small), rtol=1e-6)
    assert not np.allclose(measured(replace(small, seed=1)), measured(small), rtol=0.01)


def test_what_is_misclassified_is_left_out(small):
    wrong = replace(small, predictions=(TARGETS + torch.tensor([1, 0, 0, 0])) % 5)
    for frame in (*checking.sanity(wrong, IGPATHS), *checking.sanity_of_metrics(wrong, IGPATHS)):
        assert (frame["left_out"] == "misclassified").tolist() == (frame["image"] == "0").tolist()


def test_the_metrics_ask_the_network_itself_about_the_maps_of_the_random_one(small):
    found = checking.sanity_of_metrics(small, IGPATHS)
    names = {(frame["metric"].iloc[0], frame["variant"].iloc[0]) for frame in found}
    assert {metric for metric, _ in names} == {"insertion", "insertion ratio", "SIC", "AIC", "ABPC"}
    assert all(variant.endswith(", all layers randomised") for _, variant in names)
    assert {n for frame in found for n in frame["steps"]} == {4}
    maps = ig.attribute(randomised(small.net), X, TARGETS, path=ig.Straight(), rules=ig.IG("both"), steps=4)
    r = insertion(*small.question, absolute_map(maps[ig.IG("both"), 4]))
    own = values(found, "insertion", "black, 21 counts, all layers randomised", "IG")
    np.testing.assert_allclose(own, area(r.shares, r.probability)[:, 0], rtol=1e-5)


def test_an_image_of_which_the_random_network_says_nothing_finite_is_left_out_alone(small, monkeypatch):
    explained_again = checking.explained_again

    def broken(*arguments):
        again = explained_again(*arguments)
        for each in again.walked.maps.values():
            each[1] = torch.nan
        return again

    expected = pd.concat(checking.sanity_of_metrics(small, IGPATHS))
    monkeypatch.setattr(checking, "explained_again", broken)
    found = pd.concat(checking.sanity_of_metrics(small, IGPATHS))
    held = found["image"] == "1"
    assert (found["left_out"] == "not finite").tolist() == held.tolist()
    assert found["value"].isna().tolist() == (held | expected["value"].isna()).tolist()
    np.testing.assert_allclose(found[~held]["value"], expected[~held]["value"])
    compared = pd.concat(checking.sanity(small, IGPATHS))
    assert (compared["left_out"] == "undefined").tolist() == (compared["image"] == "1").tolist()


@pytest.mark.parametrize("name", ["sanity", "metric-sanity"])
def test_every_walk_of_our_own_protocol_is_checked_and_no_other(name):
    measure = MEASURES[name]
    assert all(measure.of(on_path(path, output="logit", steps=(2,)), IGPATHS) for path in PATHS)
    assert not measure.of(controls(output="logit"), IGPATHS)
    assert not measure.of(of_study_a("straight", steps=(2,)), STUDY_A)
    assert not any(measure.of(source, IGPATHS) for source in splits((IGPATHS, STUDY_B)))
