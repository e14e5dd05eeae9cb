"""The main questions of both papers in one table: what the paper prints, what its own protocol gives here on ImageNet
networks, what one change leaves, and what small networks say."""

from collections.abc import Sequence

from igstudy.evidence import deciding, kinds
from igstudy.evidence.claims import LOGARITHMIC
from igstudy.evidence.deciding import Answer, Verdict
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.verdicts import MARKS, number

# By claim: the question, and of its changes the one that says most, by its place, in a word or two
QUESTIONS: dict[str, tuple[str, int, str]] = {
    "a2": ("Does IDGI raise IG's insertion score?", 0, "by magnitude"),
    "a4": ("Does IDGI raise Blur IG's insertion score?", 0, "by magnitude"),
    "a7": ("Does IDGI raise IG's AIC and SIC?", 0, "by magnitude"),
    "a26": ("Do more steps help IDGI more than IG?", 0, "whole walks"),
    "a37": ("Does IDGI make maps stable under JPEG?", -1, "divided by magnitudes"),
    "b2": ("Does the saturated part outweigh the rest?", -1, "the median image"),
    "b7": ("Does saturation set in before half-way?", 0, "correct images"),
    "b16": ("Is Left IG more faithful than full IG?", 0, "without clipping"),
    "b14": ("Is Left IG more faithful than Right IG?", 0, "without clipping"),
    "b18": ("Is Left IG less sensitive to noise?", 0, "correct images"),
}
HEAD = ("question", "paper", "same protocol", "after one change", "small networks")
TINY = 0.01  # a smaller factor is easier to read as a divisor
KEY = (
    "● reproduced or still there, ◐ in part, ○ not reproduced or gone, ◌ undecided, – not tested. Under the same "
    "protocol, the mark says whether the direction is sure, and the percentage how large the effect is beside the "
    "published one; after one change, percentages are of the reproduced size."
)


def headlines(found: Sequence[Verdict]) -> str:
    """The table in Markdown, a row a question."""
    by_id = {each.claim.id: each for each in found}
    rows = [HEAD, ["---"] * len(HEAD), *(_row(by_id[name], *asked) for name, asked in QUESTIONS.items())]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(found: Verdict, question: str, place: int, change: str) -> list[str]:
    original, small = (found.original[kind] for kind in (kinds.IMAGENET, kinds.SMALL))
    changed = found.changed[place][kinds.IMAGENET]
    cells = [_printed(found), _short(original, original.size), f"{change}: {_short(changed, changed.left)}"]
    return [question, *cells, _short(small, small.size)]


def _printed(found: Verdict) -> str:
    """What the paper prints, as a mean; a difference has its sign, a ratio between two methods × or, if tiny, ÷."""
    if found.published is None:
        return "–"
    side = found.claim.original
    value = number(side, found.published)
    if side.kind in LOGARITHMIC and value < TINY:
        return f"÷ {float(f'{1 / value:.2g}'):,.0f}"
    form = "{:.2g}" if side.kind == "level" else "× {:.2g}" if side.kind in LOGARITHMIC else "{:+.2g}"
    return form.format(value)


def _short(answer: Answer, share: Estimate | None) -> str:
    """An answer's mark with its size in percent, or where its means lie."""
    mark = MARKS[answer.word][0]
    if share and answer.word != deciding.NOT_TESTED:
        return f"{mark}\N{NO-BREAK SPACE}{100 * share.value:.0f}\N{NO-BREAK SPACE}%"
    values = sorted(number(answer.side, row.mean.value) for row in answer.rows if row.mean)
    if answer.side.null is not None or not values:
        return mark
    return f"{mark}\N{NO-BREAK SPACE}{' to '.join(dict.fromkeys((f'{values[0]:.2g}', f'{values[-1]:.2g}')))}"
