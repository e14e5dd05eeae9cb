"""What the ranking does to IDGI's gain: planted gains turn each sentence round."""

import pandas as pd
import pytest

from igstudy.evidence.deciding import LEAST
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables import signs


def exact(value):
    return Estimate(value, value, value, 5)


def more(idgi, absolute):
    values = {signs.IDGI: idgi, signs.ABSOLUTE: absolute, signs.SQUARES: 0.3, signs.EDGES: 0.1, signs.RANDOM: -0.05}
    return pd.Series(
        {name: exact(value) for name, value in values.items()}, dtype=object
    )  # as `causes.estimates` has it


@pytest.mark.parametrize(
    ("idgi", "absolute", "first", "part"),
    [
        (0.4, 0.3, "0.400 more", "+0.300 (75 % of that)"),
        (0.4, -0.1, "0.400 more", "-0.100 (-25 % of that)"),
        (-0.2, 0.3, "0.200 less", "+0.300, and"),
        (0.0, 0.3, "0.000 less", "+0.300, and"),
    ],
)
def test_a_part_of_idgis_gain_is_named_where_there_is_a_gain(idgi, absolute, first, part):
    found = signs.over_signed(more(idgi, absolute), "small")
    assert found.startswith(f"On small networks, IDGI by magnitude scores {first} than a signed IG map.")
    assert f"nothing else brings {part}" in found
    assert "random numbers -0.050" in found


def test_what_was_not_measured_is_said_so():
    assert "was not measured" in signs.over_signed({}, "small")
    assert "Edges bring an amount that was not measured" in signs.over_signed({signs.IDGI: exact(0.4)}, "small")
    assert signs.effect([]) == "was not measured"
    assert signs.advice({signs.IDGI: exact(0.4)}, "small").endswith("What it brings was not measured.")


@pytest.mark.parametrize(
    ("signed", "absolute", "words"),
    [
        (0.4, 0.1, "25 % over IG"),
        (0.4, 0.5, "125 % over IG"),
        (0.4, -0.1, "nothing over IG"),
        (-0.1, 0.2, "over IG there was none"),
    ],
)
def test_what_is_left_by_magnitude_is_said_as_it_is(signed, absolute, words):
    table = pd.DataFrame({"signed": {"Blur IG": 0.2, "IG": signed}, "absolute": {"Blur IG": 0.1, "IG": absolute}})
    assert signs.left(table) == f"With magnitude on both sides this is left of IDGI's gain: {words}, 50 % over Blur IG."


@pytest.mark.parametrize(
    ("idgi", "absolute", "words"),
    [
        (0.4, 0.3, "Try IG by magnitude first: it costs nothing, and on ImageNet networks it brings 75 %"),
        (0.4, 0.1, "IG by magnitude costs nothing, but on ImageNet networks it brings 25 %"),
        (0.4, -0.1, "IG by magnitude brings nothing"),
        (-0.1, 0.3, "On ImageNet networks, IDGI adds nothing"),
    ],
)
def test_ig_by_magnitude_is_advised_where_it_brings_most_of_the_gain(idgi, absolute, words):
    assert signs.advice(more(idgi, absolute), "ImageNet").startswith(words)


EXCLUDES = " by an interval that excludes 0; the largest change"
UP, DOWN, OPEN = Estimate(0.1, 0.05, 0.15, 5), Estimate(-0.2, -0.3, -0.1, 5), Estimate(0.02, -0.1, 0.14, 5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([DOWN, OPEN], f"lowers it in 1 of 2 columns{EXCLUDES} is -0.200"),
        ([UP, UP], f"raises it in 2 of 2 columns{EXCLUDES} is +0.100"),
        (
            [UP, DOWN],
            f"lowers it in 1 and raises it in 1 of 2 columns{EXCLUDES} is -0.200",
        ),
        (
            [OPEN],
            f"changes it in none of 1 column{EXCLUDES} is +0.020",
        ),
    ],
)
def test_a_cause_lowers_raises_or_leaves_the_gain(changes, words):
    assert signs.effect(changes) == words


def gains(images=20, **values):
    """Gains by network, IG and sign: intervals of 0.1 to either side."""
    found = {
        (network, "IG", sign): Estimate(value, value - 0.1, value + 0.1, images)
        for network, pair in values.items()
        for sign, value in zip(("signed", "absolute"), pair, strict=True)
    }
    return pd.Series(found, dtype=object)


@pytest.mark.parametrize(
    ("v1", "words"),
    [
        ((0.3, 0.2), "higher on **signed** maps in 2 of 2 and lower in 0 (median gain +0.300), and on maps ranked by "
                     "**magnitude** in 1 of 2 and lower in 0 (median gain +0.100)."),
        ((-0.3, -0.2), "higher on **signed** maps in 1 of 2 and lower in 1 (median gain +0.000), and on maps ranked by "
                       "**magnitude** in 0 of 2 and lower in 1 (median gain -0.100)."),
    ],
)  # fmt: skip
def test_pairs_are_counted_for_each_kind_of_network(v1, words):
    lines = signs.in_pairs(gains(mobilenet_v1=v1, mobilenet_v2=(0.3, 0.0), vgg=(0.2, 0.2))).splitlines()
    assert lines[0] == f"- On ImageNet networks, IDGI scores {words}"
    assert lines[1].startswith("- On small networks, IDGI scores higher on **signed** maps in 1 of 1 and")
    assert len(lines) == 2


def test_pairs_of_few_images_are_not_counted_unless_all_are():
    few = gains(LEAST - 1, vgg=(0.3, 0.3))
    assert "in 1 of 1 and" in signs.in_pairs(pd.concat([gains(resnet=(0.2, 0.2)), few]))
    assert "(median gain +0.200)" in signs.in_pairs(pd.concat([gains(LEAST, resnet=(0.2, 0.2)), few]))
    assert "(median gain +0.300)" in signs.in_pairs(few)


@pytest.mark.parametrize(("hot", "words"), [(0.1, "from +0.200 to +0.100"), (-0.1, "from +0.200 to -0.100")])
def test_a_temperature_moves_the_gain_of_what_was_measured(hot, words):
    sweep = {("IG", "absolute", "T = 0.25"): exact(0.2), ("IG", "absolute", "T = 4"): exact(hot)}
    found = signs.with_temperature(sweep, {"T = 0.25": 0.9, "T = 1": 0.7, "T = 4": 0.1}, "ImageNet")
    assert found.startswith(
        "On ImageNet networks, from $T = 0.25$ to $T = 4$, the mean confidence goes from 0.90 to 0.10."
    )
    assert f"By magnitude, IDGI's gain goes {words} over IG. If" in found
    assert "Blur" not in found
    assert signs.with_temperature({}, {}, "ImageNet").endswith("was not measured.")


@pytest.mark.parametrize(
    ("low", "words"),
    [
        (0.05, "would lie at 0, but they lie above it."),
        (-0.05, "and an interval there includes 0, so this stays open."),
    ],
)
def test_what_an_interval_cannot_tell_stays_open(low, words):
    sweep = {("IG", "absolute", "T = 0.25"): exact(0.2), ("IG", "absolute", "T = 4"): Estimate(0.1, low, 0.3, 5)}
    assert signs.with_temperature(sweep, {"T = 0.25": 0.9, "T = 4": 0.1}, "ImageNet").endswith(words)
