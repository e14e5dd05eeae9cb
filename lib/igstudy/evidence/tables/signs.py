"""What the ranking does to IDGI's gain, in sentences: what IG gains without its sign, and what IDGI has left then."""

from collections.abc import Mapping, Sequence

import pandas as pd

from igpaths.texts import amount
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables.causes import METHODS

IDGI, ABSOLUTE, SQUARES = ("IG + IDGI", "signed"), ("IG", "absolute"), ("Σ g²", "none")
EDGES, RANDOM = ("edges", "none"), ("random", "none")
Map = tuple[str, str]


def over_signed(more: Mapping[Map, Estimate]) -> str:
    """What maps score more than a signed IG map, and which part of IDGI's gain that is: a few sentences."""
    if IDGI not in more:
        return "What maps score beside a signed IG map was not measured."
    idgi = more[IDGI].value
    sign, squares, edges, random = (_part(more, name) for name in (ABSOLUTE, SQUARES, EDGES, RANDOM))
    return (
        f"Over all networks IDGI scores {abs(idgi):.3f} {'more' if idgi > 0 else 'less'} than a signed IG map. "
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


def advice(more: Mapping[Map, Estimate]) -> str:
    """Whether to try IG by magnitude before IDGI."""
    if not {IDGI, ABSOLUTE} <= set(more):
        return "Try IG by magnitude, too: it costs nothing. What it brings was not measured."
    own = share(more, ABSOLUTE)
    if own is None:
        return "Over all networks IDGI adds nothing to a signed map of IG."
    brings = f"over all networks it brings {own:.0f} % of what IDGI adds to a signed map"
    if own >= 50:
        return f"Try IG by magnitude first: it costs nothing, and {brings}."
    return (
        f"IG by magnitude costs nothing, but {brings}."
        if own > 0
        else "IG by magnitude brings nothing of what IDGI adds."
    )


def effect(changes: Sequence[Estimate]) -> str:
    """What one cause does to IDGI's gain, over the columns of a table: the part of a sentence."""
    if not changes:
        return "was not measured"
    lower, higher = sum(each.high < 0 for each in changes), sum(each.low > 0 for each in changes)
    largest = max((each.value for each in changes), key=abs)
    verbs = [f"{verb} it in {n}" for verb, n in (("lowers", lower), ("raises", higher)) if n]
    words = " and ".join(verbs) if verbs else "neither lowers nor raises it in any"
    words += f" of {amount(len(changes), 'column')}"
    return f"{words}, with an interval that excludes 0; the largest change is {largest:+.3f}"
