"""What was found, finding by finding, as ``findings.yaml`` holds them: a question, its answers, the mechanism, and what
would change our mind.

The answers are those of claims; what no claim asks a function says in numbers, whichever way they came out.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
import yaml
from pydantic import Field

from igpaths.texts import amount
from igstudy.engine.schema import allowed, schema
from igstudy.evidence import kinds
from igstudy.evidence.deciding import Verdict
from igstudy.evidence.papers import table
from igstudy.evidence.tables import causes, paired
from igstudy.evidence.tables.split import split_rows
from igstudy.evidence.tables.stability import medians
from igstudy.evidence.telling import sentence
from igstudy.evidence.verdicts import MARKS

FILE = Path(__file__).with_name("findings.yaml")
METRICS = ("insertion", "rounding change", "device change", "device cosine", "L2 ratio")  # that the functions read
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
    leads: bool = False


def findings(chapter: str = "", *, file: Path = FILE) -> tuple[Finding, ...]:
    """All findings, or those of a chapter, in the file's order; ParameterError for a missing or unknown field."""
    every = (Finding(**entry) for entry in yaml.safe_load(file.read_text(encoding="utf-8")))
    return tuple(each for each in every if chapter in ("", each.chapter))


def leading(found: Sequence[Verdict], link: Callable[[Finding], str]) -> str:
    """The findings that lead, a line of Markdown each: the answers to its first claim, and a link to its chapter."""
    return "\n".join(f"- **{each.name}.** {_first(each, found)} {link(each)}" for each in findings() if each.leads)


def answer(found: Sequence[Verdict], *, chapter: str, also: Sequence[str] = ()) -> str:
    """A chapter's answer, a box in Markdown: a sentence for each of its findings, below what no finding answers."""
    lines = "\n".join(f"- {line}" for line in (*also, *(_first(each, found) for each in findings(chapter))))
    return f":::{{admonition}} In short\n:class: answer\n{lines}\n:::"


def minds(chapter: str) -> str:
    """What would change our mind about each of a chapter's findings, under a heading."""
    lines = "\n".join(f"- **{each.name}.** {each.mind}" for each in findings(chapter))
    return f"### What would change our mind\n\n{lines}"


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
    mind = f"*What would change our mind:* {finding.mind}"
    return "\n\n".join([f"**{finding.question}**{place}", "\n".join(lines), finding.mechanism, mind])


def shortcuts(rows: pd.DataFrame) -> str:
    """What shortcuts and recipe do to IDGI's gain on networks that differ by nothing else."""
    gained = causes.gains(rows, metric="insertion", variant=causes.COUNTS)
    found = paired.by_map(paired.means(gained))
    words = [
        f"{found[paired.EFFECTS[0], method, sign]:+.3f} and {found[paired.EFFECTS[1], method, sign]:+.3f} "
        f"({method}, {sign})"
        for method in ("IG", "Blur IG")
        for sign in ("signed", "absolute")
        if (paired.EFFECTS[0], method, sign) in found
    ]
    networks = amount(next((each.n for each in found.values()), 0), "paired network")
    change = f"On {networks}, shortcuts and the modern recipe change IDGI's gain by insertion by"
    return f"{change} {'; '.join(words)}." if words else ""


def rounding(rows: pd.DataFrame) -> str:
    """What one rounding, and a GPU, does to the map of a path that is known beforehand, and of one that is not."""
    misrounded = medians(rows[rows["variant"] == "constants"], "rounding change", ["IG", "Guided IG"])
    moved = medians(rows, "device change", ["IG", "Guided IG"])
    parts = [
        f"{what} moves maps of IG and of Guided IG by these shares of their length: {_both_by_kind(table)}."
        for what, table in (
            ("An error of one rounding in the normalisation constants", misrounded),
            ("A GPU in place of a CPU, with all bits of float32 on both,", moved),
        )
        if not table.empty
    ]
    return " ".join(parts)


def _both_by_kind(table: pd.DataFrame) -> str:
    """How far both move, by kind of network."""
    networks = table.index.get_level_values("network")
    by = {kind: table[[kinds.kind_of(str(name)) == kind for name in networks]] for kind in kinds.KINDS}
    parts = [
        f"{_range(own['IG'], '.1g')} and {_range(own['Guided IG'], '.1g')} on {kinds.WORDS[kind]}"
        for kind, own in by.items()
        if len(own)
    ]
    return ", ".join(parts)


def saturation(rows: pd.DataFrame) -> str:
    """How much the saturated part weighs by kind of network, beside what Study B prints."""
    found = split_rows(rows)
    found = found[(found["protocol"] == "study-b") & (found["rule"] == "IG") & (found["psi"] == 0.9)]
    ours = found[found["left_out"] == ""].groupby("network", observed=True)["L2 ratio"].mean().dropna()
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
