"""SIC and AIC: the codec beside the network, and the `pair` protocol against PAIR's own metric."""

from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import mock

import numpy as np
import torch
from saliency.metrics import pic
from torch import Tensor

import igpaths as ig
from bench.peers import mended
from bench.subjects import subject
from bench.timing import interleaved, median, ratio
from igpaths import metrics
from igpaths.metrics import beside, estimators
from igstudy.measures.protocols import PAIR, STUDY_A

STEPS = 16


def maps_of(net: ig.Classifier, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Six absolute maps (1, 6, H, W) of an image: three paths, IG and IDGI."""
    walked = [
        ig.attribute(net, images, targets, path=path, rules=(ig.IG(), ig.IDGI()), steps=STEPS)
        for path in (ig.Straight(), ig.Blur(), ig.Guided())
    ]
    return torch.cat([one.ranking("absolute") for one in walked], dim=1)


def overlap(device: str, threads: int) -> dict[str, Any]:
    """SIC and AIC of study-a with PNG bytes: the codec beside the network, after it, and each of the two alone.

    On a CPU the codec runs beside the network where torch's threads leave cores to it.
    """
    case = subject("torchvision/mobilenet_v2", count=1, device=device)
    net, chosen = case.classifier(), STUDY_A.information
    assert chosen is not None
    batch = 16 if device == "cpu" else 128
    images, targets, shares = case.images.to(net.device), case.targets, chosen.shares
    maps, canvas = maps_of(net, images, targets), ig.gaussian.blur(images, 17.5)
    revealed: list[Tensor] = []

    def read(estimator: str | None) -> None:
        options: dict[str, Any] = {"canvas": canvas, "shares": shares, "batch_size": batch}
        if not estimator:
            metrics.insertion(net, images, targets, maps, **options)
            return
        responses = metrics.information(net, images, targets, maps, estimators=estimator, **options)
        for score in ("probability", "correct"):
            metrics.information_curves(responses, estimator=estimator, score=score)

    def after() -> None:
        with mock.patch.object(beside, "CODECS", ()):
            read("png")

    def keep(seen: Tensor, _: Tensor) -> Tensor:
        revealed.append(seen)
        return seen[:, 0, 0, 0]

    with mock.patch.dict(estimators.ESTIMATORS, png=keep):
        read("png")
    contest: dict[str, Callable[[], Any]] = {
        "beside": partial(read, "png"),
        "after": after,
        "network": partial(read, None),
        "codec": lambda: [estimators.png_bytes(seen, seen) for seen in revealed],
    }
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    seconds = interleaved(contest)
    torch.set_num_threads(before)
    longer = max(("network", "codec"), key=partial(median, seconds))
    parts = {f"{name} seconds": median(seconds, name) for name in contest}
    of_longer = ratio(seconds, of="beside", to=longer)
    task = {"task": "study-a, 6 maps, PNG", "threads": threads, "weights": case.weights, "longer": longer}
    return task | parts | of_longer


def pair(device: str) -> list[dict[str, Any]]:
    """SIC and AIC of two maps of an image under `pair` against PAIR's metric, and how far their areas differ."""
    case = subject("torchvision/mobilenet_v2", count=1, device=device)
    net, chosen = case.classifier(), PAIR.information
    assert chosen is not None
    images, targets = case.images, case.targets
    maps = maps_of(net, images, targets)[:, :2]
    seeds = metrics.seed_masks(1, images.shape[2:])
    target, found = int(targets[0]), {}

    def ours() -> None:
        responses = metrics.information(
            net, images, targets, maps, canvas=metrics.Seeds(seeds), shares=chosen.shares, estimators=("webp",)
        )
        for score in ("probability", "correct"):
            x, y = metrics.information_curves(responses, estimator="webp", score=score, points=chosen.points)
            found["igpaths", score] = metrics.area(x, y)[0].tolist()

    def predict(score: str, x: np.ndarray) -> np.ndarray:
        logits = net.logits(torch.from_numpy(x).permute(0, 3, 1, 2) / 255).detach()
        said = logits.softmax(1)[:, target] if score == "probability" else (logits.argmax(1) == target).float()
        return said.cpu().numpy()

    def theirs() -> None:
        pixels = (images[0] * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
        with mended():
            for score in ("probability", "correct"):
                found["PAIR", score] = []
                for one in maps[0]:
                    try:
                        metric = pic.compute_pic_metric(
                            pixels, one.cpu().numpy(), seeds[0].numpy(), partial(predict, score),
                            chosen.shares, min_pred_value=0, num_data_points=chosen.points,
                        )  # fmt: skip
                        found["PAIR", score].append(metric.auc)
                    except pic.ComputePicMetricError:
                        found["PAIR", score].append(float("nan"))

    seconds = interleaved({"igpaths": ours, "PAIR": theirs})
    differences = [
        abs(a - b)
        for score in ("probability", "correct")
        for a, b in zip(found["igpaths", score], found["PAIR", score], strict=True)
    ]
    return [
        {
            "task": "pair, 2 maps",
            "weights": case.weights,
            "seconds": median(seconds, "igpaths"),
            "PAIR's seconds": median(seconds, "PAIR"),
            "largest difference of an area": float(np.nanmax(differences)),
            **ratio(seconds, of="PAIR", to="igpaths"),
        }
    ]


def run(device: str) -> list[dict[str, Any]]:
    """Both."""
    return [*(overlap(device, threads) for threads in sorted({1, torch.get_num_threads()})), *pair(device)]
