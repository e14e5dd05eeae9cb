"""What came beside and after the papers' methods, at about the cost of one walk, measured as all other maps are.

Means over noise and over baselines, and regions in the place of pixels. They walk paths of their own, so their rows
stand with those of the controls.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from igpaths.attributions import Attributions
from igpaths.averages import expected_gradients, smoothgrad, uniform_references
from igpaths.metrics import signed_map
from igpaths.paths import Straight
from igpaths.regions import xrai
from igpaths.rules import IG, Gradient
from igstudy.measures.describing import localized
from igstudy.measures.protocols import Protocol
from igstudy.measures.revealing import deleted, revealed
from igstudy.measures.sample import Key, Sample, signed_maps, stack, without_values
from igstudy.measures.sources import attribute_any

BUDGET = 64  # about as many as each has of an image, as a walk of 64 steps
Explain = Callable[..., Attributions]
ENDS = ("black", "white")
SIGMA = 3  # pixels, of the Gaussian under which they are compared with smoothed maps of paths
REFERENCES = 8  # baselines, or noisy versions, of which each is walked in 8 steps


def judge(sample: Sample, protocol: Protocol, maps: dict[Key, Tensor]) -> list[pd.DataFrame]:
    """Insertion and deletion on the first canvas of ranking maps (B, H, W), and localization where masks are known.

    Insertion also of the maps smoothed by `SIGMA`, by magnitude as all smoothed maps are.
    """
    assert protocol.insertion
    keys, ranked = stack(sample, protocol, maps)
    bad = (~ranked.isfinite().flatten(1).all(1)).nonzero()[:, 0].tolist()  # images that must not stop the others
    canvases, shown = {name: name for name in protocol.insertion.canvases[:1]}, ranked.nan_to_num(0, 0, 0)
    frames = revealed(sample, protocol, keys, shown, canvases=canvases)
    frames += deleted(sample, protocol, keys, shown, canvases=canvases)
    smoothed = replace(sample, sigma=SIGMA)
    by_size = {key: shown[:, i] for i, key in enumerate(keys) if key[2] != "signed"}
    frames += revealed(smoothed, protocol, *stack(smoothed, protocol, by_size), canvases=canvases)
    frames += localized(sample, protocol, keys, shown) if sample.masks is not None else []
    return [without_values(frame, [sample.names[i] for i in bad]) for frame in frames]


def rivals(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """SmoothGrad of the gradient and of IG, IG over uniform baselines, Expected Gradients over other images, and
    XRAI of IG from black and from white.

    SmoothGrad has 32 noisy versions, each with a gradient at its baseline that goes unread. Expected Gradients is left
    out of a task with too few images for 8 references beside the image itself. XRAI ranks in one way only, so its sign
    is "none", though a region may be worth less than nothing.
    """
    own = attributions(sample)
    maps = {key: each for name, a in own.items() for key, each in signed_maps(name, 0, a, protocol.ranking).items()}
    base = signed_map(_from_both_ends(sample))
    regions = xrai(sample.images, base.nan_to_num(0, 0, 0))[:, 0]
    maps["XRAI", 0, "none"] = regions.where(base.isfinite().flatten(1).all(1).view(-1, 1, 1), torch.nan)
    return judge(sample, protocol, maps)


def _from_both_ends(sample: Sample) -> Tensor:
    """The mean of IG from black and from white, which XRAI sums over regions."""
    ig, explain = IG("both"), partial(attribute_any, *sample.question, batch_size=sample.batch_size)
    black, white = (explain(path=Straight(word), rules=ig, steps=BUDGET // 2)[ig] for word in ENDS)
    return (black + white) / 2


def attributions(sample: Sample) -> dict[str, Tensor]:
    """The attributions (B, C, H, W) of the means over noise and over baselines, by their names."""
    x, of = sample.images, dict[str, Any](seed=sample.seed, start=sample.start)
    options: dict[str, Any] = {"batch_size": sample.batch_size, "check": False}
    noisy: Explain = partial(partial(smoothgrad, *sample.question), path=Straight(), **options, **of)
    over: Explain = partial(expected_gradients, *sample.question, steps=BUDGET // REFERENCES, **options)
    found = {
        "SmoothGrad": noisy(rules=Gradient(), steps=1, samples=BUDGET // 2)[Gradient()],
        "SmoothGrad IG": noisy(rules=IG("both"), steps=BUDGET // REFERENCES, samples=REFERENCES)[IG("both")],
        "IG, uniform": over(references=uniform_references(x, samples=REFERENCES, **of))[IG("both")],
    }
    if len(references := sample.references(REFERENCES)):
        found["Expected Gradients"] = over(references=references)[IG("both")]
    return found
