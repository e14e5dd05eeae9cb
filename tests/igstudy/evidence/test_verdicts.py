"""The verdicts as pages show them: planted results change them, and each names its protocol and its chapter."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from igstudy.evidence import results
from igstudy.evidence.claims import CHAPTERS, claims
from igstudy.evidence.deciding import FAILS, HOLDS, NOT_MEASURED, THEIRS_ALONE, UNDECIDED, verdict
from igstudy.evidence.results import VALUES
from igstudy.evidence.verdicts import (
    MARKS,
    QUESTIONS,
    at_a_glance,
    in_full,
    in_lines,
    in_short,
    in_words,
    of_published,
    on_what,
    summary,
)
from igstudy.press import readme
from igstudy.press.pages import pages

ROOT = Path(__file__).parents[3]
CLAIMS = {claim.id: claim for claim in claims()}
IMAGES = 12


def rows(side, level, protocol):
    """Rows of a claim's side, every comparison's average near `level` from its bound, in the direction that agrees."""
    towards, bound = (1, side.low) if np.isfinite(side.low) else (-1, side.high)
    noise = np.random.default_rng(0).normal(0, 0.01, IMAGES)
    noise -= noise.mean()
    names, frames = [f"{i:02d}" for i in range(IMAGES)], {}
    for comparison in side.comparisons:
        for number, q in enumerate(comparison):
            values = noise + bound + towards * level if number == 0 else 0.0
            same = {"protocol": protocol, "network": "vgg", "path": "straight", "method": q.method, "steps": 128}
            same |= {"sign": q.sign, "metric": q.metric, "variant": q.variant, "left_out": ""}
            frames[q] = pd.DataFrame({"image": names, "photograph": names, "value": values}).assign(**same)
    return pd.concat(frames.values())[VALUES]


def found(claim, ours, theirs):
    """The verdict where either side's averages are so far from its bound; None for a side without rows."""
    sides = [(claim.ours, ours), (claim.theirs, theirs)]
    there = [rows(side, level, side.protocols[0]) for side, level in sides if side and level is not None]
    return verdict(claim, pd.concat(there) if there else pd.DataFrame(columns=VALUES))


CASES = [
    (1, -1, HOLDS),
    (-1, 1, THEIRS_ALONE),
    (-1, -1, FAILS),
    (0, 1, UNDECIDED),
    (None, 1, NOT_MEASURED),
]


@pytest.mark.parametrize(("ours", "theirs", "expected"), CASES)
@pytest.mark.parametrize("name", ["a2", "b7"])
def test_a_line_changes_with_the_results_and_names_both_protocols(name, ours, theirs, expected):
    claim = CLAIMS[name]
    each = found(claim, ours, theirs)
    line = in_short([each], paper=claim.paper, chapter=claim.chapter)
    assert re.search(
        rf'class="verdict {MARKS[expected][1]}">{MARKS[expected][0]}</span> {re.escape(expected)} \|$', line, re.M
    )
    for side in (claim.ours, claim.theirs):
        assert f"| {side.protocols[0]}:<br>" in line
    cells = len(claim.ours.comparisons)
    assert f"{claim.ours.protocols[0]}:<br>not measured" in line if ours is None else f" of {cells} agree, " in line
    full = in_full([each], paper=claim.paper, chapter=claim.chapter)
    assert f"{MARKS[expected][0]} {name}: {claim.claim} {expected.capitalize()}." in full


def test_the_other_measure_of_a_claim_stands_beside_its_verdict_and_does_not_decide_it():
    claim = CLAIMS["a37"]
    both = pd.concat([rows(claim.ours, 1, "igpaths"), rows(claim.also, 0, "igpaths").assign(value=2.0)])
    each = verdict(claim, both)
    assert (each.verdict, each.also.verdict) == (HOLDS, FAILS)
    line = in_short([each], paper="A", chapter=claim.chapter)
    assert "Beside it" in line
    assert "JPEG L1" in line


def test_a_line_counts_the_networks_that_agree_and_those_that_are_against():
    claim = CLAIMS["b14"]
    sides = [rows(claim.ours, level, "igpaths, grey").assign(network=name) for name, level in (("vgg", 1), ("a", -1))]
    line = in_lines([verdict(claim, pd.concat(sides))])
    assert f"| igpaths, grey:<br>1 of 2 agree, 1 against<br>{claim.ours.low:.2g} [" in line


def test_every_claim_has_its_line_and_its_detail_linked_to_its_chapter():
    nothing = [verdict(claim, pd.DataFrame(columns=VALUES)) for claim in CLAIMS.values()]
    for text in (ROOT / "book" / "index.md", ROOT / "book" / "claims.md"):
        groups = re.findall(r'paper="(\w)", chapter="([\w-]+)"', text.read_text(encoding="utf-8"))
        assert set(groups) == {(claim.paper, claim.chapter) for claim in CLAIMS.values()}
    for paper, chapter in groups:
        own = [claim.id for claim in CLAIMS.values() if (claim.paper, claim.chapter) == (paper, chapter)]
        short, full = (show(nothing, paper=paper, chapter=chapter) for show in (in_short, in_full))
        assert re.findall(r'href="claims.html#claim-(\w+)"', short) == own == re.findall(r"\(claim-(\w+)\)=", full)
        assert f"{{doc}}`{chapter}`" in short
        assert full.count(f"{{doc}}`{chapter}`") == len(own)


@pytest.mark.parametrize("page", ["index", "claims"])
def test_questions_are_the_headings_above_their_claims(page):
    text = (ROOT / "book" / f"{page}.md").read_text(encoding="utf-8")
    asked = re.findall(r'^### ([^\n]+)$.*?paper="(\w)", chapter="([\w-]+)"', text, re.MULTILINE | re.DOTALL)
    assert [((paper, chapter), question) for question, paper, chapter in asked] == list(QUESTIONS.items())


@pytest.mark.parametrize("few", [0, 3, len(CLAIMS)])
def test_the_first_screen_counts_and_marks_every_claim(few):
    given = [found(claim, 1 if i < few else None, None) for i, claim in enumerate(CLAIMS.values())]
    text = at_a_glance(given)
    assert text.startswith(f"{len(CLAIMS)} claims. ")
    counts = dict(re.findall(r"</span> ([^:]+): (\d+)[;.]", text))
    assert {verdict: int(count) for verdict, count in counts.items()} == {
        verdict: sum(each.verdict == verdict for each in given) for verdict in MARKS
    }
    assert (int(counts[NOT_MEASURED]) == len(CLAIMS)) == (few == 0)
    tiles = re.findall(
        r'class="tile (\w+)" href="claims.html#claim-(\w+)" title="[^"|]+" aria-label="(\w+), ([^:]+):', text
    )
    assert {name: verdict for _, name, _, verdict in tiles} == {each.claim.id: each.verdict for each in given}
    assert all(name == spoken and MARKS[verdict][1] == look for look, name, spoken, verdict in tiles)


def test_every_chapter_of_a_claim_is_in_the_contents():
    assert set(CHAPTERS) <= {page.title for page in pages(ROOT)}


def test_verdicts_are_counted_by_paper():
    given = [found(CLAIMS["a2"], 1, None), found(CLAIMS["a3"], -1, None), found(CLAIMS["b7"], 1, 1)]
    table = summary(given)
    assert "holds | 1 | 1 | 2 |" in table
    assert "does not hold | 1 | 0 | 1 |" in table
    assert "all claims | 2 | 1 | 3 |" in table


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project that has published nothing, whose book has one study."""
    monkeypatch.setattr(results, "OF_THE_BOOK", ("small",))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "_toc.yml").touch()
    return tmp_path


@pytest.mark.usefixtures("project")
def test_without_published_results_pages_say_so():
    assert {each.verdict for each in of_published()} == {NOT_MEASURED}
    assert on_what().startswith("No published study")


def plant(project, planted):
    """Publish rows as the study "small"."""
    folder = project / "results" / "small"
    folder.mkdir(parents=True)
    facts = {"from": "2020-01-01T", "to": "2020-01-02T", "device": "abacus"}
    facts["parameters"] = {"models": ["objects/vgg"], "images": IMAGES, "protocols": ["igpaths"], "task": "objects"}
    facts["parameters"]["output"] = "probability"
    with results._writer(folder / "values.parquet", VALUES) as writer:
        writer.write_table(results._compact(planted, writer.schema))
    (folder / "provenance.json").write_text(json.dumps(facts))
    (folder / "summary.parquet").touch()


def test_published_results_decide_and_are_named(project):
    claim = CLAIMS["a2"]
    planted = rows(claim.ours, 1, "igpaths")
    plant(project, planted)
    decided = {each.claim.id: each for each in of_published(claim.chapter)}
    assert decided["a2"].verdict == HOLDS
    whole = verdict(claim, planted).ours.cells
    for cut, exact in zip(decided["a2"].ours.cells, whole, strict=True):
        assert cut.estimate.value == pytest.approx(exact.estimate.value, rel=2**-12)
        assert replace(cut, estimate=exact.estimate) == exact
    assert "| small | objects | 1 | 12 | the probability | igpaths | 2020-01-01 to 2020-01-02, abacus |" in on_what()


def test_sentences_count_the_verdicts_and_give_the_numbers_of_the_claims_that_are_named():
    each = [found(CLAIMS["a2"], 1, None), found(CLAIMS["a3"], -1, None), found(CLAIMS["b7"], None, None)]
    first, second = in_words(each, of=("a2", "b7")).split("The 1 claims")
    assert first.startswith("The 2 claims of Singhi and Kumari: holds 1, does not hold 1. Among them:\n\n- ● ")
    assert f"- ● {CLAIMS['a2'].claim} **Holds**: 2 of 2 agree, 0 against; median 1 [" in first
    assert " above 0)." in first
    assert CLAIMS["a3"].claim not in first
    assert second == f" of Miglani et al.: not measured 1. Among them:\n\n- – {CLAIMS['b7'].claim} **Not measured**."


def test_readme_says_what_planted_results_do(project):
    text = "before\n<!-- found: written by `make readme` -->\n\nstale <!-- end of found -->\nafter"
    assert f"-->\n{readme.NOTHING}\n<!--" in readme.written(text)
    plant(project, rows(CLAIMS["a2"].ours, 1, "igpaths"))
    new = readme.written(readme.written(text))
    by = f"By the studies published so far, with their images × networks: small {IMAGES} × 1. {readme.READ}"
    assert new.startswith(f"before\n<!-- found: written by `make readme` -->\n{by}\n\nThe 39 claims of ")
    assert f"- ● {CLAIMS['a2'].claim} **Holds**: 2 of 2 agree, 0 against; median 1 [" in new
    assert f"- – {CLAIMS['b7'].claim} **Not measured**" in new
    assert new.endswith("<!-- end of found -->\nafter")
    assert "stale" not in new
