"""Where networks disagree: an open answer says so if single networks lie surely on both sides."""

import numpy as np
import pandas as pd
import pytest

from claiming import IMAGES, NETWORKS, NOISE, a_claim, a_side, of_side
from igstudy.evidence.deciding import LEAST, NOT, OPEN, REPRODUCED, verdict
from igstudy.evidence.kinds import IMAGENET


@pytest.mark.parametrize(
    ("effects", "expected", "disagree"),
    [
        ((1, 1, -1, -1, 0), OPEN, True),
        ((1, 0, 0, 0, -1), OPEN, True),
        ((1, 0, 0, 0, 0), OPEN, False),
        ((0, 0, 0, 0, 0), OPEN, False),
        ((1, 1, 1, 1, 1), REPRODUCED, False),
        ((-1, -1, -1, -1, -1), NOT, False),
    ],
)
def test_an_open_answer_says_whether_networks_lie_surely_on_both_sides(effects, expected, disagree):
    side = a_side("difference", 0)
    own = zip(NETWORKS, effects, strict=True)
    found = verdict(a_claim(side), pd.concat([of_side(side, effect, networks=[name]) for name, effect in own]))
    assert (found.original[IMAGENET].word, found.original[IMAGENET].disagree) == (expected, disagree)


def test_comparisons_that_differ_on_all_networks_alike_are_no_disagreement_of_networks():
    side = a_side("difference", 0, comparisons=4)
    found = verdict(a_claim(side, agree="half"), of_side(side, (0, 0, -1, -1))).original[IMAGENET]
    assert (found.word, found.disagree) == (OPEN, False)
    assert {row.outcome for row in found.rows} == {"open", "against"}
    opposite = verdict(a_claim(side), of_side(side, (1, 1, -1, -1))).original[IMAGENET]
    assert not opposite.apart


def test_that_networks_disagree_is_tested_with_a_correction_for_all_of_them():
    side, rng = a_side("difference", 0), np.random.default_rng(2)
    noise = rng.normal(size=IMAGES)
    noise = (noise - noise.mean()) / noise.std(ddof=1) * np.sqrt(IMAGES)  # of which the standard error is 1
    rows = [of_side(side, t, networks=[name], noise=noise) for name, t in zip(NETWORKS, (3, -3), strict=False)]
    assert verdict(a_claim(side), pd.concat(rows)).original[IMAGENET].disagree
    rows += [of_side(side, 0, networks=[name], noise=noise) for name in NETWORKS[2:]]
    assert not verdict(a_claim(side), pd.concat(rows)).original[IMAGENET].disagree


def test_a_network_of_few_images_disagrees_with_none():
    side = a_side("difference", 0)
    few = of_side(side, -1, networks=NETWORKS[1:2], noise=NOISE[: LEAST - 1])
    found = verdict(a_claim(side), pd.concat([of_side(side, 1, networks=NETWORKS[:1]), few])).original[IMAGENET]
    assert not found.apart
