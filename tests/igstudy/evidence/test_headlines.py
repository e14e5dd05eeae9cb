"""The table of the main questions: planted results move every column, and it fits a README."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from claiming import CLAIMS, UNTESTED, bounded, found, of_side
from igstudy.evidence.deciding import verdict
from igstudy.evidence.headlines import HEAD, KEY, QUESTIONS, headlines

SPACE = "\N{NO-BREAK SPACE}"


def row(name, answer):
    """The row of a claim where it alone has an answer."""
    table = headlines([*(UNTESTED | {name: answer}).values()]).splitlines()
    return [cell.strip() for cell in table[2 + list(QUESTIONS).index(name)].strip("|").split("|")]


def test_every_question_is_of_a_papers_claim_that_has_the_change():
    for name, (question, place, change) in QUESTIONS.items():
        assert CLAIMS[name].paper in ("A", "B")
        assert -len(CLAIMS[name].changed) <= place < len(CLAIMS[name].changed)
        assert question.endswith("?")
        assert change


def test_the_papers_main_claims_are_asked_and_full_ig_is_compared_before_right_ig():
    assert list(QUESTIONS) == ["a2", "a4", "a7", "a26", "a37", "b2", "b7", "b16", "b14", "b18"]


@pytest.mark.parametrize(
    ("before", "after", "same", "changed"),
    [
        (1, 0.25, "● 100 %", "◐ 25 %"),
        (1, 0, "● 100 %", "○ 0 %"),
        (0.5, 0.5, "● 50 %", "● 100 %"),
        (1, None, "● 100 %", "–"),
        (None, 1, "–", "–"),
    ],
)
def test_a_row_changes_with_the_results(before, after, same, changed):
    cells = [cell.replace(SPACE, " ").replace("-0 %", "0 %") for cell in row("a2", found("a2", before, after))]
    assert cells == [QUESTIONS["a2"][0], "+0.23", same, f"by magnitude: {changed}", "–"]


@pytest.mark.parametrize(("share", "noise", "cell"), [(0.24, 0.01, "● 24 %"), (0.24, 5, "◌ 24 %"), (0.5, 5, "◌ 50 %")])
def test_the_mark_says_how_sure_a_direction_is_and_the_percentage_how_large_the_effect(share, noise, cell):
    claim, effect = CLAIMS["a2"], share * UNTESTED["a2"].published
    rows = of_side(claim.original, effect, networks=["mobilenet_v2"], noise=noise * np.linspace(-1, 1, 12))
    assert row("a2", verdict(claim, rows))[2].replace(SPACE, " ") == cell
    assert "the mark says whether the direction is sure, and the percentage how large the effect is" in KEY


@pytest.mark.parametrize("name", ["b14", "b16"])
def test_an_effect_on_another_scale_has_its_mark_alone(name):
    cells = row(name, found(name, 1, 1))
    assert cells[2].replace(SPACE, " ") == "● 100 %"
    assert cells[3] == f"{QUESTIONS[name][2]}: ●"


def test_small_networks_have_their_column():
    claim, printed = CLAIMS["a2"], UNTESTED["a2"].published
    rows = [of_side(claim.original, printed), of_side(claim.original, 0, networks=["vgg", "resnet"])]
    assert row("a2", verdict(claim, pd.concat(rows)))[-1].replace(SPACE, " ").replace("-0", "0") == "○ 0 %"


def test_what_has_no_size_is_told_by_its_means():
    assert row("b7", bounded("b7", 0.2))[2].replace(SPACE, " ") == f"● {CLAIMS['b7'].original.high - 0.2:.2g}"
    printed = replace(UNTESTED["a37"], published=math.log10(2e-7))
    assert row("a37", printed)[1] == "÷ 5,000,000"
    assert row("a37", replace(printed, published=math.log10(0.25)))[1] == "× 0.25"
    assert row("b2", UNTESTED["b2"])[1] == "1.6"


def test_the_table_is_narrow():
    answers = [found(name, 1, 0.25) if UNTESTED[name].published else UNTESTED[name] for name in QUESTIONS]
    table = headlines([*(UNTESTED | {each.claim.id: each for each in answers}).values()]).splitlines()
    assert len(table) == 2 + len(QUESTIONS)
    assert max(map(len, table)) <= 120
    assert all(line.count("|") == 1 + len(HEAD) for line in table)
