"""The answers: planted rows turn every word, and networks are the unit."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from claiming import CLAIMS, IMAGES, NETWORKS, NOISE, a_claim, a_side, of_side, word
from igstudy.evidence.claims import KINDS as COMPARED
from igstudy.evidence.claims import LOGARITHMIC
from igstudy.evidence.deciding import (
    EXISTENTIAL,
    LEAST,
    NOT,
    NOT_REFUTED,
    NOT_TESTED,
    OPEN,
    PART,
    REPRODUCED,
    metrics,
    verdict,
    verdicts,
)
from igstudy.evidence.inference import clustered
from igstudy.evidence.kinds import IMAGENET, KINDS, ONES, kind_of
from igstudy.evidence.networks import across
from igstudy.evidence.results import VALUES

NOTHING = pd.DataFrame(columns=VALUES)


def test_no_random_number_has_a_part_in_an_answer(monkeypatch):
    rows = of_side(CLAIMS["a1"].original, 0.2)
    answers = [each.original[IMAGENET].word for each in verdicts(rows)]
    monkeypatch.setattr(np.random, "default_rng", None)
    monkeypatch.setattr(np.random, "RandomState", None)
    assert [each.original[IMAGENET].word for each in verdicts(rows)] == answers
    assert REPRODUCED in answers


# --- reproduced? ---


@pytest.mark.parametrize("kind", COMPARED)
@pytest.mark.parametrize(("effect", "expected"), [(1, REPRODUCED), (0, OPEN), (-1, NOT)])
def test_planted_rows_decide_every_kind_of_comparison(kind, effect, expected):
    side = a_side(kind, 1 if kind in LOGARITHMIC else 0)
    found = verdict(a_claim(side), of_side(side, effect)).original[IMAGENET]
    assert found.word == expected
    (row,) = found.rows
    assert row.mean.value == pytest.approx(effect)
    assert row.mean.low < effect < row.mean.high
    assert (row.mean.n, found.networks) == (len(NETWORKS), list(NETWORKS))
    assert row.outcome == {REPRODUCED: "agrees", OPEN: "open", NOT: "against"}[expected]


@pytest.mark.parametrize(
    ("agree", "effects", "expected"),
    [
        ("all", (1, 1, 1), REPRODUCED),
        ("all", (1, 1, 0), PART),
        ("all", (1, 1, -1), PART),
        ("all", (0, 0, 0), OPEN),
        ("all", (0, 0, -1), NOT),
        ("most", (1, 1, -1), REPRODUCED),
        ("most", (1, -1, -1), PART),
        ("most", (0, -1, -1), NOT),
        ("most", (0, 0, -1), OPEN),
        ("half", (1, 1, -1, -1), REPRODUCED),
        ("half", (1, -1, -1, -1), PART),
        ("half", (0, -1, -1, -1), NOT),
        ("half", (0, 0, -1, -1), OPEN),
        ("some", (1, -1, -1), REPRODUCED),
        ("some", (0, -1, -1), OPEN),
        ("some", (-1, -1, -1), NOT),
        ("never", (1, 0, 0), NOT_REFUTED),
        ("never", (0, 0, 0), NOT_REFUTED),
        ("never", (1, 1, -1), NOT),
    ],
)
@pytest.mark.parametrize("kind", ["level", "difference", "ratio"])
def test_a_claim_says_how_many_comparisons_must_agree(kind, agree, effects, expected):
    side = a_side(kind, 1 if kind in LOGARITHMIC else 0, comparisons=len(effects))
    claim = a_claim(side, agree=agree)
    assert word(claim, of_side(side, effects)) == expected
    below = replace(claim, original=replace(side, low=-np.inf, high=side.low))
    assert word(below, of_side(side, [-effect for effect in effects])) == expected


@pytest.mark.parametrize(("effect", "expected"), [(0.3, REPRODUCED), (0.49, REPRODUCED), (0.5, OPEN), (0.6, NOT)])
def test_two_methods_are_the_same_within_bounds(effect, expected):
    side = a_side("difference", -0.5, 0.5)
    for sign in (1, -1):
        assert word(a_claim(side), of_side(side, sign * effect)) == expected


def test_what_has_no_spread_and_lies_at_the_bound_is_not_above_it():
    side = a_side("difference", 0)
    assert word(a_claim(side), of_side(side, 0, noise=np.zeros(IMAGES))) == OPEN


def test_adding_networks_does_not_weaken_that_some_or_refute_that_none():
    side = a_side("level", 0, comparisons=2)
    one, others = NETWORKS[0], ONES[IMAGENET][1:]
    rows = [of_side(side, (1, -1), networks=[one])]
    for count in range(len(others) + 1):
        rows += [of_side(side, -1, networks=others[count - 1 : count])] if count else []
        assert word(a_claim(side, agree="some"), pd.concat(rows)) == REPRODUCED
        flipped = pd.concat(rows).assign(value=lambda every: -every["value"])
        assert word(a_claim(side, agree="never"), flipped) == NOT


def test_one_network_that_is_sure_counts_among_others_that_are_not():
    side = a_side("level", 0)
    rows = [of_side(side, -1, networks=NETWORKS[:1]), of_side(side, 2, networks=NETWORKS[1:])]
    assert word(a_claim(side, agree="never"), pd.concat(rows)) == NOT
    assert word(a_claim(side), pd.concat(rows)) == OPEN


def test_what_could_have_refuted_a_claim_is_counted_by_comparison_and_network():
    side = a_side("level", 0, comparisons=3)
    few = of_side(side, 1, networks=NETWORKS[2:3], noise=NOISE[: LEAST - 1])
    found = verdict(a_claim(side, agree="never"), pd.concat([of_side(side, 1, networks=NETWORKS[:2]), few]))
    assert (found.original[IMAGENET].word, found.original[IMAGENET].chances) == (NOT_REFUTED, 2 * 3)


def test_a_claim_about_some_networks_does_not_ask_the_others():
    side = a_side("level", 0)
    rows = pd.concat([of_side(side, 1, networks=NETWORKS[:1]), of_side(side, -1, networks=NETWORKS[1:])])
    assert word(a_claim(side, networks=NETWORKS[:1]), rows) == REPRODUCED
    assert word(a_claim(side, networks=("inception_v3",)), rows) == NOT_TESTED


def test_few_images_decide_nothing():
    side = a_side("level", 0)
    few = of_side(side, 1, noise=NOISE[: LEAST - 1])
    found = verdict(a_claim(side), few).original[IMAGENET]
    assert (found.word, found.rows[0].mean, found.networks) == (OPEN, None, [])
    assert set(found.rows[0].estimates) == set(NETWORKS)
    assert word(a_claim(side), of_side(side, 1, noise=NOISE[:LEAST])) == REPRODUCED
    for agree in EXISTENTIAL:
        assert word(a_claim(side, agree=agree), few) == OPEN


def test_a_network_of_few_images_is_shown_and_does_not_count():
    side = a_side("level", 0)
    few = of_side(side, -9, networks=NETWORKS[:1], noise=NOISE[: LEAST - 1])
    found = verdict(a_claim(side), pd.concat([of_side(side, 1, networks=NETWORKS[1:]), few])).original[IMAGENET]
    assert (found.word, found.networks, found.rows[0].mean.n) == (REPRODUCED, list(NETWORKS[1:]), len(NETWORKS) - 1)
    assert NETWORKS[0] in found.rows[0].estimates


def test_a_comparison_that_is_nowhere_measured_leaves_a_claim_untested():
    side = a_side("level", 0, comparisons=2)
    rows = of_side(side, 1)
    assert word(a_claim(side), rows) == REPRODUCED
    assert word(a_claim(side), rows[rows["method"] == "IG"]) == NOT_TESTED
    assert word(a_claim(side), NOTHING) == NOT_TESTED


def test_images_that_are_left_out_do_not_count():
    side = a_side("level", 0)
    rows = of_side(side, 1)
    out = rows["image"].isin(["000", "001"])
    found = verdict(a_claim(side), rows.assign(left_out=np.where(out, "undefined", ""))).original[IMAGENET]
    assert {each.n for each in found.rows[0].estimates.values()} == {IMAGES - 2}


def test_the_mean_is_that_over_networks_which_share_photographs():
    side, rng = a_side("difference", 0), np.random.default_rng(0)
    shared = rng.normal(size=IMAGES)
    values = {name: 0.3 + shared + rng.normal(size=IMAGES) for name in NETWORKS}
    rows = pd.concat(of_side(side, 0, networks=[name], noise=each) for name, each in values.items())
    (row,) = verdict(a_claim(side), rows).original[IMAGENET].rows
    alike = np.corrcoef(list(values.values()))[np.triu_indices(len(values), 1)].mean()
    assert alike > 0.2
    expected = across([clustered(each, ways=[range(IMAGES)]) for each in values.values()], correlation=alike)
    assert (row.mean.value, row.mean.low, row.mean.high) == pytest.approx((expected.value, expected.low, expected.high))


@pytest.mark.parametrize("name", ["a1", "a2", "a6", "a12", "a26", "a37", "b2"])
def test_answers_of_one_kind_are_those_of_its_rows_alone(name):
    claim, rng, frames = CLAIMS[name], np.random.default_rng(1), []
    if claim.networks:
        claim = replace(claim, networks=())
    for network in (*NETWORKS[:3], "vgg", "resnet", "narrow-plain-0", "severed-plain-0", "squeezenet1_1", "own"):
        for side in claim.sides:
            effects = rng.normal(0, 0.1, len(side.comparisons)) + (side.low > 0)
            frames.append(of_side(side, effects, networks=[network], noise=rng.normal(0, 0.1, IMAGES)))
    rows = pd.concat(frames).drop_duplicates([*VALUES[:3], "method", "metric", "variant", "sign", "steps"])
    whole = verdict(claim, rows)
    for kind in KINDS:
        part = verdict(claim, rows[[kind_of(network) == kind for network in rows["network"]]])
        assert part.original[kind] == whole.original[kind]
        assert [each[kind] for each in part.changed] == [each[kind] for each in whole.changed]
        assert part.original[kind].word != NOT_TESTED
        others = {part.original[other].word for other in KINDS if other != kind}
        assert others == {NOT_TESTED}


def test_rows_of_many_claims_answer_each_as_if_it_were_alone():
    own = [CLAIMS["a2"], CLAIMS["a3"], CLAIMS["b7"]]
    rows = pd.concat(of_side(claim.original, 1) for claim in own)
    together = {each.claim.id: each.original for each in verdicts(rows, own)}
    assert together == {claim.id: verdict(claim, rows).original for claim in own}
    assert metrics(own) == {"insertion ratio", "alpha*"}


# --- how large? ---


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_a_size_is_a_share_of_what_the_paper_prints(share):
    claim = CLAIMS["a2"]
    printed = verdict(claim, NOTHING).published
    found = verdict(claim, of_side(claim.original, share * printed)).original[IMAGENET]
    assert found.size.value == pytest.approx(share)
    assert found.size.n == len(NETWORKS)


def test_what_is_practically_nothing_is_not_reproduced_and_what_is_unsure_is_open():
    claim = CLAIMS["a2"]
    assert word(claim, of_side(claim.original, 0)) == NOT
    rng = np.random.default_rng(0)
    wide = pd.concat(
        of_side(claim.original, effect, networks=[name], noise=rng.normal(0, 0.3, IMAGES))
        for name, effect in zip(NETWORKS, (-0.2, -0.1, 0, 0.1, 0.2), strict=True)
    )
    assert word(claim, wide) == OPEN


def test_a_mean_is_not_the_size_of_what_one_network_proves():
    for name in ("a6", "a12"):
        claim = replace(CLAIMS[name], networks=())
        found = verdict(claim, pd.concat(of_side(side, 0) for side in claim.sides))
        assert found.original[IMAGENET].size is None
        assert found.original[IMAGENET].word == (OPEN if name == "a6" else NOT_REFUTED)
