"""The ladder from IG to IDGI: each rung is the sum that its formula says, and the named rules of a study make them."""

import pytest
import torch

import igpaths as ig
from igstudy.measures.ladder import SquaredCredit
from igstudy.measures.sources import LADDER, PATHS, RULES, is_complete, is_unsigned, labelled, on_path
from problems import classifier, images, small_network

X, TARGETS, STEPS = images(2, shape=(3, 12, 10)), torch.tensor([0, 1]), 8
LARGEST = ("ig", "idgi", "idg", "variation", *LADDER)


@pytest.mark.parametrize("path", [ig.Straight(), ig.Blur(3.0), ig.Guided()], ids=str)
def test_each_rung_is_its_formula_over_the_same_walk(path):
    net = classifier(small_network(), "probability")
    segments = list(ig.walk(net, X, TARGETS, path=path, steps=STEPS))
    g, credits = (torch.stack(each) for each in ([s.start.gradient for s in segments],
                                                 [ig.IG("both").credit(s) for s in segments]))  # fmt: skip
    expected = {
        "ig": credits.sum(0),
        "variation": credits.abs().sum(0),
        "squared-credits": credits.square().sum(0),
        "gradients": g.mean(0),
        "gradient-variation": g.abs().mean(0),
        "squared-gradients": g.square().mean(0),
    }
    maps = ig.attribute(net, X, TARGETS, path=path, rules=[RULES[name] for name in expected], steps=STEPS)
    for name, value in expected.items():
        torch.testing.assert_close(maps[RULES[name]], value, rtol=1e-12, atol=1e-18, msg=name)


def test_all_rungs_cost_one_walk():
    net = classifier(small_network(), "probability")
    maps = ig.attribute(net, X, TARGETS, path=ig.Straight(), rules=[RULES[name] for name in LARGEST], steps=STEPS)
    assert maps.evaluations == STEPS + 1


def test_which_rungs_have_one_sign_and_which_are_complete():
    assert [name for name in RULES if is_unsigned(RULES[name])] == [
        *("variation", "squared-credits", "gradient-variation", "squared-gradients")
    ]
    assert [name for name in RULES if is_complete(RULES[name])] == ["ig", "idgi", "left", "right"]


@pytest.mark.parametrize("path", PATHS)
def test_every_method_has_a_label_of_its_own(path):
    labels = [labelled(path, rule) for rule in RULES]
    assert len(set(labels)) == len(RULES)
    ranked = on_path(path, output="logit", steps=(2,), rules=LARGEST).ranked
    assert list(ranked)[: len(LARGEST)] == [labelled(path, rule) for rule in LARGEST]


def test_the_control_of_the_straight_path_is_the_rung_of_that_formula():
    assert on_path("straight", output="logit", steps=(2,)).ranked["Σ g²"] == RULES["squared-gradients"]
    assert labelled("straight", "squared-gradients") == "Σ g²"


def test_squared_credits_are_those_of_a_rule_over_the_whole_path():
    with pytest.raises(ValueError, match="SquaredCredit takes a rule over the whole path"):
        SquaredCredit(ig.Left(ig.IG(), 0.5))
