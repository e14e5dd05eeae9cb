"""Intervals that hold where images share photographs."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t, ttest_1samp
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.sandwich_covariance import cov_cluster_2groups

from igstudy.evidence.inference import clustered, of_medians


def bounds(estimate):
    return estimate.low, estimate.high


def changed(before, after, *, ways):
    """The difference of two medians."""
    return of_medians(np.stack([before, after], axis=1), weights=(-1, 1), ways=ways)


def scene_ways(rng, n, backgrounds):
    return [f"photograph {i}" for i in rng.integers(backgrounds, size=n)], [i % 10 for i in range(n)]


# --- the mean of images ---


def test_the_interval_of_images_that_share_nothing_is_students():
    x = np.random.default_rng(0).normal(2, 3, 24)
    expected = ttest_1samp(x, 1.5)
    for ways in ([range(24)], [range(24), range(24)]):
        estimate = clustered(x, ways=ways)
        assert bounds(estimate) == pytest.approx(tuple(expected.confidence_interval()), rel=1e-12)
        assert estimate.p(1.5) == pytest.approx(expected.pvalue, rel=1e-9)
        assert (estimate.value, estimate.n, estimate.df) == (pytest.approx(x.mean()), 24, 23)


def test_images_that_repeat_their_clusters_value_count_once():
    x = np.random.default_rng(1).normal(size=8)
    expected = clustered(x, ways=[range(8)])
    for ways in ([np.repeat(range(8), 10)], [np.repeat(range(8), 10), range(80)], [np.repeat(range(8), 10)] * 2):
        estimate = clustered(np.repeat(x, 10), ways=ways)
        assert (estimate.low, estimate.high, estimate.df) == pytest.approx((expected.low, expected.high, 7))


@pytest.mark.parametrize("seed", range(5))
def test_two_ways_are_those_of_statsmodels(seed):
    rng = np.random.default_rng(seed)
    ways = scene_ways(rng, 100, 24)
    codes = [np.unique(way, return_inverse=True)[1] for way in ways]
    x = rng.normal(size=24)[codes[0]] + rng.normal(size=10)[codes[1]] + rng.normal(size=100)
    both, first, second = cov_cluster_2groups(OLS(x, np.ones(100)).fit(), *codes, use_correction=True)
    assert both[0, 0] > max(first[0, 0], second[0, 0])
    assert clustered(x, ways=ways).error == pytest.approx(math.sqrt(both[0, 0]), rel=1e-10)
    assert clustered(x, ways=ways[:1]).error == pytest.approx(math.sqrt(first[0, 0]), rel=1e-10)


def test_two_ways_are_never_surer_than_one():
    # Clusters of two images that cancel: V₁ + V₂ − V₁₂ is below 0.
    x, ways = [1.0, -1.0, -1.0, 1.0], [[0, 0, 1, 1], [0, 1, 0, 1]]
    assert clustered(x, ways=ways).error == 0
    x = [1.0, -1.0, -1.0, 1.4]
    assert clustered(x, ways=ways).error == pytest.approx(max(clustered(x, ways=[way]).error for way in ways))


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_one_image_or_one_cluster_tells_nothing(statistic):
    for x, ways in (([1.0], [["a"]]), ([1.0, 3.0], [["a", "a"]]), ([1.0, 3.0], [["a", "b"], ["c", "c"]])):
        estimate = clustered(x, ways=ways, statistic=statistic)
        assert (estimate.low, estimate.high, estimate.error, estimate.df) == (-math.inf, math.inf, math.inf, 0)
        assert estimate.value == np.mean(x)
        assert estimate.p() == 1
        assert bounds(changed(x, x, ways=ways)) == (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": [], "ways": [[]]}, "one or more finite numbers, got 0"),
        ({"values": [1, math.nan], "ways": [[0, 1]]}, "got 2 of which 1 are not"),
        ({"values": [1, 2], "ways": [["a"]]}, r"each of the 2 values, got \[1\]"),
        ({"values": [1, 2], "ways": []}, "one or two sequences"),
        ({"values": [1, 2], "ways": [[0, 1]] * 3}, "one or two sequences"),
        ({"values": [1, 2], "ways": [[0, 1]], "statistic": "mode"}, "statistic is 'mode'; it must be one of"),
    ],
)
def test_bad_values_and_ways_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        clustered(**arguments)
    with pytest.raises(ValueError, match=r"columns must be a table \(n, 2\)"):
        of_medians([[1.0], [2.0]], weights=(-1, 1), ways=[[0, 1]])


def test_p_is_below_a_twentieth_where_the_interval_leaves_the_margin_out():
    rng = np.random.default_rng(2)
    for statistic in ("mean", "median"):
        estimate = clustered(rng.exponential(size=60), ways=scene_ways(rng, 60, 24), statistic=statistic)
        for end in bounds(estimate):
            assert estimate.p(end) == pytest.approx(0.05)
            outwards = end - estimate.value
            assert estimate.p(end + 0.1 * outwards) < 0.05 < estimate.p(end - 0.1 * outwards)
    sure = clustered([2.0, 2.0], ways=[[0, 1]])
    assert (sure.p(), sure.p(2)) == (0, 1)


# --- medians ---


def test_the_interval_of_a_median_runs_between_its_order_statistics_and_grows_with_the_values():
    x = np.random.default_rng(3).normal(size=101)
    estimate = clustered(x, ways=[range(101)], statistic="median")
    reach = t.ppf(0.975, 100) * math.sqrt(0.25 / 101)  # of the share below: the median itself lies on neither side
    assert bounds(estimate) == pytest.approx(tuple(np.quantile(x, [0.5 - reach, 0.5 + reach])))
    cubed = clustered(1 + 10 * x, ways=[range(101)], statistic="median")
    assert (cubed.value, *bounds(cubed)) == pytest.approx([1 + 10 * each for each in (np.median(x), *bounds(estimate))])


def test_too_few_values_bound_no_median():
    assert bounds(clustered(range(5), ways=[range(5)], statistic="median")) == (-math.inf, math.inf)
    assert bounds(changed(range(5), range(5), ways=[range(5)])) == (-math.inf, math.inf)


def test_a_change_of_medians_is_that_of_numpy_and_turns_with_its_sign():
    rng = np.random.default_rng(4)
    x, y, ways = rng.normal(size=100), rng.exponential(size=100), scene_ways(rng, 100, 24)
    there, back = changed(x, y, ways=ways), changed(y, x, ways=ways)
    assert there.value == np.median(y) - np.median(x)
    assert (back.value, back.low, back.high) == pytest.approx((-there.value, -there.high, -there.low))
    shifted = changed(x + 7, 10 + 2 * y, ways=ways)
    scaled = changed(x / 2, y, ways=ways)
    assert (shifted.low - 3) / 2 == pytest.approx(scaled.low)


def test_from_a_constant_a_change_of_medians_is_as_sure_as_the_median():
    x = np.random.default_rng(5).normal(size=400)
    change = changed(np.zeros(400), x, ways=[range(400)])
    assert change.error == pytest.approx(clustered(x, ways=[range(400)], statistic="median").error)
    assert change.error == pytest.approx(math.sqrt(math.pi / 2) * x.std() / 20, rel=0.2)


def test_medians_that_move_together_are_surer_than_apart_but_never_quite_sure():
    x = np.random.default_rng(6).normal(size=60)
    together = changed(x, x + 1, ways=[range(60)])
    apart = changed(x, np.random.default_rng(7).permutation(x) + 1, ways=[range(60)])
    assert 0 < together.error < apart.error / 2


def test_labels_may_be_a_column_of_a_table():
    frame = pd.DataFrame({"x": [1.0, 2.0, 4.0], "photograph": pd.Categorical(["a", "b", "a"])})
    listed = clustered([1.0, 2.0, 4.0], ways=[["a", "b", "a"]])
    assert clustered(frame["x"], ways=[frame["photograph"]]) == listed
