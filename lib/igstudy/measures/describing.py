"""What is seen in a map: how it looks, how nearly it cancels, and whether it falls on the true object."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pandas as pd
import torch
from torch import Tensor

from igpaths.metrics import best_f1, class_sensitivity, edges, energy_inside, mae, pointing_game, roc_auc, spearman
from igstudy.measures.protocols import Protocol
from igstudy.measures.quantities import patchiness, roughness
from igstudy.measures.sample import Key, Sample, explained_again, finest, ranking_maps, rows, stacked, uncounted
from igstudy.tasks import objects

LOCALIZATION = {
    "energy inside": energy_inside,
    "pointing game": pointing_game,
    "ROC AUC": roc_auc,
    "best F1": best_f1,
    "MAE": mae,
}


def texture(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Likeness to the image's edges, patchiness and roughness of the ranking maps at the finest step count."""
    keys, stack = stacked(sample, protocol, steps=finest(sample))
    outlines = edges(sample.images).to(stack).unsqueeze(1).expand_as(stack)
    values = {
        "likeness to edges": spearman(stack, outlines),
        "patchiness": patchiness(stack),
        "roughness": roughness(stack),
    }
    put = partial(rows, sample, protocol, reasons=uncounted(sample, protocol))
    return [put(name, "", keys, value) for name, value in values.items()]


def cancellation(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """What is left of a signed map when it is summed, |Σ A| / Σ |A|, at the finest step count: near 0 it cancels."""
    maps = ranking_maps(sample, protocol, signs=("signed",), steps=finest(sample))
    stack = torch.stack(list(maps.values()), dim=1).flatten(2).double()
    left = stack.sum(2).abs() / stack.abs().sum(2)
    return [rows(sample, protocol, "uncancelled", "", list(maps), left, reasons=uncounted(sample, protocol))]


def localization(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Whether the maps fall on the object."""
    return localized(sample, protocol, *stacked(sample, protocol))


def localized(sample: Sample, protocol: Protocol, keys: Sequence[Key], stack: Tensor) -> list[pd.DataFrame]:
    """The same of any ranking maps (B, M, H, W) with their keys."""
    assert sample.masks is not None
    put = partial(rows, sample, protocol, reasons=uncounted(sample, protocol))
    return [put(name, "", keys, metric(stack, sample.masks)) for name, metric in LOCALIZATION.items()]


def classes(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """On scenes of two objects, how much of either class's map falls on its own object, at the finest step count;
    and how much of both maps falls on the object whose class the network finds likelier.
    """
    pairs = [objects.pair(sample.start + i, seed=sample.seed, backgrounds=sample.backgrounds)
             for i in range(len(sample.images))]  # fmt: skip
    images, masks = (torch.stack([getattr(pair, name) for pair in pairs]) for name in ("image", "masks"))
    maps = []
    for target in (0, 1):
        aimed = replace(sample, targets=torch.tensor([pair.targets[target] for pair in pairs]))
        keys, stack = stacked(explained_again(aimed, protocol, images), protocol, steps=finest(sample))
        maps.append(stack)
    values = class_sensitivity(maps[0], maps[1], masks)
    scores = [sample.net.scores(images, torch.tensor([pair.targets[i] for pair in pairs])).cpu() for i in (0, 1)]
    likelier = masks[torch.arange(len(masks)), (scores[1] > scores[0]).int()]
    inside, both = ([energy_inside(each, mask) for each in maps] for mask in (likelier, masks.any(1)))
    shares = (inside[0] / both[0] + inside[1] / both[1]) / 2
    photographs, materials = zip(*((pair.photograph, pair.material) for pair in pairs), strict=True)
    sample = replace(sample, photographs=photographs, materials=materials)
    return [
        rows(sample, protocol, "class sensitivity", "", keys, values),
        rows(sample, protocol, "share on the likelier object", "", keys, shares),
    ]
