"""Kendall's τ with its interval, and slopes."""

import math

import numpy as np
import pytest
from scipy.stats import kendalltau

from igstudy.evidence.statistics import kendall, slope

OWN = [range(6)]  # every image its own photograph


def test_slope_of_a_power_law():
    steps = np.array([8, 16, 32])
    assert slope(steps, 5 * steps**-2.0) == pytest.approx(2)
    assert math.isnan(slope(steps, [1, 0, 1]))


def test_kendalls_tau_is_that_of_the_averages():
    rng = np.random.default_rng(6)
    a, b = rng.normal(size=(9, 5)), rng.normal(size=(9, 5))
    for statistics in (("mean", "mean"), ("median", "mean")):
        averages = [getattr(np, s)(each, axis=0) for s, each in zip(statistics, (a, b), strict=True)]
        assert kendall(a, b, ways=[range(9)], statistics=statistics).value == pytest.approx(
            kendalltau(*averages).statistic
        )


def test_kendalls_tau_is_one_with_itself_and_minus_one_reversed():
    a = np.random.default_rng(7).normal(size=(6, 4))
    for b, tau in ((a, 1), (-a, -1)):
        estimate = kendall(a, b, ways=OWN)
        assert (estimate.value, estimate.low, estimate.high, estimate.n) == (tau, tau, tau, 6)


def test_kendalls_tau_with_ties_is_the_b_variant():
    a, b = np.array([[1.0, 1.0, 2.0, 3.0]]), np.array([[2.0, 1.0, 3.0, 3.0]])
    assert kendall(a, b, ways=[range(1)]).value == pytest.approx(kendalltau(a[0], b[0]).statistic)


def test_kendalls_tau_of_methods_that_all_tie_is_nan():
    estimate = kendall(np.ones((3, 4)), np.random.default_rng(8).normal(size=(3, 4)), ways=[range(3)])
    assert math.isnan(estimate.value)
    assert math.isnan(estimate.low)


@pytest.mark.parametrize("b", [np.ones((3, 3)), np.ones(4), np.full((3, 4), np.nan)])
def test_tables_that_do_not_match_are_refused(b):
    with pytest.raises(ValueError, match=r"two finite tables \(n, M\)"):
        kendall(np.ones((3, 4)), b, ways=[range(3)])


@pytest.mark.parametrize("statistics", [("median", "mean"), ("mean", "median")])
def test_both_ways_are_resampled_and_an_image_counts_as_often_as_both_say(statistics):
    rng = np.random.default_rng(9)
    a, b = rng.normal(size=(2, 9, 3))
    ways = ["x", "x", "x", "y", "y", "y", "z", "z", "z"], ["u", "v", "w"] * 3
    found = kendall(a, b, ways=ways, statistics=statistics, seed=5)
    rng = np.random.default_rng(5)
    drawn = [rng.multinomial(3, [1 / 3] * 3, size=2_000) for _ in ways]
    taus = []
    for first, second in zip(*drawn, strict=True):
        times = np.outer(first, second).ravel()
        one, other = (
            np.sign(np.subtract.outer(average, average))[np.triu_indices(3, 1)]
            for average in (
                getattr(np, name)(np.repeat(x, times, axis=0), axis=0)
                for name, x in zip(statistics, (a, b), strict=True)
            )
        )
        taus.append(one @ other / 3)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(taus, [0.025, 0.975])))


def test_resamples_of_two_ways_that_meet_in_no_image_do_not_count():
    a = np.random.default_rng(10).normal(size=(2, 3))
    assert (kendall(a, a, ways=["xy", "uv"]).low, kendall(a, a, ways=["xy", "uv"]).high) == (1, 1)
