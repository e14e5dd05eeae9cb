"""The verdicts as pages and README show them, in Markdown: how many of each, a line or a sentence for each claim, and
each claim in full."""

import math
import statistics
from collections.abc import Sequence
from html import escape

import pandas as pd

from igstudy.evidence import deciding
from igstudy.evidence.claims import Comparison, Side, claims
from igstudy.evidence.deciding import Cell, Finding, Verdict, metrics, verdicts
from igstudy.evidence.results import published, studies
from igstudy.evidence.statistics import Estimate

# By verdict, a mark that its shape tells apart, and the class that colours it in book/_static/igpaths.css.
MARKS = {
    deciding.HOLDS: ("●", "holds"),
    deciding.THEIRS_ALONE: ("◐", "theirs"),
    deciding.FAILS: ("○", "fails"),
    deciding.UNDECIDED: ("◌", "undecided"),
    deciding.NOT_MEASURED: ("–", "unmeasured"),
}
# What the chapters that answer a claim ask, by paper, in the order of the title page.
QUESTIONS = {
    ("A", "03-idgi-vs-its-baselines"): "Does IDGI improve on its baselines?",
    ("A", "02-idgi"): "What does IDGI rest on?",
    ("A", "04-step-size"): "What do more steps bring?",
    ("A", "01-path-methods"): "What happens along a path?",
    ("A", "05-numerical-stability"): "Are the maps stable?",
    ("B", "06-split-ig"): "How much does the saturated part weigh?",
    ("B", "07-split-ig-quality"): "Are the parts better maps than the whole?",
    ("B", "08-softmax-or-logit"): "What does the softmax do to saturation?",
}
OUTCOMES = {"agrees": "●", "disagrees": "○", "open": "◌"}
PAPERS = {"A": "Singhi and Kumari", "B": "Miglani et al."}
AGREE = {"all": "all", "most": "two thirds", "half": "half", "some": "a tenth"}  # of the cells
SIGNS = {"difference": " − ", "ratio": " / "}


def of_published(chapter: str = "") -> tuple[Verdict, ...]:
    """The verdicts of all published studies on the claims of a chapter, or on all claims."""
    own = [claim for claim in claims() if chapter in ("", claim.chapter)]
    return tuple(verdicts(published(metrics=sorted(metrics(own))), own))


def marked(verdict: str) -> str:
    """A verdict's mark and words."""
    mark, name = MARKS[verdict]
    return f'<span class="verdict {name}">{mark}</span> {verdict}'


def at_a_glance(found: Sequence[Verdict]) -> str:
    """How many claims have each verdict; below it a mark for each claim, a row for each question, both linked."""
    counts = [f"{marked(verdict)}: {sum(each.verdict == verdict for each in found)}" for verdict in MARKS]
    parts = [f"{len(found)} claims. {'; '.join(counts)}."]
    for paper, authors in PAPERS.items():
        own = [each for each in found if each.claim.paper == paper]
        rows = [[authors, f"{len(own)} claims"]]
        for (of, chapter), question in QUESTIONS.items():
            if of == paper:
                tiles = [_tile(each) for each in own if each.claim.chapter == chapter]
                rows.append([f"{{doc}}`{question} <{chapter}>`", " ".join(tiles)])
        parts.append(_table(rows, "glance"))
    return "\n\n".join(parts)


def _tile(found: Verdict) -> str:
    mark, name = MARKS[found.verdict]
    words = escape(f"{found.claim.id}, {found.verdict}: {found.claim.claim}")
    where = f'href="claims.html#claim-{found.claim.id}" title="{words}" aria-label="{words}"'
    return f'<a class="tile {name}" {where}>{mark}</a>'


def summary(found: Sequence[Verdict]) -> str:
    """How many claims of each paper have each verdict."""
    rows = [["verdict", *PAPERS.values(), "both"]]
    for words, own in [(marked(verdict), {verdict}) for verdict in MARKS] + [("all claims", set(MARKS))]:
        counts = [sum(each.claim.paper == paper and each.verdict in own for each in found) for paper in PAPERS]
        rows.append([words, *map(str, counts), str(sum(counts))])
    return _table(rows, "counts")


def on_what() -> str:
    """The published studies: their task, networks and images, and where and when they ran."""
    rows = [["study", "task", "networks", "images of each", "explains", "protocols", "ran"]]
    for name, facts in studies().items():
        own = facts["parameters"]
        sizes, protocols = [str(len(own["models"])), str(own["images"])], ", ".join(own["protocols"])
        days = " to ".join(dict.fromkeys(facts[end][:10] for end in ("from", "to")))
        rows.append([name, own["task"], *sizes, f"the {own['output']}", protocols, f"{days}, {facts['device']}"])
    return _table(rows, "sources") if len(rows) > 1 else "No published study holds this yet: no claim is decided."


def in_words(found: Sequence[Verdict], *, of: Sequence[str]) -> str:
    """How many claims of each paper have each verdict, and a sentence for each of the claims that `of` names by id."""
    lines = []
    for paper, authors in PAPERS.items():
        own = [each.verdict for each in found if each.claim.paper == paper]
        counts = ", ".join(f"{verdict} {own.count(verdict)}" for verdict in MARKS if verdict in own)
        lines += [f"The {len(own)} claims of {authors}: {counts}. Among them:", ""]
        named = [each for each in found if each.claim.paper == paper and each.claim.id in of]
        lines += [f"- {MARKS[v.verdict][0]} {v.claim.claim} **{v.verdict.capitalize()}**{_sentence(v)}." for v in named]
        lines.append("")
    return "\n".join(lines[:-1])


def in_short(found: Sequence[Verdict], *, paper: str, chapter: str) -> str:
    """The claims of a paper that a chapter answers, a line each, and a link to the chapter."""
    own = [each for each in found if (each.claim.paper, each.claim.chapter) == (paper, chapter)]
    return f"Answered in {{doc}}`{chapter}`.\n\n{in_lines(own)}"


def in_lines(found: Sequence[Verdict]) -> str:
    """Claims, a line each: what decides it, what the cells say under our protocol and the paper's, and the verdict."""
    rows = [["claim", "what decides", "our protocol", "the paper's", "verdict"]]
    for each in found:
        claim, ours = each.claim, _short(each.ours)
        link = f'<a href="claims.html#claim-{claim.id}">{claim.id}</a>'
        if claim.also and each.also:
            ours += f"<br>Beside it, {_words(claim.also)}, {_short(each.also)}"
        theirs = _short(each.theirs) if each.theirs else "measures nothing"
        decides = f"{_words(claim.ours)}, in {AGREE[claim.agree]} of the cells"
        rows.append([f"{claim.claim} ({claim.place}; {link})", decides, ours, theirs, marked(each.verdict)])
    return _table(rows, "verdicts")


def in_full(found: Sequence[Verdict], *, paper: str, chapter: str) -> str:
    """The same claims with the paper's words, what decides them and why, and the average of every network."""
    return "\n\n".join(_full(each) for each in found if (each.claim.paper, each.claim.chapter) == (paper, chapter))


def _full(found: Verdict) -> str:
    claim = found.claim
    sides = [(claim.ours, found.ours, ""), (claim.theirs, found.theirs, ""), (claim.also, found.also, ", beside it")]
    there = [(side, finding, note) for side, finding, note in sides if side and finding]
    decided = [f"- {each.protocol}{note}: {_words(side)}; {marked(each.verdict)}" for side, each, note in there]
    paragraphs = [
        f":::{{dropdown}} {MARKS[found.verdict][0]} {claim.id}: {claim.claim} {found.verdict.capitalize()}.",
        f"(claim-{claim.id})=",  # within the fold, for browsers open what folds away the target of a link
        f"> {claim.quote}",
        f"{PAPERS[claim.paper]}, {claim.place}; answered in {{doc}}`{claim.chapter}`.",
        "\n".join(decided),
        f"It holds where the whole interval lies there in {AGREE[claim.agree]} of the cells. Margin: {claim.why}.",
        f"{_cells(there)}\n:::",
    ]
    return "\n\n".join(paragraphs)


def _cells(there: Sequence[tuple[Side, Finding, str]]) -> str:
    """A row for each comparison and network, a column for each side."""
    columns: dict[str, dict[tuple[int, str], str]] = {}
    for side, finding, note in there:
        number = {comparison: i for i, comparison in enumerate(side.comparisons)}
        columns[finding.protocol + note] = {(number[c.comparison], c.network): _cell(c) for c in finding.cells}
    ours = there[0][0]
    names = [_quantities(ours.kind, [comparison]) for comparison in ours.comparisons]
    rows = [
        ({"comparison": names[i]} if len(names) > 1 else {})
        | {"network": network}
        | {name: cells.get((i, network), "–") for name, cells in columns.items()}
        for i, network in dict.fromkeys(key for cells in columns.values() for key in cells)
    ]
    if not rows:
        return ""
    return f'<div class="cells">\n{pd.DataFrame(rows).to_html(index=False, border=0, justify="left")}\n</div>'


def _cell(cell: Cell) -> str:
    return f"{OUTCOMES[cell.outcome]} {cell.estimate:.2g}, n = {cell.estimate.n}"


def _sentence(found: Verdict) -> str:
    if not found.ours.cells:
        return ""
    counts, average = _numbers(found.ours)
    return f": {counts}; median {average} (asked: {_words(found.claim.ours)})"


def _short(finding: Finding) -> str:
    """The protocol and the numbers of a finding, one below the other."""
    if not finding.cells:
        return f"{finding.protocol}:<br>{deciding.NOT_MEASURED}"
    counts, average = _numbers(finding)
    return f"{finding.protocol}:<br>{counts}<br>{average}"


def _numbers(finding: Finding) -> tuple[str, str]:
    """How many of a finding's cells agree and disagree; the median of their averages, and what all intervals cover."""
    outcomes, estimates = zip(*((cell.outcome, cell.estimate) for cell in finding.cells), strict=True)
    agree, against = outcomes.count("agrees"), outcomes.count("disagrees")
    middle = statistics.median(e.value for e in estimates)
    together = Estimate(middle, min(e.low for e in estimates), max(e.high for e in estimates), len(estimates))
    return f"{agree} of {len(outcomes)} agree, {against} against", f"{together:.2g}"


def _words(side: Side) -> str:
    """What a side computes, and where that must lie."""
    within = f"from {side.low:g} to {side.high:g}"
    bound = {-math.inf: f"below {side.high:g}"}.get(side.low, within) if side.high < math.inf else f"above {side.low:g}"
    return f"{_quantities(side.kind, side.comparisons)} {bound}"


def _quantities(kind: str, comparisons: Sequence[Comparison]) -> str:
    """The comparisons' methods, metrics and so on, each once; where the two sides of a comparison differ, both."""
    texts = []
    for name in ("method", "metric", "variant", "sign", "steps"):
        pairs = [[_text(getattr(quantity, name)) for quantity in comparison] for comparison in comparisons]
        texts.append(
            " and ".join(filter(None, dict.fromkeys(SIGNS.get(kind, "").join(dict.fromkeys(p)) for p in pairs)))
        )
    method, metric, *rest = texts
    how = "; ".join(filter(None, rest))
    return f"{'order of ' * (kind == 'exponent')}{method}: {metric}" + (f" ({how})" if how else "")


def _text(value: str | tuple[int | str, ...]) -> str:
    if isinstance(value, str):
        return value
    return "" if value == ("finest",) else f"{' to '.join(map(str, value))} steps"


def _table(rows: Sequence[Sequence[str]], name: str) -> str:
    """A table of the class `name` in Markdown, its first row the head."""
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"```{{table}}\n:class: {name}\n", head, "|" + "---|" * len(rows[0]), *body, "```"])
