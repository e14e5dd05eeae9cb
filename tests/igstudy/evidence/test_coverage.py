"""How often the intervals of inference hold the truth: of photographs, of scenes as they are drawn, of networks.

``pytest -rP`` prints the shares.
"""

import math

import numpy as np
import pytest
from scipy.special import stdtrit

from claiming import CLAIMS, UNTESTED, of_side
from igstudy.evidence.deciding import LEVEL, NOT, verdict
from igstudy.evidence.inference import Inference, clustered, of_medians
from igstudy.evidence.kinds import IMAGENET
from igstudy.evidence.networks import across, over_networks, p_value

MATERIALS = 10  # one a class, and the class of scene i is i % 10

NOISE = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "skewed": lambda rng, shape: (rng.gamma(4, size=shape) - 4) / 2,  # of skewness 1, as the gains of most methods
}
DESIGNS = {  # backgrounds and images; None: every image is a photograph of its own
    **{f"{n} photographs": (None, n) for n in (24, 40, 60)},
    **{f"{n} scenes of {backgrounds}": (backgrounds, n) for backgrounds, n in ((24, 100), (24, 200), (8, 100))},
}
SHARES = [(0.1, 0.15), (0.2, 0.25)]  # of the variance, between backgrounds and between materials
CELLS = [(name, shares) for name, (own, _) in DESIGNS.items() for shares in (SHARES if own else SHARES[:1])]


def scene_ways(rng, n, backgrounds):
    return rng.integers(backgrounds, size=n).tolist(), [i % MATERIALS for i in range(n)]


def samples(rng, design, shares, noise, count, correlation=None):
    """`count` draws of the images' values (n,), or of pairs of them, each with the photographs that they share."""
    backgrounds, n = DESIGNS[design]
    columns = 1 if correlation is None else 2
    mix = np.linalg.cholesky([[1, correlation or 0], [correlation or 0, 1]])[:columns, :columns]
    for _ in range(count // 100):
        if backgrounds is None:
            ways = [range(n)]
            x = NOISE[noise](rng, (100, n, columns))
        else:
            ways = scene_ways(rng, n, backgrounds)
            by_background = rng.standard_normal((100, backgrounds, columns))
            by_material = rng.standard_normal((100, MATERIALS, columns))
            x = math.sqrt(shares[0]) * by_background[:, ways[0]] + math.sqrt(shares[1]) * by_material[:, ways[1]]
            x = x + math.sqrt(1 - sum(shares)) * NOISE[noise](rng, (100, n, columns))
        for each in x @ mix.T:
            yield each.T, ways


def held(estimates, truth, name):
    covered = float(np.mean([low <= truth <= high for low, high in ((each.low, each.high) for each in estimates)]))
    print(f"{name}: {100 * covered:.1f} %")
    return covered


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize(("design", "shares"), CELLS)
def test_the_interval_of_a_mean_holds_the_truth_as_often_as_it_says(design, shares, noise):
    rng = np.random.default_rng(0)
    found = [clustered(x, ways=ways) for (x,), ways in samples(rng, design, shares, noise, 5000)]
    assert 0.93 <= held(found, 0, "mean") <= 0.97  # to 0.3 points


@pytest.mark.parametrize(("design", "shares"), CELLS)
def test_the_interval_of_a_median_holds_the_truth_as_often_as_it_says(design, shares):
    rng = np.random.default_rng(1)
    draws = samples(rng, design, shares, "normal", 2000)
    found = [clustered(x, ways=ways, statistic="median") for (x,), ways in draws]
    assert 0.93 <= held(found, 0, "median") <= 0.975  # to 0.5 points


@pytest.mark.parametrize("correlation", [0.3, 0.9])
@pytest.mark.parametrize("design", DESIGNS)
def test_the_interval_of_a_change_of_medians_holds_the_truth_as_often_as_it_says(design, correlation):
    rng = np.random.default_rng(2)
    draws = samples(rng, design, SHARES[1], "normal", 1500, correlation)
    found = [of_medians(np.stack(pair, axis=1), weights=(-1, 1), ways=ways) for pair, ways in draws]
    assert 0.93 <= held(found, 0, "change of medians") <= 0.98  # to 0.6 points


def test_a_mean_of_very_skewed_values_of_few_photographs_is_held_to_students_interval():
    rng = np.random.default_rng(3)
    found = [clustered(x, ways=[range(24)]) for x in rng.exponential(size=(5000, 24))]
    assert 0.915 <= held(found, 1, "mean, skewness 2") <= 0.94


def networks_drawn(networks, tau, correlation, seed=4):
    """Estimates of so many networks with the mean 0, in studies of ten materials; and the value of one more network.

    The errors are 1, and `tau` is the standard deviation of the networks' true values.
    """
    rng = np.random.default_rng(seed)
    true, errors = tau * rng.standard_normal((4000, networks + 1)), rng.standard_normal((4000, networks))
    errors = math.sqrt(1 - correlation) * errors + math.sqrt(correlation) * rng.standard_normal((4000, 1))
    seen = np.sqrt(rng.chisquare(9, (4000, networks)) / 9)  # as ten materials would tell the errors
    drawn = np.stack([true[:, :networks] + errors, seen], axis=2)
    reach = float(stdtrit(9, 0.975))
    cases = [[Inference(y, y - reach * e, y + reach * e, 10, e, 9) for y, e in case] for case in drawn.tolist()]
    return cases, true[:, networks]


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.6])
def test_the_mean_of_five_networks_and_the_next_one_lie_in_their_intervals(correlation):
    cases, following = networks_drawn(5, 1, correlation)
    found = [across(case, correlation=correlation) for case in cases]
    assert 0.93 <= held(found, 0, "five networks") <= 0.975
    naive = held([across(case) for case in cases], 0, "as if their errors were independent")
    assert (naive < 0.93) == (correlation > 0)
    inside = np.mean([e.prediction[0] <= new <= e.prediction[1] for e, new in zip(found, following, strict=True)])
    print(f"a sixth network: {100 * inside:.1f} %")
    assert 0.90 <= inside <= 0.985


@pytest.mark.parametrize("correlation", [0.3, 0.6])
@pytest.mark.parametrize("tau", [3, 10])
@pytest.mark.parametrize("networks", [2, 3, 4])
def test_the_mean_of_few_networks_that_differ_much_lies_in_its_interval(networks, tau, correlation):
    cases, _ = networks_drawn(networks, tau, correlation)
    found = [across(case, correlation=correlation) for case in cases]
    assert 0.93 <= held(found, 0, f"{networks} networks") <= 0.98


def test_an_interval_of_students_holds_the_truth_as_often_as_it_says_and_its_p_is_uniform():
    rng = np.random.default_rng(0)
    draws = [rng.standard_normal(5) for _ in range(4000)]
    covered = [(e.low <= 0 <= e.high) for e in map(over_networks, draws)]
    assert 0.94 < np.mean(covered) < 0.96
    p = np.array([p_value(draw) for draw in draws])
    np.testing.assert_array_equal(p >= 0.05, covered)
    assert abs(np.mean(p < 0.3) - 0.3) < 0.02
    assert (p_value([0.3]), p_value([0.0, 0.0]), p_value([0.3, 0.3])) == (1.0, 1.0, 0.0)


@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_a_fifth_of_an_effect_is_seldom_taken_for_practically_nothing(correlation):
    rng, claim = np.random.default_rng(5), CLAIMS["a2"]
    printed = UNTESTED["a2"].published
    template = of_side(claim.original, 0, noise=np.zeros(14))  # photographs, on each of five networks
    effect = template["method"] == claim.original.comparisons[0][0].method
    wrong, covered = [], []
    for _ in range(100):
        noise = math.sqrt(1 - correlation) * rng.standard_normal((5, 14))
        noise += math.sqrt(correlation) * rng.standard_normal(14)
        template.loc[effect, "value"] = (0.2 * printed + 0.15 * noise).ravel()
        answer = verdict(claim, template).original[IMAGENET]
        wrong.append(answer.word == NOT)
        covered.append(answer.size.low <= 0.2 <= answer.size.high)
    print(f"practically nothing: {100 * np.mean(wrong):.0f} %, covered: {100 * np.mean(covered):.0f} %")
    assert np.mean(wrong) <= LEVEL + 0.025  # by Student's t over networks .15 at a correlation of .6
    assert np.mean(covered) >= 0.9
