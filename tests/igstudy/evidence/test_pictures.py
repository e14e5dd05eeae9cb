"""The picture of the findings: its maps are the library's, its curves are insertion's."""

import pytest
import torch

import igpaths as ig
from igpaths import metrics
from igstudy.engine.parameters import Parameters
from igstudy.engine.subjects import subjects
from igstudy.evidence import pictures


@pytest.fixture(scope="module")
def seen():
    return next(subjects(Parameters(models=("objects/vgg",), images=2), output="probability"))


def test_maps_and_curves_are_the_librarys(seen):
    ranked = pictures.rank(seen, 1, steps=8)
    whole = ig.attribute(seen.net, seen.images[1:], seen.targets[1:], path=ig.Straight(), rules=ig.IG("both"), steps=8)
    expected = metrics.absolute_map(whole[ig.IG("both")])[0]
    torch.testing.assert_close(ranked.maps["IG, by magnitude"], expected)
    curve = metrics.insertion(seen.net, seen.images[1:], seen.targets[1:], expected[None], canvas="black")
    torch.testing.assert_close(ranked.curves["IG, by magnitude"], curve.probability[0, 0])
    assert ranked.score("IG, by magnitude") == pytest.approx(float(metrics.area(curve.shares, curve.probability)))
    assert bool((ranked.maps["IG, with its sign"] < 0).any())
    assert all(bool((each >= 0).all()) for name, each in ranked.maps.items() if name != "IG, with its sign")


def test_it_has_a_panel_for_each_map_and_one_for_the_curves(seen):
    figure = pictures.draw(pictures.rank(seen, steps=8))
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == ["photograph", *pictures.RANKINGS, "insertion"]
    assert [line.get_label() for line in figure.axes[-1].lines] == list(pictures.RANKINGS)
