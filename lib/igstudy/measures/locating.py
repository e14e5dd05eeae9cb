"""Maps against true masks."""

from dataclasses import replace
from functools import partial

import pandas as pd
import torch

from igpaths.metrics import best_f1, class_sensitivity, energy_inside, mae, pointing_game, roc_auc
from igstudy.measures.protocols import Protocol
from igstudy.measures.sample import Sample, explained_again, finest, rows, stacked, uncounted
from igstudy.tasks import objects

LOCALIZATION = {
    "energy inside": energy_inside,
    "pointing game": pointing_game,
    "ROC AUC": roc_auc,
    "best F1": best_f1,
    "MAE": mae,
}


def localization(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Whether the maps fall on the object."""
    assert sample.masks is not None
    keys, stack = stacked(sample, protocol)
    put = partial(rows, sample, protocol, reasons=uncounted(sample, protocol))
    return [put(name, "", keys, metric(stack, sample.masks)) for name, metric in LOCALIZATION.items()]


def classes(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """On scenes of two objects, how much of either class's map falls on its own object, at the finest step count;
    and how much of both maps falls on the object whose class the network finds likelier.
    """
    pairs = [objects.pair(sample.start + i, seed=sample.seed) for i in range(len(sample.images))]
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
    sample = replace(sample, photographs=tuple(pair.photograph for pair in pairs))
    return [
        rows(sample, protocol, "class sensitivity", "", keys, values),
        rows(sample, protocol, "share on the likelier object", "", keys, shares),
    ]
