"""Every claim in full: what decides it, its answers by kind of network, and a line for each network."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from claiming import NETWORKS, NOISE, a_claim, a_side, of_side
from igstudy.evidence.claims import AGREE, CHAPTERS, SOURCES, claims
from igstudy.evidence.deciding import LEAST, verdict, verdicts
from igstudy.evidence.forest import AGREE as IN_WORDS
from igstudy.evidence.forest import in_full
from igstudy.evidence.kinds import IMAGENET, ONES
from igstudy.evidence.results import VALUES
from igstudy.evidence.untested import need

CLAIMS = claims()
CHAPTER = "02-idgi"  # of `a_claim`


def full(*found):
    return in_full(found, paper="A", chapter=CHAPTER)


def lines(text):
    """The table's cells, a list for each line, without the head."""
    rows = re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL)
    return [re.findall(r"<td>(.*?)</td>", row, re.DOTALL) for row in rows]


def test_every_claim_has_its_fold_and_its_target():
    found = list(verdicts(pd.DataFrame(columns=VALUES), CLAIMS))
    for paper in SOURCES:
        for chapter in CHAPTERS:
            own = [claim.id for claim in CLAIMS if (claim.paper, claim.chapter) == (paper, chapter)]
            text = in_full(found, paper=paper, chapter=chapter)
            assert re.findall(r"^\(claim-(\w+)\)=$", text, re.MULTILINE) == own
            assert text.count(":::{dropdown} – ") == text.count(f"answered in {{doc}}`{chapter}`") == len(own)
            needs = [need(claim) for claim in CLAIMS if claim.id in own]
            assert re.findall(r"^Not tested, because this needs (.*)\.$", text, re.MULTILINE) == needs


def test_every_way_to_count_is_in_words():
    assert set(IN_WORDS) == set(AGREE)


@pytest.mark.parametrize(("effect", "mark", "word"), [(1, "●", "Reproduced"), (-1, "○", "Not reproduced")])
def test_a_fold_says_the_answer_what_decides_and_every_network(effect, mark, word):
    side = a_side("difference", 0)
    text = full(verdict(a_claim(side), of_side(side, effect)))
    assert text.startswith(f":::{{dropdown}} {mark} a text: a text {word}.")
    assert "- the paper's protocol: IG: insertion (a minus b; by magnitude; igpaths) above 0" in text
    assert "The mean over networks must lie within the bounds. Margin: a text." in text
    assert re.search(rf"- ImageNet networks: <span .*</span> {word.lower()} \({effect} \[", text)
    *networks, mean = [each for each in lines(text) if each]
    assert [each[1] for each in networks] == list(NETWORKS)
    assert all(re.fullmatch(rf"{effect} \[.*\], n = 12", each[2]) for each in networks)
    over = len(NETWORKS) if effect > 0 else 0
    assert re.fullmatch(
        rf"<strong>{mark} {effect} \[.*\]</strong>; a new network [-\d.]+ to [-\d.]+; {over} of 5 above 0, p = 0.062",
        mean[2],
    )


def test_only_a_claim_of_several_comparisons_says_in_how_many_they_must_agree():
    (quantities,) = a_side("difference", 0).comparisons
    side = replace(a_side("difference", 0), comparisons=(quantities, quantities))
    text = full(verdict(a_claim(side), of_side(side, 1)))
    assert "The mean over networks must lie within the bounds in all comparisons. Margin: a text." in text


def test_a_network_of_few_images_is_shown_as_one():
    side = a_side("level", 0)
    few = of_side(side, 1, networks=["vgg"], noise=NOISE[: LEAST - 1])
    assert f"n = {LEAST - 1}, too few" in full(verdict(a_claim(side), few))
    assert "too few" not in full(verdict(a_claim(side), of_side(side, 1, networks=["vgg"])))


def test_what_is_not_known_has_no_brackets():
    side = replace(a_side("level", 0), statistic="median")
    five = full(verdict(a_claim(side), of_side(side, 1, networks=["vgg"], noise=NOISE[:5])))
    assert ", n = 5, too few<" in five
    level = a_side("level", 0)
    two = full(verdict(a_claim(level), of_side(level, 1, networks=NETWORKS[:2])))
    assert "</strong>; 2 of 2 above 0" in two
    assert "inf" not in five + two


def test_a_ratio_is_shown_as_one_and_counted_at_its_bound():
    side = a_side("ratio", 1)
    rows = pd.concat([of_side(side, 1, networks=NETWORKS[:3]), of_side(side, -1, networks=NETWORKS[3:])])
    text = full(verdict(a_claim(side), rows))
    assert re.search(r"<td>10 \[9\.\d+, 10\]|<td>10 \[", text)
    assert "3 of 5 above 1, p = 1<" in text


@pytest.mark.parametrize(("kind", "bound", "ends"), [("difference", 0, (0.5, -0.5)), ("ratio", 10, (1.5, 0.5))])
def test_how_many_networks_lie_above_the_bound_is_tested_by_their_signs(kind, bound, ends):
    side, (above, below) = a_side(kind, bound), ends
    networks = ONES[IMAGENET][:7]
    rows = [of_side(side, above, networks=networks[:6]), of_side(side, below, networks=networks[6:])]
    p = binomtest(6, 7).pvalue
    assert f"6 of 7 above {bound}, p = {p:.2g}<" in full(verdict(a_claim(side), pd.concat(rows)))
    level = [
        of_side(side, above, networks=networks[:6]),
        of_side(side, np.log10(bound) if bound else 0, networks=networks[6:], noise=0 * NOISE),
    ]
    p = binomtest(6, 6).pvalue  # a tie does not count
    assert f"6 of 7 above {bound}, p = {p:.2g}<" in full(verdict(a_claim(side), pd.concat(level)))


def test_a_change_has_a_column_and_comparisons_have_names():
    side = a_side("level", 0, comparisons=2)
    other = replace(a_side("level", 0, comparisons=2, protocol="igpaths, grey"), by="on grey")
    rows = pd.concat([of_side(side, (1, 2), networks=["vgg"]), of_side(other, (3, 4), networks=["vgg"])])
    text = full(verdict(a_claim(side, changed=(other,)), rows))
    assert re.findall(r"<th>(.*?)</th>", text) == ["comparison", "kind", "network", "the paper's protocol", "on grey"]
    first, second = [each for each in lines(text) if each]
    assert [first[0], second[0]] == [
        "IG: insertion (a; by magnitude; igpaths)",
        "Blur IG: insertion (a; by magnitude; igpaths)",
    ]
    assert [cell.split()[0] for cell in (*first[3:], *second[3:])] == ["1", "3", "2", "4"]
    assert "- on grey: " in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("b16", "The change “without clipping, the crossing segment in Left” has another scale, so no share"),
        ("b25", "so no share of the effect is given, and the margin is the one chosen for the original scale."),
        ("a37", "The change “by the cosine of the two maps” has another scale, so no share of the effect is given."),
    ],
)
def test_that_a_change_has_another_scale_is_said(name, words):
    (claim,) = [claim for claim in CLAIMS if claim.id == name]
    rows = pd.DataFrame(columns=VALUES)
    text = in_full([verdict(claim, rows)], paper=claim.paper, chapter=claim.chapter)
    assert words in text
    assert text.count("another scale") == 1


def test_of_changes_on_the_same_scale_nothing_is_said():
    own = [claim for claim in CLAIMS if claim.id in ("a2", "a26", "b2", "b18")]
    found = list(verdicts(pd.DataFrame(columns=VALUES), own))
    every = [in_full(found, paper=paper, chapter=chapter) for paper in SOURCES for chapter in CHAPTERS]
    assert "another scale" not in "".join(every)


def test_kinds_stand_one_after_the_other():
    side = a_side("level", 0)
    networks = ("squeezenet1_1", "narrow-plain-0", "vgg", "mobilenet_v2")
    text = full(verdict(a_claim(side), of_side(side, 1, networks=networks, noise=np.r_[NOISE, NOISE])))
    assert [each[1] for each in lines(text) if each] == list(reversed(networks))
