"""Whether smoothing a signed map does what the magnitude does follows the numbers, whichever way they are turned."""

import pandas as pd
import pytest

from igstudy.evidence.kinds import IMAGENET, ONES
from igstudy.evidence.tables.smoothed import UNMEASURED, instead_of_magnitude
from planting import planted


def of_ig(smoothed, *, networks=ONES[IMAGENET][:5]):
    """Rows in which IG has .1 with its sign, .4 by magnitude, and these scores with its sign where it is smoothed."""
    signed = planted({("IG", 0): 0.1} | {("IG", s): v for s, v in smoothed.items()}, networks=networks)
    magnitude = planted({("IG", 0): 0.4, ("IG", 3): 0.9}, networks=networks, seed=1)
    return pd.concat([signed.assign(sign="signed"), magnitude])


@pytest.mark.parametrize(
    ("score", "words", "so"),
    [
        (
            0.2,
            "At best, smoothing does less than the magnitude (a difference of -0.20",
            "% of what the sign costs it.",
        ),
        (0.6, "At best, smoothing does more than the magnitude (a difference of +0.20", "at least as much as the sign"),
        (0.4, "At best, smoothing cannot be told from the magnitude (a difference of", "is open"),
    ],
)
def test_smoothing_is_compared_with_the_magnitude(score, words, so):
    found = instead_of_magnitude(of_ig({2: 0.15, 3: score, 4: 0.12}), IMAGENET)
    assert found.startswith("On 5 ImageNet networks, ranking by magnitude adds +0.30")
    assert "smoothing that map by 2, 3 and 4 px changes it by +0.0" in found
    assert words in found
    assert so in found


@pytest.mark.parametrize("rows", [of_ig({}), of_ig({3: 0.2}, networks=ONES[IMAGENET][:1]), of_ig({3: 0.2})[:0]])
def test_without_smoothed_maps_or_networks_nothing_is_said(rows):
    assert instead_of_magnitude(rows, IMAGENET) == UNMEASURED


def test_without_a_gain_by_magnitude_the_sign_costs_nothing_that_is_sure():
    rows = of_ig({0: 0.4, 3: 0.2})
    assert "not sure here" in instead_of_magnitude(rows, IMAGENET)


def test_smoothing_that_brings_nothing_leaves_the_sign_as_the_cause():
    found = instead_of_magnitude(of_ig({3: 0.05}), IMAGENET)
    assert found.endswith("The sign costs IG its score, not the noise of single pixels.")
