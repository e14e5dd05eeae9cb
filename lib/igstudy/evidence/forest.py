"""Every claim in full, in Markdown: the authors' words, what decides it and why, and a forest of its networks."""

import math
from collections.abc import Sequence

import pandas as pd

from igstudy.evidence import kinds
from igstudy.evidence.claims import SOURCES, Claim
from igstudy.evidence.deciding import LEAST, Answer, Row, Verdict, comparable, in_unit
from igstudy.evidence.networks import Across
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.untested import need
from igstudy.evidence.verdicts import MARKS, asked, in_numbers, marked, number, quantities, word

AGREE = {  # and what a claim of several comparisons adds
    "all": ("The mean over networks must lie within the bounds", " in all comparisons"),
    "most": ("The mean over networks must lie within the bounds", " in two thirds of the comparisons"),
    "half": ("The mean over networks must lie within the bounds", " in half of the comparisons"),
    "some": ("One network must lie within the bounds", " in one comparison"),
    "never": ("No network's interval may lie outside the bounds", " in any comparison"),
}
PAPER = "the paper's protocol"
MEAN = "all of them"


def in_full(found: Sequence[Verdict], *, paper: str, chapter: str) -> str:
    """The claims of a paper that a chapter answers, each in a fold."""
    return "\n\n".join(_full(each) for each in found if (each.claim.paper, each.claim.chapter) == (paper, chapter))


def _full(found: Verdict) -> str:
    claim, answer = found.claim, found.original[kinds.IMAGENET]
    sides = [(PAPER if claim.paper != "C" else "as claimed", claim.original, found.original)]
    sides += [(side.by, side, answers) for side, answers in zip(claim.changed, found.changed, strict=True)]
    decided = [f"- {name}: {asked(side)}" for name, side, _ in sides]
    told = [f"- {kinds.WORDS[kind]}: {_told(found, kind)}" for kind in kinds.KINDS if found.original[kind].rows]
    paragraphs = [
        f":::{{dropdown}} {MARKS[answer.word][0]} {claim.id}: {claim.claim} {word(claim, answer).capitalize()}.",
        f"(claim-{claim.id})=",  # within the fold, for browsers open what folds away the target of a link
        f"> {claim.quote}",
        f"From {SOURCES[claim.paper]}, {claim.place}; answered in {{doc}}`{claim.chapter}`.",
        "\n".join(decided),
        f"{_agreeing(claim)}. Margin: {claim.why}.{_printed(found)}{_scales(found)}",
        "\n".join(told) or f"Not tested, because this needs {need(claim)}.",
        f"{_table(sides)}\n:::",
    ]
    return "\n\n".join(paragraphs)


def _agreeing(claim: Claim) -> str:
    within, of_several = AGREE[claim.agree]
    return within + (of_several if len(claim.original.comparisons) > 1 else "")


def _printed(found: Verdict) -> str:
    """What the paper prints of the claim's comparisons, if it prints all of them."""
    if found.published is None:
        return ""
    return f" The mean that the paper prints over its networks is {number(found.claim.original, found.published):.3g}."


def _scales(found: Verdict) -> str:
    """Of which changes no share of the effect is given, for their numbers have another scale."""
    original, texts = found.claim.original, []
    for side in found.claim.changed:
        if not comparable(side, original):
            same = original.null is None and (side.low, side.high) == (original.low, original.high)
            margin = ", and the margin is the one chosen for the original scale" if same else ""
            texts.append(f" The change “{side.by}” has another scale, so no share of the effect is given{margin}.")
    return "".join(texts)


def _told(found: Verdict, kind: str) -> str:
    answers = [found.original[kind], *(change[kind] for change in found.changed)]
    parts = [
        (f"{each.side.by}, " if each.side.by else "")
        + marked(found.claim, each)
        + (f" ({in_numbers(each)})" if each.rows else "")
        for each in answers
    ]
    return "; ".join(parts)


def _table(sides: Sequence[tuple[str, object, dict[str, Answer]]]) -> str:
    """A line for each comparison and network, and one for the mean of each kind; a column for each side."""
    columns: dict[str, dict[tuple[str, int, str], str]] = {}
    names: dict[int, str] = {}
    for name, _, answers in sides:
        cells = columns.setdefault(name, {})
        for kind, answer in answers.items():
            for i, row in enumerate(answer.rows):
                names.setdefault(i, quantities(answer.side.kind, [row.comparison]))
                for network, estimate in row.estimates.items():
                    cells[kind, i, network] = _estimate(answer, estimate)
                if row.mean and len(row.estimates) > 1:
                    cells[kind, i, MEAN] = _mean(answer, row, row.mean)
    every = dict.fromkeys(key for cells in columns.values() for key in cells)  # networks as they were measured
    keys = sorted(every, key=lambda key: (kinds.KINDS.index(key[0]), key[1], key[2] == MEAN))
    lines = [
        ({"comparison": names[i]} if len(names) > 1 else {})
        | {"kind": kind, "network": network}
        | {name: cells.get((kind, i, network), "–") for name, cells in columns.items()}
        for kind, i, network in keys
    ]
    if not lines:
        return ""
    html = pd.DataFrame(lines).to_html(index=False, border=0, justify="left", escape=False)
    return f'<div class="cells">\n{html}\n</div>'


def _estimate(answer: Answer, estimate: Estimate) -> str:
    few = ", too few" if estimate.n < LEAST else ""
    return f"{_interval(answer, estimate)}, n = {estimate.n}{few}"


def _mean(answer: Answer, row: Row, mean: Across) -> str:
    """The mean over networks, where a new network would lie, and how many lie above the bound, with a sign test's p."""
    mark = {"agrees": "●", "against": "○", "open": "◌"}[row.outcome]
    new, bound = "", answer.side.low if math.isfinite(answer.side.low) else answer.side.high
    if mean.prediction and all(map(math.isfinite, mean.prediction)):  # two networks leave no degree of freedom
        low, high = (number(answer.side, end) for end in mean.prediction)
        new = f"; a new network {low:.2g} to {high:.2g}"
    test = mean.sign_test(in_unit(answer.side, bound))
    over = f"{test.above} of {mean.n} above {bound:g}, p = {test.p:.2g}"
    return f"<strong>{mark} {_interval(answer, mean)}</strong>{new}; {over}"


def _interval(answer: Answer, estimate: Estimate | Across) -> str:
    value, low, high = (number(answer.side, each) for each in (estimate.value, estimate.low, estimate.high))
    known = math.isfinite(estimate.low) and math.isfinite(estimate.high)  # a median of five images has no interval
    return f"{value:.2g} [{low:.2g}, {high:.2g}]" if known else f"{value:.2g}"
