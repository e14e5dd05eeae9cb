"""Means of several attributions of the same images, over noise or over baselines; each is an `Attributions` again.

The references that a mean takes for baselines are images, such as others of the data, or drawn here (Sturmfels et al.
2020). Image number ``start + i`` gets noise that depends on that number, the sample and the seed alone.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from igpaths.arguments import as_count, check_images, check_number, check_range
from igpaths.attributions import Attributions, attribute
from igpaths.classifier import Classifier
from igpaths.metrics.ranking import as_tensor
from igpaths.paths import Path, Straight
from igpaths.rules import IG, Part, Rule
from igpaths.walks import check_net

SMOOTHING, AROUND, ANYWHERE = 21, 22, 23  # streams of their own for the noise of each function


def smoothgrad(
    net: Classifier,
    images: Tensor,
    targets: Any,
    *,
    path: Path,
    std: float = 0.15,
    samples: int = 16,
    seed: int = 0,
    start: int = 0,
    check: bool = True,
    **options: Any,
) -> Attributions:
    """The mean attribution of images under Gaussian noise (SmoothGrad, Smilkov et al. 2017), of any path and rule.

    Parameters
    ----------
    net, images, targets, path : as for `attribute`. Each noisy image is walked to from its own baseline.
    std : σ of the noise in the images' units, 0 or more; its authors find 0.1 to 0.2 of the range best.
    samples : noisy versions of each image, 1 or more; the error falls as 1/√samples.
    seed, start : image number ``start + i`` has noise that depends on that number, the sample and the seed alone.
    check : False lets images and baselines leave [0, 1]; under noise images do in either case.
    options : those of `attribute`: rules, steps, batch_size, progress.

    An image costs samples times the gradients of one walk. Every field is the mean over samples, such as a
    `completeness_gap` to the mean change of score, but `evaluations`, which is their sum, and `broken`, the first.
    `alpha_star` is NaN where it is so in any sample. ValueError as from `attribute`, and for a std or samples that are
    not allowed.

    Examples
    --------
    >>> smooth = ig.smoothgrad(net, x, targets, path=ig.Straight("black"), rules=ig.IDGI(), steps=4, samples=2)
    >>> smooth
    Attributions of 2 images (3, 176, 176): IDGI(at='start') at 4 steps; 10 evaluations an image

    The gradient at the input alone, which the method was published with:

    >>> smooth = ig.smoothgrad(net, x, targets, path=ig.Straight(), rules=ig.Gradient(), steps=1, std=0.1, samples=2)
    """
    check_net(net)
    check_images(images, net.channels)
    check_number("std", std, "0 or more and finite", lambda sigma: 0 <= sigma < float("inf"))
    samples = as_count("samples", samples)
    if check:
        check_range("images", images, "before they get noise")
        if isinstance(path, Path):
            check_range("the baseline", path.start(net, images.detach().to(net.device, net.dtype)), "as images do")

    def explain(sample: int) -> Attributions:
        noisy = images.detach() + std * _draw("standard_normal", SMOOTHING, images, sample, seed, start)
        return attribute(net, noisy, targets, path=path, check=False, **options)

    return _mean(map(explain, range(samples)))


def expected_gradients(
    net: Classifier,
    images: Tensor,
    targets: Any,
    *,
    references: Tensor,
    rules: Rule | Part | Iterable[Rule | Part] = IG("both"),  # noqa: B008, a frozen dataclass
    steps: int = 8,
    **options: Any,
) -> Attributions:
    """The mean attribution over baselines (Expected Gradients, Erion et al. 2021), each of a straight walk.

    Its authors draw one point of each line; here every line is walked, which has the same expectation and less variance
    for each reference. Sturmfels et al. (2020) compare references from the data with those that are drawn here.

    Parameters
    ----------
    net, images, targets, rules, steps : as for `attribute`.
    references : R baselines (R, C, H, W) for all images, or (R, B, C, H, W) for each; in the images' units. The error
        falls as 1/√R.
    options : the others of `attribute`: batch_size, check, progress.

    An image costs R · (steps + 1) gradients, which `evaluations` counts. The `completeness_gap` of a whole rule is
    the map's sum − (F(x) − the mean of F(x')); all else is the mean as `smoothgrad` has it. ValueError as from
    `attribute`, and for references of another shape.

    Examples
    --------
    >>> references = ig.uniform_references(x, samples=3)
    >>> ig.expected_gradients(net, x, targets, references=references, steps=4)
    Attributions of 2 images (3, 176, 176): IG(at='both') at 4 steps; 15 evaluations an image
    """
    check_net(net)
    check_images(images, net.channels)
    shape = tuple(references.shape) if isinstance(references, Tensor) else ()
    if not shape or not shape[0] or shape[1:] not in (images.shape, images.shape[1:]):
        alike, own = (", ".join(map(str, each)) for each in (images.shape[1:], images.shape))
        given = shape if isinstance(references, Tensor) else type(references).__name__
        raise ValueError(f"references must be a tensor (R, {alike}) or (R, {own}) of R baselines, got {given}")

    def explain(reference: Tensor) -> Attributions:
        return attribute(net, images, targets, path=Straight(reference), rules=rules, steps=steps, **options)

    return _mean(map(explain, references))


def gaussian_references(images: Tensor, *, std: float, samples: int, seed: int = 0, start: int = 0) -> Tensor:
    """Baselines around images (B, C, H, W), under Gaussian noise and clipped to [0, 1]: (samples, B, C, H, W).

    `std` is σ of the noise, in the images' units, 0 or more. The Gaussian baseline of Sturmfels et al. (2020).
    """
    check_number("std", std, "0 or more and finite", lambda sigma: 0 <= sigma < float("inf"))
    images = as_tensor(images, 4, "images")
    drawn = [
        _draw("standard_normal", AROUND, images, sample, seed, start) for sample in range(as_count("samples", samples))
    ]
    return torch.stack([(images + std * noise).clamp_(0, 1) for noise in drawn])


def uniform_references(images: Tensor, *, samples: int, seed: int = 0, start: int = 0) -> Tensor:
    """Baselines of independent uniform noise in [0, 1) for images (B, C, H, W): (samples, B, C, H, W).

    The uniform baseline of Sturmfels et al. (2020). It depends on nothing of the images but their shape.
    """
    images = as_tensor(images, 4, "images")
    drawn = [_draw("random", ANYWHERE, images, sample, seed, start) for sample in range(as_count("samples", samples))]
    return torch.stack(drawn)


def _draw(kind: str, stream: int, images: Tensor, sample: int, seed: int, start: int) -> Tensor:
    """Independent numbers for every value of images, "standard_normal" or "random", by the images' own numbers."""
    generators = [np.random.default_rng((seed, stream, start + i, sample)) for i in range(len(images))]
    numbers = [getattr(each, kind)(tuple(images.shape[1:])) for each in generators]
    return torch.from_numpy(np.array(numbers).reshape(images.shape)).to(images)


def _mean(walks: Iterable[Attributions]) -> Attributions:
    """The mean of attributions, of which two are held at a time: the sums and the next."""
    walks = iter(walks)
    first = next(walks)
    names = ("maps", "scores", "alphas", "completeness_gap", "alpha_star")
    sums: dict[str, dict[Any, Tensor]] = {name: dict(getattr(first, name)) for name in names}
    count, evaluations, broken = 1, first.evaluations, first.broken
    for each in walks:
        for name, values in sums.items():
            for key, value in getattr(each, name).items():
                values[key] += value
        count, evaluations = count + 1, evaluations + each.evaluations
        broken = torch.where(broken.isnan(), each.broken, broken)
        del each  # before the next is walked
    means: dict[str, Any] = {name: {key: value / count for key, value in of.items()} for name, of in sums.items()}
    return replace(first, **means, broken=broken, evaluations=evaluations)
