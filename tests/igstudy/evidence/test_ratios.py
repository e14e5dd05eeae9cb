"""The ratio of two means of the same images: closed forms, and a bootstrap of many images."""

import math

import numpy as np
import pytest

from igstudy.evidence.inference import clustered
from igstudy.evidence.ratios import of_means_ratio
from igstudy.tasks import objects


def own(x):
    """Ways in which no images share a photograph."""
    return [range(len(x))]


def scores(rng, count):
    """Two scores of the same images that go together."""
    common, *apart = rng.uniform(0, 1, size=(3, count))
    return 0.1 + common + apart[0], 0.2 + common + apart[1]


def test_a_multiple_of_the_other_is_certain():
    x, _ = scores(np.random.default_rng(0), 50)
    found = of_means_ratio(3 * x, x, ways=own(x))
    assert (found.value, found.low, found.high, found.n) == pytest.approx((3, 3, 3, 50))


def test_the_inverse_has_the_inverse_interval_and_units_do_not_count():
    x, y = scores(np.random.default_rng(1), 30)
    found, inverse = of_means_ratio(x, y, ways=own(x)), of_means_ratio(100 * y, 10 * x, ways=own(x))
    assert (inverse.value, inverse.low, inverse.high) == pytest.approx(
        (10 / found.value, 10 / found.high, 10 / found.low)
    )
    assert found.low < found.value == pytest.approx(x.mean() / y.mean())


def test_over_a_constant_it_is_nearly_the_mean():
    x, _ = scores(np.random.default_rng(2), 400)
    found, mean = of_means_ratio(x, np.full(400, 2.0), ways=own(x)), clustered(x, ways=own(x))
    assert (found.low, found.high) == pytest.approx((mean.low / 2, mean.high / 2), rel=2e-3)


def test_a_large_bootstrap_agrees():
    rng = np.random.default_rng(3)
    x, y = scores(rng, 500)
    times = rng.multinomial(500, np.full(500, 1 / 500), size=10_000)
    low, high = np.quantile(times @ x / (times @ y), [0.025, 0.975])
    found = of_means_ratio(x, y, ways=own(x))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.03 * (high - low))


def test_photographs_that_repeat_an_image_widen_it_as_if_it_were_there_once():
    x, y = scores(np.random.default_rng(4), 20)
    once, names = of_means_ratio(x, y, ways=own(x)), np.repeat(np.arange(20), 10)
    found = of_means_ratio(np.repeat(x, 10), np.repeat(y, 10), ways=[names])
    assert (found.value, found.low, found.high) == pytest.approx((once.value, once.low, once.high))


def test_it_covers_the_truth_where_scenes_share_backgrounds_and_materials():
    """With the backgrounds and materials of 100 scenes, and as much dependence as the study has met."""
    rng, scenes = np.random.default_rng(5), objects.batch(range(100))
    ways, hits = (scenes.photographs, scenes.materials), 0
    members = [np.unique(way, return_inverse=True)[1] for way in ways]
    for _ in range(1_000):
        shares = sum(0.4 * rng.normal(size=(10 + 15 * (way is members[0]), 2))[way] for way in members)
        x, y = np.exp(0.3 * (shares + 0.8 * rng.normal(size=(100, 2)))).T
        estimate = of_means_ratio(x, y, ways=ways)
        hits += estimate.low <= 1 <= estimate.high
    assert 0.93 <= hits / 1_000 <= 0.97


def test_one_photograph_says_nothing_of_the_interval():
    found = of_means_ratio([1.0, 2.0], [2.0, 4.0], ways=["aa"])
    assert (found.value, found.low, found.high) == (0.5, 0, math.inf)


@pytest.mark.parametrize(
    ("values", "others", "message"),
    [
        ([1, 2], [1], "of the same images, of positive means, got 2 of mean 1.5 and 1 of mean 1"),
        ([1, -1], [1, 1], "got 2 of mean 0 and 2 of mean 1"),
        ([1, 1], [1, -3], "got 2 of mean 1 and 2 of mean -1"),
        ([1, math.nan], [1, 1], "got 2 of which 1 are not"),
    ],
)
def test_bad_values_are_refused(values, others, message):
    with pytest.raises(ValueError, match=message):
        of_means_ratio(values, others, ways=[range(2)])
