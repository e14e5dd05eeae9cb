"""What only the study measures of walks and maps; what serves every network is in `igpaths.metrics`."""

from igstudy.measures.quantities.errors import Noisy, misrounded, recomputed, threads
from igstudy.measures.quantities.filling import Filled
from igstudy.measures.quantities.lockstep import Parting, parting, shattering
from igstudy.measures.quantities.projection import Projections, projections
from igstudy.measures.quantities.quadrature import GaussLegendre
from igstudy.measures.quantities.randomising import layers, randomised, randomised_share, similarity, stages
from igstudy.measures.quantities.table import METRICS, Metric
from igstudy.measures.quantities.texture import patchiness, roughness
from igstudy.measures.quantities.weighting import FAMILY, Weighted

__all__ = [
    "FAMILY", "METRICS", "Filled", "GaussLegendre", "Metric", "Noisy", "Parting", "Projections", "Weighted", "layers",
    "misrounded", "parting", "patchiness", "projections", "randomised", "randomised_share", "recomputed", "roughness",
    "shattering", "similarity", "stages", "threads",
]  # fmt: skip
