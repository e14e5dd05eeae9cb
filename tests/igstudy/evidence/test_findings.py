"""Sentences on planted rows: they say the numbers whichever way they came out, and none where none were measured."""

import re
from itertools import product

import numpy as np
import pandas as pd
import pytest

from igstudy.engine.store import COLUMNS
from igstudy.evidence import findings
from igstudy.evidence.papers import table
from igstudy.evidence.tables import causes
from igstudy.evidence.tables.split import QUANTITIES

NOTHING = pd.DataFrame(columns=COLUMNS)
MAPS = (("IG", "signed"), ("IG", "absolute"), ("IG + IDGI", "signed"), ("IG + IDGI", "absolute"), ("Σ g²", "none"))


def planted(values, *, metric="insertion", variant=causes.COUNTS, network="vgg", protocol="igpaths", steps=128):
    """Rows of twelve images where a map has one value, by method and sign."""
    facts = {"metric": metric, "variant": variant, "network": network, "protocol": protocol, "steps": steps}
    lines = [
        {"method": method, "sign": sign, "image": f"{i}", "photograph": f"{i}", "value": value, "left_out": ""} | facts
        for ((method, sign), value), i in product(values.items(), range(12))
    ]
    return pd.DataFrame(lines)


def numbers(words):
    return [float(each) for each in re.findall(r"(?<![\w²])[+-]?\d+\.\d+(?:e[+-]\d+)?", words)]


def of_gains(without, idgi, **where):
    """Rows of IG and Blur IG, signed and absolute, without and with IDGI."""
    values = {(m, s): without for m, s in product(("IG", "Blur IG"), ("signed", "absolute"))}
    values |= {(f"{method} + IDGI", sign): idgi for method, sign in values}
    return planted(values, metric="insertion ratio", **where)


@pytest.mark.parametrize(("magnitude", "share"), [(0.4, "75 %"), (0.0, "-25 %")])
def test_what_magnitude_alone_gives_is_a_share_of_what_idgi_does(magnitude, share):
    rows = planted(dict(zip(MAPS, (0.1, magnitude, 0.5, 0.5, 0.6), strict=True)))
    words = findings.sign(rows)
    assert numbers(words)[::3] == pytest.approx([0.4, magnitude - 0.1, 0.5])
    assert share in words
    assert "125 %" in words
    assert "(1 network)" in words
    assert "%" not in findings.sign(planted(dict.fromkeys(MAPS, 0.5)))  # no share of no gain
    assert findings.sign(rows[rows["method"] != "Σ g²"]) == ""


@pytest.mark.parametrize(("hot", "cold"), [(0.3, 0.1), (0.1, 0.3)])
def test_confidence_recipe_and_shortcuts_are_paired_contrasts(hot, cold):
    named = [f"{causes.COUNTS}, T = {each}" for each in ("4", "0.25")]
    rows = pd.concat([of_gains(0.2, 0.2 + gain, variant=name) for gain, name in zip((hot, cold), named, strict=True)])
    assert numbers(findings.confidence(rows))[::3] == pytest.approx([hot - cold] * 4)
    for pairs, question in ((causes.SEEDS, findings.shortcuts), (causes.RECIPES, findings.recipe)):
        pair = zip((hot, cold), next(iter(pairs.items())), strict=True)
        rows = pd.concat([of_gains(0.2, 0.2 + gain, network=network) for gain, network in pair])
        assert numbers(question(rows))[::3] == pytest.approx([hot - cold] * 4)


def test_steps_along_paths_that_stop_short_stand_beside_those_that_do_not():
    scores = {("study-a", 8): 0.1, ("study-a", 128): 0.5, ("igpaths", 8): 0.45, ("igpaths", 128): 0.4}
    rows = pd.concat(
        planted({("IG + IDGI", "signed"): score + more}, protocol=by, steps=n, network=network)
        for (by, n), score in scores.items()
        for network, more in (("vgg", 0), ("resnet", 0.1 * (n == 128)))
    )
    assert numbers(findings.steps(rows)) == pytest.approx([0.45, 0.4, 0.5, 0, -0.05, 0.05], abs=1e-9)


def test_rounding_is_told_for_the_known_and_for_the_guided_path():
    moved = {("IG", "signed"): 2e-7, ("Guided IG", "signed"): 0.8}
    assert numbers(findings.rounding(planted(moved, metric="rounding change", variant="constants"))) == [0.8]
    assert "2e-07" in findings.rounding(planted(moved, metric="rounding change", variant="constants"))
    assert findings.rounding(planted(moved, metric="rounding change", variant="float64")) == ""


def test_devices_are_told_for_the_known_and_for_the_guided_path():
    moved = {("IG", "signed"): 5e-4, ("Guided IG", "signed"): 0.6}
    alike = {("IG", "signed"): 1.0, ("Guided IG", "signed"): 0.75}
    rows = pd.concat(
        planted(values, metric=f"device {name}", variant="cpu")
        for name, values in (("change", moved), ("cosine", alike))
    )
    words = findings.devices(rows)
    assert numbers(words) == [0.0005, 0.6, 0.75]
    assert findings.devices(planted(moved, metric="rounding change", variant="cpu")) == ""


def test_saturation_stands_beside_the_papers_networks():
    rows = pd.concat(
        planted({("IG", "signed"): value}, metric="L2 ratio", variant="ψ = 0.9", protocol="study-b", network=network)
        for network, value in (("vgg", 0.5), ("resnet", 3.5), ("mobilenet", 1.0))
    )
    printed = table("study-b", 1).query("psi == 0.9")
    theirs = printed[printed["quantity"].str.startswith("L2")]["value"]
    expected = [1, 0.5, 3.5, theirs.median(), theirs.min(), theirs.max()]
    assert numbers(findings.saturation(rows))[1:] == pytest.approx(np.round(expected, 2))  # the first is ψ
    assert "L2 ratio" in QUANTITIES


def test_only_what_was_measured_is_said_each_with_its_chapter():
    assert findings.in_words(NOTHING) == ""
    rows = planted(dict.fromkeys(MAPS, 0.5))
    (line,) = findings.in_words(rows, linked=True).splitlines()
    assert line.startswith("- **The sign.** ")
    assert line.endswith("({doc}`03-idgi-vs-its-baselines`)")
    assert "doc" not in findings.in_words(rows)
    assert set(rows["metric"]) <= set(findings.METRICS)
