"""The 2 × 2 of shortcuts and recipe: its contrasts are those of least squares, of which statsmodels is the peer."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind
from statsmodels.formula.api import ols

from igstudy.evidence.kinds import ONES, PAIRED
from igstudy.evidence.tables.paired import EFFECTS, RECIPES, SHORTCUTS, by_map, effects, means, of_causes, panels, there

CELLS = list(product((1, -1), (1, -1)))  # shortcuts, recipe


def cells(sizes, seed=0):
    """Networks' means, as many in each of `CELLS`."""
    rng = np.random.default_rng(seed)
    lines = [
        {"shortcuts": s, "recipe": r, "value": 1 + s + 2 * r + 0.5 * s * r + rng.normal()}
        for (s, r), size in zip(CELLS, sizes, strict=True)
        for _ in range(size)
    ]
    return pd.DataFrame(lines)


@pytest.mark.parametrize("sizes", [(6, 6, 6, 6), (2, 2, 2, 2), (2, 5, 3, 6)])
def test_effects_are_those_of_least_squares(sizes):
    table = cells(sizes)
    found, peer = effects(table), ols("value ~ shortcuts * recipe", table).fit()
    columns = dict(zip(EFFECTS, (("shortcuts", 2), ("recipe", 2), ("shortcuts:recipe", 4)), strict=True))
    for effect, (column, times) in columns.items():  # codes are ±1, so that an effect is twice or four times its slope
        low, high = peer.conf_int().loc[column]
        assert found[effect].value == pytest.approx(times * peer.params[column])
        assert (found[effect].low, found[effect].high) == pytest.approx((times * low, times * high))
        assert found[effect].n == sum(sizes)


def test_balanced_effects_in_closed_form():
    table = cells((3, 3, 3, 3))
    mean = {key: own["value"].mean() for key, own in table.groupby(["shortcuts", "recipe"])}
    shortcuts, recipe, both = (found.value for found in effects(table).values())
    assert shortcuts == pytest.approx((mean[1, 1] + mean[1, -1] - mean[-1, 1] - mean[-1, -1]) / 2)
    assert recipe == pytest.approx((mean[1, 1] + mean[-1, 1] - mean[1, -1] - mean[-1, -1]) / 2)
    assert both == pytest.approx((mean[1, 1] - mean[-1, 1]) - (mean[1, -1] - mean[-1, -1]))


def test_where_the_recipe_does_nothing_an_effect_has_nearly_the_error_of_two_groups():
    table = cells((50, 50, 50, 50))
    table["value"] -= 2 * table["recipe"] + 0.5 * table["shortcuts"] * table["recipe"]
    with_, without = (table.loc[table["shortcuts"] == s, "value"] for s in (1, -1))
    interval = ttest_ind(with_, without).confidence_interval()
    found = effects(table)[EFFECTS[0]]
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=0.02)


@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (2, 2, 2, 1), (3, 3, 3, 0)])
def test_a_cell_of_one_network_or_none_gives_nothing(sizes):
    assert effects(cells(sizes)) == {}


def gained(gain, networks=ONES[PAIRED], images=4):
    """A table of gains where an image's is that of its network and a little of its own."""
    lines = [
        {"network": network, "image": f"{i}", "method": method, "sign": "signed", "gain": gain(network, method) + i}
        for network, method, i in product(networks, ("IG", "Blur IG"), range(images))
    ]
    return pd.DataFrame(lines)


def test_networks_are_told_by_their_names_and_others_are_left_out():
    found = means(gained(lambda *_: 0.0, networks=(*ONES[PAIRED], "vgg", "resnet-modern", "narrow-plain")))
    assert sorted(found["network"].unique()) == sorted(ONES[PAIRED])
    for row in found.itertuples():
        block, recipe, seed = row.network.split("-")
        assert (row.shortcuts, row.recipe, row.seed) == (SHORTCUTS[block], RECIPES[recipe], seed)
        assert row.value == 1.5  # the mean over its images
    assert means(gained(lambda *_: 0.0, networks=("vgg",))).empty


def test_it_is_said_whether_paired_networks_were_measured():
    assert there(means(gained(lambda *_: 0.1))) == "Its results are of 24 networks."
    assert there(means(gained(lambda *_: 0.1, networks=["vgg"]))).startswith("Its results are not published yet")


def test_every_map_has_its_effects():
    def gain(network, method):
        return ("narrow" in network) * (0.5 if method == "IG" else -0.25) + 0.1 * ("modern" in network)

    found = by_map(means(gained(gain)))
    assert set(found) == set(product(EFFECTS, ("IG", "Blur IG"), ("signed",)))
    assert found[EFFECTS[0], "IG", "signed"].value == pytest.approx(0.5)
    assert found[EFFECTS[0], "Blur IG", "signed"].value == pytest.approx(-0.25)
    for method in ("IG", "Blur IG"):
        assert found[EFFECTS[1], method, "signed"].value == pytest.approx(0.1)
        assert found[EFFECTS[2], method, "signed"].value == pytest.approx(0)


def test_shortcuts_and_recipe_are_two_causes():
    found = of_causes(gained(lambda network, _: 0.5 * ("narrow" in network) - 0.2 * ("modern" in network)))
    assert list(found) == list(EFFECTS[:2])
    for name, value in zip(found, (0.5, -0.2), strict=True):
        assert [each.value for each in found[name]] == pytest.approx([value] * 2)
    assert of_causes(gained(lambda *_: 0.0, networks=("vgg",))) == {}


def test_a_panel_is_called_by_its_ranking():
    own = means(gained(lambda *_: 0.0))
    assert list(panels(own)) == ["IG, signed", "Blur IG, signed"]
    assert list(panels(own.assign(sign="absolute"))) == ["IG, by magnitude", "Blur IG, by magnitude"]
