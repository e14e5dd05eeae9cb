"""What Study A's Table 1 prints for insertion: rows that stand out, and what they look like beside our networks."""

from collections.abc import Sequence

import pandas as pd

from igstudy.evidence import kinds
from igstudy.evidence.amounts import span
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables.causes import COUNTS, METHODS, confidence, neighbours, published
from igstudy.evidence.telling import ranking

TIMES = 2  # a change by more than this factor stands out
ALIKE = 1.1  # and one by less is none
RESIDUAL = ("ResNet", "MobileNetV2")  # the paper's networks with shortcuts


def over_neighbours() -> pd.DataFrame:
    """Each network's insertion ratios, and its confidence, over those of the next shallower network of its family."""
    table = neighbours(1, "insertion ratio", COUNTS)
    sure = confidence().mean(axis=1)
    table["confidence"] = [sure[deeper] / sure[one] for deeper, one in map(_pair, table.index)]
    return table


def _pair(name: str) -> list[str]:
    return name.split(" / ")


def standing_out(table: pd.DataFrame) -> list[str]:
    """The rows in which Blur IG changes by more than the factor `TIMES`."""
    return [str(name) for name in table.index[_factors(table)["Blur IG"] > TIMES]]


def _factors(table: pd.DataFrame) -> pd.DataFrame:
    """By which factor each method without IDGI changes, in whichever direction."""
    return table[list(METHODS)].map(lambda value: max(value, 1 / value))


def in_words(table: pd.DataFrame) -> str:
    """Which rows stand out, by how much, what cannot explain them, and what the rest of the table does."""
    odd, factors = standing_out(table), _factors(table)
    others = factors.drop(index=odd).to_dict()
    rest = {(pair, method): factor for method, column in others.items() for pair, factor in column.items()}
    pair, method = max(rest, key=lambda key: rest[key], default=("", ""))
    most = f"{max(rest.values(), default=1):.1f}"
    largest = f"the largest change without IDGI is by a factor of {most} ({method} of {pair}"
    if not odd:
        return f"No row stands out: {largest})."
    own, beside = factors.loc[odd, "Blur IG"], table.loc[odd].drop(columns="Blur IG")
    words = (
        f"{'One row stands' if len(odd) == 1 else f'{len(odd)} rows stand'} out, {' and '.join(odd)}: Blur IG changes "
        f"by a factor of {span(own, '.1f')}, while all other methods and the confidence stay between "
        f"{beside.min().min():.2f} and {beside.max().max():.2f} of the neighbour's.{_unexplained(table.loc[odd])}"
    )
    if not rest:
        return words
    sure = table["confidence"].to_dict()[pair]
    return f"{words} In the other rows {largest}, whose confidence is {sure:.2f} times its neighbour's)."


def _unexplained(odd: pd.DataFrame) -> str:
    """What both networks of every pair have alike, which cannot explain how they differ."""
    shortcuts = all(len({name.startswith(RESIDUAL) for name in _pair(pair)}) == 1 for pair in odd.index)
    sure = odd["confidence"].between(1 / ALIKE, ALIKE).all()
    alike = [name for name, same in (("shortcuts", shortcuts), ("confidence", sure)) if same]
    return (
        f" Both networks of a pair are alike in {' and in '.join(alike)}, which cannot explain this." if alike else ""
    )


def pattern(ratios: pd.Series, odd: Sequence[str]) -> dict[str, dict[str, dict[str, Estimate]]]:
    """The score without IDGI over that with it, for `charts.dot_panels`, in few lines: {method: {series: {name: …}}}.

    Our networks are there by kind; of Study A's, those of the pairs that stand out by name and the others together. A
    value of several networks is their median, from the lowest to the highest.
    """
    theirs, named = published(1, "insertion", COUNTS), sorted({name for pair in odd for name in _pair(pair)})
    panels = dict[str, dict[str, dict[str, Estimate]]]()
    for method in METHODS:
        panel = panels.setdefault(method, {})
        for sign in ("signed", "absolute"):
            own = ratios[[key[1:] == (method, sign) for key in ratios.index]]
            of = own.index.get_level_values("network").map(lambda name: kinds.kind_of(str(name)))
            by = {kind: [each.value for each in own[of == kind]] for kind in kinds.KINDS}
            series = {f"ours: {kinds.WORDS[kind]}": _together(values) for kind, values in by.items() if values}
            panel[ranking(sign)] = series
        printed = theirs[theirs["method"] == method].set_index("network")["ratio"]
        rest = printed.drop(index=named)
        panel["Study A"] = {f"Study A: {name}": _together([printed[name]]) for name in named}
        panel["Study A"] |= {f"Study A: the other {len(rest)}": _together(list(rest))} if len(rest) else {}
    return panels


def _together(values: Sequence[float]) -> Estimate:
    return Estimate(float(pd.Series(values).median()), min(values), max(values), len(values))
