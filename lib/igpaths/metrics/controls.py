"""Maps that need no path: what every table's methods must beat.

`random_maps` knows nothing, `edges` knows the image but not the network. The other two controls are rules, since they
come from the same walk: `igpaths.Gradient` (the network at the input alone) and `igpaths.SquaredGradients` (the path,
without IDGI's weights).
"""

from collections.abc import Sequence

import numpy as np
import skimage.filters
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
    return torch.stack(
        [torch.from_numpy(np.random.default_rng((seed, 12, start + i)).random(tuple(size))) for i in range(count)]
    )


def edges(images: Tensor) -> Tensor:
    """The magnitude of the Sobel gradient of the mean colour: images (B, 3, H, W) in [0, 1] to (B, H, W), 0 or more.

    Examples
    --------
    >>> metrics.edges(x).shape
    torch.Size([2, 176, 176])
    >>> metrics.edges(torch.full((1, 3, 8, 8), 0.5)).max()
    tensor(0.)
    """
    grey = images.mean(1).double().cpu().numpy()
    return torch.from_numpy(np.stack([skimage.filters.sobel(image) for image in grey])).to(images)
