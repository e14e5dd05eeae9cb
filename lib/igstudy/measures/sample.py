"""A sample of images explained along one source, and the rows that a measure makes of it.

Which maps rank pixels is decided here: all of a path's methods, by step count and sign; of Split IG its parts Left,
Right and Full, and beside them the controls, over the same images.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from igpaths.attributions import Attributions
from igpaths.classifier import Classifier
from igpaths.metrics import absolute_map, edges, random_maps, signed_map, smooth
from igpaths.rules import IDGI, IG, Left, Right
from igpaths.walks import Segment, walk
from igstudy.measures.protocols import Protocol, Split
from igstudy.measures.sources import Rules, Source, attribute_any, is_unsigned
from igstudy.tasks.images import Alter

SIGNS = {"signed": signed_map, "absolute": absolute_map}
GAIN = 5  # logits, of the protocol "gain over 5"
PARTS_PSI = 0.9  # of Study B's Tables 4 and 5
Key = tuple[str, int, str]  # method, steps, sign


@dataclass(frozen=True, eq=False)
class Sample:
    """Some images of one network, explained along one source."""

    source: Source
    walked: Attributions | None  # None for the controls, which have no walk
    net: Classifier
    label: str  # the network's short name for tables
    images: Tensor
    targets: Tensor
    predictions: Tensor
    names: tuple[str, ...]
    photographs: tuple[str, ...]  # behind the images
    materials: tuple[str, ...]  # of the images' objects; "" where an image has none
    masks: Tensor | None  # (B, H, W), bool; None where the task does not know them
    altered: Callable[[Alter], Tensor]  # makes the images again, their photographs altered at full size
    references: Callable[[int], Tensor]  # (R, B, C, H, W), so many other images of the task for each; 0 of too few
    start: int  # the number of the first image, which fixes its random streams
    kept: int  # of how many of these images maps are kept
    seed: int
    backgrounds: int  # of the objects task, from how many of which its scenes are drawn
    batch_size: int
    sigma: float = 0  # of the Gaussian under which `stacked` maps rank pixels, in pixels; their rows say so

    @property
    def question(self) -> tuple[Classifier, Tensor, Tensor]:
        """The network, the images and the targets, which every walk and every metric takes first."""
        return self.net, self.images, self.targets

    @property
    def drawing(self) -> dict[str, Any]:
        """What decides how ties are broken, and how many images the network sees in one call."""
        return {"seed": self.seed, "batch_size": self.batch_size}


def rows(
    sample: Sample, protocol: Protocol, metric: str, variant: str, keys: Sequence[Key], values: Tensor, *,
    curves: Tensor | None = None, maps: Sequence[bytes] | None = None, reasons: Mapping[str, Tensor] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """A row for each image and key of `values` (B, M), left out for the first of the `reasons` that holds.

    `curves` (B, M, K) are stored beside the values, and the variant says how the maps are smoothed. A value that is
    not finite and not left out is "undefined".
    """
    images, how = len(values), split_of(sample.source, protocol)
    left_out = np.full(images, "", dtype=object)
    for reason, held in reversed(dict(reasons or {}).items()):
        left_out[held.cpu().numpy()] = reason
    left_out = left_out.repeat(len(keys))
    flat = values.double().cpu().numpy().ravel()
    left_out[~np.isfinite(flat) & (left_out == "")] = "undefined"
    method, steps, sign = (list(column) * images for column in zip(*keys, strict=True))
    image, photograph, material = (
        np.repeat(np.array(names, dtype=object)[:images], len(keys))
        for names in (sample.names, sample.photographs, sample.materials)
    )
    variant += f", σ = {sample.sigma:g} px" if sample.sigma else ""
    columns: dict[str, Any] = {
        "protocol": how.name if how else protocol.name,  # Split IG has one for each baseline
        **{"network": sample.label, "image": image, "photograph": photograph, "material": material},
        **{"path": sample.source.name, "method": method, "steps": steps, "sign": sign, "metric": metric},
        **{"variant": variant, "value": flat},
        "curve": None if curves is None else list(curves.float().cpu().flatten(0, 1).numpy()),
        **{"map": maps, "left_out": left_out},
    }
    return pd.DataFrame(columns)


def split_of(source: Source, protocol: Protocol) -> Split | None:
    """The split of a protocol that lies on this source."""
    if not source.name.startswith("split-"):
        return None  # without a look at the splits, on which nothing else depends
    return next((split for split in protocol.split if split.source == source.name), None)


def uncounted(sample: Sample, protocol: Protocol) -> dict[str, Tensor]:
    """The reasons that every measure of a protocol has to leave images out, and of which images (B,) they hold."""
    wrong = {"misclassified": sample.predictions != sample.targets}
    how = split_of(sample.source, protocol)
    if how is None:
        return wrong if protocol.images == "correct" else {}
    assert sample.walked is not None
    scores = sample.walked.scores[how.steps].cpu()
    gain = scores[:, -1] - scores[:, 0]
    return {"gain of 5 or less": gain <= GAIN} if how.images == "gain over 5" else wrong | {"F(x) ≤ F(x')": gain <= 0}


def named_rules(source: Source, protocol: Protocol) -> Rules:
    """By method, the rules whose maps rank pixels: a path's own, or the parts of Split IG, and of IDGI on its walk."""
    how = split_of(source, protocol)
    if how is None:
        return source.ranked
    whole = IG(how.at)
    return {
        "Left": Left(whole, PARTS_PSI, how.crossing),
        "Right": Right(whole, PARTS_PSI, how.crossing),
        "Full": whole,
        "Left + IDGI": Left(IDGI(), PARTS_PSI, how.crossing),
        "Full + IDGI": IDGI(),
    }


def segments(sample: Sample, steps: Sequence[int]) -> Iterator[Segment]:
    """The segments of a sample's path once more, for what no rule adds up."""
    assert sample.source.path is not None
    return walk(*sample.question, path=sample.source.path, steps=steps, batch_size=sample.batch_size)


def window(sample: Sample, protocol: Protocol) -> Tensor:
    """IG (B, 3, H, W) over as many segments as Left has, from a random one on: Left's length without its place."""
    how, walked = split_of(sample.source, protocol), sample.walked
    assert how
    assert walked is not None
    rule = IG(how.at)
    star = walked.alpha_star[Left(rule, PARTS_PSI, how.crossing), how.steps]
    length = (star.double().cpu() * how.steps).nan_to_num().round().long()  # 0 where there is no α*
    seeds = [(sample.seed, 14, sample.start + i) for i in range(len(length))]
    starts = [np.random.default_rng(seed).integers(how.steps - k + 1) for seed, k in zip(seeds, length, strict=True)]
    since, total = torch.tensor(starts), torch.zeros_like(walked[rule, how.steps])
    for j, segment in enumerate(segments(sample, (how.steps,))):
        taken = (since <= j) & (j < since + length)
        total += rule.credit(segment) * taken.to(total).view(-1, 1, 1, 1)
    return total.nan_to_num(0, 0, 0)  # an image whose scores are not finite is left out, and must not stop the others


def attributions(sample: Sample, protocol: Protocol, *, steps: Sequence[int] = ()) -> dict[tuple[str, int], Tensor]:
    """The attributions (B, 3, H, W) that rank pixels, by method and step count; the gradient has the finest alone."""
    if sample.walked is None:
        return {}
    return {
        (name, n): sample.walked[rule, n]
        for name, rule in named_rules(sample.source, protocol).items()
        for n in (finest(sample) if name == "gradient" else steps or sample.source.steps)
    }


def ranking_maps(
    sample: Sample, protocol: Protocol, *, signs: Sequence[str] = (), steps: Sequence[int] = ()
) -> dict[Key, Tensor]:
    """The ranking maps (B, H, W) of a sample, of the protocol's signs or of those that are named.

    What has no negative values is there once, its sign "none".
    """
    maps: dict[Key, Tensor] = {}
    for (name, n), attribution in attributions(sample, protocol, steps=steps).items():
        if is_unsigned(named_rules(sample.source, protocol)[name]):
            maps[name, n, "none"] = absolute_map(attribution)
        else:
            maps |= signed_maps(name, n, attribution, signs or protocol.ranking)
    if sample.walked is None or split_of(sample.source, protocol):
        x = sample.images.to(sample.net.device)
        random = random_maps(len(x), x.shape[2:], seed=sample.seed, start=sample.start).to(x)
        maps |= {("edges", 0, "none"): edges(x), ("random", 0, "none"): random}
    return maps


def signed_maps(name: str, n: int, attribution: Tensor, signs: Sequence[str]) -> dict[Key, Tensor]:
    """The ranking maps (B, H, W) of one attribution, of every sign where none is named."""
    return {(name, n, sign): SIGNS[sign](attribution) for sign in signs or SIGNS}


def stacked(
    sample: Sample, protocol: Protocol, *, steps: Sequence[int] = (), more: Mapping[Key, Tensor] | None = None
) -> tuple[list[Key], Tensor]:
    """The ranking maps of a sample together with `more`, (B, M, H, W), with their keys, as the protocol stores them.

    Smoothed maps are those by magnitude alone.
    """
    signs = ("absolute",) if sample.sigma else ()
    return stack(sample, protocol, ranking_maps(sample, protocol, signs=signs, steps=steps) | dict(more or {}))


def stack(sample: Sample, protocol: Protocol, maps: Mapping[Key, Tensor]) -> tuple[list[Key], Tensor]:
    """Ranking maps (B, H, W) as (B, M, H, W), smoothed as the sample's and stored as the protocol's; and their keys."""
    whole = smooth(torch.stack(list(maps.values()), dim=1), sample.sigma)
    return list(maps), whole.to(getattr(torch, protocol.stored))


def finest(sample: Sample) -> tuple[int, ...]:
    """The finest step count alone; none for the controls."""
    return (max(sample.source.steps),) if sample.source.steps else ()


def explained_again(sample: Sample, protocol: Protocol, images: Tensor) -> Sample:
    """The sample with other images, walked at the finest step count alone; they may leave [0, 1]."""
    if sample.source.path is None:
        return replace(sample, images=images)
    other, rules = replace(sample, images=images), named_rules(sample.source, protocol)
    return replace(other, walked=attribute_again(other, rules))


def attribute_again(sample: Sample, rules: Rules) -> Attributions:
    """A sample walked once more at the finest step count alone; its images may leave [0, 1]."""
    path, steps = sample.source.path, finest(sample)
    return attribute_any(*sample.question, path=path, rules=rules.values(), steps=steps, batch_size=sample.batch_size)


def without_maps(sample: Sample, bad: Sequence[int]) -> Sample:
    """The sample with zeros for the maps of images whose scores are not finite, so that the others can be measured."""
    if not bad or sample.walked is None:
        return sample
    maps, which = sample.walked.maps, torch.tensor(bad, device=sample.net.device)
    maps = {key: each.index_fill(0, which, 0) for key, each in maps.items()}
    return replace(sample, walked=replace(sample.walked, maps=maps))


def without_values(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The rows, those of the named images without a value."""
    if not names:
        return frame
    held = frame["image"].isin(list(names))
    reasons = frame["left_out"].mask(held, "not finite")
    return frame.assign(value=frame["value"].mask(held), curve=frame["curve"].mask(held), left_out=reasons)
