"""How the benchmarks time: contestants take turns, and ratios are those of one round."""

import json
from pathlib import Path

import pytest
from bench.__main__ import NAMES
from bench.timing import ROUNDS, interleaved, ratio

ROOT = Path(__file__).parents[1]


def test_contestants_take_turns_and_the_first_round_does_not_count():
    turns = []
    seconds = interleaved({name: lambda name=name: turns.append(name) for name in "ab"}, rounds=3)
    assert turns == ["a", "b"] * 4
    assert [len(each) for each in seconds.values()] == [3, 3]


def test_a_ratio_is_taken_round_by_round():
    seconds = {"slow": [2.0, 30.0, 4.0], "fast": [1.0, 10.0, 4.0]}
    assert ratio(seconds, of="slow", to="fast") == {"ratio": 2, "least": 1, "most": 3, "rounds": 3}


def test_five_rounds_or_more():
    assert ROUNDS >= 5


@pytest.mark.parametrize("file", sorted(ROOT.glob("results/bench/*/*.json")), ids=lambda file: file.stem)
def test_committed_results_say_what_was_measured_and_on_what(file):
    report = json.loads(file.read_text(encoding="utf-8"))
    assert file.stem in NAMES
    assert report["question"]
    assert {"processor", "device", "cores", "versions", "commit"} <= report["machine"].keys()
    assert report["rows"]
    assert all(row.get("rounds", ROUNDS) >= ROUNDS for row in report["rows"])
