"""What is measured of an attribution. Each function states its shapes, range and direction; `METRICS` lists them."""

from igpaths.metrics.ablation import Perturbation, abpc, perturbation
from igpaths.metrics.controls import edges, random_maps
from igpaths.metrics.curves import Seeds, blur_photograph, information, information_curves, seed_masks, unusable
from igpaths.metrics.localization import best_f1, class_sensitivity, energy_inside, mae, pointing_game, roc_auc
from igpaths.metrics.msssim import ms_ssim
from igpaths.metrics.ranking import absolute_map, pixel_ranks, signed_map, tied_share
from igpaths.metrics.reveal import Responses, area, deletion, insertion
from igpaths.metrics.saturation import cosine, norm_ratio
from igpaths.metrics.stability import jpeg, max_sensitivity, relative_change, spearman, squared_error, uniform_noise

__all__ = [
    "Perturbation",
    "Responses",
    "Seeds",
    "abpc",
    "absolute_map",
    "area",
    "best_f1",
    "blur_photograph",
    "class_sensitivity",
    "cosine",
    "deletion",
    "edges",
    "energy_inside",
    "information",
    "information_curves",
    "insertion",
    "jpeg",
    "mae",
    "max_sensitivity",
    "ms_ssim",
    "norm_ratio",
    "perturbation",
    "pixel_ranks",
    "pointing_game",
    "random_maps",
    "relative_change",
    "roc_auc",
    "seed_masks",
    "signed_map",
    "spearman",
    "squared_error",
    "tied_share",
    "uniform_noise",
    "unusable",
]
