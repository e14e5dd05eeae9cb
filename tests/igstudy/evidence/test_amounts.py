"""Numbers in words: small and large ones, one and several, and none."""

import pytest

from igstudy.evidence import amounts


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "nothing"), (9e-6, "less than 0.001 %"), (1e-5, "0.0 %"), (0.123, "12.3 %"), (2, "200.0 %")],
)
def test_a_gap_that_is_rounding_is_said_in_words(share, words):
    assert amounts.of_gap(share) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0, "nothing, bit for bit"),
        (1, "1e+02 % of its length"),
        (0.5, "50 % of its length"),
        (1e-4, "0.01 % of its length"),
        (9e-5, "less than 10⁻⁴ of its length"),
        (3e-12, "less than 10⁻¹¹ of its length"),
    ],
)
def test_a_small_part_of_a_length_is_a_power_of_ten(share, words):
    assert amounts.of_length(share) == words


@pytest.mark.parametrize(
    ("factors", "words"),
    [([1444, 0.351], "0.35 to 1,400"), ([12.4], "12"), ([9.94, 9.96], "9.9 to 10"), ([], "not measured")],
)
def test_factors_have_two_digits(factors, words):
    assert amounts.of_times(factors) == words


@pytest.mark.parametrize(
    ("values", "words"),
    [([0.344, 0.21], "0.21 to 0.34"), ([0.5], "0.50"), ([0.501, 0.502], "0.50"), ([], "not measured")],
)
def test_a_span_goes_from_the_lowest_to_the_highest(values, words):
    assert amounts.span(values) == words


@pytest.mark.parametrize(
    ("shares", "words"),
    [([0.34, 0.009], "less than 1 to 34"), ([0.001, 0.002], "less than 1"), ([1], "100"), ([], "not measured")],
)
def test_small_shares_are_less_than_one_per_cent(shares, words):
    assert amounts.of_percents(shares) == words
