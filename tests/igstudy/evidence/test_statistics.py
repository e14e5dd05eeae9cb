"""Bootstrap intervals and slopes."""

import math

import numpy as np
import pytest
from scipy.stats import kendalltau

from igstudy.evidence.statistics import Estimate, bootstrap, change, kendall, ratio, slope


def test_the_interval_of_a_mean_matches_the_normal_one():
    x = np.random.default_rng(0).normal(3, 2, 400)
    estimate = bootstrap(x)
    half = 1.96 * x.std() / 20
    assert estimate.value == pytest.approx(x.mean())
    assert (estimate.low, estimate.high) == pytest.approx((x.mean() - half, x.mean() + half), abs=0.03)
    assert estimate.n == 400


def test_the_interval_covers_the_truth_nineteen_times_in_twenty():
    rng = np.random.default_rng(1)
    hits = [e.low <= 1 <= e.high for e in (bootstrap(rng.exponential(1, 80), seed=i) for i in range(100))]
    assert 0.86 <= np.mean(hits) <= 1


def test_resampled_medians_are_numpys():
    x = np.random.default_rng(2).normal(size=7)
    rng = np.random.default_rng(5)
    weights = rng.multinomial(7, np.full(7, 1 / 7), size=10_000)
    medians = [np.median(np.repeat(x, w)) for w in weights]
    estimate = bootstrap(x, statistic="median", seed=5)
    assert estimate.value == np.median(x)
    assert (estimate.low, estimate.high) == pytest.approx(tuple(np.quantile(medians, [0.025, 0.975])))


def test_clusters_that_repeat_a_value_widen_the_interval():
    x = np.random.default_rng(3).normal(size=20)
    names = [str(i) for i in range(20) for _ in range(10)]
    alone, clustered = bootstrap(np.repeat(x, 10)), bootstrap(np.repeat(x, 10), clusters=names)
    single = bootstrap(x)
    assert clustered.high - clustered.low == pytest.approx(single.high - single.low, rel=0.05)
    assert clustered.high - clustered.low > 2.5 * (alone.high - alone.low)


def test_equal_seeds_give_equal_intervals():
    x = np.random.default_rng(4).normal(size=30)
    assert bootstrap(x, seed=1) == bootstrap(x, seed=1) != bootstrap(x, seed=2)


def test_the_interval_of_a_ratio_knows_that_both_means_are_of_the_same_images():
    x = np.random.default_rng(5).uniform(0.1, 1, 50)
    tripled = ratio(3 * x, x)
    assert (tripled.value, tripled.low, tripled.high, tripled.n) == pytest.approx((3, 3, 3, 50))
    constant = ratio(x, np.full(50, 2.0), seed=3)
    mean = bootstrap(x, seed=3)
    assert (constant.value, constant.low, constant.high) == pytest.approx((mean.value / 2, mean.low / 2, mean.high / 2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": []}, "one or more finite numbers, got 0"),
        ({"values": [1, math.nan]}, "got 2 of which 1 are not"),
        ({"values": [1, 2], "clusters": ["a"]}, "each of the 2 values, got 1"),
        ({"values": [1, 2], "statistic": "mode"}, "statistic is 'mode'; it must be one of mean, median"),
    ],
)
def test_bad_values_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        bootstrap(**arguments)


def test_slope_of_a_power_law():
    steps = np.array([8, 16, 32])
    assert slope(steps, 5 * steps**-2.0) == pytest.approx(2)
    assert math.isnan(slope(steps, [1, 0, 1]))


def test_kendalls_tau_is_that_of_the_averages():
    rng = np.random.default_rng(6)
    a, b = rng.normal(size=(9, 5)), rng.normal(size=(9, 5))
    for statistics in (("mean", "mean"), ("median", "mean")):
        averages = [getattr(np, s)(each, axis=0) for s, each in zip(statistics, (a, b), strict=True)]
        assert kendall(a, b, statistics=statistics).value == pytest.approx(kendalltau(*averages).statistic)


def test_kendalls_tau_is_one_with_itself_and_minus_one_reversed():
    a = np.random.default_rng(7).normal(size=(6, 4))
    for b, tau in ((a, 1), (-a, -1)):
        estimate = kendall(a, b)
        assert (estimate.value, estimate.low, estimate.high, estimate.n) == (tau, tau, tau, 6)


def test_kendalls_tau_with_ties_is_the_b_variant():
    a, b = np.array([[1.0, 1.0, 2.0, 3.0]]), np.array([[2.0, 1.0, 3.0, 3.0]])
    assert kendall(a, b).value == pytest.approx(kendalltau(a[0], b[0]).statistic)


def test_kendalls_tau_of_methods_that_all_tie_is_nan():
    estimate = kendall(np.ones((3, 4)), np.random.default_rng(8).normal(size=(3, 4)))
    assert math.isnan(estimate.value)
    assert math.isnan(estimate.low)


@pytest.mark.parametrize("b", [np.ones((3, 3)), np.ones(4), np.full((3, 4), np.nan)])
def test_tables_that_do_not_match_are_refused(b):
    with pytest.raises(ValueError, match=r"two finite tables \(n, M\)"):
        kendall(np.ones((3, 4)), b)


def test_a_change_of_means_is_the_mean_of_the_changes_but_one_of_medians_is_not():
    x, y = [1.0, 2.0, 9.0, 4.0], [2.0, 5.0, 1.0, 4.5]
    assert change(x, y) == bootstrap(np.subtract(y, x))
    assert change(x, y, statistic="median").value == np.median(y) - np.median(x)
    assert change(x, np.add(x, 1), statistic="median") == Estimate(1, 1, 1, 4)


def test_a_change_takes_pairs_of_finite_numbers():
    with pytest.raises(ValueError, match="before and after"):
        change([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="finite"):
        change([1.0], [np.nan])
