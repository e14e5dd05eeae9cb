"""Paths from a baseline x' to the input x: where a walk goes.

A path knows its baseline, the points that it visits for a number of steps N (N segments, N + 1 points, both ends
included), and the step that a segment makes. It never calls the network itself: the walk does.

`Straight` and `Blur` are known beforehand, so one visit to the points of the finest step count serves every step
count that divides it. `Placed` visits other points of theirs, those where the score moves. `Guided` chooses each
point by the gradient at the one before, so each step count is a walk of its own; all of them move together, in one
batch. A path of one's own is a frozen dataclass on `Path`, or on `Along` where its points are known beforehand.
"""

from igpaths.paths.base import Along, Based, Path, Point, resolve_baseline
from igpaths.paths.guided import Guided
from igpaths.paths.lines import Blur, Placed, Respaced, Straight

__all__ = ["Along", "Based", "Blur", "Guided", "Path", "Placed", "Point", "Respaced", "Straight", "resolve_baseline"]
