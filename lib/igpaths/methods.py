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

BASELINES = ("black", "white", "mean", "blur", "max-distance")


@dataclass(frozen=True)
class Method:
    """A path, whose name for options is its key in `METHODS`."""

    label: str  # for tables and figures: "Blur IG, placed"
    path: "Callable[[str], Path]"  # from the name of a baseline
    baseline: str = ""  # the only one that the path has; empty where any may be chosen
    colour: int = 6  # the place of its colour in `plots.COLOURS`, where the next one is its IDGI's; black by default

    def labelled(self, rule: str) -> str:
        """The label with the rule of this name: "Left Blur IG"."""
        return LABELS[rule].format(self.label)


METHODS = {
    "straight": Method("IG", lambda baseline: ig.Straight(baseline), colour=0),
    "guided": Method("Guided IG", lambda baseline: ig.Guided(baseline), colour=2),
    "blur": Method("Blur IG", lambda baseline: ig.Blur(), baseline="blur", colour=4),
    "blur-placed": Method("Blur IG, placed", lambda baseline: ig.Placed(ig.Blur()), baseline="blur"),
}
RULES: "dict[str, Callable[[float], Rule | Part]]" = {  # from ψ, the share of the score's change that ends at α*
    "ig": lambda psi: ig.IG("both"),
    "idgi": lambda psi: ig.IDGI(),
    "idg": lambda psi: ig.IDG(),
    "left": lambda psi: ig.Left(ig.IG("both"), psi),
    "right": lambda psi: ig.Right(ig.IG("both"), psi),
}
LABELS = {"ig": "{}", "idgi": "{} + IDGI", "idg": "{} + IDG", "left": "Left {}", "right": "Right {}"}
INCOMPLETE = ("idg",)  # rules whose maps need not come to sum to the change of score as steps grow
CONSTRUCTED = ("idgi",)  # those whose maps sum to it whatever the gradients are, so that it says nothing of them
# The six labels that have the first colours, in their order
COLOURED = tuple(METHODS[path].labelled(rule) for path in ("straight", "guided", "blur") for rule in ("ig", "idgi"))
