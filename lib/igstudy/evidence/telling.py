"""An answer as a sentence: whether a claim is reproduced, at what size, on how many networks, and what a change leaves.

Intervals stand in tables and forests; a sentence has at most one pair of brackets.
"""

from igpaths.texts import amount
from igstudy.evidence import deciding, kinds
from igstudy.evidence.deciding import Answer, Verdict

# What this book claims itself holds or does not, for nothing is reproduced
OURS = {
    deciding.REPRODUCED: "holds",
    deciding.PART: "holds in part",
    deciding.NOT: "does not hold",
}
LEFT = {
    deciding.SURVIVES: "the effect survives",
    deciding.VANISHES: "practically nothing is left",
    deciding.REVERSES: "the effect reverses",
    deciding.FAILS: "it does not survive",
    deciding.APPEARS: "the effect appears",
    deciding.ABSENT: "it is still absent",
    deciding.PART: "it holds in part",
    deciding.NOT_REFUTED: "it is not refuted",
    deciding.OPEN: "what is left of it is undecided",
}
# Changes as a sentence has them, where the few words of a table would be read twice
CHANGES = {
    "of every correct image, the crossing segment in Left": "if every correct image counts and the crossing segment "
    "belongs to Left",
    "without clipping, the crossing segment in Left": "without clipping and with the crossing segment in Left",
    "each map over the sum of its magnitudes": "with each map divided by the sum of its magnitudes",
}
UNDECIDED = "undecided"  # what a sentence calls an open answer


def sentence(verdict: Verdict) -> str:
    """A claim and its answers on ImageNet networks, and on small ones where these are others."""
    text = f"{verdict.claim.claim} {capitalised(told(verdict, kinds.IMAGENET))}."
    first, small = (verdict.original[kind].word for kind in (kinds.IMAGENET, kinds.SMALL))
    if small not in (first, deciding.NOT_TESTED):
        text += f" On small networks: {told(verdict, kinds.SMALL)}."
    return text


def told(verdict: Verdict, kind: str) -> str:
    """ "*reproduced* at 81 % of the published size on 5 networks; ranked by magnitude, 24 % of it is left"."""
    first = verdict.original[kind]
    parts = [_reproduced(verdict, first)]
    for change in verdict.changed:
        answer = change[kind]
        if answer.word != deciding.NOT_TESTED:
            by = CHANGES.get(answer.side.by, answer.side.by)
            parts.append(f"{by}, {left(answer, where=_elsewhere(answer, first))}")
    return "; ".join(parts)


def _reproduced(verdict: Verdict, answer: Answer) -> str:
    word = f"*{reproduced(verdict, answer)}*"
    if answer.word == deciding.NOT_TESTED:
        return word
    if not answer.networks:
        return f"{word}, as too few images count"
    if answer.word == deciding.NOT_REFUTED:
        return f"{word} by {refuting(answer)}"
    networks = f" on {amount(len(answer.networks), 'network')}"
    size = f" at {100 * answer.size.value:.0f} % of the published size" if answer.size else _counted(answer)
    if answer.size and answer.size.n < len(answer.networks):  # the others lack a comparison
        return f"{word}{networks},{size} on {answer.size.n} of them{disagreeing(answer)}"
    return f"{word}{size}{networks}{disagreeing(answer)}"


def _elsewhere(answer: Answer, first: Answer) -> str:
    """Of a change, on how many networks it counts, where these are not as many as under the paper's protocol."""
    changed, before = (each.size.n if each.size else len(each.networks) for each in (answer, first))
    return f" on {amount(changed, 'network')}" if changed != before else ""


def disagreeing(answer: Answer) -> str:
    """Of an open answer, that the networks disagree."""
    return ", as networks disagree" if answer.disagree else ""


def refuting(answer: Answer) -> str:
    """What could refute that there is no such case: "any of 27 comparisons on 3 networks"."""
    comparisons = "the one comparison" if answer.chances == 1 else f"any of {answer.chances} comparisons"
    return f"{comparisons} on {amount(len(answer.networks), 'network')}"


def reproduced(verdict: Verdict, answer: Answer) -> str:
    """The first answer in a word or two."""
    if answer.word == deciding.OPEN:
        return UNDECIDED
    return OURS.get(answer.word, answer.word) if verdict.claim.paper == "C" else answer.word


def _counted(answer: Answer) -> str:
    """How many of several comparisons agree."""
    several = len(answer.rows) > 1 and answer.word in (deciding.PART, deciding.OPEN)
    return f", with {answer.agreeing} of {len(answer.rows)} comparisons in agreement," if several else ""


def left(answer: Answer, *, where: str = "") -> str:
    """What a change leaves, and `where`: "24 % of it is left on 3 networks"."""
    share = f"{100 * answer.left.value:.0f} % of it" if answer.left else ""
    if answer.word == deciding.SHRINKS and share:
        return f"{share} is left{where}"
    size = f" ({share})" if answer.word == deciding.SURVIVES and share else ""
    return f"{LEFT[answer.word]}{size}{where}{disagreeing(answer)}"


def ranking(sign: str) -> str:
    """How a map ranks pixels, in the book's word: what is stored as "absolute" is "by magnitude"."""
    return "by magnitude" if sign == "absolute" else sign


def capitalised(text: str) -> str:
    """The text with a capital first letter, also behind the star of an emphasis."""
    start = len(text) - len(text.lstrip("*"))
    return text[:start] + text[start : start + 1].upper() + text[start + 1 :]
