"""The one table of methods: names, labels, colours, and the paths and rules that they stand for."""

import pytest

import igpaths as ig
from igpaths import plots
from igpaths.methods import BASELINES, COLOURED, INCOMPLETE, LABELS, METHODS, RULES


def test_the_six_methods_have_the_first_six_colours():
    assert COLOURED == ("IG", "IG + IDGI", "Guided IG", "Guided IG + IDGI", "Blur IG", "Blur IG + IDGI")
    for name in ("straight", "guided", "blur"):
        assert COLOURED[METHODS[name].colour] == METHODS[name].label
        assert COLOURED[METHODS[name].colour + 1] == METHODS[name].labelled("idgi")
    assert plots.COLOURS[METHODS["blur-placed"].colour] == "#000000"


def test_no_two_methods_have_one_label():
    labels = [METHODS[path].labelled(rule) for path in METHODS for rule in RULES]
    assert len(set(labels)) == len(METHODS) * len(RULES)


@pytest.mark.parametrize("baseline", BASELINES)
def test_a_baseline_is_that_of_the_paths_that_take_one(baseline):
    paths = {name: method.path(baseline) for name, method in METHODS.items()}
    assert paths == {
        "straight": ig.Straight(baseline),
        "guided": ig.Guided(baseline),
        "blur": ig.Blur(),
        "blur-placed": ig.Placed(ig.Blur()),
    }
    assert [name for name, method in METHODS.items() if method.baseline] == ["blur", "blur-placed"]


def test_every_rule_has_a_label():
    assert LABELS.keys() == RULES.keys() >= set(INCOMPLETE)


def test_rules_are_those_of_the_library():
    assert {name: rule(0.7) for name, rule in RULES.items()} == {
        "ig": ig.IG("both"),
        "idgi": ig.IDGI(),
        "idg": ig.IDG(),
        "variation": ig.TotalVariation(ig.IG("both")),
        "left": ig.Left(ig.IG("both"), 0.7),
        "right": ig.Right(ig.IG("both"), 0.7),
    }
