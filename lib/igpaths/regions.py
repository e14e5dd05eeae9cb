"""Attributions of regions instead of pixels: XRAI (Kapishnikov et al. 2019), which ranks segments of the image."""

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from igpaths.arguments import as_count, as_counts, check_number
from igpaths.metrics.ranking import as_maps, as_tensor

# PAIR's choices, for pixels that are spread over [-1, 1] and an image of 224 × 224
SCALES, SIGMA, SMALLEST, SIDE = (50, 100, 150, 250, 500, 1200), 0.8, 150, 224


def xrai(
    images: Tensor, maps: Tensor, *, scales: int | Sequence[int] = SCALES, dilation: int = 5, min_pixels: int = 50
) -> Tensor:
    """Ranking maps of regions (XRAI, Kapishnikov et al. 2019): (B, M, H, W), as `maps`, constant on each region.

    The image is cut into overlapping segments, at several scales by Felzenszwalb's method, whatever the maps are. Then,
    again and again, the segment is taken whose pixels that are not yet taken have the highest mean in the map, which
    becomes their value. Pixels left over at the end get their own mean, so a map's sum stays as it was. Higher is more
    important.

    Parameters
    ----------
    images : (B, C, H, W), of any size and range: each is spread over [−1, 1] and resized to 224 × 224 for its segments.
    maps : ranking maps (B, M, H, W), or (B, H, W) for M = 1; higher is more important. Signed ones are meant, since
        positive and negative values in a region cancel.
    scales : of Felzenszwalb's method, one or several; a larger one makes larger segments.
    dilation : by how many pixels of the image each segment grows, 0 or more.
    min_pixels : a segment is taken only while it brings so many new pixels, 1 or more.

    In float64 these are the regions of PAIR's ``saliency.XRAI`` ("full"), bit by bit, for the same map. Its own map is
    by default the mean of IG from the darkest and from the brightest value of the image, of which it takes each pixel's
    largest colour, ``amax(1)``, not the sum. It divides by zero for a constant image, which is one segment here.
    ValueError for images, maps or choices of another kind.

    Examples
    --------
    From the mean of IG from black and from white, as published:

    >>> rule, walks = ig.IG("both"), [ig.Straight("black"), ig.Straight("white")]
    >>> both = [ig.attribute(net, x, targets, path=path, rules=rule, steps=4)[rule] for path in walks]
    >>> ig.xrai(x, metrics.signed_map(sum(both) / 2)).shape
    torch.Size([2, 1, 176, 176])
    """
    images = as_tensor(images, 4, "images")
    if images.ndim != 4 or not images.numel() or not bool(images.isfinite().all()):
        raise ValueError(f"images must be (B, C, H, W) and finite, got {tuple(images.shape)} of {images.dtype}")
    maps = as_maps(maps, images)
    scales, min_pixels = as_counts("scales", scales), as_count("min_pixels", min_pixels)
    check_number("dilation", dilation, "0 or more, a whole number", lambda n: 0 <= n < float("inf") and int(n) == n)
    pixels, values = images.double().cpu().numpy(), maps.double().cpu().numpy()
    result = np.empty_like(values)
    for image, own, regions in zip(pixels, values, result, strict=True):
        segments = _segments(image.transpose(1, 2, 0), scales, int(dilation))
        regions[:] = [_merge(segments, each, min_pixels) for each in own]
    return torch.from_numpy(result).to(maps.device, maps.dtype if maps.is_floating_point() else torch.float64)


def _segments(image: np.ndarray, scales: Sequence[int], dilation: int) -> list[np.ndarray]:
    """The numbers of the pixels that each segment of an image (H, W, C) has, in order."""
    from skimage.segmentation import felzenszwalb
    from skimage.transform import resize

    low, high = image.min(), image.max()
    spread = (image - low) / ((high - low) or 1) * 2 - 1
    seen = resize(spread, (SIDE, SIDE), order=3, mode="constant", preserve_range=True, anti_aliasing=True)
    segments: list[np.ndarray] = []
    for scale in scales:
        with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # of more than three channels
            labels = felzenszwalb(seen, scale=scale, sigma=SIGMA, min_size=SMALLEST)
        labels = resize(labels, image.shape[:2], order=0, mode="constant", preserve_range=True, anti_aliasing=False)
        segments += _grown(labels.astype(int), dilation)
    return segments


def _grown(labels: np.ndarray, radius: int) -> Iterator[np.ndarray]:
    """The numbers, in order, of the pixels within `radius` of those of each label (H, W)."""
    from scipy.ndimage import distance_transform_edt, find_objects

    for label, box in enumerate(find_objects(labels + 1)):
        if box is None:  # lost where the image is smaller than its segmentation
            continue
        top, left = (max(side.start - radius, 0) for side in box)
        others = labels[top : box[0].stop + radius, left : box[1].stop + radius] != label
        down, across = np.nonzero(distance_transform_edt(others) <= radius)
        yield ((down + top) * labels.shape[1] + across + left).astype(np.int32)


def _merge(segments: Sequence[np.ndarray], values: np.ndarray, min_pixels: int) -> np.ndarray:
    """The values (H, W) of the regions that come of segments, by a map (H, W)."""
    flat, free = values.ravel(), np.ones(values.size, dtype=bool)
    result, left, gains = np.empty_like(flat), dict(enumerate(segments)), dict[int, float]()
    while True:
        for number, segment in list(left.items()):
            new = segment[free[segment]]
            if len(new) < min_pixels:
                del left[number]
            elif number not in gains or len(new) < len(segment):
                # Not a running sum: its rounding would choose between regions that are equal, as where a map is 0
                left[number], gains[number] = new, flat[new].mean()
        if not left:
            break
        best = max(left, key=gains.__getitem__)
        new = left.pop(best)
        result[new], free[new] = gains[best], False
    if free.any():
        result[free] = flat[free].mean()
    return result.reshape(values.shape)
