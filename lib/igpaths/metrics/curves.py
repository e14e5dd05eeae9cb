"""Information curves: what the network says against how much the revealed image tells (Kapishnikov et al. 2019).

The softmax information curve (SIC) follows the target's probability, the accuracy information curve (AIC) whether the
image is classified rightly. Both, under every estimator of information, are readings of one set of revealed images:

    responses = information(net, images, targets, maps, canvas=…, estimators=("png", "ms-ssim"))
    curves = information_curves(responses, estimator="png", score="probability")

The revealed images have 8 bits a channel, and the network and the codecs see the same ones.
"""

import io
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter
from scipy.interpolate import LinearNDInterpolator
from threadpoolctl import ThreadpoolController
from torch import Tensor

from igpaths.classifier import Classifier
from igpaths.metrics.msssim import ms_ssim
from igpaths.metrics.reveal import Canvas, Estimator, Responses, reveal
from igpaths.walks import BATCH_SIZE

TWENTY_FOURTHS = tuple(i / 24 for i in range(25))


@dataclass(frozen=True, eq=False)
class Seeds:
    """The pixels that are not shown are interpolated from those that are, linearly over Delaunay triangles.

    The four corners and the pixels of `seeds` (B, H, W) are always shown. As PAIR's ``create_blurred_image``, with one
    triangulation for all channels.

    Examples
    --------
    >>> seeds = metrics.seed_masks(2, x.shape[2:])
    >>> nothing = torch.zeros(1, 176, 176, dtype=torch.bool)
    >>> canvas = metrics.Seeds(x, seeds).show(torch.tensor([0]), nothing)  # of the first image, its seeds alone
    >>> bool(((canvas[0] - x[0]).abs()[:, seeds[0]] < 1 / 255).all())
    True
    """

    images: Tensor
    seeds: Tensor

    def show(self, which: Tensor, shown: Tensor) -> Tensor:
        known = shown.cpu().numpy() | self.seeds[which].cpu().numpy()  # the seeds may be on another device
        known[:, [0, 0, -1, -1], [0, -1, 0, -1]] = True
        images = _bytes(self.images[which])
        filled = np.stack(_in_threads(_interpolate, images, known))
        return torch.from_numpy(filled).permute(0, 3, 1, 2).to(self.images) / 255


def seed_masks(count: int, size: Sequence[int], *, share: float = 0.01, seed: int = 0, start: int = 0) -> Tensor:
    """Random pixels that every method's curve starts from: (count, H, W), bool, ⌊share · H · W⌋ in each.

    Image number ``start + i`` has mask i: it depends on nothing but that number, the size and the seed.

    Examples
    --------
    >>> metrics.seed_masks(2, (176, 176), share=0.01).sum((1, 2))
    tensor([309, 309])
    """
    masks = torch.zeros(count, size[0] * size[1], dtype=torch.bool)
    for i, mask in enumerate(masks):
        # 11: seeds, random maps and noise draw from streams of their own
        chosen = np.random.default_rng((seed, 11, start + i)).choice(len(mask), int(len(mask) * share), replace=False)
        mask[torch.from_numpy(chosen)] = True
    return masks.view(count, *size)


def png_bytes(revealed: Tensor, images: Tensor) -> Tensor:
    """The length (P,) of each image as a PNG file of Pillow's default compression; more is more information."""
    return _encoded(revealed, format="png")


def webp_bytes(revealed: Tensor, images: Tensor) -> Tensor:
    """The length (P,) of each image as a lossless WebP file (quality 100): it depends on the version of libwebp."""
    return _encoded(revealed, format="webp", lossless=True, quality=100)


def similarity(revealed: Tensor, images: Tensor) -> Tensor:
    """MS-SSIM (P,) of each revealed image with its original, in [0, 1]; images of at least 161 pixels a side."""
    return ms_ssim(revealed, images)


def filtered_entropy(revealed: Tensor, images: Tensor) -> Tensor:
    """The bytes (P,) that PNG's filtered values need with an ideal code for each value, on the images' own device.

    Every row of pixels is predicted as in PNG, by the one of its five filters that leaves the smallest sum, and the
    entropy of the histogram of what is left is counted; what repeats is not looked for.
    """
    x = (revealed * 255).round().to(torch.int16)
    padded = F.pad(x, (1, 0, 1, 0))
    left, up, corner = padded[..., 1:, :-1], padded[..., :-1, 1:], padded[..., :-1, :-1]
    to_left, to_up, to_corner = (up - corner).abs(), (left - corner).abs(), (left + up - 2 * corner).abs()
    paeth = torch.where(to_up <= to_corner, up, corner)
    paeth = torch.where((to_left <= to_up) & (to_left <= to_corner), left, paeth)
    rows = torch.stack([x - guess for guess in (torch.zeros_like(x), left, up, (left + up) // 2, paeth)]) & 255
    cost = torch.minimum(rows, 256 - rows).sum((2, 4))  # (5, P, H)
    chosen = cost.argmin(0)[None, :, None, :, None].expand(1, *x.shape)
    values = rows.gather(0, chosen)[0].flatten(1)
    image = torch.arange(len(x), device=x.device).view(-1, 1)
    counts = torch.bincount((image * 256 + values).flatten(), minlength=256 * len(x)).view(-1, 256)
    return torch.special.entr(counts.double() / values.shape[1]).sum(1) / math.log(256) * values.shape[1]


def blur_photograph(photograph: Image.Image, *, radius: float = 20) -> Image.Image:
    """The photograph under Pillow's Gaussian of `radius` pixels: the canvas of SIC and AIC in Study A's code.

    Examples
    --------
    >>> from torchvision.transforms.functional import to_pil_image
    >>> photograph = to_pil_image(x[0])
    >>> metrics.blur_photograph(photograph, radius=20).size
    (176, 176)
    """
    return photograph.filter(ImageFilter.GaussianBlur(radius))


ESTIMATORS: dict[str, Estimator] = {
    "png": png_bytes,
    "webp": webp_bytes,
    "ms-ssim": similarity,
    "entropy": filtered_entropy,
}


def information(
    net: Classifier,
    images: Tensor,
    targets: Tensor,
    maps: Tensor,
    *,
    canvas: Tensor | Seeds,
    shares: Sequence[float] = TWENTY_FOURTHS,
    estimators: Sequence[str] = ("png",),
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
) -> Responses:
    """Reveal the images by each map, ask the network, and estimate the information of what it saw.

    Parameters
    ----------
    net : Classifier; its output does not matter here.
    images : (B, 3, H, W) in [0, 1], rounded to 8 bits.
    targets : (B,) int.
    maps : ranking maps (B, M, H, W), signed or absolute, higher is more important.
    canvas : what is under the pixels that are not revealed: images (B, 3, H, W), such as the blurred photographs, or
        `Seeds`, of which only the seeds are used.
    shares : of the pixels, increasing; 0 and 1, which the normalisation needs, are added where they are missing.
    estimators : of information, any of "png", "webp", "ms-ssim", "entropy".
    seed, batch_size : as for `insertion`.

    Raises
    ------
    ValueError
        As `insertion`, and for an unknown estimator, or MS-SSIM of images under 161 pixels a side.

    Examples
    --------
    >>> canvas = ig.Blur(max_sigma=10.0).start(net, x)
    >>> told = metrics.information(net, x, targets, ranking, canvas=canvas, shares=(0.2,), estimators=("png",))
    >>> told.counts
    (0, 6196, 30976)
    >>> told.information["png"].shape  # (B, M, K)
    torch.Size([2, 2, 3])
    """
    unknown = [name for name in estimators if name not in ESTIMATORS]
    if unknown or not estimators:
        raise ValueError(f"estimators is {tuple(estimators)}; it must name one or more of {', '.join(ESTIMATORS)}")
    images = _rounded(images.to(net.device, net.dtype))
    if isinstance(canvas, Seeds):
        filling: Canvas | Seeds = Seeds(images, canvas.seeds)
    else:
        filling = Canvas(images, _rounded(canvas.to(images)))
    chosen = {name: ESTIMATORS[name] for name in estimators}
    ends = sorted({0.0, *shares, 1.0})
    return reveal(net, filling, targets, maps, shares=ends, estimators=chosen, seed=seed, batch_size=batch_size)


def information_curves(
    responses: Responses,
    *,
    estimator: str,
    score: str,
    renormalise: bool = True,
    monotone: bool = True,
    points: int = 100,
) -> tuple[Tensor, Tensor]:
    """Score against information, on a grid that all images share.

    Parameters
    ----------
    responses : of `information`.
    estimator : one of those that it was asked for.
    score : "probability" (SIC) or "correct" (AIC); it always goes from 0 on the canvas to 1 on the image, clipped.
    renormalise : whether information does so too; else it is taken as it is (MS-SSIM).
    monotone : whether the score is replaced by its running maximum, in the order of the counts.
    points : of the grid, in [0, 1); the point (1, 1) is added.

    Returns
    -------
    x : Tensor (points + 1,), information.
    y : Tensor (B, M, points + 1), the score, in [0, 1]; ``area(x, y)`` is higher for better maps. NaN for an image
        on whose canvas the score or, renormalised, the information is already that of the image: see `unusable`.

    Examples
    --------
    >>> canvas = ig.Blur(max_sigma=10.0).start(net, x)
    >>> told = metrics.information(net, x, targets, ranking, canvas=canvas, shares=(0.2,))
    >>> share, sic = metrics.information_curves(told, estimator="png", score="probability")
    >>> share.shape, sic.shape
    (torch.Size([101]), torch.Size([2, 2, 101]))
    >>> metrics.area(share, sic).shape  # one number for each image and map
    torch.Size([2, 2])
    """
    told, said = responses.information[estimator], _normalise(getattr(responses, score))
    if renormalise:
        told = _normalise(told)
    if monotone:
        said = said.cummax(-1).values
    x = np.append(np.linspace(0, 1, points, endpoint=False), 1.0)
    curves = np.full((*told.shape[:2], points + 1), np.nan)
    for i, j in np.argwhere(~torch.isnan(told + said).any(-1).numpy()):
        known = np.append(told[i, j].numpy(), [0.0, 1.0])
        order = np.argsort(known, kind="stable")
        curves[i, j] = np.interp(x, known[order], np.append(said[i, j].numpy(), [0.0, 1.0])[order])
        curves[i, j, -1] = 1
    return torch.from_numpy(x), torch.from_numpy(curves)


def unusable(responses: Responses, *, estimator: str, score: str) -> dict[str, Tensor]:
    """By reason, which images (B,) have no information curve. The reasons are the same for every map.

    Examples
    --------
    >>> same = metrics.information(net, x, targets, ranking, canvas=x, shares=(0.5,))
    >>> for reason, images in metrics.unusable(same, estimator="png", score="probability").items():
    ...     print(reason, images.tolist())
    ...
    the canvas scores as much as the image [True, True]
    the canvas tells as much as the image [True, True]
    """
    said, told = getattr(responses, score)[:, 0], responses.information[estimator][:, 0]
    return {
        "the canvas scores as much as the image": said[:, 0] >= said[:, -1],
        "the canvas tells as much as the image": told[:, 0] >= told[:, -1],
    }


def _normalise(values: Tensor) -> Tensor:
    """Values (B, M, K) from 0 at the first count to 1 at the last, clipped; NaN where the first is not lower."""
    first, last = values[..., :1], values[..., -1:]
    return torch.where(last > first, (values - first) / (last - first), torch.nan).clamp(0, 1)


def _rounded(images: Tensor) -> Tensor:
    return (images * 255).round() / 255


def _bytes(images: Tensor) -> np.ndarray:
    """Images (P, 3, H, W) in [0, 1] as arrays (P, H, W, 3) of 8 bits."""
    return (images * 255).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()


def _encoded(images: Tensor, **options: Any) -> Tensor:
    def length(pixels: np.ndarray) -> int:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, **options)
        return file.tell()

    return torch.tensor(_in_threads(length, _bytes(images)), dtype=torch.float64)


def _in_threads(function: Callable[..., Any], *arrays: np.ndarray) -> list[Any]:
    """As many at once as torch uses threads: Pillow's codecs and SciPy's triangulation let other threads run.

    BLAS must not start threads of its own for the tiny systems that SciPy solves: they would wait for each other.
    """
    with _libraries().limit(limits=1, user_api="blas"), ThreadPoolExecutor(torch.get_num_threads()) as pool:
        return list(pool.map(function, *arrays))


@lru_cache(maxsize=1)
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


def _interpolate(image: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The pixels of an image (H, W, 3) that are not `known` (H, W), interpolated from those that are."""
    if known.all():
        return image
    filled = image.copy()
    plane = LinearNDInterpolator(np.argwhere(known), image[known].astype(np.float64))
    values = plane(np.argwhere(~known)).astype(np.float32)
    outside = np.isnan(values).any(1)  # by rounding, on an edge of the image
    values[outside] = image.mean((0, 1))
    filled[~known] = np.round(values)
    return filled
