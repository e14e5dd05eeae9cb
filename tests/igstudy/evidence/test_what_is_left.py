"""What is left of an effect when one choice changes: planted rows turn every word."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from claiming import CLAIMS, IMAGES, NETWORKS, NOISE, a_claim, a_side, of_side
from igstudy.evidence.deciding import (
    ABSENT,
    APPEARS,
    FAILS,
    NOT_REFUTED,
    NOT_TESTED,
    OPEN,
    PART,
    REVERSES,
    SHRINKS,
    SURVIVES,
    VANISHES,
    comparable,
    verdict,
)
from igstudy.evidence.kinds import IMAGENET
from igstudy.evidence.networks import over_networks
from igstudy.evidence.results import VALUES

NOTHING = pd.DataFrame(columns=VALUES)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (1, 1, SURVIVES),
        (1, 0.9, SURVIVES),
        (1, 0.5, SHRINKS),
        (2, 1, SHRINKS),
        (1, 0, VANISHES),
        (1, -0.5, REVERSES),
        (0, 1, APPEARS),
        (-1, 1, APPEARS),
        (0, 0, ABSENT),
        (-1, -1, REVERSES),
        (None, 1, NOT_TESTED),
        (1, None, NOT_TESTED),
    ],
)
@pytest.mark.parametrize("name", ["a2", "a26", "b17"])
def test_a_change_leaves_what_is_planted(name, before, after, expected):
    claim = CLAIMS[name]
    printed = verdict(claim, NOTHING).published
    noise = NOISE * abs(printed) / 10
    sides = zip(claim.sides, (before, after), strict=True)
    rows = [of_side(side, share * printed, noise=noise) for side, share in sides if share is not None]
    found = verdict(claim, pd.concat(rows)).changed[0][IMAGENET]
    assert found.word == expected
    if expected in (SURVIVES, SHRINKS, VANISHES, REVERSES) and before > 0:
        assert found.left.value == pytest.approx(after / before, abs=1e-9)
        assert found.size.value == pytest.approx(after, abs=1e-9)
    else:
        assert found.left is None


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (1, 1, SURVIVES),
        (1, 0.25, SURVIVES),
        (1, 9, SURVIVES),
        (1, -1, FAILS),
        (1, 0, OPEN),
        (0, 1, APPEARS),
        (-1, -1, ABSENT),
        (1, None, NOT_TESTED),
    ],
)
@pytest.mark.parametrize("name", ["b14", "b16"])
def test_of_another_scale_no_share_is_left(name, before, after, expected):
    claim, noise = CLAIMS[name], NOISE / 10
    sides = zip(claim.sides, (before, after), strict=True)
    rows = [of_side(side, 0.1 * effect, noise=noise) for side, effect in sides if effect is not None]
    found = verdict(claim, pd.concat(rows))
    assert found.changed[0][IMAGENET].word == expected
    assert (found.changed[0][IMAGENET].size, found.changed[0][IMAGENET].left) == (None, None)
    assert found.original[IMAGENET].size.value == pytest.approx(0.1 * before / found.published)


def test_a_share_needs_one_metric_in_one_variant_unless_it_is_of_a_ratio():
    side = a_side("difference", 0)
    assert comparable(a_side("difference", 0, protocol="study-a", sign="signed"), side)
    assert comparable(replace(side, statistic="median"), side)
    assert not comparable(a_side("difference", 0, metric="deletion"), side)
    assert not comparable(a_side("difference", 0, variant="probability, plain"), side)
    assert not comparable(a_side("contrast", 0), side)
    assert comparable(a_side("ratio", 1, metric="JPEG L1"), a_side("ratio", 1, metric="JPEG signed sum"))


@pytest.mark.parametrize(("before", "after", "expected"), [(1, 1, SURVIVES), (1, 0.5, SHRINKS), (-1, -1, REVERSES)])
@pytest.mark.parametrize("name", ["a37", "a38"])
def test_where_the_paper_prints_no_such_metric_the_unit_is_the_effect_itself(name, before, after, expected):
    claim = CLAIMS[name]
    side = next(side for side in claim.changed if side.kind == "ratio")
    towards = 1 if claim.original.low == 1 else -1
    rows = [of_side(claim.original, towards * before), of_side(side, towards * after)]
    found = verdict(replace(claim, changed=(side,)), pd.concat(rows)).changed[0][IMAGENET]
    assert found.word == expected


@pytest.mark.parametrize(("networks", "expected"), [(NETWORKS, SHRINKS), (list(NETWORKS)[:1], SURVIVES)])
def test_a_share_without_bounds_is_not_given(networks, expected):
    claim = CLAIMS["a2"]
    (side,) = claim.changed
    rows = [of_side(claim.original, 0.2, networks=networks), of_side(side, 0.1, networks=networks)]
    found = verdict(claim, pd.concat(rows)).changed[0][IMAGENET]
    assert found.word == expected
    assert (found.left is None) == (expected == SURVIVES)


def test_what_is_left_of_an_effect_that_the_interval_does_not_tell_is_open():
    claim, rng = CLAIMS["a2"], np.random.default_rng(0)
    (side,) = claim.changed
    wide = [
        of_side(side, effect, networks=[name], noise=rng.normal(0, 0.1, IMAGES))
        for name, effect in zip(NETWORKS, (-0.2, -0.1, 0.1, 0.2, 0.3), strict=True)
    ]
    assert verdict(claim, pd.concat([of_side(claim.original, 0.2), *wide])).changed[0][IMAGENET].word == OPEN


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (1, 1, SURVIVES),
        (1, -1, FAILS),
        (-1, 1, APPEARS),
        (-1, -1, ABSENT),
        (1, 0, OPEN),
        (1, (1, 1, -1), PART),
        ((1, 1, -1), 1, SURVIVES),
    ],
)
def test_where_a_bound_says_how_large_a_change_is_answered_as_the_claim_is(before, after, expected):
    side = a_side("level", 0.5, comparisons=3)
    other = replace(a_side("level", 0.5, comparisons=3, protocol="igpaths, grey"), by="on grey")
    claim = a_claim(side, changed=(other,))
    rows = pd.concat([of_side(side, np.add(0.5, before)), of_side(other, np.add(0.5, after))])
    assert verdict(claim, rows).changed[0][IMAGENET].word == expected


@pytest.mark.parametrize(("count", "same"), [(1, True), (2, True), (5, True), (5, False)])
def test_photographs_that_networks_share_keep_an_effect_from_being_practically_nothing(count, same):
    claim, rng = CLAIMS["a2"], np.random.default_rng(0)
    (side,), printed = claim.changed, verdict(CLAIMS["a2"], NOTHING).published
    noise = rng.normal(0, 0.6 * printed, (count, IMAGES))
    noise = (noise[:1] if same else noise) * np.ones((count, 1))
    noise -= noise.mean(axis=1, keepdims=True)  # each network finds nothing, and none of them knows it well
    pairs = list(zip(NETWORKS, noise, strict=False))
    before = [of_side(claim.original, printed, networks=[name]) for name, _ in pairs]
    after = [of_side(side, 0, networks=[name], noise=each) for name, each in pairs]
    found = verdict(claim, pd.concat(before + after)).changed[0][IMAGENET]
    assert found.word == (OPEN if same else VANISHES)
    assert found.size.n == count
    if count == 1:
        own = found.rows[0].estimates[NETWORKS[0]]
        assert (found.size.low, found.size.high) == pytest.approx((own.low / printed, own.high / printed))


def test_two_networks_that_differ_are_no_surer_than_by_students_t():
    claim, values = CLAIMS["a2"], (0.1, 0.3)
    pairs = zip(NETWORKS, values, strict=False)
    found = verdict(claim, pd.concat(of_side(claim.original, value, networks=[name]) for name, value in pairs))
    size, plain = found.original[IMAGENET].size, over_networks(np.array(values) / found.published)
    assert (size.value, size.low, size.high) == pytest.approx((plain.value, plain.low, plain.high), rel=1e-3)
    assert found.original[IMAGENET].word == OPEN


def test_a_change_of_what_one_network_proves_is_answered_as_the_claim_is():
    claim = CLAIMS["a6"]
    (side,) = claim.changed
    one = np.where(np.arange(len(side.comparisons)) == 4, -1, 1)
    for after, expected in ((one, SURVIVES), (1, FAILS)):
        rows = pd.concat([of_side(claim.original, one), of_side(side, after)])
        assert verdict(claim, rows).changed[0][IMAGENET].word == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(1, 1, NOT_REFUTED), (1, -1, FAILS), (-1, 1, NOT_REFUTED), (-1, -1, ABSENT)],
)
def test_what_is_not_refuted_does_not_survive_a_change_but_is_not_refuted_either(before, after, expected):
    claim = replace(CLAIMS["a12"], networks=())
    (side,) = claim.changed
    rows = pd.concat([of_side(claim.original, before), of_side(side, after)])
    assert verdict(claim, rows).changed[0][IMAGENET].word == expected
