"""Where guided paths part: planted overlaps and gradients turn each sentence round."""

import numpy as np
import pytest

from igstudy.evidence.tables import parting

STEPS = [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ((1, 0.95, 0.91), (1, 1, 1), "On none of 2 networks"),
        ((1, 0.5, 0.4), (1, 1, 1), "On 1 of 2 networks"),
        ((1, 0.5, 0.4), (1, 0.95, 0.3), "On 2 of 2 networks"),
    ],
)
def test_paths_part_where_their_overlap_falls(one, other, words):
    found = parting.in_words({"a": (STEPS, one), "b": (STEPS, other)})
    assert found.startswith(words)
    assert f"The lowest overlap is {min(*one, *other):.2f}." in found
    firsts = {"none": "", "1": ", first at step 2.", "2": ", first at step 2 to 3."}[words.split()[1]]
    assert f"overlap by less than 0.9{firsts or '.'}" in found
    assert ("The threshold alone" in found) == bool(firsts)


@pytest.mark.parametrize(
    ("start", "words"), [(0.95, "does not explain it"), (0.9, "does not explain it"), (0.8, "may already")]
)
def test_the_threshold_may_explain_it_where_the_first_step_does(start, words):
    found = parting.in_words({"a": (STEPS, (start, 0.5, 0.1)), "b": (STEPS, (1, 1, 1))})
    assert f"The threshold alone {words}" in found
    assert found.endswith(f"the lowest overlap is {start:.4f}.")


def jump(power):
    """A gradient that changes with this power of the distance."""
    distances = np.array([1e-8, 1e-6, 1e-4, 1e-2])
    return list(distances), list(distances**power)


@pytest.mark.parametrize(
    ("powers", "words"),
    [((0.5, 0.6), "On 2 of 2 networks"), ((0.5, 1.0), "On 1 of 2 networks"), ((0.9, 1.0), "On 0 of 2")],
)
def test_gradients_jump_or_move_smoothly(powers, words):
    found = parting.of_gradients({f"{i}": jump(power) for i, power in enumerate(powers)})
    assert f"with the power {powers[0]:.2f} to {powers[1]:.2f} of the distance. {words}" in found
    assert f"has moved by {0.01 ** powers[1]:.2f} to {0.01 ** powers[0]:.2f} of its own length." in found


@pytest.mark.parametrize(
    ("moved", "met"),
    [
        ({"a": 0.01, "b": 0.02, "c": 0.5}, "none"),
        ({"a": 0.01, "b": 0.6, "c": 0.5}, "b"),
        ({"a": 0.7, "b": 0.6, "c": 0.5, "d": 0.01}, "a, b"),
    ],
)
def test_smoothly_moving_gradients_are_told_apart_by_what_an_error_does_there(moved, met):
    jumps = {"a": jump(1.0), "b": jump(1.2), "c": jump(0.5)}
    found = parting.of_smooth(jumps, moved)
    calm = sorted((moved["a"], moved["b"]))
    assert f"by {calm[0]:.2g} to {calm[1]:.2g} of its length on 2 networks with smoothly" in found
    assert "(a, b) and by 0.5 on 1 network with jumping ones" in found
    assert found.endswith(f"The condition is met on {met}.")


def test_both_kinds_of_gradient_must_be_measured():
    assert "they are not" in parting.of_smooth({"a": jump(1.0)}, {"a": 0.1})
    assert "they are not" in parting.of_smooth({"a": jump(1.0), "b": jump(0.5)}, {"a": 0.1})
