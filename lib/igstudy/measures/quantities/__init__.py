"""What only the study measures of walks and maps; what serves every network is in `igpaths.metrics`."""

from igstudy.measures.quantities.errors import Noisy, misrounded, recomputed, threads
from igstudy.measures.quantities.filling import Filled
from igstudy.measures.quantities.lockstep import Parting, parting, shattering
from igstudy.measures.quantities.projection import Projections, projections
from igstudy.measures.quantities.table import METRICS, Metric
from igstudy.measures.quantities.texture import patchiness, roughness

__all__ = [
    "METRICS", "Filled", "Metric", "Noisy", "Parting", "Projections", "misrounded", "parting", "patchiness",
    "projections", "recomputed", "roughness", "shattering", "threads",
]  # fmt: skip
