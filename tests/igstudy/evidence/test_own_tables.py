"""Every claim about a paper, asked of the paper's own tables: what they print bears it out."""

import numpy as np
import pandas as pd
import pytest

from claiming import CLAIMS, word
from igstudy.evidence.cells import Cells, published
from igstudy.evidence.deciding import (
    LEAST,
    NOT,
    NOT_TESTED,
    OPEN,
    PART,
    REPRODUCED,
    verdicts,
)
from igstudy.evidence.kinds import IMAGENET
from igstudy.evidence.papers import FAMILIES, as_rows
from igstudy.evidence.results import VALUES

NOTHING = pd.DataFrame(columns=VALUES)


MEASURES_NOTHING = {  # both argue it or show pictures
    *("a18", "a19", "a20", "a21", "a22", "a23", "a24", "a25", "a28", "a34", "a35", "a36", "a39", "a40"),
    *("b5", "b6", "b13", "b19", "b20", "b21", "b22", "b23", "b28"),
}
# Study B has three networks: between them the effects differ as much as Student's t with two degrees of freedom allows
THREE = {"b2", "b3", "b7", "b8", "b10", "b12", "b15", "b16", "b17", "b18", "b24", "b25", "b26", "b27"}
FEW = {"a11", "a13"}  # that name two networks or three


def printed():
    """The papers' tables as rows of enough images, nearly alike."""
    rows = as_rows().drop(columns=["image", "photograph"])
    names = [f"{i}" for i in range(LEAST)]
    images = pd.DataFrame({"image": names, "photograph": names, "noise": np.linspace(-1e-6, 1e-6, LEAST)})
    every = rows.assign(network=rows["network"].map(lambda name: FAMILIES[name][0])).merge(images, how="cross")
    return every.assign(value=every["value"] * (1 + every["noise"]))


def answered(rows):
    own = [claim for claim in CLAIMS.values() if claim.paper != "C"]
    return {each.claim.id: each.original[IMAGENET].word for each in verdicts(rows, own)}


def test_every_claim_about_a_paper_is_reproduced_on_the_papers_own_tables():
    found = answered(printed())
    assert {name for name, each in found.items() if each == NOT_TESTED} == MEASURES_NOTHING
    assert {name for name, each in found.items() if each == OPEN} == THREE
    assert {name for name, each in found.items() if each == PART} == FEW
    assert NOT not in found.values()


@pytest.mark.parametrize("name", sorted(THREE | FEW))
def test_where_its_networks_are_too_few_their_mean_has_what_is_claimed(name):
    claim = CLAIMS[name]
    rows = printed()
    if claim.networks:
        rows = rows[rows["network"].isin(claim.networks)]
    keys = ["protocol", "metric", "method", "variant", "steps", "image"]
    assert word(claim, rows.assign(value=rows.groupby(keys)["value"].transform("mean"))) == REPRODUCED


@pytest.mark.parametrize(
    ("of", "share", "names"),
    [
        ("a2", 0.1, ("c1", "c3", "c12", "c13", "c19", "c23")),
        ("a2", 0.2, ("c21",)),
        ("a2", 0.5, ("c2", "c15")),
        ("a4", 0.5, ("c4",)),
        ("b14", 0.5, ("b24",)),
        ("b16", 0.5, ("b25",)),
        ("b17", 0.5, ("b26",)),
        ("b18", 0.5, ("b27",)),
    ],
)
def test_margins_are_the_shares_of_what_is_printed_that_they_say(of, share, names):
    rows = as_rows()
    if of.startswith("a"):  # margins of this book are in the score itself
        rows = rows[rows["metric"] != "insertion ratio"].replace({"metric": {"insertion": "insertion ratio"}})
    printed = published(CLAIMS[of], Cells(rows))
    for name in names:
        side = CLAIMS[name].original
        bounds = {abs(bound) for bound in (side.low, side.high) if np.isfinite(bound)}
        assert len(bounds) == 1
        assert bounds.pop() == pytest.approx(share * abs(printed), abs=0.001)
