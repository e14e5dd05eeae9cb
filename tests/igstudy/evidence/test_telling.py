"""Answers as sentences: every word that an answer can have turns the sentence round."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from claiming import CLAIMS, METHODS, NETWORKS, UNTESTED, a_claim, a_side, bounded, found, of_side
from igstudy.evidence.deciding import verdict
from igstudy.evidence.inference import student
from igstudy.evidence.kinds import IMAGENET
from igstudy.evidence.telling import capitalised, ranking, sentence, told


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (1, 1, "*reproduced* at 100 %; the effect survives (100 % of it)"),
        (1, 0.25, "*reproduced* at 100 %; 25 % of it is left"),
        (1, 0, "*reproduced* at 100 %; practically nothing is left"),
        (1, -1, "*reproduced* at 100 %; the effect reverses"),
        (0, 1, "*not reproduced* at 0 %; the effect appears"),
        (0, 0, "*not reproduced* at 0 %; it is still absent"),
        (1, None, "*reproduced* at 100 %"),
        (None, 1, "*not tested*"),
    ],
)
def test_a_sentence_changes_with_the_results(before, after, words):
    each = found("a2", before, after)
    first, *then = words.split("; ")
    size = " of the published size on 5 networks" if " at " in first else ""
    expected = "; ".join([first + size, *(f"ranked by magnitude, {each}" for each in then)])
    assert told(each, IMAGENET).replace("-0 %", "0 %") == expected
    assert sentence(each).startswith(f"{CLAIMS['a2'].claim} {capitalised(words.split(' ')[0])}")
    assert sentence(each).count("[") == 0


def test_a_ranking_has_the_books_word():
    assert [ranking(sign) for sign in ("signed", "absolute", "none")] == ["signed", "by magnitude", "none"]


def test_what_this_book_claims_holds_or_does_not():
    assert told(bounded("c5", 0.1), IMAGENET) == "*holds* on 5 networks"
    assert told(bounded("c5", -0.1), IMAGENET) == "*does not hold* on 5 networks"
    assert told(UNTESTED["c5"], IMAGENET) == "*not tested*"


def test_small_networks_are_told_where_they_answer_otherwise():
    claim, printed = CLAIMS["a2"], UNTESTED["a2"].published
    there = of_side(claim.original, printed)
    gone = of_side(claim.original, 0, networks=["vgg", "resnet"])
    assert "small" not in sentence(
        verdict(claim, pd.concat([there, of_side(claim.original, printed, networks=["vgg"])]))
    )
    assert sentence(verdict(claim, pd.concat([there, gone]))).endswith(
        "On small networks: *not reproduced* at 0 % of the published size on 2 networks."
    )


def test_of_several_comparisons_it_is_said_how_many_agree():
    side = a_side("level", 0, comparisons=3)
    found = verdict(a_claim(side), of_side(side, (1, 2, -1)))
    assert told(found, IMAGENET) == "*reproduced in part*, with 2 of 3 comparisons in agreement, on 5 networks"
    one = verdict(a_claim(a_side("level", 0)), of_side(a_side("level", 0), 0.001, networks=["mobilenet_v2"]))
    assert re.fullmatch(r"\*undecided\* on 1 network", told(one, IMAGENET))


def test_a_size_of_fewer_networks_than_the_answer_is_told_with_their_number():
    side = a_side("difference", 0, comparisons=2)
    rows = of_side(side, 1)
    fewer = rows[(rows["method"] == METHODS[0]) | rows["network"].isin(NETWORKS[:2])]
    found = verdict(a_claim(side), fewer)
    answer = replace(found.original[IMAGENET], size=student(1.0, 0.1, 1, 2))
    assert told(replace(found, original={**found.original, IMAGENET: answer}), IMAGENET) == (
        "*reproduced* on 5 networks, at 100 % of the published size on 2 of them"
    )


def test_a_change_on_other_networks_is_told_with_their_number():
    claim, (change,) = CLAIMS["a2"], CLAIMS["a2"].changed
    printed = UNTESTED["a2"].published
    for share, words in ((1, "the effect survives (100 % of it)"), (0, "practically nothing is left")):
        changed = of_side(change, share * printed, networks=NETWORKS[:3])
        found = verdict(claim, pd.concat([of_side(claim.original, printed), changed]))
        assert told(found, IMAGENET).endswith(f"on 5 networks; ranked by magnitude, {words} on 3 networks")


def test_what_nothing_can_prove_is_not_refuted_by_as_many_as_could():
    side = a_side("level", 0, comparisons=3)
    claim = a_claim(side, agree="never", changed=[replace(side, by="on grey")])
    words = "*not refuted* by any of 15 comparisons on 5 networks; on grey, it is not refuted"
    assert told(verdict(claim, of_side(side, 1)), IMAGENET) == words
    one = verdict(a_claim(a_side("level", 0), agree="never"), of_side(a_side("level", 0), 1, networks=["mobilenet_v2"]))
    assert told(one, IMAGENET) == "*not refuted* by the one comparison on 1 network"
    assert told(verdict(claim, of_side(side, -1)), IMAGENET).startswith("*not reproduced*")


def test_that_networks_disagree_is_said_of_an_open_answer():
    claim, (other,) = CLAIMS["a2"], CLAIMS["a2"].changed
    shares = dict(zip(NETWORKS, (1, 1, -1, -1, 0), strict=True))
    rows = [of_side(side, share, networks=[name]) for side in (claim.original, other) for name, share in shares.items()]
    assert re.fullmatch(
        r"\*undecided\* at -?0 % of the published size on 5 networks, as networks disagree; "
        "ranked by magnitude, what is left of it is undecided, as networks disagree",
        told(verdict(claim, pd.concat(rows)), IMAGENET),
    )


def test_a_capital_stands_behind_the_star():
    assert capitalised("*holds* here") == "*Holds* here"
    assert capitalised("holds") == "Holds"
    assert capitalised("") == ""


def test_too_few_images_are_told_as_such():
    rows = of_side(CLAIMS["a2"].original, 0.2)
    few = verdict(CLAIMS["a2"], rows[rows["image"] < "005"])
    assert told(few, IMAGENET) == "*undecided*, as too few images count"
