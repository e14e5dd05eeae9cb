"""A comparison on one network, from planted rows: what each kind computes, which images count, and what is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from claiming import IMAGES, NETWORKS, NOISE, a_claim, a_side, of_side, planted
from igstudy.evidence.cells import Cells, published
from igstudy.evidence.claims import KINDS, LOGARITHMIC, claims
from igstudy.evidence.inference import clustered
from igstudy.evidence.papers import as_rows, study_a
from igstudy.evidence.results import VALUES

CLAIMS = {claim.id: claim for claim in claims()}


def estimate(rows, side, network="vgg"):
    """The estimate of a side's first comparison."""
    return Cells(rows).estimate(side.kind, side.statistic, network, side.comparisons[0])


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_computes_what_its_weights_say(kind):
    side = a_side(kind, 0)
    rng = np.random.default_rng(0)
    columns = rng.uniform(1, 2, (len(KINDS[kind]), IMAGES))
    if kind == "exponent":
        rows = pd.concat(planted(side.comparisons[0][0], -columns[0] / n, steps=n) for n in (8, 32, 128))
        expected = np.ones(IMAGES)
    else:
        pairs = zip(side.comparisons[0], columns, strict=True)
        rows = pd.concat(planted(quantity, values) for quantity, values in pairs)
        columns = np.log10(columns) if kind in LOGARITHMIC else columns
        expected = np.array(KINDS[kind]) @ columns
    found, plain = estimate(rows, side), clustered(expected, ways=[range(IMAGES)])
    assert (found.value, found.low, found.high) == pytest.approx((plain.value, plain.low, plain.high))
    assert found.n == IMAGES


def test_a_network_or_quantity_that_was_not_measured_has_no_estimate():
    side = a_side("difference", 0)
    rows = of_side(side, 1, networks=["vgg"])
    assert estimate(rows, side).value == pytest.approx(1)
    assert estimate(rows, side, network="resnet") is None
    assert estimate(rows[rows["variant"] == "a"], side) is None
    assert estimate(pd.DataFrame(columns=VALUES), side) is None


def test_an_image_counts_where_all_quantities_have_it():
    side = a_side("contrast", 0)
    rows = of_side(side, 1, networks=["vgg"])
    out = ((rows["image"] == "003") & (rows["variant"] == "b")) | ((rows["image"] == "005") & (rows["variant"] == "d"))
    assert estimate(rows[~out], side).n == IMAGES - 2


def test_an_image_whose_ratio_or_order_is_not_finite_is_not_counted():
    side = a_side("ratio", 1)
    rows = of_side(side, 1, networks=["vgg"])
    rows.loc[(rows["image"] == "000") & (rows["variant"] == "b"), "value"] = 0
    assert estimate(rows, side).n == IMAGES - 1
    side = a_side("exponent", 0)
    rows = of_side(side, 1, networks=["vgg"])
    rows.loc[rows["image"] == "000", "value"] = 0
    assert estimate(rows, side).n == IMAGES - 1


def test_two_values_of_one_image_are_refused():
    side = a_side("level", 0)
    rows = of_side(side, 1, networks=["vgg"])
    with pytest.raises(ValueError, match="two values of one image"):
        estimate(pd.concat([rows, rows.assign(value=2.0)]), side)


def test_what_has_no_sign_counts_under_either_and_a_sign_of_its_own_comes_first():
    side = a_side("level", 0)
    without = of_side(side, 1, networks=["vgg"]).assign(sign="none")
    assert estimate(without, side).value == pytest.approx(1)
    assert estimate(pd.concat([without, of_side(side, 2, networks=["vgg"])]), side).value == pytest.approx(2)
    assert estimate(without.assign(sign="signed"), side) is None


def test_steps_are_named_numbered_or_compared():
    quantity = a_side("level", 0).comparisons[0][0]
    rows = pd.concat(planted(quantity, NOISE + level, steps=n) for n, level in ((8, 1), (32, 2), (128, 4)))
    expected = {("finest",): 4, ("coarsest",): 1, (32,): 2, ("coarsest", "finest"): 3, (8, 32): 1}
    for steps, value in expected.items():
        assert estimate(rows, a_side("level", 0, steps=steps, variant="a")).value == pytest.approx(value)
    one = rows[rows["steps"] == 8]
    for steps in (("coarsest", "finest"), (8, 32), (64,)):
        assert estimate(one, a_side("level", 0, steps=steps, variant="a")) is None
    assert estimate(one, a_side("exponent", 0)) is None


def steps_of(quantity, values):
    """Rows of a quantity that has these values at these step counts."""
    return [planted(quantity, NOISE + value, steps=n) for n, value in values.items()]


def test_quantities_are_compared_at_the_finest_step_count_that_both_have():
    side = a_side("difference", 0)
    one, other = side.comparisons[0]
    ladder = [*steps_of(one, {64: 5}), *steps_of(other, {64: 3})]
    assert estimate(pd.concat([*ladder, *steps_of(other, {128: 4})]), side).value == pytest.approx(2)
    assert estimate(pd.concat(steps_of(one, {64: 5}) + steps_of(other, {128: 4})), side) is None
    control = pd.concat([*ladder, *steps_of(one, {128: 9})])
    control.loc[control["variant"] == other.variant, "steps"] = 0  # it is not walked
    assert estimate(control, side).value == pytest.approx(6)


@pytest.mark.parametrize("kind", ["level", "contrast"])
def test_a_change_with_more_steps_has_the_same_two_ends_on_every_network(kind):
    ends = {"level": [("coarsest", "finest")], "contrast": [("finest",), ("coarsest",)] * 2}[kind]
    side = a_side(kind, 0)
    asked = tuple(replace(q, steps=steps) for q, steps in zip(side.comparisons[0], ends, strict=True))
    side = replace(side, comparisons=(asked,))
    levels = {8: 0, 64: 1, 128: 3}  # of the first two quantities; the other two do not change

    def rows(*steps):
        own = [{n: levels[n] if place < 2 else 0 for n in steps} for place in range(len(asked))]
        return pd.concat(row for quantity, values in zip(asked, own, strict=True) for row in steps_of(quantity, values))

    assert estimate(rows(8, 64, 128), side).value == pytest.approx(3)
    assert estimate(rows(64, 128), side) is None
    assert estimate(rows(8, 64), side) is None


def test_sic_is_averaged_by_the_median_unless_a_claim_says_otherwise():
    side, skewed = a_side("level", 0, metric="SIC"), np.r_[np.full(IMAGES - 1, 1.0), 100.0]
    rows = planted(side.comparisons[0][0], skewed)
    for statistic, expected in (("", 1), ("median", 1), ("mean", skewed.mean())):
        assert estimate(rows, replace(side, statistic=statistic)).value == pytest.approx(expected)


def test_a_gain_of_sic_is_the_difference_of_medians_and_not_the_median_of_differences():
    side = a_side("difference", 0, metric="SIC")
    after, before = np.r_[np.zeros(5), np.full(7, 3.0)], np.r_[np.zeros(6), np.full(6, 2.0)]
    rows = pd.concat(planted(q, values) for q, values in zip(side.comparisons[0], (after, before), strict=True))
    assert estimate(rows, side).value == np.median(after) - np.median(before) == 2
    assert np.median(after - before) == 1


def test_a_mean_size_is_that_of_the_difference():
    side = replace(a_side("difference", 0), statistic="mean size")
    rows = of_side(side, 0, networks=["vgg"])
    assert estimate(rows, side).value == pytest.approx(np.abs(NOISE).mean())


def test_images_that_share_a_photograph_or_a_material_make_an_interval_wider():
    side = a_side("level", 0)
    rows = of_side(side, 1, networks=["vgg"], noise=np.repeat([-0.01, -0.005, 0.005, 0.01], 3))
    number = rows["image"].astype(int)
    groups, others = (number // 3).astype(str), (number % 3).astype(str)
    wide = {}
    for name, changes in {
        "alone": {},
        "photograph": {"photograph": groups},
        "material": {"material": groups},
        "both": {"photograph": groups, "material": others},
    }.items():
        found = estimate(rows.assign(**changes), side)
        wide[name] = found.high - found.low
        ways = [changes[way] for way in ("photograph", "material") if way in changes]
        if "material" in changes:
            ways = [changes.get("photograph", rows["image"]), changes["material"]]
        plain = clustered(rows["value"], ways=ways or [rows["image"]])
        assert (found.low, found.high) == pytest.approx((plain.low, plain.high))
    assert wide["photograph"] > 1.5 * wide["alone"]
    assert wide["material"] > 1.5 * wide["alone"]
    assert wide["both"] >= wide["photograph"]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_correlation_of_networks_is_that_of_their_values_of_the_same_images(sign):
    side = a_side("difference", 0)
    noise = np.random.default_rng(0).normal(size=(2, IMAGES))
    values = {"vgg": noise[0], "resnet": sign * noise[0] + noise[1]}
    rows = pd.concat(of_side(side, 1, networks=[name], noise=each) for name, each in values.items())
    found = Cells(rows).correlation("difference", ["vgg", "resnet"], side.comparisons[0])
    assert found == pytest.approx(max(0, np.corrcoef(*values.values())[0, 1]))
    assert Cells(rows).correlation("difference", ["vgg"], side.comparisons[0]) == 0
    apart = rows.assign(image=rows["network"].astype(str) + rows["image"])
    assert Cells(apart).correlation("difference", ["vgg", "resnet"], side.comparisons[0]) == 0


def test_the_same_values_on_every_network_have_no_more_than_95_percent_in_common():
    side = a_side("level", 0)
    assert Cells(of_side(side, 1)).correlation("level", NETWORKS, side.comparisons[0]) == 0.95


def test_what_a_paper_prints_is_the_mean_over_its_networks_and_a_claims_comparisons():
    cells = Cells(as_rows())
    printed = study_a(1, "insertion ratio", "black, 21 counts")
    gains = {name: own["IG + IDGI"] - own["IG"] for name, own in printed.items()}
    assert published(CLAIMS["a2"], cells) == pytest.approx(np.mean(list(gains.values())))
    named = [printed[name]["Blur IG + IDGI"] - printed[name]["Blur IG"] for name in ("ResNet50V2", "ResNet101V2")]
    assert published(CLAIMS["a5"], cells) == pytest.approx(np.mean(named))
    assert published(CLAIMS["a37"], cells) == pytest.approx(-np.mean([8.949 - 2.619, 8.029 - 0.845, 8.778 - 3.466]))
    assert published(CLAIMS["a40"], cells) is None
    assert published(a_claim(a_side("level", 0)), cells) is None
