"""What is measured of an attribution. Each function states its shapes, range and direction."""

from igpaths.metrics.projection import Projections, projections
from igpaths.metrics.ranking import absolute_map, signed_map
from igpaths.metrics.saturation import cosine, norm_ratio

__all__ = ["Projections", "absolute_map", "cosine", "norm_ratio", "projections", "signed_map"]
