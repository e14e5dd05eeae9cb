"""The findings: that each has its claims, its chapter and its figure, and sentences on planted rows say the numbers."""

import re
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from claiming import CLAIMS, UNTESTED, found
from igstudy.engine.store import COLUMNS
from igstudy.evidence import findings
from igstudy.evidence.claims import CHAPTERS
from igstudy.evidence.deciding import LEAST
from igstudy.evidence.inference import clustered
from igstudy.evidence.minds import MET
from igstudy.evidence.networks import over_networks
from igstudy.evidence.papers import table
from igstudy.evidence.tables import causes
from igstudy.evidence.tables.paired import RECIPES, SHORTCUTS

ROOT = Path(__file__).parents[3]
FINDINGS = {each.id: each for each in findings.findings()}
NOTHING = pd.DataFrame(columns=COLUMNS)


def test_every_finding_names_claims_a_chapter_and_a_measure_that_there_are():
    assert len(FINDINGS) == len(findings.findings())
    for each in FINDINGS.values():
        assert set(each.claims) <= set(CLAIMS)
        assert len(set(each.claims)) == len(each.claims) > 0
        assert each.chapter in CHAPTERS
        assert each.measured in ("", *findings.MEASURED)
        assert each.met in ("", *MET)
    assert {each.measured for each in FINDINGS.values()} == {"", *findings.MEASURED}
    assert {each.met for each in FINDINGS.values()} == {"", *MET}


@pytest.mark.parametrize("finding", FINDINGS.values(), ids=FINDINGS)
def test_every_finding_has_a_figure_in_its_chapter(finding):
    text = (ROOT / "book" / f"{finding.chapter}.md").read_text(encoding="utf-8")
    assert finding.figure in re.findall(r"^ +name: (fig-[\w-]+)$", text, re.MULTILINE)


def test_a_finding_tells_every_claim_of_the_book():
    told = {name for each in FINDINGS.values() for name in each.claims}
    assert {claim.id for claim in CLAIMS.values() if claim.paper == "C"} <= told


def test_fields_that_are_missing_or_that_there_are_not_are_refused(tmp_path):
    good = {name: "x" for name in ("id", "name", "question", "chapter", "figure", "mechanism", "mind")} | {
        "claims": ["a1"]
    }
    file = tmp_path / "findings.yaml"
    for entry in ({**good, "mind": ""}, {name: good[name] for name in good if name != "mind"}):
        file.write_text(yaml.safe_dump([entry]), encoding="utf-8")
        with pytest.raises(ValueError, match="mind: given"):
            findings.findings(file=file)
    file.write_text(yaml.safe_dump([good | {"colour": "red"}]), encoding="utf-8")
    with pytest.raises((ValueError, TypeError), match="colour"):
        findings.findings(file=file)


# --- in words ---


def answered(changes=()):
    """The answers to all claims, some of them on planted rows."""
    return [*(UNTESTED | dict(changes)).values()]


def paragraph(words, finding):
    """What is said of one finding, a line each."""
    own = words[words.index(f"**{FINDINGS[finding].question}**") :]
    return own.split("\n\n**")[0].split("\n\n")[1].splitlines()


def test_without_results_every_question_is_asked_and_nothing_answered():
    words = findings.in_words(answered(), NOTHING)
    for each in FINDINGS.values():
        assert paragraph(words, each.id) == [f"- – {CLAIMS[name].claim} *Not tested*." for name in each.claims]


def test_a_finding_says_the_answers_to_all_its_claims():
    words = paragraph(findings.in_words(answered({"a2": found("a2", 1, 0.25)}), NOTHING), "sign")
    assert words[0].startswith(f"- ● {CLAIMS['a2'].claim} *Reproduced* at 100 % of the published size on 5 networks; ")
    assert words[0].endswith("ranked by magnitude, 25 % of it is left.")
    assert words[1].startswith("- –")


def test_pages_link_the_chapter_and_the_figure_and_say_what_would_change_our_mind():
    whole = findings.in_words(answered(), NOTHING)
    for each in FINDINGS.values():
        assert f"**{each.question}** {{doc}}`{each.chapter}`, {{numref}}`{each.figure}`." in whole
        own = findings.in_words(answered(), NOTHING, chapter=each.chapter)
        assert f"{each.mechanism}\n\n*What would change our mind:* {each.mind}" in own
        assert "{doc}" not in own
        assert own.count("**") == 2 * len(findings.findings(each.chapter))


def test_those_that_lead_have_a_line_with_a_link():
    lines = findings.leading(answered({"a2": found("a2", 0, 0)}), lambda each: f"({each.chapter})").splitlines()
    leads = [each for each in FINDINGS.values() if each.leads]
    assert 3 <= len(lines) == len(leads) <= 5
    for line, each in zip(lines, leads, strict=True):
        assert line.startswith(f"- **{each.name}.** {CLAIMS[each.claims[0]].claim}")
        assert line.endswith(f"({each.chapter})")
    assert "*Not reproduced*" in lines[0]


def test_a_chapter_answers_with_a_sentence_for_each_of_its_findings():
    own = findings.findings("03-idgi-vs-its-baselines")
    *first, _, words = findings.answer(answered(), chapter=own[0].chapter).split("\n", 4)
    assert first == [":::{admonition} In short", ":class: answer", "In the published studies:"]
    assert words.splitlines() == [*(f"- {CLAIMS[each.claims[0]].claim} *Not tested*." for each in own), ":::"]
    also = findings.answer(answered(), chapter=own[0].chapter, also=("First.",))
    assert also.endswith(f":\n\n- First.\n{words}")


def test_a_box_says_what_each_sentence_rests_on():
    words = findings.in_short({findings.PUBLISHED: ["One.", "Two."], "On nothing": [], findings.RUN: ["Three."]})
    lines = ["In the published studies:", "", "- One.", "- Two.", "", "In this run:", "", "- Three."]
    assert words.splitlines()[2:-1] == lines


def test_a_chapter_says_what_would_change_our_mind():
    for chapter in CHAPTERS:
        words = findings.minds(chapter, NOTHING)
        assert [each.mind for each in findings.findings(chapter) if each.mind not in words] == []


def test_what_is_so_already_stands_behind_what_would_change_our_mind():
    for each in FINDINGS.values():
        own = f"{each.mind} {MET[each.met](NOTHING)}" if each.met else each.mind
        assert f"- **{each.name}.** {own}" in findings.minds(each.chapter, NOTHING).splitlines()
        assert f"*What would change our mind:* {own}" in findings.in_words(answered(), NOTHING, chapter=each.chapter)


# --- what no claim asks ---


def planted(values, *, metric="insertion", variant=causes.COUNTS, network="vgg", protocol="igpaths", steps=128):
    """Rows of twelve images where a map has one value, by method and sign."""
    facts = {"metric": metric, "variant": variant, "network": network, "protocol": protocol, "steps": steps}
    facts |= {"material": "", "left_out": ""}
    lines = [
        {"method": method, "sign": sign, "image": f"{i}", "photograph": f"{i}", "value": value} | facts
        for ((method, sign), value), i in product(values.items(), range(12))
    ]
    return pd.DataFrame(lines)


def numbers(words):
    return [float(each) for each in re.findall(r"(?<![\w²])[+-]?\d+\.\d+(?:e[+-]\d+)?", words)]


@pytest.mark.parametrize(("of_shortcuts", "of_recipe"), [(0.1, -0.2), (-0.1, 0.2)])
def test_shortcuts_and_recipe_are_told_by_map(of_shortcuts, of_recipe):
    rows = []
    for (block, with_), (recipe, modern), seed in product(SHORTCUTS.items(), RECIPES.items(), range(2)):
        gain = 0.3 + of_shortcuts * with_ / 2 + of_recipe * modern / 2
        base = {(m, s): 0.2 for m, s in product(("IG", "Blur IG"), ("signed", "absolute"))}
        values = base | {(f"{method} + IDGI", sign): 0.2 + gain for method, sign in base}
        rows.append(planted(values, network=f"{block}-{recipe}-{seed}"))
    words = findings.shortcuts(pd.concat(rows))
    assert words.startswith("On 8 paired networks, shortcuts change ")
    assert words.count("more than seeds explain in 4 of 4 rankings (IG, signed: ") == 1
    assert words.count("Blur IG, by magnitude: ") == 2
    assert numbers(words) == pytest.approx([of_shortcuts] * 4 + [of_recipe] * 4)
    assert findings.shortcuts(pd.concat(rows[1:2])) == ""


def test_what_seeds_explain_is_no_effect_of_shortcuts():
    rows = []
    for block, recipe, seed in product(SHORTCUTS, RECIPES, range(2)):
        values = {("IG", "signed"): 0.2, ("IG + IDGI", "signed"): 0.4 + 0.1 * seed}
        rows.append(planted(values, network=f"{block}-{recipe}-{seed}"))
    assert findings.shortcuts(pd.concat(rows)) == (
        "On 8 paired networks, shortcuts change IDGI's gain by insertion by more than seeds explain in 0 of 1 ranking. "
        "The modern recipe does so in 0 of 1 ranking."
    )


def test_rounding_and_devices_are_told_for_the_known_and_for_the_guided_path():
    moved = {("IG", "signed"): 2e-7, ("Guided IG", "signed"): 0.8}
    words = findings.rounding(planted(moved, metric="rounding change", variant="constants"))
    assert words.endswith("2e-07 [2e-07, 2e-07] and 0.8 [0.8, 0.8] on small networks (median of 1 network, n = 12).")
    device = planted({("IG", "signed"): 5e-4, ("Guided IG", "signed"): 0.6}, metric="device change", variant="cpu")
    words = findings.rounding(device)
    assert words.startswith("A GPU in place of a CPU")
    assert "0.0005 [0.0005, 0.0005] and 0.6 [0.6, 0.6] on small networks" in words
    assert findings.rounding(planted(moved, metric="rounding change", variant="float64")) == ""
    assert findings.rounding(planted({("IG", "signed"): 1.0}, metric="device change", variant="cpu")) == ""


def test_the_interval_of_one_network_is_that_of_its_median_and_of_several_that_of_their_mean():
    rng, medians, rows = np.random.default_rng(0), {"vgg": 0.2, "resnet": 0.5, "mobilenet_v2": 0.7}, []
    for name, value in medians.items():
        own = planted({("IG", "signed"): 0.0, ("Guided IG", "signed"): value}, metric="device change", variant="cpu")
        rows.append(own.assign(network=name, value=own["value"] + np.sort(rng.uniform(-0.1, 0.1, len(own)))))
    out = rows[-1].assign(value=9.0, image=lambda each: each["image"] + " out", left_out="misclassified")
    words = findings.rounding(pd.concat([*rows, out]))
    own = [each.query("method == 'Guided IG'")["value"] for each in rows]
    one = clustered(own[2], ways=[range(12)], statistic="median")
    several = over_networks([each.median() for each in own[:2]])
    assert f" and {one:.2g} on ImageNet networks (median of 1 network, n = 12)" in words
    assert f" and {several:.2g} on small networks (mean of 2 networks' medians, n = 12)." in words


def test_rounding_and_devices_are_told_of_the_same_images():
    moved = planted({("IG", "signed"): 0.1, ("Guided IG", "signed"): 0.8}, metric="device change", variant="cpu")
    rounded = planted({("IG", "signed"): 0.2, ("Guided IG", "signed"): 0.7}, metric="rounding change")
    rounded["variant"] = "constants"
    others = [moved.assign(image=moved["image"] + f" {i}", value=9.0) for i in range(2)]
    for extra in ([], others, [rounded.assign(network="resnet", value=9.0)]):
        words = findings.rounding(pd.concat([moved, rounded, *extra]))
        assert re.findall(r"([\d.]+) \[", words) == ["0.2", "0.7", "0.1", "0.8"]
    few = moved["image"].astype(int) < LEAST - 1
    assert findings.rounding(moved[few]) == ""


def test_saturation_stands_beside_the_papers_networks_by_kind():
    values = {"mobilenet_v2": 0.5, "efficientnet_lite0": 3.5, "efficientnet_lite1": 1.0, "vgg": 2.0}
    rows = pd.concat(
        planted({("IG", "signed"): value}, metric="L2 ratio", variant="ψ = 0.9", protocol="study-b", network=network)
        for network, value in values.items()
    )
    printed = table("study-b", 1).query("psi == 0.9")
    theirs = printed[printed["quantity"].str.startswith("L2")]["value"]
    expected = [theirs.median(), theirs.min(), theirs.max(), 1, 0.5, 3.5, 2]
    words = findings.saturation(rows)
    assert numbers(words)[1:] == pytest.approx(np.round(expected, 2))  # the first is ψ
    assert words.index("ImageNet networks") < words.index("small networks")
    few = rows[(rows["network"] != "efficientnet_lite0") | (rows["image"].astype(int) < LEAST - 1)]
    expected[3:6] = [0.75, 0.5, 1.0]
    assert numbers(findings.saturation(few))[1:] == pytest.approx(np.round(expected, 2))
    assert findings.saturation(rows.assign(protocol="igpaths, grey")) == ""


def test_what_was_not_measured_is_not_told():
    rows = planted({("IG", "signed"): 1.0}, metric="ABPC")
    assert [say(rows) for say in findings.MEASURED.values()] == [""] * len(findings.MEASURED)
