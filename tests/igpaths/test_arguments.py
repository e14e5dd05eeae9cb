"""What strangers give for targets, steps and rules: taken, or refused in one line."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch

import igpaths as ig
from igpaths import metrics
from problems import name
from strangers import NET, RANKING, STRAIGHT, X, refused


def attribute(x=X, targets=(0, 1), *, net=NET, path=STRAIGHT, rules=ig.IG("both"), steps=2, **options):  # noqa: B008
    return ig.attribute(net, x, targets, path=path, rules=rules, steps=steps, **options)


# --- targets: one rule for every function ---

FUNCTIONS = {
    "attribute": lambda t: attribute(targets=t)[ig.IG("both")],
    "walk": lambda t: sum(s.score_change for s in ig.walk(NET, X, t, path=STRAIGHT, steps=2)),
    "scores": lambda t: NET.scores(X, t),
    "gradients": lambda t: NET.gradients(X, t)[1],
    "insertion": lambda t: metrics.insertion(NET, X, t, RANKING).probability,
    "deletion": lambda t: metrics.deletion(NET, X, t, RANKING).probability,
    "perturbation": lambda t: metrics.perturbation(NET, X, t, RANKING)[0].probability,
    "information": lambda t: metrics.information(NET, X, t, RANKING, canvas="blur").probability,
}
TAKEN = {
    "list": [0, 1],
    "tuple": (0, 1),
    "range": range(2),
    **{str(d): torch.tensor([0, 1], dtype=d) for d in (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)},
    **{f"numpy {d}": np.array([0, 1], dtype=d) for d in ("int64", "int32", "int16", "uint8", "uint16", "uint64")},
    "list of tensors": [torch.tensor(0), torch.tensor(1)],
    "list of numpy": [np.int64(0), np.int32(1)],
    "pandas": pd.Series([0, 1]),
    "pandas with an index": pd.Series([0, 1], index=[1, 0]),
    "nullable pandas": pd.Series([0, 1], dtype="Int64"),
    "strided": torch.tensor([0, 9, 1, 9])[::2],
    "backwards": np.array([1, 0])[::-1],
}
TAKEN_FOR_ALL = {
    "int": 1,
    "numpy int": np.int64(1),
    "numpy without axes": np.array(1),
    "tensor without axes": torch.tensor(1),
    "uint8 without axes": torch.tensor(1, dtype=torch.uint8),
}
REFUSED = {
    "bool tensor": torch.tensor([False, True]),
    "bool list": [False, True],
    "bool": True,
    "numpy bool": np.bool_(True),
    "numpy bools": np.array([False, True]),
    "an int and a bool": [0, True],
    "float tensor": torch.tensor([0.0, 1.0]),
    "floats": [0.0, 1.0],
    "float": 1.0,
    "complex": 1j,
    "one hot": torch.eye(4)[:2].long(),
    "column": torch.tensor([[0], [1]]),
    "nested": [[0], [1]],
    "ragged": [[0], [1, 2]],
    "too few": [0],
    "too many": [0, 1, 2],
    "none": [],
    "negative": [-1, 0],
    "too large": [0, 4],
    "too large for all": 4,
    "beyond int64": [0, 2**63],
    "far beyond": [0, 2**80],
    "uint64 that would wrap": np.array([0, 2**64 - 1], dtype=np.uint64),
    "names": ["disk", "ring"],
    "digits": ["0", "1"],
    "name": "disk",
    "bytes": b"\x00\x01",
    "None": None,
    "Nones": [None, None],
    "dict": {0: 0, 1: 1},
    "set": {0, 1},
    "function": len,
    "missing pandas": pd.Series([0, None], dtype="Int64"),
    "pandas names": pd.Series(["a", "b"]),
    "table": pd.DataFrame({"label": [0, 1]}),
    "NaN": math.nan,
}


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("kind", TAKEN)
def test_targets_for_each_image(function, kind):
    assert torch.equal(FUNCTIONS[function](TAKEN[kind]), FUNCTIONS[function](torch.tensor([0, 1])))


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("kind", TAKEN_FOR_ALL)
def test_one_target_for_all(function, kind):
    assert torch.equal(FUNCTIONS[function](TAKEN_FOR_ALL[kind]), FUNCTIONS[function](torch.tensor([1, 1])))


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("kind", REFUSED)
def test_targets_that_are_no_classes_are_refused_in_one_line(function, kind):
    refused(lambda: FUNCTIONS[function](REFUSED[kind]), "targets")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_generator_of_targets_is_one_thing_everywhere(function):
    refused(lambda: FUNCTIONS[function](t for t in (0, 1)), "targets")


# --- steps ---


@pytest.mark.parametrize(
    "steps",
    [
        4,
        [2, 4],
        (4, 2, 4),
        {2, 4},
        range(4, 5),
        np.int64(4),
        np.array([2, 4]),
        torch.tensor([2, 4]),
        torch.tensor(4),
        (np.int32(2), torch.tensor(4)),
        (n for n in (2, 4)),
    ],
    ids=name,
)
def test_steps(steps):
    maps = attribute(steps=steps)
    assert max(maps.scores) == 4
    assert {type(n) for n in maps.scores} == {int}
    assert torch.equal(maps[ig.IG("both"), 4], attribute(steps=(2, 4))[ig.IG("both"), 4])


NO_STEPS = (True, (True,), np.bool_(True), torch.tensor([True]), 0, -1, (0, 4), (), [], None, "8", ("8",), b"8", 2.5)
NO_STEPS += ((2.5,), np.float64(2.5), math.nan, (math.nan,), math.inf, (None,), {}, [[2], [4]])


@pytest.mark.parametrize("steps", NO_STEPS, ids=name)
def test_steps_that_are_no_counts(steps):
    refused(lambda: attribute(steps=steps), "steps")
    refused(lambda: list(ig.walk(NET, X, 0, path=STRAIGHT, steps=steps)), "steps")


def test_steps_that_do_not_divide():
    refused(lambda: attribute(steps=(10, 15)), "15", "10")
    assert set(attribute(steps=(10, 15), path=ig.Guided()).scores) == {10, 15}


# --- rules and what they are keys of ---


@dataclass
class Mutable:
    """A rule that is not frozen, and so no key."""

    def credit(self, segment):
        return segment.gradient("start")


@dataclass(frozen=True)
class Listing:
    """A rule that is frozen, with a field that is no key."""

    weights: list

    def credit(self, segment):
        return segment.gradient("start")


@dataclass(frozen=True)
class Own(ig.IG):
    """A rule derived from another."""


def test_rules_of_every_collection():
    expected = attribute(rules=(ig.IG(), ig.IDGI()))
    for rules in ([ig.IG(), ig.IDGI()], (rule for rule in (ig.IG(), ig.IDGI())), {ig.IG(): 1, ig.IDGI(): 2}):
        maps = attribute(rules=rules)
        assert all(torch.equal(maps.maps[key], expected.maps[key]) for key in expected.maps)
        assert maps.ranking("signed").shape == (2, 2, 24, 24)


def test_a_rule_given_twice_is_one():
    maps = attribute(rules=(ig.IG(), ig.IDGI(), ig.IG("start")))
    assert list(maps.maps) == [(ig.IG(), 2), (ig.IDGI(), 2)]


def test_a_derived_rule_is_another():
    maps = attribute(rules=(ig.IG(), Own(), ig.Left(Own(), 0.5)))
    assert torch.equal(maps[Own()], maps[ig.IG()])
    assert len(maps.maps) == 3


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ("idgi", ("rules", "ig.IDGI()")),
        (("idgi",), ("rules", "ig.IDGI()")),
        (ig.IDGI, ("rules", "IDGI", "ig.IG()")),
        ((ig.IG(), ig.IDGI), ("rules", "ig.IG()")),
        ((), ("rules is empty",)),
        (iter(()), ("rules is empty",)),
        (None, ("rules",)),
        ((None,), ("rules",)),
        (3, ("rules",)),
        (STRAIGHT, ("rules",)),
        (lambda segment: segment, ("rules",)),
        (Mutable(), ("Mutable", "frozen")),
        ((ig.IG(), Mutable()), ("Mutable", "frozen")),
        (Listing([1]), ("Listing", "hash")),
    ],
    ids=name,
)
def test_what_is_no_rule(rules, words):
    refused(lambda: attribute(rules=rules), *words)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ig.IG("middle"),
        lambda: ig.IG(None),
        lambda: ig.IG(["start"]),
        lambda: ig.IDGI("both"),
        lambda: ig.IDG("both"),
        lambda: ig.Left("ig", 0.9),
        lambda: ig.Left(ig.IG, 0.9),
        lambda: ig.Left(None, 0.9),
        lambda: ig.Left(ig.Left(ig.IG(), 0.9), 0.9),
        *(lambda psi=psi: ig.Left(ig.IG(), psi) for psi in (0, 1, -1, math.nan, math.inf, "0.9", 90)),
        *(lambda c=c: ig.Right(ig.IG(), 0.9, c) for c in ("middle", None)),
    ],
)
def test_choices_of_rules(make):
    refused(make)


def test_keys_of_the_result():
    one, two = attribute(), attribute(steps=(2, 4))
    assert torch.equal(one[ig.IG("both")], one[ig.IG("both"), 2])
    for maps, key in (
        (one, (ig.IG("both"), 4)),
        (one, ig.IG()),
        (one, "ig"),
        (one, 2),
        (two, ig.IG("both")),
        (one, None),
    ):
        with pytest.raises(KeyError, match=r"IG\(at='both'\)"):
            maps[key]
    refused(lambda: two.ranking("absolute"), "steps", "2, 4")
    refused(lambda: one.ranking("squared"), "absolute", "signed")
    refused(lambda: one.ranking("absolute", steps=3), "steps", "2")
    assert len(repr(two)) < 300
