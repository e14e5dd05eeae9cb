"""Means over networks, where a new one would lie, tests, and shares of effects."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest, t
from statsmodels.stats.meta_analysis import combine_effects

from igstudy.evidence.inference import Inference, clustered
from igstudy.evidence.networks import SignTest, across, holm, over_networks, p_value, rope, share
from igstudy.evidence.statistics import Estimate


def bounds(estimate):
    return estimate.low, estimate.high


def network(value, error, df=9):
    reach = t.ppf(0.975, df) * error
    return Inference(value, value - reach, value + reach, df + 1, error, df)


@pytest.mark.parametrize("seed", range(5))
def test_the_mean_over_networks_is_that_of_statsmodels(seed):
    rng = np.random.default_rng(seed)
    errors = rng.uniform(0.5, 1.5, 6)
    y = rng.normal(0.5, 3, 6)
    found = across([network(*each) for each in zip(y, errors, strict=True)])
    peer = combine_effects(y, errors**2, method_re="iterated", use_t=False, atol=1e-10)
    assert found.tau**2 == pytest.approx(peer.tau2, rel=1e-6)
    assert found.tau > 0
    assert found.value == pytest.approx(peer.mean_effect_re, rel=1e-6)
    # Paule and Mandel's equation makes q, and so the guard, exactly 1.
    assert found.error == pytest.approx(peer.sd_eff_w_re_hksj, rel=1e-6)
    assert found.high - found.value == pytest.approx(t.ppf(0.975, 5) * peer.sd_eff_w_re_hksj, rel=1e-6)
    reach = t.ppf(0.975, 4) * math.hypot(found.tau, found.error)
    assert found.prediction == pytest.approx((found.value - reach, found.value + reach))
    assert found.p(0.2) == pytest.approx(2 * t.sf(abs(found.value - 0.2) / found.error, 5))


def test_equal_errors_give_the_mean_of_networks_and_students_interval():
    y = [1.0, 2.0, 4.0, 7.0]
    found, plain = across([network(each, 0.1) for each in y]), over_networks(y)
    assert (found.value, found.low, found.high, found.n) == pytest.approx((plain.value, plain.low, plain.high, 4))
    assert found.tau**2 == pytest.approx(np.var(y, ddof=1) - 0.01)


def test_networks_that_agree_better_than_their_errors_are_no_surer_than_these():
    errors = np.array([0.5, 1.0, 2.0])
    found = across([network(*each) for each in zip([1.0, 1.1, 0.9], errors, strict=True)])
    assert found.tau == 0
    assert found.error == pytest.approx((errors**-2.0).sum() ** -0.5)
    assert found.error > combine_effects(np.array([1.0, 1.1, 0.9]), errors**2).sd_eff_w_re_hksj


def test_errors_that_networks_share_do_not_average_out():
    alike = [network(1.0, 0.2) for _ in range(5)]
    assert across(alike).error == pytest.approx(0.2 / math.sqrt(5))
    shared = across(alike, correlation=0.5)
    assert shared.error == pytest.approx(0.2 * math.sqrt(0.5 / 5 + 0.5))
    assert shared.df == pytest.approx((0.1 + 0.5) ** 2 / (0.1**2 / 4 + 0.5**2 / 9))
    assert shared.high - 1 == pytest.approx(t.ppf(0.975, shared.df) * shared.error)


def test_one_network_keeps_its_interval_and_predicts_none():
    own, unknown = network(1.0, 0.2), clustered([3.0], ways=[["a"]])
    for estimates in ([own], [own, unknown]):
        found = across(estimates)
        assert (found.value, found.low, found.high, found.n, found.df) == (1.0, own.low, own.high, 1, 9)
        assert found.prediction is None
    nothing = across([unknown, unknown])
    assert (nothing.value, nothing.low, nothing.high, nothing.n) == (3.0, -math.inf, math.inf, 2)
    assert across([own, own]).prediction == (-math.inf, math.inf)


def test_networks_without_error_are_weighed_alike():
    found = across([network(each, 0.0) for each in (1.0, 2.0, 3.0)])
    assert (found.value, found.tau) == pytest.approx((2, 1))
    assert bounds(across([network(2.0, 0.0)] * 3)) == pytest.approx((2, 2))
    assert bounds(across([network(0.0, 0.0)] * 3)) == pytest.approx((0, 0))


def test_no_networks_and_impossible_correlations_are_refused():
    for count, correlation in ((0, 0.0), (2, 1.0), (2, -0.1)):
        with pytest.raises(ValueError, match=f"needs estimates and a correlation in .*, got {count} and {correlation}"):
            across([network(1, 1)] * count, correlation=correlation)


def test_the_sign_test_is_binomial_and_leaves_ties_out():
    found = across([network(each, 0.1) for each in (0.2, 0.5, 0.3, 0.1, 0.4, -0.1)])
    assert found.sign_test() == SignTest(5, 1, binomtest(5, 6).pvalue)
    assert found.sign_test(0.2) == SignTest(3, 2, 1.0)
    assert across([network(0.0, 0.1)] * 3).sign_test() == SignTest(0, 0, 1.0)
    assert across([network(1.0, 0.1)] * 5).sign_test().p == pytest.approx(2 / 32)


def test_the_mean_over_networks_has_students_interval():
    estimate = over_networks([1.0, 2.0, 3.0])
    assert (estimate.value, estimate.n) == (2.0, 3)
    assert estimate.high - 2 == pytest.approx(4.302652729911275 / np.sqrt(3))
    assert over_networks([0.5]).low == over_networks([0.5]).high == 0.5


def test_holm_is_that_of_the_textbook_and_errs_in_a_family_at_most_as_often_as_it_says():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    rng = np.random.default_rng(1)
    wrong = [min(holm(rng.random(20).tolist())) < 0.05 for _ in range(2000)]
    assert np.mean(wrong) < 0.06


# --- shares of effects ---


def test_practically_nothing_is_an_interval_within_a_fifth_of_the_published_effect():
    for published in (0.5, -0.5):
        assert rope(Estimate(0, -0.1, 0.1, 5), published)
        assert not rope(Estimate(0, -0.1, 0.11, 5), published)
        assert not rope(Estimate(-0.05, -0.11, 0.1, 5), published)
        assert rope(Estimate(0, -0.11, 0.11, 5), published, share=0.25)
    assert not rope(Estimate(0, -math.inf, math.inf, 1), 0.5)


def test_fiellers_interval_ends_where_the_difference_is_just_significant():
    rng = np.random.default_rng(5)
    original = rng.normal(1, 0.3, 6)
    changed = 0.2 * original + rng.normal(0, 0.1, 6)
    found = share(changed, original)
    assert (found.value, found.n) == (pytest.approx(changed.mean() / original.mean()), 6)
    assert found.low < found.value < found.high
    for end in bounds(found):
        assert p_value(changed - end * original) == pytest.approx(0.05)


def test_a_share_of_sure_and_of_proportional_effects():
    changed, original = [0.1, 0.2, 0.3], [1.0, 1.2, 1.5]
    plain = over_networks(changed)
    assert bounds(share(changed, [2.0] * 3)) == pytest.approx((plain.low / 2, plain.high / 2))
    assert bounds(share(np.multiply(original, 0.3), original)) == pytest.approx((0.3, 0.3))
    turned = share(np.negative(changed), original)
    assert bounds(turned) == pytest.approx(tuple(-each for each in bounds(share(changed, original))[::-1]))


def test_a_share_is_less_sure_where_networks_share_photographs():
    """Of effects that are the same on all networks, what they share is the whole error."""
    found = share([0.3] * 4, [1.0] * 4, common=(0.01**2, 0.0))
    assert bounds(found) == pytest.approx((0.3 - t.ppf(0.975, 3) * 0.01, 0.3 + t.ppf(0.975, 3) * 0.01))
    changed, original = [0.1, 0.2, 0.3], [1.0, 1.2, 1.5]
    alone, shared = share(changed, original), share(changed, original, common=(0.02**2, 0.05**2))
    assert shared.low < alone.low < alone.value == shared.value < alone.high < shared.high


def test_a_share_of_an_effect_that_may_be_nothing_has_no_bounds():
    assert bounds(share([1.0, 2.0, 3.0], [-1.0, 0.5, 1.5])) == (-math.inf, math.inf)
    assert share([1.0], [2.0]) == Estimate(0.5, -math.inf, math.inf, 1)
    assert math.isnan(share([1.0, 2.0], [-1.0, 1.0]).value)
    with pytest.raises(ValueError, match="the same networks"):
        share([1.0, 2.0], [1.0])
