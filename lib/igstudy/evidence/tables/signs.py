"""What the ranking does to IDGI's gain, in sentences: what IG gains without its sign, and what IDGI has left then."""

from collections.abc import Mapping, Sequence

import pandas as pd

from igpaths.texts import amount
from igstudy.evidence.deciding import LEAST
from igstudy.evidence.kinds import KINDS, OTHER, kind_of, on
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables.causes import METHODS

IDGI, ABSOLUTE, SQUARES = ("IG + IDGI", "absolute"), ("IG", "absolute"), ("Σ g²", "none")
EDGES, RANDOM = ("edges", "none"), ("random", "none")
RANKED = {"signed": "on **signed** maps", "absolute": "on maps ranked by **magnitude**"}
Map = tuple[str, str]


def in_pairs(gains: pd.Series) -> str:
    """In how many pairs of a network and a path IDGI scores higher, and in how many lower: a line for each kind.

    Gains are estimates by network, method and sign. Those of fewer than `LEAST` images are left out, unless all are so.
    """
    if (few := gains.map(lambda e: e.n < LEAST).astype(bool)).sum() < len(gains):
        gains = gains[~few]
    kinds = gains.index.get_level_values(0).astype(str).map(kind_of)
    lines = []
    for kind in (*KINDS, OTHER):
        own = gains[kinds == kind]
        parts = []
        for sign, words in RANKED.items():
            each = own[own.index.get_level_values(2) == sign]
            higher, lower = sum(e.low > 0 for e in each), sum(e.high < 0 for e in each)
            median = float(each.map(lambda e: e.value).median())
            parts.append(f"{words} in {higher} of {len(each)} and lower in {lower} (median gain {median:+.3f})")
        if len(own):
            lines.append(f"- {on(kind)} IDGI scores higher {parts[0]}, and {parts[1]}.")
    return "\n".join(lines)


def over_signed(more: Mapping[Map, Estimate], kind: str) -> str:
    """What maps score more than a signed IG map, and which part of IDGI's gain that is: a few sentences."""
    if IDGI not in more:
        return "What maps score beside a signed IG map was not measured."
    idgi = more[IDGI].value
    sign, squares, edges, random = (_part(more, name) for name in (ABSOLUTE, SQUARES, EDGES, RANDOM))
    return (
        f"{on(kind)} IDGI by magnitude scores {abs(idgi):.3f} {'more' if idgi > 0 else 'less'} than a signed IG map. "
        f"Dropping IG's sign and nothing else brings {sign}, and $\\sum g^2$ alone, which knows neither step nor "
        f"score, {squares}. Edges bring {edges}, and random numbers {random}."
    )


def share(more: Mapping[Map, Estimate], name: Map) -> float | None:
    """How many per cent of IDGI's gain over a signed IG map another map has; None where IDGI has no gain."""
    there = IDGI in more and name in more and more[IDGI].value > 0
    return 100 * more[name].value / more[IDGI].value if there else None


def _part(more: Mapping[Map, Estimate], name: Map) -> str:
    if name not in more:
        return "an amount that was not measured"
    own = share(more, name)
    return f"{more[name].value:+.3f}" + ("" if own is None else f" ({own:.0f} % of that)")


def left(gains: pd.DataFrame) -> str:
    """What is left of IDGI's gain where maps rank by magnitude: a sentence.

    Gains are by method (down), on "signed" and on "absolute" maps (across).
    """
    parts = []
    for method in [each for each in METHODS if each in gains.index]:
        signed, absolute = (gains[sign].to_dict()[method] for sign in ("signed", "absolute"))
        if signed <= 0:
            parts.append(f"over {method} there was none")
        else:
            parts.append(f"{f'{100 * absolute / signed:.0f} %' if absolute > 0 else 'nothing'} over {method}")
    return f"With magnitude on both sides this is left of IDGI's gain: {', '.join(parts)}."


def advice(more: Mapping[Map, Estimate], kind: str) -> str:
    """Whether to try IG by magnitude before IDGI."""
    if IDGI not in more or ABSOLUTE not in more:
        return "Try IG by magnitude, too: it costs nothing. What it brings was not measured."
    own = share(more, ABSOLUTE)
    if own is None:
        return f"{on(kind)} IDGI adds nothing to a signed map of IG."
    brings = f"{on(kind).replace('On', 'on', 1).rstrip(',')} it brings {own:.0f} % of what IDGI adds to a signed map"
    if own >= 50:
        return f"Try IG by magnitude first: it costs nothing, and {brings}."
    return (
        f"IG by magnitude costs nothing, but {brings}."
        if own > 0
        else "IG by magnitude brings nothing of what IDGI adds."
    )


def with_temperature(sweep: Mapping[tuple[str, str, str], Estimate], sure: Mapping[str, float], kind: str) -> str:
    """How IDGI's gain by magnitude goes from the lowest to the highest temperature: a few sentences.

    `sweep` has the gains by method, sign and temperature, as "T = 4", and `sure` the mean confidences by temperature.
    """
    if not sure:
        return "What a temperature does to IDGI's gain was not measured."
    first, *_, last = sure
    ends = first, last
    parts = []
    for method in METHODS:
        both = [sweep[method, "absolute", t] for t in ends if (method, "absolute", t) in sweep]
        if len(both) == len(ends):
            parts.append(f"from {both[0].value:+.3f} to {both[1].value:+.3f} over {method}")
    gains = f"By magnitude, IDGI's gain goes {' and '.join(parts)}. " if parts else ""
    at_last = [sweep[method, "absolute", last] for method in METHODS if (method, "absolute", last) in sweep]
    would = f"If a lack of confidence were enough to undo IDGI, the gains at ${last}$ would lie at 0"
    ending = "."
    if any(each.low <= 0 <= each.high for each in at_last):
        ending = ", and an interval there includes 0, so this stays open."
    elif at_last and all(each.low > 0 for each in at_last):
        ending = ", but they lie above it."
    return (
        f"{on(kind)} from ${ends[0]}$ to ${ends[1]}$, the mean confidence goes from {sure[ends[0]]:.2f} to "
        f"{sure[ends[1]]:.2f}. {gains}{would}{ending}"
    )


def effect(changes: Sequence[Estimate]) -> str:
    """What one cause does to IDGI's gain, over the columns of a table: the part of a sentence."""
    if not changes:
        return "was not measured"
    lower, higher = sum(each.high < 0 for each in changes), sum(each.low > 0 for each in changes)
    largest = max((each.value for each in changes), key=abs)
    verbs = [f"{verb} it in {n}" for verb, n in (("lowers", lower), ("raises", higher)) if n]
    words = " and ".join(verbs) or "changes it in none"
    columns = amount(len(changes), "column")
    return f"{words} of {columns} by an interval that excludes 0; the largest change is {largest:+.3f}"
