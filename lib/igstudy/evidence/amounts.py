"""Numbers in words: a gap, a part of a map's length, a factor, and from the lowest to the highest of several."""

import math
from collections.abc import Iterable, Sequence

NOT_MEASURED = "not measured"


def of_gap(share: float) -> str:
    """A relative gap in per cent; where it is nothing but rounding, in words."""
    return "nothing" if share == 0 else "less than 0.001 %" if share < 1e-5 else f"{100 * share:.1f} %"


def of_length(share: float) -> str:
    """A share of a map's length: a power of ten where it is too small for a percentage."""
    if not share or share >= 1e-4:
        return f"{100 * share:.2g} % of its length" if share else "nothing, bit for bit"
    power = str(math.ceil(math.log10(share))).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"less than 10{power} of its length"


def of_times(factors: Iterable[float]) -> str:
    """From the lowest to the highest factor in two digits: "0.35 to 1,400"."""
    return _span([f"{float(f'{each:.2g}'):,.0f}" if each >= 10 else f"{each:.2g}" for each in sorted(factors)])


def of_percents(shares: Iterable[float]) -> str:
    """From the lowest to the highest share in per cent: "less than 1 to 34"."""
    return _span(["less than 1" if each < 0.01 else f"{100 * each:.0f}" for each in sorted(shares)])


def enumerated(parts: Sequence[str]) -> str:
    """The parts of a sentence, the last one behind "and"."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def span(values: Iterable[float], form: str = ".2f") -> str:
    """From the lowest to the highest value, or the one that there is: "0.21 to 0.34"."""
    return _span([format(each, form) for each in sorted(values)])


def _span(words: list[str]) -> str:
    return " to ".join(dict.fromkeys((words[0], words[-1]))) if words else NOT_MEASURED
