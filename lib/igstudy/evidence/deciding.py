"""The answers that rows give to a claim: is it reproduced, and what is left of it when one choice changes?

Each is told for each kind of network apart. The network is the unit: a comparison is a random-effects mean over the
networks of a kind, and it agrees, or is against, where the test of its bound says so. How many of a claim's comparisons
must agree is tested as a whole, by partial conjunction (Benjamini and Heller 2008): of m comparisons r hold where
(m − r + 1) times the r-th smallest p is below the level. With r = m no comparison may fail, with r = 1 it is
Bonferroni's test that any holds.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain

import pandas as pd

from igstudy.evidence.bounds import conjunction, p_inside, p_outside
from igstudy.evidence.cells import Cells, published
from igstudy.evidence.claims import AGREE, LOGARITHMIC, Claim, Comparison, Side, claims
from igstudy.evidence.inference import Inference, student
from igstudy.evidence.kinds import KINDS, kind_of
from igstudy.evidence.networks import Across, across, holm, rope, share
from igstudy.evidence.papers import as_rows
from igstudy.evidence.statistics import Estimate

REPRODUCED, PART, NOT, OPEN, NOT_TESTED = (
    "reproduced", "reproduced in part", "not reproduced", "open", "not tested",
)  # fmt: skip
NOT_REFUTED = "not refuted"  # of a claim that nothing can prove, that there is no such case
SURVIVES, SHRINKS, VANISHES, REVERSES, FAILS = "survives", "shrinks", "vanishes", "reverses", "does not survive"
APPEARS, ABSENT = "appears", "still absent"  # of what is not there under the paper's protocol
LEVEL = 0.025  # of a one-sided test, as a 95 % interval has it
LEAST = 10  # images; a network with fewer decides nothing
NEARLY_ALL = 0.8  # of an effect: it survives
EXISTENTIAL = ("some", "never")  # of one comparison on one network, so that no mean is the size of it


@dataclass(frozen=True)
class Row:
    """One comparison on the networks of a kind: each one's estimate, their mean, and how it lies to the bound."""

    comparison: Comparison
    estimates: dict[str, Inference]  # by network; of those with fewer than `LEAST` images, too, which do not count
    mean: Across | None  # over the networks that count
    outcome: str  # "agrees", "against" or "open", each by Holm's correction within the claim
    alike: float  # the mean correlation of two networks' values of the same images


@dataclass(frozen=True)
class Answer:
    """What one side of a claim finds on one kind of network.

    `size` is the mean over networks and comparisons of the effect, as a share of the published one or, where the paper
    prints none, of the effect under the paper's protocol; `left` is what a change leaves of the latter. Either is None
    where there is no such effect, and `left` also where that effect is so unsure that its share has no bounds. `apart`
    is whether networks lie surely on both sides of a bound in one comparison, by Holm's correction over all networks
    and comparisons.
    """

    kind: str
    word: str
    side: Side
    rows: tuple[Row, ...]
    size: Estimate | None = None
    left: Estimate | None = None
    apart: bool = False

    @property
    def disagree(self) -> bool:
        """Whether the answer is open although single networks answer surely, and not alike."""
        return self.word == OPEN and self.apart

    @property
    def networks(self) -> list[str]:
        """The networks that count."""
        return list(dict.fromkeys(n for row in self.rows for n, each in row.estimates.items() if each.n >= LEAST))

    @property
    def agreeing(self) -> int:
        """How many comparisons agree."""
        return sum(row.outcome == "agrees" for row in self.rows)

    @property
    def chances(self) -> int:
        """How many comparisons on single networks count, each of which can refute that there is no such case."""
        return sum(each.n >= LEAST for row in self.rows for each in row.estimates.values())

    @property
    def effects(self) -> dict[str, Inference]:
        """The mean over comparisons of each network's estimates, of those that have all; logarithms for a ratio.

        Its error is the mean of theirs, as if they were one measurement; so it is never too small.
        """
        counted = [{n: e for n, e in row.estimates.items() if e.n >= LEAST} for row in self.rows]
        every = [name for name in self.networks if all(name in each for each in counted)]
        return {name: _together([each[name] for each in counted]) for name in every}


@dataclass(frozen=True)
class Verdict:
    """All answers to one claim: by kind of network under the paper's protocol, and after each change."""

    claim: Claim
    published: float | None  # the mean that the paper prints; a logarithm for a ratio
    original: dict[str, Answer]
    changed: tuple[dict[str, Answer], ...]


def metrics(about: Iterable[Claim]) -> set[str]:
    """The metrics whose rows decide these claims."""
    return {quantity.metric for claim in about for quantity in claim.quantities}


def verdict(claim: Claim, rows: pd.DataFrame) -> Verdict:
    """The answers of rows to one claim: see `verdicts`."""
    return next(verdicts(rows, (claim,)))


def verdicts(rows: pd.DataFrame, about: Iterable[Claim] | None = None) -> Iterator[Verdict]:
    """The answers of rows, of a study or published, to these claims, or to all.

    ValueError where a quantity has two rows for one image.
    """
    about = claims() if about is None else tuple(about)
    cells = Cells(rows[rows["metric"].isin(metrics(about)) & (rows["left_out"] == "")])
    printed = _printed()
    for claim in about:
        of_paper = published(claim, printed)
        original = {kind: _answer(claim, claim.original, kind, cells) for kind in KINDS}
        original = {kind: _sized(claim, each, of_paper) for kind, each in original.items()}
        changed = []
        for side in claim.changed:
            answers = {kind: _answer(claim, side, kind, cells) for kind in KINDS}
            changed.append({k: _changed(claim, each, original[k], of_paper) for k, each in answers.items()})
        yield Verdict(claim, of_paper, original, tuple(changed))


@cache
def _printed() -> Cells:
    return Cells(as_rows())


def comparable(one: Side, other: Side) -> bool:
    """Whether an effect of one side is a share of the other's: ratios have no unit, all else must be on one scale."""
    return one.kind == other.kind and (one.kind in LOGARITHMIC or _same_scale(one, other))


def _same_scale(one: Side, other: Side) -> bool:
    """Whether two sides take the same metrics in the same variants: another variant may normalise or clip otherwise."""
    first, second = ([(q.metric, q.variant) for q in chain(*side.comparisons)] for side in (one, other))
    return first == second


def _answer(claim: Claim, side: Side, kind: str, cells: Cells) -> Answer:
    """The answer of one side on one kind of network."""
    low, high = (in_unit(side, bound) for bound in (side.low, side.high))
    named = [n for n in cells.networks if kind_of(n) == kind and (not claim.networks or n in claim.networks)]
    found = []
    for comparison in side.comparisons:
        each = {name: cells.estimate(side.kind, side.statistic, name, comparison) for name in named}
        estimates = {name: estimate for name, estimate in each.items() if estimate is not None}
        if not estimates:
            return Answer(kind, NOT_TESTED, side, ())
        counted = {name: estimate for name, estimate in estimates.items() if estimate.n >= LEAST}
        alike = cells.correlation(side.kind, list(counted), comparison)
        mean = across(list(counted.values()), correlation=alike) if counted else None
        found.append(Row(comparison, estimates, mean, OPEN, alike))
    inside = [p_inside(row.mean, low, high) for row in found]
    outside = [p_outside(row.mean, low, high) for row in found]
    agree, against = ([p < LEVEL for p in holm(each)] for each in (inside, outside))
    outcomes = ["agrees" if yes else "against" if no else "open" for yes, no in zip(agree, against, strict=True)]
    rows = tuple(replace(row, outcome=outcome) for row, outcome in zip(found, outcomes, strict=True))
    return Answer(kind, _word(claim, rows, inside, outside, (low, high)), side, rows, apart=_apart(rows, low, high))


def _apart(rows: Sequence[Row], low: float, high: float) -> bool:
    """Whether one network surely agrees and another is surely against in one comparison."""
    single = [(i, e) for i, row in enumerate(rows) for e in row.estimates.values() if e.n >= LEAST]
    agree, against = (
        {i for (i, _), p in zip(single, holm([test(e, low, high) for _, e in single]), strict=True) if p < LEVEL}
        for test in (p_inside, p_outside)
    )
    return bool(agree & against)


def _word(
    claim: Claim, rows: Sequence[Row], inside: list[float], outside: list[float], bounds: tuple[float, float]
) -> str:
    """The answer of all comparisons together."""
    if claim.agree in EXISTENTIAL:  # one on one network is enough to prove it, or to refute it
        single = [e for row in rows for e in row.estimates.values() if e.n >= LEAST]
        if not single:
            return OPEN
        sure, never = ([p(each, *bounds) for each in single] for p in (p_inside, p_outside))
        if claim.agree == "never":
            return NOT if conjunction(never, 1) < LEVEL else NOT_REFUTED
        if conjunction(sure, 1) < LEVEL:
            return REPRODUCED
        return NOT if conjunction(never, len(never)) < LEVEL else OPEN
    needed = max(1, math.ceil(AGREE[claim.agree] * len(rows) - 1e-9))  # 2/3 of 3 is 2
    if conjunction(inside, needed) < LEVEL:
        return REPRODUCED
    if any(row.outcome == "agrees" for row in rows):
        return PART
    return NOT if conjunction(outside, len(rows) - needed + 1) < LEVEL else OPEN


def in_unit(side: Side, value: float) -> float:
    """A bound in the unit of the estimates."""
    return math.log10(value) if side.kind in LOGARITHMIC and 0 < value < math.inf else value


def _sized(claim: Claim, answer: Answer, of_paper: float | None) -> Answer:
    """The answer under the paper's protocol with its size."""
    if claim.agree in EXISTENTIAL or answer.side.null is None or not answer.effects or not of_paper:
        return answer
    size = _mean(answer, list(answer.effects), of_paper)
    word = NOT if answer.word == OPEN and rope(size, 1.0) else answer.word  # practically nothing
    return replace(answer, word=word, size=size)


def _changed(claim: Claim, answer: Answer, original: Answer, of_paper: float | None) -> Answer:
    """The answer after a change, in the words of what is left; a share of the effect only where it has one scale."""
    effects, before = answer.effects, original.effects
    common = [name for name in effects if name in before]
    if not common:
        return replace(answer, word=NOT_TESTED)
    there = original.word in (REPRODUCED, PART, NOT_REFUTED)
    side = answer.side
    if claim.agree in EXISTENTIAL or side.null is None or not comparable(side, original.side):
        words = {REPRODUCED: SURVIVES if there else APPEARS, NOT: FAILS if there else ABSENT}
        return replace(answer, word=words.get(answer.word, answer.word))
    towards = 1.0 if math.isinf(side.high) else -1.0  # the side that is claimed
    printed = of_paper if _same_scale(side, original.side) else None
    unit = printed or math.copysign(_mean(original, common, 1.0).value, towards)
    size = _mean(answer, common, unit)
    left = _share(answer, original, common) if there else None
    return replace(answer, word=_left(size, left, there), size=size, left=left)


def _together(estimates: Sequence[Inference]) -> Inference:
    """The mean of one network's estimates."""
    value, error = (sum(getattr(e, name) for e in estimates) / len(estimates) for name in ("value", "error"))
    return student(value, error, min(e.df for e in estimates), min(e.n for e in estimates))


def _share(answer: Answer, original: Answer, names: Sequence[str]) -> Estimate | None:
    """What a change leaves of the effect on these networks, which err alike where they share photographs."""
    (changed, first), (before, second) = (
        ([own.effects[name].value for name in names], _alike(own) * _error(own, names) ** 2)
        for own in (answer, original)
    )
    found = share(changed, before, common=(first, second))
    return found if math.isfinite(found.high - found.low) else None


def _error(answer: Answer, names: Sequence[str]) -> float:
    """The mean of these networks' own errors."""
    return sum(answer.effects[name].error for name in names) / len(names)


def _alike(answer: Answer) -> float:
    """The mean over comparisons of the correlation of two networks' values of the same images."""
    return sum(row.alike for row in answer.rows) / len(answer.rows)


def _mean(answer: Answer, names: Sequence[str], unit: float) -> Estimate:
    """The mean over these networks in a unit."""
    mean = across([answer.effects[name] for name in names], correlation=_alike(answer))
    low, high = sorted((mean.low / unit, mean.high / unit))
    return Estimate(mean.value / unit, low, high, mean.n)


def _left(size: Estimate, left: Estimate | None, there: bool) -> str:
    """What is left of an effect that was `there`, or whether it is there after all."""
    if rope(size, 1.0):
        return VANISHES if there else ABSENT
    if size.high < 0:
        return REVERSES
    if size.low <= 0:
        return OPEN
    if not there:
        return APPEARS
    return SHRINKS if left and left.value < NEARLY_ALL else SURVIVES
