"""What is measured of an attribution. Each function states its shapes, range and direction."""

from igpaths.metrics.canvases import Seeds, blur_photograph, jpeg, seed_masks, uniform_noise
from igpaths.metrics.curves import abpc, information, information_curves, perturbation, unusable
from igpaths.metrics.estimators import ms_ssim
from igpaths.metrics.localization import best_f1, class_sensitivity, energy_inside, mae, pointing_game, roc_auc
from igpaths.metrics.ranking import absolute_map, edges, pixel_ranks, random_maps, signed_map, smooth, tied_share
from igpaths.metrics.reveal import Responses, area, deletion, insertion
from igpaths.metrics.stability import cosine, max_sensitivity, norm_ratio, relative_change, spearman, squared_error

__all__ = [
    "Responses", "Seeds", "abpc", "absolute_map", "area", "best_f1", "blur_photograph", "class_sensitivity", "cosine",
    "deletion", "edges", "energy_inside", "information", "information_curves", "insertion", "jpeg", "mae",
    "max_sensitivity", "ms_ssim", "norm_ratio", "perturbation", "pixel_ranks", "pointing_game", "random_maps",
    "relative_change", "roc_auc", "seed_masks", "signed_map", "smooth", "spearman", "squared_error", "tied_share",
    "uniform_noise", "unusable",
]  # fmt: skip
