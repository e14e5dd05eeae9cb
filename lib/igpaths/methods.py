"""The methods by name: the one table of their paths, rules, labels and colours.

A method is a path that is read with a rule: "blur" with "idgi" is "Blur IG + IDGI". The command line, `igpaths.explain`
and the figures read this table, and others may extend it. Importing it costs nothing: torch is imported when the first
path or rule is built.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import igpaths as ig

if TYPE_CHECKING:
    from igpaths.paths import Path
    from igpaths.rules import Rule

BASELINES = ("black", "white", "mean", "blur")


@dataclass(frozen=True)
class Method:
    """A path by its name, with the label of its plain IG.

    Attributes
    ----------
    name : str, for options and parameters: "blur-placed".
    label : str, for tables and figures: "Blur IG, placed".
    path : function from the name of a baseline to the path.
    baseline : str, the only baseline that the path has; empty where any may be chosen.
    colour : int, the place of its colour among `plots.COLOURS`, where the next is its IDGI's; black where the method
        has no colour of its own.

    Examples
    --------
    >>> from igpaths.methods import METHODS
    >>> METHODS["guided"].labelled("idgi"), METHODS["guided"].path("white")
    ('Guided IG + IDGI', Guided(baseline='white', fraction=0.25, max_distance=0.02))
    """

    name: str
    label: str
    path: "Callable[[str], Path]"
    baseline: str = ""
    colour: int = 6

    def labelled(self, rule: str) -> str:
        """The label with the rule of this name: "Left Blur IG"."""
        return RULES[rule].label.format(self.label)


@dataclass(frozen=True)
class NamedRule:
    """A rule by its name.

    Attributes
    ----------
    name : str, for options: "idgi".
    label : str, how it changes a method's label: "{} + IDGI".
    rule : function from ψ, the share of the score's change at which Left and Right part, to the rule.
    """

    name: str
    label: str
    rule: "Callable[[float], Rule]"


METHODS = {
    method.name: method
    for method in (
        Method("straight", "IG", lambda baseline: ig.Straight(baseline), colour=0),
        Method("guided", "Guided IG", lambda baseline: ig.Guided(baseline), colour=2),
        Method("blur", "Blur IG", lambda baseline: ig.Blur(), baseline="blur", colour=4),
        Method("blur-placed", "Blur IG, placed", lambda baseline: ig.Placed(ig.Blur()), baseline="blur"),
    )
}
RULES = {
    rule.name: rule
    for rule in (
        NamedRule("ig", "{}", lambda psi: ig.IG("both")),
        NamedRule("idgi", "{} + IDGI", lambda psi: ig.IDGI()),
        NamedRule("left", "Left {}", lambda psi: ig.Left(ig.IG("both"), psi)),
        NamedRule("right", "Right {}", lambda psi: ig.Right(ig.IG("both"), psi)),
    )
}
# The labels that have colours of their own, in the order of `plots.COLOURS`: each method's IG, then its IDGI.
COLOURED = tuple(METHODS[name].labelled(rule) for name in ("straight", "guided", "blur") for rule in ("ig", "idgi"))
