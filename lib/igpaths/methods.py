"""The methods by name: the one table of their paths, rules, labels and colours, which others may extend.

A method is a path that is read with a rule: "blur" with "idgi" is "Blur IG + IDGI". Importing this costs nothing: torch
is imported when the first path or rule is built.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import igpaths as ig

if TYPE_CHECKING:
    from igpaths.paths import Path
    from igpaths.rules import Part, Rule

BASELINES = ("black", "white", "mean", "blur")


@dataclass(frozen=True)
class Method:
    """A path, whose name for options is its key in `METHODS`.

    Attributes
    ----------
    label : str, for tables and figures: "Blur IG, placed".
    path : function from the name of a baseline to the path.
    baseline : str, the only baseline that the path has; empty where any may be chosen.
    colour : int, the place of its colour in `plots.COLOURS`, where the next one is its IDGI's; black by default.
    """

    label: str
    path: "Callable[[str], Path]"
    baseline: str = ""
    colour: int = 6

    def labelled(self, rule: str) -> str:
        """The label with the rule of this name: "Left Blur IG"."""
        return RULES[rule].label.format(self.label)


@dataclass(frozen=True)
class NamedRule:
    """A rule, whose name for options is its key in `RULES`: how it changes a method's label, and what builds it."""

    label: str
    rule: "Callable[[float], Rule | Part]"  # from ψ, the share of the score's change at which Left and Right part
    complete: bool = True  # whether its maps come to sum to the change of score as steps grow


METHODS = {
    "straight": Method("IG", lambda baseline: ig.Straight(baseline), colour=0),
    "guided": Method("Guided IG", lambda baseline: ig.Guided(baseline), colour=2),
    "blur": Method("Blur IG", lambda baseline: ig.Blur(), baseline="blur", colour=4),
    "blur-placed": Method("Blur IG, placed", lambda baseline: ig.Placed(ig.Blur()), baseline="blur"),
}
RULES = {
    "ig": NamedRule("{}", lambda psi: ig.IG("both")),
    "idgi": NamedRule("{} + IDGI", lambda psi: ig.IDGI()),
    "idg": NamedRule("{} + IDG", lambda psi: ig.IDG(), complete=False),
    "left": NamedRule("Left {}", lambda psi: ig.Left(ig.IG("both"), psi)),
    "right": NamedRule("Right {}", lambda psi: ig.Right(ig.IG("both"), psi)),
}
# The six labels that have the first colours, in their order
COLOURED = tuple(METHODS[path].labelled(rule) for path in ("straight", "guided", "blur") for rule in ("ig", "idgi"))
