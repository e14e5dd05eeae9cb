"""The answers as pages and README show them, in Markdown: a mark and a line for each claim, by kind of network, and
last how many of each."""

import math
from collections.abc import Sequence
from html import escape

from igpaths.texts import amount
from igstudy.evidence import deciding, kinds
from igstudy.evidence.amounts import enumerated, span
from igstudy.evidence.claims import LOGARITHMIC, SOURCES, Claim, Comparison, Side, claims
from igstudy.evidence.deciding import Answer, Verdict, metrics, verdicts
from igstudy.evidence.results import published
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.telling import OURS, UNDECIDED, disagreeing, ranking, refuting

# By answer, a mark that its shape tells apart, and the class that colours it in book/_static/igpaths.css.
MARKS = {
    deciding.REPRODUCED: ("●", "holds"),
    deciding.PART: ("◐", "theirs"),
    deciding.NOT_REFUTED: ("◎", "unrefuted"),
    deciding.NOT: ("○", "fails"),
    deciding.OPEN: ("◌", "undecided"),
    deciding.NOT_TESTED: ("–", "unmeasured"),
    deciding.SURVIVES: ("●", "holds"),
    deciding.SHRINKS: ("◐", "theirs"),
    deciding.VANISHES: ("○", "fails"),
    deciding.REVERSES: ("○", "fails"),
    deciding.FAILS: ("○", "fails"),
    deciding.APPEARS: ("●", "holds"),
    deciding.ABSENT: ("○", "fails"),
}
WORDS = (
    *(deciding.REPRODUCED, deciding.PART, deciding.NOT_REFUTED, deciding.NOT, deciding.OPEN),
    deciding.NOT_TESTED,
)
COLUMNS = (kinds.IMAGENET, kinds.SMALL, kinds.CONTROL)
# What the chapters that answer a claim ask, by whose it is, in the order of the title page.
QUESTIONS = {
    ("A", "03-idgi-vs-its-baselines"): "Does IDGI improve on its baselines?",
    ("A", "02-idgi"): "What does IDGI rest on?",
    ("A", "04-step-size"): "What do more steps bring?",
    ("A", "01-path-methods"): "What happens along a path?",
    ("A", "05-numerical-stability"): "Are the maps stable?",
    ("B", "06-split-ig"): "How much does the saturated part weigh?",
    ("B", "07-split-ig-quality"): "Are the parts better maps than the whole?",
    ("B", "08-softmax-or-logit"): "What does the softmax do to saturation?",
    ("C", "03-idgi-vs-its-baselines"): "Why does IDGI score higher?",
    ("C", "09-which-map"): "Which map, and which metric?",
    ("C", "04-step-size"): "Where do walks end?",
    ("C", "07-split-ig-quality"): "Is Left IG a better map by magnitude?",
}
SIGNS = {  # between what is compared, for methods and for all else
    "difference": (" − ", " minus "),
    "contrast": (" − ", " minus "),
    "ratio": (" / ", " over "),
    "ratio of ratios": (" / ", " over "),
}
NAMES = {  # of methods and metrics whose stored names say too little
    "IG, variation": "Σ |g Δx|",
    "alpha*": "α*",
    "L1 ratio": "‖Right‖₁ / ‖Left‖₁",
    "L2 ratio": "‖Right‖₂ / ‖Left‖₂",
    "cosine left right": "cos(Left, Right)",
    "cosine left full": "cos(Left, Full)",
    "cosine right full": "cos(Right, Full)",
    "last segment": "share of the last segment",
    "late movement": "share of the movement in the last tenth",
    "device cosine": "cosine under another device",
    "insertion normalised": "insertion, canvas to image",
    "JPEG signed sum": "MSE under JPEG of maps over their signed sum",
    "JPEG L1": "MSE under JPEG of maps over their sum of magnitudes",
    "JPEG cosine": "cosine under JPEG",
}


def of_published(chapter: str = "", *, paper: str = "") -> tuple[Verdict, ...]:
    """The answers of all published studies to the claims of a chapter and of a paper, or to all."""
    own = [claim for claim in claims() if chapter in ("", claim.chapter) and paper in ("", claim.paper)]
    return tuple(verdicts(published(metrics=sorted(metrics(own))), own))


def marked(claim: Claim, answer: Answer) -> str:
    """An answer's mark and words."""
    mark, name = MARKS[answer.word]
    return f'<span class="verdict {name}">{mark}</span> {word(claim, answer)}'


def word(claim: Claim, answer: Answer) -> str:
    """An answer in a word or two; what this book claims holds or does not, for nothing is reproduced."""
    if answer.word == deciding.SHRINKS and answer.left:
        return f"shrinks to {100 * answer.left.value:.0f} %"
    if answer.word == deciding.OPEN:
        return UNDECIDED
    return OURS.get(answer.word, answer.word) if claim.paper == "C" else answer.word


def at_a_glance(found: Sequence[Verdict]) -> str:
    """A mark for each claim on ImageNet networks, a row for each question, both linked."""
    rows = [["question", "claims"]]
    for (paper, chapter), question in QUESTIONS.items():
        own = [each for each in found if (each.claim.paper, each.claim.chapter) == (paper, chapter)]
        if own:
            rows.append([f"{{doc}}`{question} <{chapter}>`", " ".join(map(_tile, own))])
    return table(rows, "glance")


def _tile(found: Verdict) -> str:
    answer = found.original[kinds.IMAGENET]
    mark, name = MARKS[answer.word]
    words = escape(f"{found.claim.id}, {word(found.claim, answer)}: {found.claim.claim}")
    where = f'href="claims.html#claim-{found.claim.id}" title="{words}" aria-label="{words}"'
    return f'<a class="tile {name}" {where}>{mark}</a>'


def summary(found: Sequence[Verdict]) -> str:
    """How many claims of each source have each answer, on ImageNet networks and on small ones."""
    columns = [(paper, kind) for paper in SOURCES for kind in (kinds.IMAGENET, kinds.SMALL)]
    rows = [["answer", *(f"{SOURCES[paper]}: {kinds.WORDS[kind]}" for paper, kind in columns)]]
    for each in WORDS:
        counts = [
            sum(v.original[kind].word == each for v in found if v.claim.paper == paper) for paper, kind in columns
        ]
        mark, name = MARKS[each]
        answer = UNDECIDED if each == deciding.OPEN else each
        rows.append([f'<span class="verdict {name}">{mark}</span> {answer}', *map(str, counts)])
    return table(rows, "counts")


def in_lines(found: Sequence[Verdict]) -> str:
    """Claims, a line each: what the paper prints, and the answers on every kind of network."""
    rows = [["claim", "printed", *(kinds.WORDS[kind] for kind in COLUMNS)]]
    for each in found:
        claim = each.claim
        link = f'<a href="claims.html#claim-{claim.id}">{claim.id}</a>'
        printed = "–" if each.published is None else f"{number(claim.original, each.published):.2g}"
        answers = [_cell(each, kind) for kind in COLUMNS]
        rows.append([f"{claim.claim} ({claim.place}; {link})", printed, *answers])
    return table(rows, "verdicts")


def _cell(found: Verdict, kind: str) -> str:
    """The answers on one kind of network, one below the other."""
    answer = found.original[kind]
    lines = [marked(found.claim, answer) + (f"<br>{in_numbers(answer)}" if answer.rows else "")]
    for change in found.changed:
        own = change[kind]
        numbers = f", {in_numbers(own)}" if own.rows and own.word != deciding.NOT_TESTED else ""
        lines.append(f"<small>{own.side.by}: {marked(found.claim, own)}{numbers}</small>")
    return "<br>".join(lines)


def in_numbers(answer: Answer) -> str:
    """What an answer rests on: its size beside the published one, or the means of its comparisons; and the networks."""
    return f"{_numbers(answer)}{disagreeing(answer)}"


def _numbers(answer: Answer) -> str:
    if answer.size:
        of = f"{percent(answer.left)} of the effect, " if answer.left else ""
        return f"{of}{percent(answer.size)} of the published size, {amount(answer.size.n, 'network')}"
    means = [row.mean for row in answer.rows if row.mean]
    values = [number(answer.side, each.value) for each in means]
    if not means:
        return "too few images count"
    if answer.word == deciding.NOT_REFUTED:
        return f"{span(values, '.2g')}; {refuting(answer)} could refute it"
    if len(means) == 1:
        ends = (number(answer.side, end) for end in (means[0].low, means[0].high))
        return f"{values[0]:.2g} [{', '.join(f'{end:.2g}' for end in ends)}], {amount(means[0].n, 'network')}"
    of = f"{answer.agreeing} of {len(values)} comparisons agree, {amount(len(answer.networks), 'network')}"
    return f"{min(values):.2g} to {max(values):.2g}, {of}"


def _known(estimate: Estimate) -> bool:
    return math.isfinite(estimate.low) and math.isfinite(estimate.high)


def percent(estimate: Estimate) -> str:
    """A share in percent, with its interval where there is one."""
    value, low, high = (f"{100 * each:z.0f}" for each in (estimate.value, estimate.low, estimate.high))
    return f"{value} %" + (f" [{low}, {high}]" if _known(estimate) else "")


def number(side: Side, value: float) -> float:
    """A value as it is meant: a ratio from its logarithm."""
    return 10**value if side.kind in LOGARITHMIC and math.isfinite(value) else value


def asked(side: Side) -> str:
    """What a side computes, and where that must lie."""
    within = f"from {side.low:g} to {side.high:g}"
    bound = {-math.inf: f"below {side.high:g}"}.get(side.low, within) if side.high < math.inf else f"above {side.low:g}"
    return f"{quantities(side.kind, side.comparisons)} {bound}"


def quantities(kind: str, comparisons: Sequence[Comparison]) -> str:
    """The comparisons' methods, metrics and so on, each once; where the sides of a comparison differ, all of them."""
    named = {
        name: [_sides(kind, name, [getattr(quantity, name) for quantity in comparison]) for comparison in comparisons]
        for name in ("method", "metric", "variant", "sign", "steps", "protocol")
    }
    rest = [enumerated([*filter(None, dict.fromkeys(named[name]))]) for name in ("sign", "steps", "protocol")]
    metrics: dict[str, dict[str, None]] = {}  # of each variant
    for metric, variant in zip(named["metric"], named["variant"], strict=True):
        metrics.setdefault(variant, {})[metric] = None
    variants: dict[tuple[str, ...], list[str]] = {}  # of the same metrics
    for variant, own in metrics.items():
        variants.setdefault(tuple(own), []).append(variant)
    measured = [
        f"{enumerated(own)} ({'; '.join(filter(None, [enumerated([*filter(None, of)]), *rest]))})"
        for own, of in variants.items()
    ]
    of = "" if kind in ("level", *SIGNS) else f"{kind} of "
    return f"{of}{enumerated([*dict.fromkeys(named['method'])])}: {', '.join(measured)}"


def _sides(kind: str, name: str, values: Sequence[str | tuple[int | str, ...]]) -> str:
    """One property of a comparison's quantities: "(IG + IDGI) − IG", or the value that they share."""
    every = list(dict.fromkeys(values))
    sign, word = SIGNS.get(kind, (", ", ", "))
    if name == "steps":
        steps = word.join(" to ".join(map(str, each)) for each in every)
        return "" if steps == "finest" else f"{steps} steps"
    texts = [NAMES.get(each, ranking(each)) for each in map(str, every)]
    if name == "method" and len(texts) > 1:
        texts = [f"({each})" if " + " in each or "," in each else each for each in texts]
    return (sign if name in ("method", "metric") else word).join(texts)


def table(rows: Sequence[Sequence[str]], name: str) -> str:
    """A table of the class `name` in Markdown, its first row the head; a bar in a cell, as of |x|, does not end it."""
    head, *body = [f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows]
    return "\n".join([f"```{{table}}\n:class: {name}\n", head, "|" + "---|" * len(rows[0]), *body, "```"])
