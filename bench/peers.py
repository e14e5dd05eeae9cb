"""The peers as their users call them: PAIR's saliency 0.2.1, and IDGI's published formula on the gradients it asks for.

PAIR takes numpy arrays (H, W, 3), normalised, and asks a function of the user's for gradients. That function is ours to
write, so it is as fast as it can be: the library's own Classifier. PAIR asks NumPy for two names that 2.4 took away;
`mended` gives them back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
import torch
from saliency.core import blur_ig, guided_ig, integrated_gradients
from saliency.core.base import INPUT_OUTPUT_GRADIENTS
from torch import Tensor

from igpaths.classifier import Classifier


@contextmanager
def mended() -> Iterator[None]:
    """NumPy as PAIR knew it."""
    quantile: Any = np.quantile

    def old(a: Any, q: Any, *, interpolation: str = "linear") -> Any:
        return quantile(a, q, method=interpolation)

    with mock.patch.object(np, "quantile", old), mock.patch.object(np, "trapz", np.trapezoid, create=True):
        yield


class Recorded:
    """PAIR's ``call_model_function`` of one target, which keeps what IDGI needs: scores and gradients, in order."""

    def __init__(self, net: Classifier, target: int) -> None:
        self.net, self.target = net, target
        self.scores: list[np.ndarray] = []
        self.gradients: list[np.ndarray] = []

    def __call__(
        self, x: np.ndarray, call_model_args: None = None, expected_keys: None = None
    ) -> dict[str, np.ndarray]:
        points = torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32)).permute(0, 3, 1, 2)
        scores, gradients = self.net.gradients(points, torch.full((len(points),), self.target))
        self.scores.append(scores.cpu().numpy())
        self.gradients.append(gradients.permute(0, 2, 3, 1).cpu().numpy())
        return {INPUT_OUTPUT_GRADIENTS: self.gradients[-1]}


def idgi(recorded: Recorded) -> np.ndarray:
    """Yang et al. 2023, Algorithm 1, on the points that a method of PAIR has asked about."""
    scores, gradients = np.concatenate(recorded.scores), np.concatenate(recorded.gradients)
    total = np.zeros_like(gradients[0])
    for j in range(len(scores) - 1):
        squared = gradients[j] * gradients[j]
        total += squared * (scores[j + 1] - scores[j]) / squared.sum()
    return total


def explain(path: str, net: Classifier, image: Tensor, target: int, *, steps: int, batch_size: int) -> list[np.ndarray]:
    """PAIR's map of one path, and IDGI's on the same gradients; Guided IG cannot be batched."""
    pixels, recorded = image.permute(1, 2, 0).numpy(), Recorded(net, target)
    if path == "straight":
        method = integrated_gradients.IntegratedGradients()
        first = method.GetMask(pixels, recorded, x_steps=steps, batch_size=batch_size)
    elif path == "blur":
        first = blur_ig.BlurIG().GetMask(pixels, recorded, steps=steps, batch_size=batch_size)
    else:
        with mended():
            first = guided_ig.GuidedIG().GetMask(
                pixels, recorded, x_baseline=np.zeros_like(pixels), x_steps=steps, max_dist=0.02, fraction=0.25
            )
    return [first, idgi(recorded)]
