"""What walks that are cut short have to do with what more steps gain: by kind of network, for IG and for IDGI."""

from collections.abc import Mapping

from igpaths.texts import amount
from igstudy.evidence.kinds import CONTROL, KINDS, OTHER, kind_of, on
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables.steps import of_cut_walks

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
