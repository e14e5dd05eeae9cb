"""Bounds: partial conjunction, and the p values of a mean's lying between two of them."""

import math

import numpy as np
import pytest

from igstudy.evidence.bounds import conjunction, p_inside, p_outside
from igstudy.evidence.inference import student

LEVEL = 0.025


def test_a_mean_on_a_bound_lies_on_either_side_with_even_odds():
    mean = student(1.0, 0.1, 5, 6)
    assert p_inside(mean, 1.0, math.inf) == pytest.approx(0.5)
    assert p_outside(mean, 1.0, math.inf) == pytest.approx(0.5)
    assert p_inside(mean, -math.inf, math.inf) == 0
    assert p_outside(mean, -math.inf, math.inf) == 1
    assert (p_inside(None, 0, 1), p_outside(None, 0, 1)) == (1, 1)


def test_between_two_bounds_the_nearer_one_decides_and_outside_either_may():
    mean = student(0.9, 0.1, 5, 6)
    assert p_inside(mean, 0.0, 1.0) == p_inside(mean, -math.inf, 1.0)
    assert p_outside(mean, 0.0, 1.0) == pytest.approx(min(1.0, 2 * p_outside(mean, -math.inf, 1.0)))


def test_partial_conjunction_in_closed_form():
    p = [0.01, 0.2, 0.04, 0.5]
    assert conjunction(p, 4) == 0.5  # of all: the largest
    assert conjunction(p, 1) == pytest.approx(0.04)  # of any: Bonferroni's
    assert conjunction(p, 2) == pytest.approx(3 * 0.04)
    assert conjunction(p, 3) == pytest.approx(2 * 0.2)
    assert conjunction([0.9, 0.8], 1) == 1


def test_partial_conjunction_grows_with_every_p():
    rng = np.random.default_rng(0)
    for _ in range(200):
        p = rng.random(5)
        more = p.copy()
        more[rng.integers(5)] += rng.random()
        assert all(conjunction(list(more), r) >= conjunction(list(p), r) for r in range(1, 6))


@pytest.mark.parametrize("r", [1, 3, 5])
def test_partial_conjunction_errs_at_most_as_often_as_it_says(r):
    rng, surely = np.random.default_rng(r), [0.0] * (r - 1)  # r − 1 are sure: the least favourable case
    wrong = [conjunction([*surely, *rng.random(6 - r)], r) < LEVEL for _ in range(20_000)]
    assert np.mean(wrong) < LEVEL + 3 * np.sqrt(LEVEL / 20_000)
    assert np.mean(wrong) > LEVEL / 2  # it is not empty
