"""Which claims are not tested: planted results take them off the list, and provenance says what no study has had."""

import re

import pytest

from claiming import CLAIMS, UNTESTED, bounded, found, of_side
from igstudy.evidence import untested
from igstudy.evidence.deciding import verdict
from igstudy.evidence.untested import GPU, MASKS, NEEDS, STUDY, WEIGHTS, by_need, in_list, need, sentence


def study(images, ran_on="abacus", **parameters):
    return {"device": ran_on, "parameters": {"images": images, **parameters}}


@pytest.fixture(autouse=True)
def studies(monkeypatch):
    """The published studies, which a test fills."""
    found = {}
    monkeypatch.setattr(untested, "studies", lambda: found)
    return found


@pytest.mark.parametrize(
    ("names", "what"),
    [
        (("a5", "a10", "a11", "a13", "a17", "a29", "a31", "a32", "b4"), WEIGHTS),
        (("a20", "a21", "b20", "c11"), MASKS),
        (("a39",), GPU),
        (("a1", "a12", "b22", "c16", "c24"), STUDY),  # MobileNetV1, which can be run, has no shortcuts
    ],
)
def test_a_claim_needs_what_its_networks_and_metrics_say(names, what):
    assert {need(CLAIMS[name]) for name in names} == {what}
    if what != STUDY:
        assert {name for name, claim in CLAIMS.items() if need(claim) == what} == {*names}


def test_only_what_is_not_tested_on_imagenet_networks_is_listed():
    every = by_need([*UNTESTED.values()])
    assert list(every) == list(NEEDS)
    assert sorted(name for ids in every.values() for name in ids) == sorted(CLAIMS)
    decided = {"a2": found("a2", 1), "a39": bounded("a39", 0.1)}
    some = by_need([*(UNTESTED | decided).values()])
    assert GPU not in some
    assert [name for name in every[STUDY] if name not in some[STUDY]] == ["a2"]
    small = verdict(CLAIMS["a39"], of_side(CLAIMS["a39"].original, 0.5, networks=["vgg"]))
    assert by_need([small]) == {GPU: ["a39"]}


def test_a_sentence_counts_them():
    given = [UNTESTED["a5"], UNTESTED["a10"], UNTESTED["a20"], found("a2", 1)]
    assert sentence(given).startswith(
        f"On ImageNet networks 3 of 4 claims are not tested: 2 need {WEIGHTS} and 1 needs {MASKS}."
    )
    assert sentence(given[3:]).startswith("Every claim is tested on ImageNet networks.")


def test_a_list_links_every_claim(studies):
    given = [UNTESTED["a5"], UNTESTED["a10"], UNTESTED["a20"], found("a2", 1)]
    lines = in_list(given).splitlines()
    assert [re.findall(r'href="claims.html#claim-(\w+)">\1<', line) for line in lines[2:4]] == [["a5", "a10"], ["a20"]]
    assert lines[2].startswith(f"- They need {WEIGHTS}: ")
    assert lines[-1] == untested.beyond()
    assert in_list(given[3:]) == sentence(given[3:])
    studies |= {"large": study(2_500, "one GPU", device="cuda"), "other": study(9, ["two", "three"], device="cuda")}
    assert in_list(given).splitlines()[-1] == lines[3]


@pytest.mark.parametrize(
    ("published", "words"),
    [
        ([study(200)], "No study here has Study B's 2,500 images of a network or ran on a GPU."),
        ([study(2_500), study(9, "A 1", device="cuda")], "No study here ran on any GPU but the A 1."),
        ([study(9, ["A 1", "B 2"], device="cuda")], "No study here has Study B's 2,500 images of a network."),
        ([study(2_500, "A 1", device="cuda"), study(9, "B 2", device="cuda")], ""),
    ],
)
def test_what_no_study_has_had_follows_from_their_provenance(studies, published, words):
    studies |= {f"{i}": facts for i, facts in enumerate(published)}
    assert untested.beyond() == words
