"""What only the study measures of walks and maps; what serves every network is in `igpaths.metrics`."""

from igstudy.measures.quantities.errors import Noisy, misrounded, recomputed, threads
from igstudy.measures.quantities.lockstep import Parting, parting, shattering
from igstudy.measures.quantities.projection import Projections, projections
from igstudy.measures.quantities.randomising import layers, randomised, randomised_share, similarity, stages
from igstudy.measures.quantities.table import METRICS, Metric
from igstudy.measures.quantities.texture import patchiness, roughness

__all__ = [
    "METRICS", "Metric", "Noisy", "Parting", "Projections", "layers", "misrounded", "parting", "patchiness",
    "projections", "randomised", "randomised_share", "recomputed", "roughness", "shattering", "similarity", "stages",
    "threads",
]  # fmt: skip
