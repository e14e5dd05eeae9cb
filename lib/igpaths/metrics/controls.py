"""Maps that need no path: what every table's methods must beat.

`random_maps` knows nothing, `edges` knows the image but not the network. The other two controls are rules, since they
come from the same walk: `igpaths.Gradient` (the network at the input alone) and `igpaths.SquaredGradients` (the path,
without IDGI's weights).
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def random_maps(count: int, size: Sequence[int], *, seed: int = 0, start: int = 0) -> Tensor:
    """Independent uniform noise: (count, H, W), in [0, 1), float64.

    Image number ``start + i`` has map i: it depends on nothing but that number, the size and the seed.

    Examples
    --------
    >>> noise = metrics.random_maps(3, (176, 176))
    >>> torch.equal(noise[2:], metrics.random_maps(1, (176, 176), start=2))
    True
    """
    maps = [np.random.default_rng((seed, 12, start + i)).random(tuple(size)) for i in range(count)]
    return torch.from_numpy(np.array(maps).reshape(count, *size))


def edges(images: Tensor) -> Tensor:
    """The magnitude of the Sobel gradient of the channels' mean: images (B, C, H, W) to (B, H, W), 0 or more.

    Examples
    --------
    >>> metrics.edges(torch.full((1, 3, 8, 8), 0.5)).max()
    tensor(0.)
    """
    from skimage.filters import sobel

    grey = images.detach().mean(1).double().cpu().numpy()
    return torch.from_numpy(np.array([sobel(each) for each in grey]).reshape(grey.shape)).to(images)
