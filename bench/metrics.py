"""Insertion, deletion and max-sensitivity: against bare forward passes, Captum 0.9 and Quantus 0.6.

Every peer is asked for the very same thing, of the network as it was written, whose batch norms are not folded; how far
its figures are from ours is in the table. Quantus's PixelFlipping ablates a third of a pixel's colours at a time, so
that every third of its figures is one of ours. The noise is drawn once, for Captum and for us. Quantus imports OpenCV,
which needs libGL (Debian: apt install libgl1).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import quantus
import torch
from captum.attr import IntegratedGradients
from captum.metrics import sensitivity_max
from torch import Tensor, nn

import igpaths as ig
from bench.subjects import Subject, subject
from bench.timing import interleaved, median, ratio
from igpaths import metrics

BATCH = {"cpu": 16, "cuda": 128}
PARTS = 48
MAPS = 6
STEPS = {"captum": 128, "sensitivity": 8}
SAMPLES = 10


class Logits(nn.Module):
    """A Classifier as the module that peers ask for."""

    def __init__(self, net: ig.Classifier) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: Tensor) -> Tensor:
        return self.net.logits(images)


def run(device: str) -> list[dict[str, Any]]:
    """A row for each task and peer."""
    case = subject("torchvision/mobilenet_v2", count=4, device=device)
    net, rows = case.classifier(), []
    for task in (integrated, sensitivity, insertion, deletion):
        peer, contest = task(case, net, BATCH[device])
        seconds = interleaved(contest)
        ours, theirs = (contest[name]() for name in ("igpaths", peer))
        row = {
            "task": (task.__doc__ or "").rstrip("."),
            "peer": peer,
            "network": case.name,
            "weights": case.weights,
            "seconds": median(seconds, "igpaths"),
            "peer's seconds": median(seconds, peer),
            **ratio(seconds, of=peer, to="igpaths"),
        }
        if theirs is not None:
            row["largest difference"] = float(abs(ours - theirs).max() / abs(theirs).max())
        rows.append(row)
    return rows


Contest = tuple[str, dict[str, Callable[[], Any]]]  # the peer's name, and the work of both


def integrated(case: Subject, net: ig.Classifier, batch: int) -> Contest:
    """IG, 128 steps."""
    images, targets, n = case.images.to(net.device), case.targets, STEPS["captum"]
    written = case.classifier(fold=False)
    peer = IntegratedGradients(lambda x, t: written.logits(x).softmax(1).gather(1, t.view(-1, 1))[:, 0])

    def ours() -> np.ndarray:
        maps = ig.attribute(net, images, targets, path=ig.Straight(), rules=(ig.IG(),), steps=(n,), batch_size=batch)
        return maps[ig.IG(), n].cpu().numpy()

    def captum() -> np.ndarray:
        found = peer.attribute(
            images, additional_forward_args=targets.to(net.device), n_steps=n, method="riemann_left",
            internal_batch_size=batch,
        )  # fmt: skip
        return found.detach().cpu().numpy()

    return "Captum's IntegratedGradients", {"igpaths": ours, "Captum's IntegratedGradients": captum}


def sensitivity(case: Subject, net: ig.Classifier, batch: int) -> Contest:
    """Max-sensitivity, IG, 8 steps, 10 samples."""
    images, targets, n = case.images.to(net.device), case.targets, STEPS["sensitivity"]
    versions, written = list(metrics.uniform_noise(net, images, samples=SAMPLES)), case.classifier(fold=False)
    peer = IntegratedGradients(lambda x, t: written.logits(x).softmax(1).gather(1, t.view(-1, 1))[:, 0])

    def explain(x: Tensor) -> Tensor:
        maps = ig.attribute(net, x, targets, path=ig.Straight(), rules=ig.IG(), steps=n, batch_size=batch, check=False)
        return maps[ig.IG()].unsqueeze(1)

    def theirs(x: Tensor | tuple[Tensor]) -> tuple[Tensor]:
        x = x if isinstance(x, Tensor) else x[0]
        each = targets.to(net.device).repeat_interleave(len(x) // len(images))
        found = peer.attribute(
            x, additional_forward_args=each, n_steps=n, method="riemann_left", internal_batch_size=batch
        )
        return (found.detach(),)

    def ours() -> np.ndarray:
        return metrics.max_sensitivity(explain, images, versions)[:, 0].cpu().numpy()

    def captum() -> np.ndarray:
        noise = torch.stack(versions, dim=1).flatten(0, 1)
        return sensitivity_max(theirs, images, lambda x: noise, n_perturb_samples=SAMPLES).cpu().numpy()

    return "Captum's sensitivity_max", {"igpaths": ours, "Captum's sensitivity_max": captum}


def ranked(case: Subject, net: ig.Classifier) -> Tensor:
    """Six absolute maps (B, 6, H, W)."""
    rules = (ig.IG(), ig.IDGI(), *(part(ig.IG(), psi) for psi in (0.5, 0.9) for part in (ig.Left, ig.Right)))
    maps = ig.attribute(net, case.images, case.targets, path=ig.Straight(), rules=rules, steps=8)
    return maps.ranking("absolute")


def insertion(case: Subject, net: ig.Classifier, batch: int) -> Contest:
    """Insertion, 6 maps, 20 shares."""
    images, targets, maps = case.images.to(net.device), case.targets, ranked(case, net)
    shares, written = [i / 20 for i in range(21)], case.classifier(fold=False)
    asked = len(images) * (MAPS * (len(shares) - 2) + 2)  # no pixel and all of them are asked once for all maps

    def ours() -> np.ndarray:
        return metrics.insertion(net, images, targets, maps, shares=shares, batch_size=batch).probability.numpy()

    def bare() -> None:
        x, t = images.repeat(-(-batch // len(images)), 1, 1, 1)[:batch], targets.repeat(-(-batch // len(images)))
        for start in range(0, asked, batch):
            size = min(batch, asked - start)
            written.scores(x[:size], t[:size])

    return "as many bare forward passes", {"igpaths": ours, "as many bare forward passes": bare}


def deletion(case: Subject, net: ig.Classifier, batch: int) -> Contest:
    """Deletion, 6 maps, 48 shares."""
    images, targets, maps = case.images.to(net.device), case.targets, ranked(case, net)
    shares = [i / PARTS for i in range(1, PARTS + 1)]
    pixels = maps[0, 0].numel()
    pixel_flipping = quantus.PixelFlipping(
        features_in_step=3 * pixels // PARTS, perturb_baseline=0.0, normalise=False, disable_warnings=True
    )

    def ours() -> np.ndarray:
        return (
            metrics.deletion(net, images, targets, maps, shares=shares, batch_size=batch).probability[..., 2::3].numpy()
        )

    def theirs() -> np.ndarray:
        curves = [
            pixel_flipping(
                model=Logits(case.classifier(fold=False)).eval(), x_batch=images.cpu().numpy(), y_batch=targets.numpy(),
                a_batch=maps[:, i : i + 1].cpu().numpy(), softmax=True, device=str(net.device), batch_size=batch,
            )
            for i in range(MAPS)
        ]  # fmt: skip
        return np.stack(curves, axis=1)[..., 2::3]

    return "Quantus's PixelFlipping", {"igpaths": ours, "Quantus's PixelFlipping": theirs}
