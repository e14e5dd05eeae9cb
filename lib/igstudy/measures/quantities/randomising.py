"""Networks whose layers are randomised from the output down, and how alike the maps of two networks look.

The model parameter randomisation test (Adebayo et al. 2018): a map that stays as it was while the network forgets what
it has learned does not explain that network.
"""

from collections.abc import Iterator

import numpy as np
import torch
from skimage.metrics import structural_similarity
from torch import Tensor, nn

from igpaths.metrics.ranking import as_same
from igstudy.measures.quantities.errors import Network, recomputed

MOST = 8  # stages, however many layers there are
PERCENTILE = 99  # of a map's values, which it is scaled by


def layers(module: nn.Module) -> list[list[nn.Module]]:
    """The layers of a network from the input up, in the order of its modules: each the modules that are randomised
    together.

    A layer is a module that has weights of its own, of two axes or more. What has others alone (a norm, a scale of
    channels) belongs to the layer before it. ValueError for a network without parameters.
    """
    found = list[list[nn.Module]]()
    for part in module.modules():
        own = list(part.parameters(recurse=False))
        if own and found and all(each.ndim < 2 for each in own):
            found[-1].append(part)
        elif own:
            found.append([part])
    if not found:
        raise ValueError(f"a network is randomised by its parameters, and {type(module).__name__} has none")
    return found


def stages(count: int) -> dict[str, int]:
    """By the name of a stage, how many of `count` layers are randomised, from the output down.

    One more at each stage where there are up to `MOST` layers, and else `MOST` numbers spread evenly from 1 to all.
    """
    numbers = np.linspace(1, count, min(count, MOST)).round().astype(int).tolist()
    return {f"{k} of {count} layers" if k < count else "all layers": k for k in numbers}


def randomised_share(stage: str) -> float:
    """The share of a network's layers that a stage of `stages` randomises, in (0, 1]."""
    if stage == "all layers":
        return 1.0
    number, _, count, _ = stage.split()
    return int(number) / int(count)


def randomised(net: Network, count: int | None = None, *, seed: int = 0) -> Network:
    """The network with its last `count` layers randomised, or all of them; the one that is given stays as it was.

    A layer's weights change their places among themselves, and so do its biases; a norm's channels move with all that
    they have, scale, shift, mean and variance. Every tensor keeps its distribution: weights that are drawn anew, as
    layers are initialised, leave a deep network in evaluation mode constant (the logits of MobileNetV2 then differ
    between two photographs by a rounding, and shuffled by a fiftieth of their spread), and constant maps test nothing.
    Of a network whose norms are folded the folded weights are shuffled.

    Parameters
    ----------
    net : the Classifier, whose choices it keeps.
    count : from 0 to as many layers as there are; ValueError for another. So each stage goes on from the one before.
    seed : a layer is shuffled by the seed and its place below the output alone, the same at every stage.
    """
    again = recomputed(net)  # which copies the module
    found = layers(again.module)
    if count is not None and not 0 <= count <= len(found):
        raise ValueError(f"count must be from 0 to the network's {len(found)} layers, got {count}")
    for place, parts in enumerate(found[::-1][:count]):
        rng = np.random.default_rng((seed, 20, place))  # 21 to 23 are those of `igpaths.averages`
        for part in parts:
            _shuffle(part, rng)
    return again


@torch.no_grad()
def _shuffle(part: nn.Module, rng: np.random.Generator) -> None:
    """Shuffle a module's own tensors in place, those of one shape alike: in a norm they are all of one shape."""
    places = dict[torch.Size, Tensor]()
    for tensor in _tensors(part):
        if tensor.shape not in places:
            places[tensor.shape] = torch.from_numpy(rng.permutation(tensor.numel())).to(tensor.device)
        tensor.copy_(tensor.flatten()[places[tensor.shape]].view(tensor.shape))


def _tensors(part: nn.Module) -> Iterator[Tensor]:
    """A module's own parameters, and those buffers that have a number for each number of one."""
    own = list(part.parameters(recurse=False))
    yield from own
    shapes = {each.shape for each in own}
    yield from (each for each in part.buffers(recurse=False) if each.is_floating_point() and each.shape in shapes)


def similarity(a: Tensor, b: Tensor) -> Tensor:
    """The structural similarity of two maps (…, H, W) of 0 or more: (…), in [−1, 1], float64, higher is more alike.

    As Adebayo et al. (2018) show and compare them, each map is scaled from 0 at its least value to 1 at the 99th
    percentile of its values, and clipped. Then scikit-image's mean SSIM with Wang's window, a Gaussian of σ = 1.5 over
    11 × 11 pixels. NaN where a map is not finite or has no scale, as a constant one. ValueError for maps of under 11
    pixels a side.
    """
    maps = as_same(a, b)
    pairs = zip(*(each.double().cpu().flatten(0, -3).numpy() for each in maps), strict=True)
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
    values = [structural_similarity(*map(_scaled, pair), **window) for pair in pairs]
    return torch.tensor(values, dtype=torch.float64).view(maps[0].shape[:-2])


def _scaled(values: np.ndarray) -> np.ndarray:
    low, high = values.min(), np.percentile(values, PERCENTILE)
    return ((values - low) / (high - low)).clip(0, 1) if high > low else np.full_like(values, np.nan)
