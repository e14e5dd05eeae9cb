"""Answers under either score: which rows decide them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from igstudy.engine import store
from igstudy.evidence.deciding import LEAST, NOT, REPRODUCED
from igstudy.evidence.kinds import IMAGENET, SMALL
from igstudy.evidence.tables import scores
from igstudy.evidence.tables.scores import by_score

VALUES = np.linspace(1, 1.1, LEAST)
NAMES = [f"{i}" for i in range(LEAST)]


def planted(level, *, metric, variant="", network="vgg", protocol="igpaths, grey", path="split-mean-200", method="IG"):
    """Rows of one quantity, a value an image."""
    same = {"protocol": protocol, "network": network, "path": path, "method": method, "steps": 200, "sign": "signed"}
    same |= {"metric": metric, "variant": variant, "material": "", "curve": None, "map": None, "left_out": ""}
    frame = pd.DataFrame({"image": NAMES, "photograph": NAMES, "value": level * VALUES})
    return frame.assign(**same)[list(store.COLUMNS)]


def gap(levels, **where):
    """Rows of the completeness gap of every method and its IDGI (claim a22)."""
    methods = [f"{name}{idgi}" for name in ("IG", "Guided IG", "Blur IG") for idgi in ("", " + IDGI")]
    own = {"metric": "completeness gap", "protocol": "igpaths", "path": "straight"} | where
    return pd.concat([planted(levels[" + IDGI" in name], method=name, **own) for name in methods])


def alpha(level, score="", **where):
    """Rows of α* at every ψ (claim b7: below a half)."""
    path = f"split-mean-200{'-' if score else ''}{score}"
    variants = [f"ψ = {psi}{', ' if score else ''}{score}" for psi in ("0.9", "0.95", "0.99")]
    return pd.concat([planted(level, metric="alpha*", variant=each, path=path, **where) for each in variants])


def words(found):
    """The answers on small networks, the only ones that are planted."""
    assert {p.kind for _, p, _ in found} <= {SMALL}
    return {claim.id: (p.word, q.word) for claim, p, q in found}


def test_a_claim_about_paths_is_decided_by_the_study_of_each_score():
    probability, logit = gap((0.0, 0.01)), gap((0.0, 0.5))
    assert words(by_score(probability, logit)) == {"a22": (REPRODUCED, NOT)}
    assert words(by_score(logit, probability)) == {"a22": (NOT, REPRODUCED)}


def test_a_claim_about_split_ig_is_decided_by_its_own_walk_of_each_score():
    probability = pd.concat([alpha(0.3), alpha(0.7, "probability")])
    logit = alpha(0.3)  # which a study of the logit holds as well
    assert words(by_score(probability, logit)) == {"b7": (NOT, REPRODUCED)}


@pytest.mark.parametrize("where", [{"network": "resnet"}, {"protocol": "study-a"}])
def test_other_networks_and_the_papers_protocols_do_not_count(where):
    probability = pd.concat([gap((0.0, 0.01)), gap((0.0, 0.5), **where)])
    assert words(by_score(probability, gap((0.0, 0.01)))) == {"a22": (REPRODUCED, REPRODUCED)}


def test_images_of_one_score_alone_do_not_count():
    fewer = gap((0.0, 0.01))
    more = gap((0.0, -0.5)).assign(image=lambda rows: "more " + rows["image"])
    assert words(by_score(pd.concat([fewer, more]), fewer)) == {"a22": (REPRODUCED, REPRODUCED)}
    assert words(by_score(pd.concat([fewer, more]), pd.concat([fewer, more]))) == {"a22": (NOT, NOT)}


def test_what_one_score_alone_decides_is_not_compared():
    assert by_score(gap((0.0, 0.01)), alpha(0.3)) == []


OTHER = "The other score gives another answer"


@pytest.mark.parametrize(
    ("answers", "words", "advice"),
    [
        ([(REPRODUCED, NOT), (NOT, NOT)], f"{OTHER} in 1 of 2 pairs of a claim and", "in 1 of 2 comparisons here."),
        ([(NOT, REPRODUCED)], f"{OTHER} in 1 of 1 pair of a claim and", "in 1 of 1 comparison here."),
        ([(NOT, NOT)], f"{OTHER} in none of 1 pair of a claim and", "every claim."),
        ([], "No claim has been measured under both scores.", "every claim."),
    ],
)
def test_how_many_claims_depend_on_the_score_is_said_as_it_is(answers, words, advice):
    answer = by_score(gap((0.0, 0.01)), gap((0.0, 0.01)))[0][1]
    pairs = [(None, replace(answer, word=one), replace(answer, word=other)) for one, other in answers]
    assert scores.in_words(pairs).startswith(words)
    assert advice in scores.advice(pairs)
    assert len(scores.differing(pairs)) == sum(one != other for one, other in answers)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({SMALL: (0, 0, 5)}, "Of 5 small networks, AIC is higher under the logit on all."),
        ({SMALL: (5, 0, 0)}, "Of 5 small networks, AIC is higher under the probability on all."),
        (
            {SMALL: (1, 2, 2), IMAGENET: (0, 1, 0)},
            "Of 5 small networks, AIC is higher under the logit on 2, higher under the probability on 1, undecided on 2"
            ". Of 1 ImageNet network, AIC is undecided on all.",
        ),
        ({SMALL: (0, 0, 0)}, "Under which score AIC is higher was not measured."),
        ({}, "Under which score AIC is higher was not measured."),
    ],
)
def test_under_which_score_a_metric_is_higher_is_said_as_it_is(counts, words):
    assert scores.higher_under(counts, "AIC") == words
