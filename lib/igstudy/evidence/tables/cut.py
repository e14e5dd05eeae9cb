"""What walks that are cut short have to do with what more steps gain: by kind of network, for IG and for IDGI."""

from collections.abc import Mapping, Sequence

import numpy as np

from igpaths.texts import amount
from igstudy.evidence.kinds import CONTROL, KINDS, OTHER, kind_of, on
from igstudy.evidence.statistics import Estimate

ALIKE = 0.2  # a share within which two gains are about as large, as for claims
NAMES = {"IG + IDGI": "IDGI on IG", "Blur IG + IDGI": "IDGI on Blur IG", "IG": "IG itself"}
Gains = Mapping[str, Mapping[str, Estimate]]  # from more steps, by method and network


def by_kind(cut: Gains, whole: Gains) -> str:
    """`of_cut_walks` of each kind of network but the control, a line of Markdown each: over the networks of both."""
    lines = [_line(kind, cut, whole) for kind in (*KINDS, OTHER) if kind != CONTROL]
    return "\n".join(filter(None, lines)) or f"It {of_cut_walks([], [])}."


def _line(kind: str, cut: Gains, whole: Gains) -> str:
    words, most = [], 0
    for method, name in NAMES.items():
        one, other = cut.get(method, {}), whole.get(method, {})
        both = [network for network in one if network in other and kind_of(network) == kind]
        if both:
            words.append(f"{name} {of_cut_walks(*([own[each].value for each in both] for own in (one, other)))}.")
            most = max(most, len(both))
    return f"- {on(kind)} by medians over {amount(most, 'network')}: {' '.join(words)}" if words else ""


def of_cut_walks(cut: Sequence[float], whole: Sequence[float]) -> str:
    """Whether a gain from more steps is one from longer walks, in words: by each network along cut and whole walks.

    Numbers are medians. Which walks gain more is said where all networks agree.
    """
    if not (len(cut) and len(whole)):
        return "was not measured under both protocols"
    one, other = float(np.median(cut)), float(np.median(whole))
    gains = f"gains {one:.3f} with walks that are cut short and {other:.3f} with whole walks"
    if abs(other - one) <= ALIKE * abs(one):
        return f"{gains}. The two are about as large, so the cut does not explain the gain"
    more = sum(longer > shorter for shorter, longer in zip(cut, whole, strict=True))
    if more == len(cut):
        return f"{gains}. Whole walks gain more on each, so the cut does not explain the gain but hides part of it"
    if more == 0:
        return (
            f"{gains}. Whole walks gain less on each, so the rest of the gain comes from the cut, not from finer steps"
        )
    return f"{gains}. Whole walks gain more on {more} of {len(cut)} networks, which leaves open what the cut explains"
