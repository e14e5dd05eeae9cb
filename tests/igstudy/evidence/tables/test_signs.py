"""What the ranking does to IDGI's gain: planted gains turn each sentence round."""

import pandas as pd
import pytest

from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables import signs


def exact(value):
    return Estimate(value, value, value, 5)


def more(idgi, absolute):
    values = {signs.IDGI: idgi, signs.ABSOLUTE: absolute, signs.SQUARES: 0.3, signs.EDGES: 0.1, signs.RANDOM: -0.05}
    return {name: exact(value) for name, value in values.items()}


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
    found = signs.over_signed(more(idgi, absolute))
    assert found.startswith(f"Over all networks IDGI scores {first} than a signed IG map.")
    assert f"nothing else brings {part}" in found
    assert "random numbers -0.050" in found


def test_what_was_not_measured_is_said_so():
    assert "was not measured" in signs.over_signed({})
    assert "Edges bring an amount that was not measured" in signs.over_signed({signs.IDGI: exact(0.4)})
    assert signs.effect([]) == "was not measured"
    assert signs.advice({signs.IDGI: exact(0.4)}).endswith("What it brings was not measured.")


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
        (0.4, 0.3, "Try IG by magnitude first: it costs nothing, and over all networks it brings 75 %"),
        (0.4, 0.1, "IG by magnitude costs nothing, but over all networks it brings 25 %"),
        (0.4, -0.1, "IG by magnitude brings nothing"),
        (-0.1, 0.3, "Over all networks IDGI adds nothing"),
    ],
)
def test_ig_by_magnitude_is_advised_where_it_brings_most_of_the_gain(idgi, absolute, words):
    assert signs.advice(more(idgi, absolute)).startswith(words)


EXCLUDES = ", with an interval that excludes 0; the largest change"
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
            f"neither lowers nor raises it in any of 1 column{EXCLUDES} is +0.020",
        ),
    ],
)
def test_a_cause_lowers_raises_or_leaves_the_gain(changes, words):
    assert signs.effect(changes) == words
