"""Why guided maps are unstable, and what would make them less so."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, replace
from functools import partial

import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from igpaths.classifier import Classifier
from igpaths.metrics import cosine, relative_change
from igpaths.metrics.ranking import measure
from igpaths.paths import Guided
from igstudy.measures.protocols import Protocol
from igstudy.measures.quantities import Noisy, misrounded, parting, recomputed, shattering
from igstudy.measures.sample import Key, Sample, explained_again, finest, ranking_maps, rows, uncounted

DISTANCES = tuple(10.0**-k for k in range(9, 0, -1))
WALKS, NOISE = 4, 1e-6  # how many walks are averaged, and the noise that makes them differ


@dataclass(frozen=True)
class Pooled(Guided):
    """Guided IG that chooses by the mean magnitude of the gradient in a window around each pixel, over its colours."""

    window: int = 21

    def advance(self, progress: Tensor, gradient: Tensor, alpha: Tensor, *, length: Tensor) -> Tensor:
        """As `Guided.advance`."""
        magnitude = gradient.abs().mean(1, keepdim=True)
        pooled = avg_pool2d(magnitude, self.window, 1, self.window // 2, count_include_pad=False)
        return super().advance(progress, pooled.expand_as(gradient), alpha, length=length)


@dataclass(frozen=True, eq=False)
class Once(Guided):
    """Guided IG that chooses by the same gradients (B, 3, H, W) at every step, whatever they are where it stands."""

    chosen_by: Tensor = field(kw_only=True)

    def cut(self, group: slice, count: int) -> "Once":
        """The path of some of `count` images."""
        return replace(super().cut(group, count), chosen_by=self.chosen_by[group])

    def advance(self, progress: Tensor, gradient: Tensor, alpha: Tensor, *, length: Tensor) -> Tensor:
        """As `Guided.advance`, for one step count."""
        return super().advance(progress, self.chosen_by, alpha, length=length)


def part(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """A guided path beside itself with a network whose constants are misrounded, a variant a step; on the straight
    path how far a gradient moves with its point, a variant a distance.
    """
    path, (n,) = sample.source.path, finest(sample)
    assert path is not None
    values_of: dict[tuple[str, str], Tensor] = {}
    if isinstance(path, Guided):
        net, *others = sample.question
        walks = parting(net, misrounded(net), *others, path=path, steps=n, batch_size=sample.batch_size)
        for name in ("overlap", "distance", "gradient", "zeros"):
            values_of |= {(f"parting {name}", f"step {t}"): v for t, v in enumerate(getattr(walks, name), 1)}
    else:
        moved = shattering(*sample.question, distances=DISTANCES)
        values_of = {("gradient moved", f"δ = {d:.0e}"): v for d, v in zip(DISTANCES, moved, strict=True)}
    label = next(iter(sample.source.ranked))
    put = partial(rows, sample, protocol, keys=[(label, n, "")], reasons=uncounted(sample, protocol))
    return [put(metric, variant, values=values.unsqueeze(1)) for (metric, variant), values in values_of.items()]


def tame(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """How far the maps of Guided IG's variants lie apart when they are walked twice, with an error between the two.

    The error is a misrounding of the constants. In float64, where that would not be an error of its rounding, it is one
    point in a call of the network; and of means over several walks with noise in their gradients it is other noise.
    """
    path, net = sample.source.path, sample.net
    assert isinstance(path, Guided)
    variants: dict[str, Guided] = {
        "as it is": path,
        **{f"fraction {share:g}": replace(path, fraction=share) for share in (0.5, 0.9)},
        **{f"max_distance {most:g}": replace(path, max_distance=most) for most in (0.005, 0.001, 1.0)},
        "chosen in a window": Pooled(*astuple(path)),
    }
    maps = partial(_maps, sample, protocol)
    both = net, misrounded(net)
    pairs = {name: [maps(each, other) for other in both] for name, each in variants.items()}
    at_image = [(other, other.gradients(sample.images, sample.targets)[1]) for other in both]
    pairs["chosen once"] = [maps(Once(*astuple(path), chosen_by=gradient), other) for other, gradient in at_image]
    exact = recomputed(net, precision="float64")
    pairs["float64"] = [maps(path, exact, size) for size in (sample.batch_size, 1)]
    walks = [maps(path, _noisy(sample, k)) for k in range(2 * WALKS)]
    pairs[f"mean of {WALKS}"] = [_mean(walks[:WALKS]), _mean(walks[WALKS:])]
    pairs["one of them"] = [walks[0], walks[WALKS]]
    put = partial(rows, sample, protocol, reasons=uncounted(sample, protocol))
    frames = []
    for name, (before, after) in pairs.items():
        one, two = (torch.stack(list(each.values()), dim=1) for each in (before, after))
        frames.append(put("tamed change", name, list(before), relative_change(one, two)))
        frames.append(put("tamed cosine", name, list(before), measure(cosine, one, two)))
    return frames


def _maps(sample: Sample, protocol: Protocol, path: Guided, net: Classifier, size: int = 0) -> dict[Key, Tensor]:
    """The signed maps (B, H, W) at the finest step count, walked along another path or with another network."""
    source = replace(sample.source, path=path)
    other = replace(sample, source=source, net=net, batch_size=size or sample.batch_size)
    again = explained_again(other, protocol, sample.images)
    return ranking_maps(again, protocol, signs=("signed",), steps=finest(sample))


def _noisy(sample: Sample, number: int) -> Noisy:
    """The network with the noise of one of several walks."""
    seed = sample.seed * 1000 + number
    return Noisy(sample.net, size=NOISE, images=len(sample.images), seed=seed, start=sample.start)


def _mean(walks: Sequence[dict[Key, Tensor]]) -> dict[Key, Tensor]:
    return {key: torch.stack([maps[key] for maps in walks]).mean(0) for key in walks[0]}
