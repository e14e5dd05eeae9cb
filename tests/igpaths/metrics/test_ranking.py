"""The order of pixels: ranks, counts, ties, and the maps they come from."""

import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.ndimage import gaussian_filter

from igpaths.metrics import absolute_map, pixel_ranks, signed_map, smooth, tied_share
from igpaths.metrics.ranking import pixel_counts
from problems import generator

PAIR = (0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.10, 0.13, 0.21, 0.34, 0.5, 0.75)  # PAIR's thresholds
SHAPE = (3, 4, 5)

# Few values, so that most maps have ties; −0 equals 0.
maps = arrays.arrays(np.float64, SHAPE, elements=st.sampled_from([-2.0, -0.0, 0.0, 0.25, 1e300])).map(torch.from_numpy)


def distinct(*shape: int, seed: int = 0) -> torch.Tensor:
    """A map without ties: a shuffle of 0, 1, 2, …"""
    return torch.randperm(math.prod(shape), generator=generator(seed)).view(shape).double()


@settings(max_examples=40, deadline=None)
@given(maps, st.integers(0, 2**32))
def test_the_ranks_are_a_permutation_so_exactly_k_pixels_lie_below_every_k(values, seed):
    ranks = pixel_ranks(values, seed=seed)
    assert ranks.shape == values.shape
    for each in ranks.flatten(1):
        assert each.sort().values.tolist() == list(range(20))
        assert [int((each < k).sum()) for k in range(21)] == list(range(21))


@settings(max_examples=40, deadline=None)
@given(maps, st.integers(0, 2**32))
def test_no_pixel_goes_before_one_of_higher_value(values, seed):
    ranks = pixel_ranks(values, seed=seed)
    for value, rank in zip(values.flatten(1), ranks.flatten(1), strict=True):
        in_order = value[rank.argsort()]
        assert bool((in_order[1:] <= in_order[:-1]).all())


@settings(max_examples=20, deadline=None)
@given(maps, st.integers(0, 2**32))
def test_the_ranks_of_a_map_do_not_depend_on_the_maps_beside_it(values, seed):
    together = pixel_ranks(values, seed=seed)
    assert torch.equal(together.flip(0), pixel_ranks(values.flip(0), seed=seed))
    for value, rank in zip(values, together, strict=True):
        assert torch.equal(pixel_ranks(value, seed=seed), rank)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_without_ties_the_seed_does_not_matter_and_numpy_agrees(dtype):
    values = distinct(7, 11).to(dtype)
    order = np.argsort(-values.numpy().ravel())
    expected = np.empty_like(order)
    expected[order] = np.arange(77)
    for seed in (0, 1, 12345):
        assert pixel_ranks(values, seed=seed).flatten().tolist() == expected.tolist()


def test_equal_pixels_are_shuffled_by_the_seed():
    flat = torch.zeros(30, 40)
    first = pixel_ranks(flat, seed=3)
    assert torch.equal(first, pixel_ranks(flat, seed=3))
    assert not torch.equal(first, pixel_ranks(flat, seed=4))
    for each in (first, first.flip(0), first.T, first.T.flip(0)):  # no side of the image is preferred
        half = each[: len(each) // 2].double().mean()
        assert abs(float(half) - 1199 / 2) < 4 * 1200 / math.sqrt(12 * 1200)


def test_only_equal_pixels_change_places_with_the_seed():
    values = distinct(4, 5)
    values[values < 8] = 7.5  # eight pixels
    first, second = pixel_ranks(values, seed=0), pixel_ranks(values, seed=1)
    tied = values == 7.5
    assert torch.equal(first[~tied], second[~tied])
    assert sorted(first[tied].tolist()) == sorted(second[tied].tolist()) == list(range(12, 20))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_map_that_is_not_finite_is_named(value):
    values = torch.zeros(2, 3, 4, 5)
    values[1, 2, 0, :2] = value
    with pytest.raises(ValueError, match=r"1 of 6 are not: map \(1, 2\) has 2 NaN or infinite values"):
        pixel_ranks(values)


@pytest.mark.parametrize(
    ("share", "pixels", "count"),
    [
        (0.15, 40, 6),
        (0.07, 100, 7),  # 7.000000000000001 in floating point
        (0.29, 100, 29),  # 28.999999999999996
        (0.1, 3, 1),
        (0, 9, 0),
        (1, 9, 9),
        (0.5, 7, 4),
        (1e-6, 50176, 1),
    ],
)
def test_a_share_of_the_pixels_is_rounded_up(share, pixels, count):
    assert pixel_counts([share], pixels) == (count,)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 120))
def test_the_counts_are_those_of_exact_arithmetic(height, width, parts):
    pixels = height * width
    exact = tuple(math.ceil(Fraction(i, parts) * pixels) for i in range(parts + 1))
    assert pixel_counts([i / parts for i in range(parts + 1)], pixels) == exact


def test_the_counts_at_pairs_thresholds_are_those_of_its_quantiles():
    values = distinct(224, 224).numpy()
    selected = [int((values >= np.quantile(values, 1 - share)).sum()) for share in PAIR]
    assert pixel_counts(PAIR, values.size) == tuple(selected)


@pytest.mark.parametrize(
    "shares", [(), (0.2, 0.1), (0.1, 0.1), (-0.1, 0.5), (0.5, 1.01), (math.nan,), (0.0, math.nan), (0.5, math.inf)]
)
def test_shares_that_do_not_increase_within_the_unit_interval_are_refused(shares):
    with pytest.raises(ValueError, match=r"shares must be numbers that increase within \[0, 1\], got "):
        pixel_counts(shares, 100)


def test_tied_share_by_hand():
    ties = torch.tensor([[[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [1.0, 3.0]], [[0.0, -0.0], [5.0, 5.0]]])
    assert tied_share(ties).tolist() == [0, 0.5, 1]


@settings(max_examples=40, deadline=None)
@given(maps)
def test_tied_share_counts_the_pixels_whose_value_comes_twice(values):
    for value, share in zip(values, tied_share(values), strict=True):
        times = Counter(value.flatten().tolist())
        assert float(share) == sum(n for n in times.values() if n > 1) / 20


def test_tied_share_keeps_the_shape_of_many_maps():
    values = distinct(5, 7, 6, 4)
    values[3, 2, :3] = 0.5
    expected = torch.zeros(5, 7, dtype=torch.float64)
    expected[3, 2] = 0.5
    assert torch.equal(tied_share(values), expected)


def test_the_sum_of_magnitudes_bounds_the_signed_sum():
    attribution = torch.randn(2, 6, 3, 4, 5, dtype=torch.float64, generator=generator())
    signed, absolute = signed_map(attribution), absolute_map(attribution)
    assert signed.shape == absolute.shape == (2, 6, 4, 5)
    torch.testing.assert_close(
        signed, attribution[..., 0, :, :] + attribution[..., 1, :, :] + attribution[..., 2, :, :]
    )
    assert bool((absolute >= signed.abs() - 1e-12).all())
    assert torch.equal(absolute_map(-attribution), absolute)
    one_colour = attribution.clone()
    one_colour[..., 1:, :, :] = 0
    assert torch.equal(absolute_map(one_colour), signed_map(one_colour).abs())


def test_arrays_are_taken_and_what_is_none_is_refused():
    attribution = torch.randn(2, 3, 4, 5, generator=generator())
    for function in (signed_map, absolute_map, pixel_ranks, tied_share):
        assert torch.equal(function(attribution.numpy()), function(attribution))
        assert not function(attribution.clone().requires_grad_()).requires_grad
        with pytest.raises(ValueError, match="must be a tensor or an array, got str"):
            function("a map")
    with pytest.raises(ValueError, match=r"attribution must have 3 axes or more, of real numbers, got \(4, 5\)"):
        absolute_map(attribution[0, 0])


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.floats(0.3, 20))
def test_smoothing_agrees_with_scipy_and_keeps_means_and_constants(height, width, sigma):
    values = torch.rand(2, height, width, dtype=torch.float64, generator=generator())
    found = smooth(values, sigma)
    expected = np.stack([gaussian_filter(each, sigma, mode="reflect", truncate=8) for each in values.numpy()])
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(found.mean((1, 2)), values.mean((1, 2)), rtol=1e-12, atol=0)
    torch.testing.assert_close(smooth(torch.full_like(values, 3.0), sigma), torch.full_like(values, 3.0))


def test_a_width_may_be_a_part_of_the_shorter_side_and_none_leaves_the_map():
    values = distinct(2, 40, 60)
    torch.testing.assert_close(smooth(values, "5%"), smooth(values, 2.0), rtol=0, atol=0)
    assert torch.equal(smooth(values, 0), values)
    assert smooth(values.half(), 1.5).dtype == torch.float16
    torch.testing.assert_close(smooth(values.long(), 1.5), smooth(values.float(), 1.5))  # not rounded to whole numbers


@pytest.mark.parametrize("sigma", [-1, "3", "%", "-1%", "x%", True, math.nan, math.inf, None])
def test_a_width_that_is_none_is_refused(sigma):
    with pytest.raises(
        ValueError, match=r'a number of pixels, 0 or more, such as 3, or a part of the side, such as "1'
    ):
        smooth(distinct(4, 5), sigma)
