"""Verdicts under either score: which rows decide them."""

import numpy as np
import pandas as pd
import pytest

from igstudy.engine import store
from igstudy.evidence.deciding import FAILS, HOLDS, LEAST
from igstudy.evidence.tables.scores import by_score

VALUES = np.linspace(1, 1.1, LEAST)
NAMES = [f"{i}" for i in range(LEAST)]


def planted(level, *, metric, variant="", network="vgg", protocol="igpaths, grey", path="split-mean-200", method="IG"):
    """Rows of one quantity, a value an image."""
    same = {"protocol": protocol, "network": network, "path": path, "method": method, "steps": 200, "sign": "signed"}
    same |= {"metric": metric, "variant": variant, "curve": None, "map": None, "left_out": ""}
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


def verdicts(pairs):
    return {p.claim.id: (p.verdict, q.verdict) for p, q in pairs}


def test_a_claim_about_paths_is_decided_by_the_study_of_each_score():
    probability, logit = gap((0.0, 0.01)), gap((0.0, 0.5))
    assert verdicts(by_score(probability, logit)) == {"a22": (HOLDS, FAILS)}
    assert verdicts(by_score(logit, probability)) == {"a22": (FAILS, HOLDS)}


def test_a_claim_about_split_ig_is_decided_by_its_own_walk_of_each_score():
    probability = pd.concat([alpha(0.3), alpha(0.7, "probability")])
    logit = alpha(0.3)  # which a study of the logit holds as well
    assert verdicts(by_score(probability, logit)) == {"b7": (FAILS, HOLDS)}


@pytest.mark.parametrize("where", [{"network": "resnet"}, {"protocol": "study-a"}])
def test_other_networks_and_the_papers_protocols_do_not_count(where):
    probability = pd.concat([gap((0.0, 0.01)), gap((0.0, 0.5), **where)])
    assert verdicts(by_score(probability, gap((0.0, 0.01)))) == {"a22": (HOLDS, HOLDS)}


def test_images_of_one_score_alone_do_not_count():
    fewer = gap((0.0, 0.01))
    more = gap((0.0, -0.5)).assign(image=lambda rows: "more " + rows["image"])
    assert verdicts(by_score(pd.concat([fewer, more]), fewer)) == {"a22": (HOLDS, HOLDS)}
    assert verdicts(by_score(pd.concat([fewer, more]), pd.concat([fewer, more]))) == {"a22": (FAILS, FAILS)}


def test_what_one_score_alone_decides_is_not_compared():
    assert by_score(gap((0.0, 0.01)), alpha(0.3)) == []
