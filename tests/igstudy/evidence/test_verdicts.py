"""The answers as pages show them: planted results change them, and each claim is linked to its chapter."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from claiming import CLAIMS, NETWORKS, NOISE, UNTESTED, a_claim, a_side, bounded, found, of_side, publish
from igstudy.evidence.claims import CHAPTERS
from igstudy.evidence.deciding import LEAST, NOT, NOT_REFUTED, NOT_TESTED, OPEN, PART, REPRODUCED, verdict
from igstudy.evidence.kinds import IMAGENET
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.telling import UNDECIDED
from igstudy.evidence.verdicts import (
    MARKS,
    QUESTIONS,
    WORDS,
    asked,
    at_a_glance,
    in_lines,
    of_published,
    percent,
    summary,
)
from igstudy.press.pages import pages

ROOT = Path(__file__).parents[3]


def test_every_answer_has_a_mark_that_its_shape_tells():
    assert set(WORDS) <= set(MARKS)
    assert len({MARKS[each][0] for each in WORDS}) == len({MARKS[each][1] for each in WORDS}) == len(WORDS)


@pytest.mark.parametrize(
    ("before", "after", "first", "then"),
    [
        (1, 1, REPRODUCED, "survives"),
        (1, 0.25, REPRODUCED, "shrinks to 25 %"),
        (1, 0, REPRODUCED, "vanishes"),
        (1, -1, REPRODUCED, "reverses"),
        (0, 1, NOT, "appears"),
        (0, 0, NOT, "still absent"),
        (1, None, REPRODUCED, NOT_TESTED),
        (None, 1, NOT_TESTED, NOT_TESTED),
    ],
)
def test_a_line_changes_with_the_results(before, after, first, then):
    each = found("a2", before, after)
    line = in_lines([each])
    cell = line.splitlines()[-2].split(" | ")[2]
    mark, name = MARKS[first]
    assert cell.startswith(f'<span class="verdict {name}">{mark}</span> {first}')
    assert re.search(rf"<small>ranked by magnitude: <span [^>]+>.</span> {re.escape(then)}[,<]", cell)
    assert f"{before * 100:.0f} % [" in cell if before is not None else "published size" not in cell


def test_a_line_tells_the_kinds_of_network_apart():
    claim, printed = CLAIMS["a2"], UNTESTED["a2"].published
    rows = [of_side(claim.original, printed), of_side(claim.original, -printed, networks=["vgg", "resnet"])]
    each = verdict(claim, pd.concat(rows))
    imagenet, small, control = in_lines([each]).splitlines()[-2].split(" | ")[2:]
    assert "</span> reproduced<br>100 % [98, 102] of the published size, 5 networks" in imagenet
    assert "</span> not reproduced<br>-100 % [" in small
    assert "2 networks" in small
    assert "</span> not tested" in control
    assert f" | {printed:.2g} | " in in_lines([each])


def test_what_a_paper_prints_as_a_ratio_is_shown_as_one():
    printed = 10 ** UNTESTED["a37"].published
    assert 0 < printed < 1
    assert f" | {printed:.2g} | " in in_lines([UNTESTED["a37"]])


def test_numbers_are_the_means_of_the_comparisons_where_nothing_is_printed():
    one = verdict(a_claim(a_side("ratio", 1)), of_side(a_side("ratio", 1), 1))
    assert re.search(r"</span> reproduced<br>10 \[9\.\d+, 1\d\], 5 networks", in_lines([one]))
    side = a_side("level", 0, comparisons=3)
    three = verdict(a_claim(side), of_side(side, (1, 2, -1)))
    assert "</span> reproduced in part<br>-1 to 2, 2 of 3 comparisons agree, 5 networks" in in_lines([three])


def test_what_is_not_refuted_is_told_apart_from_what_is_reproduced():
    claim = replace(CLAIMS["a12"], networks=())
    each = verdict(claim, of_side(claim.original, 1))
    told = (
        '<span class="verdict unrefuted">◎</span> not refuted<br>1; any of 45 comparisons on 5 networks could refute it'
    )
    assert told in in_lines([each])
    assert 'class="tile unrefuted"' in at_a_glance([each])
    assert ", not refuted:" in at_a_glance([each])
    counts = {line.split("> ")[1].split(" |")[0]: line.split(" | ")[1] for line in summary([each]).splitlines()[5:-1]}
    assert {name for name, count in counts.items() if count == "1"} == {NOT_REFUTED}


def test_a_line_says_that_networks_disagree():
    side = a_side("difference", 0)
    rows = [of_side(side, effect, networks=[name]) for name, effect in zip(NETWORKS, (1, -1, 0), strict=False)]
    assert ", 3 networks, as networks disagree |" in in_lines([verdict(a_claim(side), pd.concat(rows))])
    assert "disagree" not in in_lines([verdict(a_claim(side), pd.concat(rows[:1]))])


def test_every_mark_is_explained_and_has_its_colour():
    index, css = (ROOT / "book" / name for name in ("index.md", "_static/igpaths.css"))
    (legend,) = re.findall(r"Each mark is one claim .*: (.*)\.\n", index.read_text(encoding="utf-8"))
    short = {PART: "in part", OPEN: "undecided"}
    assert legend.split(", ") == [f"{MARKS[each][0]} {short.get(each, each)}" for each in WORDS]
    for each in WORDS:
        assert re.search(rf"\.{MARKS[each][1]}\b[^{{]*{{ --verdict", css.read_text(encoding="utf-8"))


def test_the_page_of_claims_has_every_claim_under_its_question():
    text = (ROOT / "book" / "claims.md").read_text(encoding="utf-8")
    asked = re.findall(r'^### ([^\n]+)$.*?paper="(\w)", chapter="([\w-]+)"', text, re.MULTILINE | re.DOTALL)
    assert [((paper, chapter), question) for question, paper, chapter in asked] == list(QUESTIONS.items())
    assert set(QUESTIONS) == {(claim.paper, claim.chapter) for claim in CLAIMS.values()}


def test_a_line_links_its_claim():
    names = re.findall(r'href="claims.html#claim-(\w+)"', in_lines(list(UNTESTED.values())))
    assert names == list(CLAIMS)


def test_the_first_screen_marks_every_claim():
    given = [*UNTESTED.values()]
    given[1], given[2] = found("a2", 1), found("a3", 0)
    tiles = re.findall(
        r'class="tile (\w+)" href="claims.html#claim-(\w+)" title="([^"|]+)" aria-label="\w+, ([^:]+):',
        at_a_glance(given),
    )
    assert sorted(name for _, name, _, _ in tiles) == sorted(CLAIMS)
    assert all(line.count("|") == 3 for line in at_a_glance(given).splitlines() if line.startswith("|"))  # c10: |g Δx|
    words = {name: (look, spoken) for look, name, _, spoken in tiles}
    assert words["a2"] == (MARKS[REPRODUCED][1], REPRODUCED)
    assert words["a3"] == (MARKS[NOT][1], NOT)
    assert words["b7"] == (MARKS[NOT_TESTED][1], NOT_TESTED)


def test_every_chapter_of_a_claim_is_in_the_contents():
    assert set(CHAPTERS) <= {page.title for page in pages(ROOT)}


def test_answers_are_counted_by_source_and_kind():
    small = found("a4", 1, networks=["vgg", "resnet"])
    given = [found("a2", 1), found("a3", 0), small, bounded("b7", 0.2), bounded("c5", 1)]
    counts = {
        re.sub(r"<[^>]+>\S+ ", "", line.split(" | ")[0].strip("| ")): line.strip("| ").split(" | ")[1:]
        for line in summary(given).splitlines()
        if "verdict" in line
    }
    assert counts[REPRODUCED] == ["1", "1", "1", "0", "1", "0"]
    assert counts[NOT] == ["1", "0", "0", "0", "0", "0"]
    assert counts[NOT_TESTED] == ["1", "2", "0", "1", "0", "1"]
    assert counts[PART] == counts[UNDECIDED] == ["0"] * 6


@pytest.mark.parametrize(
    ("kind", "low", "high", "words"),
    [
        ("difference", 0, np.inf, "IG: insertion (a minus b; by magnitude; igpaths) above 0"),
        ("ratio", -np.inf, 1, "IG: insertion (a over b; by magnitude; igpaths) below 1"),
        ("level", 0.5, 1.5, "IG: insertion (a; by magnitude; igpaths) from 0.5 to 1.5"),
        ("exponent", 0, np.inf, "exponent of IG: insertion (a; by magnitude; igpaths) above 0"),
    ],
)
def test_what_is_asked_is_said(kind, low, high, words):
    assert asked(a_side(kind, low, high)) == words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a32", "(Blur IG + IDGI) − (IG + IDGI): insertion ratio (black, 21 counts; signed; study-a), AIC and SIC ("),
        (
            "a41",
            "(IG + IDGI) / IG and (Blur IG + IDGI) / Blur IG: insertion ratio (black, 21 counts; signed; finest over ",
        ),
        ("b7", "IG: α* (ψ = 0.9, ψ = 0.95 and ψ = 0.99; signed; study-b) below 0.5"),
        ("b10", "IG: cos(Right, Full) − cos(Left, Full) (ψ = 0.9; signed; study-b) above 0"),
        ("c7", "Σ |g Δx| − (IG + IDGI): insertion (black, 21 counts; by magnitude; igpaths) above 0"),
        (
            "c24",
            "IG − (IG + IDGI): insertion (black, 21 counts, σ = 3 px minus black, 21 counts; by magnitude; igpaths)",
        ),
    ],
)
def test_what_is_asked_is_read_in_one_way(name, words):
    assert asked(CLAIMS[name].original).startswith(words)


def test_of_too_few_images_it_is_said():
    side = a_side("level", 0)
    few = of_side(side, 1, networks=["vgg"], noise=NOISE[: LEAST - 1])
    assert "</span> undecided<br>too few images count |" in in_lines([verdict(a_claim(side), few)])


def test_a_share_has_its_interval_where_there_is_one():
    assert percent(Estimate(0.5, 0.25, 0.75, 3)) == "50 % [25, 75]"
    assert percent(Estimate(0.5, -np.inf, np.inf, 1)) == "50 %"
    assert percent(Estimate(-0.001, -0.5, -0.004, 3)) == "0 % [-50, 0]"


# --- of published results ---


@pytest.mark.usefixtures("project")
def test_without_published_results_pages_say_so():
    answers = [answer.word for each in of_published() for answer in each.original.values()]
    assert set(answers) == {NOT_TESTED}


def test_published_results_decide_and_are_named(project):
    claim = CLAIMS["a2"]
    planted = of_side(claim.original, 0.2)
    publish(planted, project)
    decided = {each.claim.id: each for each in of_published(claim.chapter, paper="A")}
    assert all((each.claim.paper, each.claim.chapter) == ("A", claim.chapter) for each in decided.values())
    answer, whole = (each.original[IMAGENET] for each in (decided["a2"], verdict(claim, planted)))
    assert answer.word == REPRODUCED
    assert answer.size.value == pytest.approx(whole.size.value, rel=2**-12)
