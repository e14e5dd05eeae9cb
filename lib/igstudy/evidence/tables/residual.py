"""IDGI's step along the straight path: how long it is, by how much it misses its level set, and how both shrink."""

import math
from collections.abc import Mapping

import pandas as pd

from igpaths.texts import amount
from igstudy.evidence import kinds
from igstudy.evidence.statistics import slope
from igstudy.evidence.tables.steps import in_common

KINDS = (kinds.SMALL, kinds.IMAGENET, kinds.CONTROL)
SHARES = {"length": 1, "miss": 100}  # the miss is in per cent
SMOOTH = 1  # the order of the miss, as a part of a change of score that falls as 1/N, on a smooth function
NEAR = 0.25  # an order that falls short of it by less is near it
Lines = Mapping[tuple[str, str], pd.Series]


def medians(rows: pd.DataFrame) -> pd.DataFrame:
    """The median image's length and miss: a variant and network a row, a step count a column."""
    rows = rows[(rows["metric"] == "projection") & (rows["path"] == "straight")]
    rows = rows.astype(dict.fromkeys(("variant", "network"), str))
    values = rows.groupby(["variant", "network", "steps"])["value"].median().unstack("steps")
    return values.mul(pd.Series(SHARES, dtype=float), axis=0, level="variant")


def by_kind(found: pd.DataFrame) -> dict[tuple[str, str], pd.Series]:
    """The median network's length and miss by step count, by variant and kind; without those not measured."""
    variants, networks = (found.index.get_level_values(level) for level in ("variant", "network"))
    lines = {
        (variant, kind): in_common(found[(variants == variant) & networks.isin(kinds.ONES[kind])]).median()
        for variant in SHARES
        for kind in KINDS
    }
    return {key: line for key, line in lines.items() if len(line)}


def order(line: pd.Series) -> float:
    """The order of convergence: the quantity falls as N to the power −p; NaN of a single step count."""
    return slope(line.index, line) if len(line) > 1 else math.nan


def miss_in_words(lines: Lines) -> str:
    """By how much the step misses at the fewest and at the most steps, by kind of network: a sentence."""
    own = {kind: lines["miss", kind] for kind in KINDS[:2] if ("miss", kind) in lines}
    if not own:
        return "By how much that step misses is known from published results alone, and there are none here."
    parts = [
        f"by {line.iloc[0]:.0f} % at {amount(line.index[0], 'step')} and {line.iloc[-1]:.0f} % at "
        f"{amount(line.index[-1], 'step')} ({kinds.WORDS[kind]})"
        for kind, line in own.items()
    ]
    return f"As a share of the score's movement, that step misses {', and '.join(parts)}."


def orders_in_words(lines: Lines) -> str:
    """Whether the length falls as Study A reasons, and how fast the miss does: a few sentences."""
    lines = {key: line for key, line in lines.items() if len(line) > 1}
    if not lines:
        return "How length and residual change with more steps needs published results, and there are none here."
    lengths, misses = ({kind: line for (of, kind), line in lines.items() if of == variant} for variant in SHARES)
    falling = [kind for kind, line in lengths.items() if order(line) > 0]
    words = "falls with more steps, as Study A reasons"
    if not falling:
        words = "does not fall with more steps, although Study A reasons that it should"
    elif len(falling) < len(lengths):
        on = " and ".join(kinds.WORDS[kind] for kind in falling)
        words = f"falls with more steps on {on} alone, although Study A reasons that it should everywhere"
    return (
        f"The length $c$ {words}: its order is {_orders(lengths)}, where 1 means $1/N$. Each residual is divided by a "
        "$|\\Delta F|$ that itself falls as $1/N$, so on a smooth function the ratio on the right of "
        f"{{numref}}`fig-residual` would have order {SMOOTH}. It has order {_orders(misses)}."
    )


def mind(lines: Lines) -> str:
    """What would change our mind about Study A's reading of step size, as the orders came out: a sentence."""
    line = lines.get(("miss", kinds.IMAGENET))
    if line is None or math.isnan(order(line)):
        return "The residual's order on ImageNet networks would decide on Study A's reading of step size."
    own, smooth = f"an order of {order(line):.2f} on ImageNet networks", f"{SMOOTH}, the order of a smooth function"
    if order(line) > SMOOTH - NEAR:
        first = f"The residual falls about as fast as on a smooth function, with {own}, as Study A reads step size."
        other = f"An order well below {smooth}, on more networks would speak against that"
    elif order(line) > 0:
        first = f"The residual falls with more steps, as Study A reads step size, but slowly, with {own}."
        other = f"An order near {smooth}, would support that reading in full, and one of 0 or less would refute it"
    else:
        first = f"The residual does not fall with more steps, against Study A's reading of step size, with {own}."
        other = f"An order near {smooth}, on more networks would support it"
    return f"{first} {other}."


def _orders(own: Mapping[str, pd.Series]) -> str:
    """The order of each kind that the text compares."""
    return " and ".join(f"{order(line):.2f} on {kinds.WORDS[kind]}" for kind, line in own.items() if kind in KINDS[:2])
