"""What was found, finding by finding, as ``findings.yaml`` holds them: a question, its answers, the mechanism, and what
would change our mind.

The answers are those of claims; what no claim asks a function says in numbers, whichever way they came out.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
import yaml
from pydantic import Field

from igpaths.texts import amount
from igstudy.engine.schema import allowed, schema
from igstudy.evidence import kinds
from igstudy.evidence.amounts import span
from igstudy.evidence.deciding import Verdict
from igstudy.evidence.inference import Inference, clustered
from igstudy.evidence.minds import MET
from igstudy.evidence.minds import METRICS as MINDS
from igstudy.evidence.networks import over_networks
from igstudy.evidence.papers import table
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables import causes, paired
from igstudy.evidence.tables.quality import ways
from igstudy.evidence.tables.split import split_rows
from igstudy.evidence.tables.stability import common
from igstudy.evidence.telling import ranking, sentence
from igstudy.evidence.verdicts import MARKS

FILE = Path(__file__).with_name("findings.yaml")
METRICS = ("insertion", "L2 ratio", *MINDS)  # that the functions read
PUBLISHED, RUN = "In the published studies", "In this run"  # what the sentences of a chapter's box rest on
EXPLORED, CONFIRMED = "In the exploratory studies", "In the confirmation, on photographs that nobody had looked at"
Text = Annotated[str, Field(min_length=1), allowed("a text")]


@schema
class Finding:
    """One finding; the fields are those of ``findings.yaml``."""

    id: Text
    name: Text
    question: Text
    chapter: Text
    figure: Text
    claims: tuple[str, ...]
    mechanism: Text
    mind: Text
    measured: str = ""
    met: str = ""
    leads: bool = False


def findings(chapter: str = "", *, file: Path = FILE) -> tuple[Finding, ...]:
    """All findings, or those of a chapter, in the file's order; ParameterError for a missing or unknown field."""
    every = (Finding(**entry) for entry in yaml.safe_load(file.read_text(encoding="utf-8")))
    return tuple(each for each in every if chapter in ("", each.chapter))


def leading(found: Sequence[Verdict], link: Callable[[Finding], str]) -> str:
    """The findings that lead, a line of Markdown each: the answers to its first claim, and a link to its chapter."""
    return "\n".join(f"- **{each.name}.** {_first(each, found)} {link(each)}" for each in findings() if each.leads)


def answer(found: Sequence[Verdict], *, chapter: str, also: Sequence[str] = ()) -> str:
    """A chapter's answer: a sentence for each of its findings, below what no finding answers, all of them published."""
    return in_short({PUBLISHED: [*also, *answers(found, chapter)]})


def answers(found: Sequence[Verdict], chapter: str) -> list[str]:
    """A sentence for each of a chapter's findings: the answers to its first claim."""
    return [_first(each, found) for each in findings(chapter)]


def in_short(sentences: Mapping[str, Sequence[str]]) -> str:
    """A chapter's box in Markdown: sentences by what they rest on, which stands above them."""
    parts = [f"{words}:\n\n" + "\n".join(f"- {line}" for line in lines) for words, lines in sentences.items() if lines]
    return "\n".join([":::{admonition} In short", ":class: answer", "\n\n".join(parts), ":::"])


def minds(chapter: str, rows: pd.DataFrame) -> str:
    """What would change our mind about each of a chapter's findings, under a heading, and where that is so already."""
    lines = "\n".join(f"- **{each.name}.** {_mind(each, rows)}" for each in findings(chapter))
    return f"### What would change our mind\n\n{lines}"


def _mind(finding: Finding, rows: pd.DataFrame) -> str:
    return f"{finding.mind} {MET[finding.met](rows)}" if finding.met else finding.mind


def _first(finding: Finding, found: Sequence[Verdict]) -> str:
    return next(sentence(each) for each in found if each.claim.id == finding.claims[0])


def in_words(found: Sequence[Verdict], rows: pd.DataFrame, *, chapter: str = "") -> str:
    """Findings in Markdown: the question and all its answers, the mechanism, and what would change our mind.

    Those of all chapters name theirs and the figure; within a chapter the reader knows.
    """
    return "\n\n".join(_finding(each, found, rows, linked=not chapter) for each in findings(chapter))


def _finding(finding: Finding, found: Sequence[Verdict], rows: pd.DataFrame, *, linked: bool) -> str:
    by_id = {each.claim.id: each for each in found}
    own = [by_id[name] for name in finding.claims]
    lines = [f"- {MARKS[each.original[kinds.IMAGENET].word][0]} {sentence(each)}" for each in own]
    if finding.measured and (measured := MEASURED[finding.measured](rows)):
        lines.append(f"- {measured}")
    place = f" {{doc}}`{finding.chapter}`, {{numref}}`{finding.figure}`." if linked else ""
    mind = f"*What would change our mind:* {_mind(finding, rows)}"
    return "\n\n".join([f"**{finding.question}**{place}", "\n".join(lines), finding.mechanism, mind])


def shortcuts(rows: pd.DataFrame) -> str:
    """Where shortcuts and recipe change IDGI's gain on networks that differ by nothing else: two sentences."""
    found = paired.by_map(paired.means(causes.gains(rows, metric="insertion", variant=causes.COUNTS)))
    if not found:
        return ""
    networks = amount(next(iter(found.values())).n, "paired network")
    by_shortcuts, by_recipe = (_beyond_seeds(found, effect) for effect in paired.EFFECTS[:2])
    return (
        f"On {networks}, shortcuts change IDGI's gain by insertion by more than seeds explain in {by_shortcuts}. "
        f"The modern recipe does so in {by_recipe}."
    )


def _beyond_seeds(found: Mapping[tuple[str, str, str], Estimate], effect: str) -> str:
    """In how many rankings an effect's interval excludes 0, and the effect in these."""
    own = {key[1:]: each for key, each in found.items() if key[0] == effect}
    sure = {key: each for key, each in own.items() if each.low > 0 or each.high < 0}
    sizes = "; ".join(f"{method}, {ranking(sign)}: {each.value:+.3f}" for (method, sign), each in sure.items())
    return f"{len(sure)} of {amount(len(own), 'ranking')}" + (f" ({sizes})" if sure else "")


def rounding(rows: pd.DataFrame) -> str:
    """What one rounding, and a GPU, does to the map of a path that is known beforehand, and of one that is not.

    On networks where both were measured, over the images of both; otherwise over those that there are.
    """
    counted = rows[rows["left_out"] == ""]
    misrounded = counted[(counted["metric"] == "rounding change") & (counted["variant"] == "constants")]
    moved = counted[(counted["metric"] == "device change") & (counted["variant"] == "cpu")]
    pair = common(misrounded, moved)
    if pair[0].empty:
        pair = (misrounded, moved)
    whats = (
        "An error of one rounding in the normalisation constants",
        "A GPU in place of a CPU, with all bits of float32 on both,",
    )
    parts = [
        f"{what} moves maps of IG and of Guided IG by these shares of their length: {told}."
        for what, own in zip(whats, pair, strict=True)
        if (told := _both_by_kind(causes.enough(own, "method")))
    ]
    return " ".join(parts)


def _both_by_kind(rows: pd.DataFrame) -> str:
    """How far both move, by kind of network: the median over images, and of several networks the mean of theirs."""
    medians: dict[str, dict[str, list[Inference]]] = {}
    for (network, method), own in rows.groupby(["network", "method"], sort=False, observed=True):
        of = medians.setdefault(kinds.kind_of(str(network)), {})
        of.setdefault(str(method), []).append(clustered(own["value"], ways=ways(own), statistic="median"))
    parts = []
    for kind in [each for each in kinds.KINDS if {"IG", "Guided IG"} <= {*medians.get(each, ())}]:
        both = [medians[kind][method] for method in ("IG", "Guided IG")]
        values = [of[0] if len(of) == 1 else over_networks([each.value for each in of]) for of in both]
        n = span({each.n for of in both for each in of}, "d")
        what = f"mean of {len(both[0])} networks' medians" if len(both[0]) > 1 else "median of 1 network"
        parts.append(f"{values[0]:.2g} and {values[1]:.2g} on {kinds.WORDS[kind]} ({what}, n = {n})")
    return ", ".join(parts)


def saturation(rows: pd.DataFrame) -> str:
    """How much the saturated part weighs by kind of network, beside what Study B prints."""
    found = split_rows(rows)
    found = found[(found["protocol"] == "study-b") & (found["rule"] == "IG") & (found["psi"] == 0.9)]
    counted = causes.enough(found[found["left_out"] == ""].dropna(subset="L2 ratio"))
    ours = counted.groupby("network", observed=True)["L2 ratio"].mean()
    if ours.empty:
        return ""
    theirs = table("study-b", 1).query("psi == 0.9 and quantity.str.startswith('L2')")["value"]
    of = {kind: ours[[kinds.kind_of(str(name)) == kind for name in ours.index]] for kind in kinds.KINDS}
    parts = [f"on {kinds.WORDS[kind]} {_range(own, '.2f')}" for kind, own in of.items() if len(own)]
    return (
        f"At ψ = 0.9 the saturated part of IG has {_range(theirs, '.2f')} times the norm of the rest on Study B's "
        f"networks; {', '.join(parts)}."
    )


MEASURED: dict[str, Callable[[pd.DataFrame], str]] = {each.__name__: each for each in (shortcuts, rounding, saturation)}


def _range(values: pd.Series, form: str) -> str:
    """The median over networks, and from the lowest to the highest."""
    if len(values) == 1:
        return f"{values.iloc[0]:{form}}"
    return f"{values.median():{form}} ({values.min():{form}} to {values.max():{form}} on {len(values)} networks)"
