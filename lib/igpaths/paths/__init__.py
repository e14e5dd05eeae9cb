"""Paths from a baseline x' to the input x: where a walk goes.

A path knows its baseline, the points that it visits for N steps (N + 1, both ends included), and a segment's step.
`Straight` and `Blur` are known beforehand, so one visit to the finest step count's points serves every count that
divides it; `Placed` visits other points of theirs. `Guided` chooses each point by the gradient at the one before, so
each step count is a walk of its own, in one batch with the others. A path of one's own is a frozen dataclass on `Path`,
or on `Along` where its points are known beforehand.
"""

from igpaths.paths.base import Along, Based, Path, Point, resolve_baseline
from igpaths.paths.guided import Guided
from igpaths.paths.lines import Blur, Placed, Respaced, Straight

__all__ = ["Along", "Based", "Blur", "Guided", "Path", "Placed", "Point", "Respaced", "Straight", "resolve_baseline"]
