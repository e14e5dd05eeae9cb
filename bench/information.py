"""SIC and AIC: where their time goes, and the `pair` protocol against PAIR's own metric."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest import mock

import numpy as np
import torch
from saliency.metrics import pic

import igpaths as ig
from bench.peers import mended
from bench.subjects import subject
from bench.timing import interleaved, median, ratio
from igpaths import metrics
from igpaths.metrics import estimators
from igstudy.measures.protocols import PAIR, STUDY_A

STEPS = 16


def maps_of(net: ig.Classifier, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Six absolute maps (1, 6, H, W) of an image: three paths, IG and IDGI."""
    walked = [
        ig.attribute(net, images, targets, path=path, rules=(ig.IG(), ig.IDGI()), steps=STEPS)
        for path in (ig.Straight(), ig.Blur(), ig.Guided())
    ]
    return torch.cat([one.ranking("absolute") for one in walked], dim=1)


@contextmanager
def clocked(spent: Counter[str], **calls: tuple[object, str]) -> Iterator[None]:
    """Within it, the seconds of some calls are added up under a name."""

    def clock(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def clocked_call(*args: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return call(*args, **options)
            finally:
                spent[name] += time.perf_counter() - began  # type: ignore[assignment]

        return clocked_call

    patches = [
        mock.patch.object(owner, attribute, clock(name, getattr(owner, attribute)))
        for name, (owner, attribute) in calls.items()
    ]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()


def shares(device: str) -> list[dict[str, Any]]:
    """What part of SIC + AIC under study-a (PNG bytes and MS-SSIM) the network and the codec take."""
    case = subject("torchvision/mobilenet_v2", count=1, device=device)
    net, chosen = case.classifier(), STUDY_A.information
    assert chosen is not None
    maps = maps_of(net, case.images, case.targets)
    canvas = ig.gaussian.blur(case.images, 17.5)
    rows = []
    for _ in range(6):
        spent: Counter[str] = Counter()
        began = time.perf_counter()
        with clocked(spent, network=(net, "logits"), codec=(estimators, "_encode")):
            responses = metrics.information(
                net, case.images, case.targets, maps, canvas=canvas, shares=chosen.shares,
                estimators=("png", "ms-ssim"), batch_size=16 if device == "cpu" else 128,
            )  # fmt: skip
            for estimator in ("png", "ms-ssim"):
                for score in ("probability", "correct"):
                    metrics.information_curves(responses, estimator=estimator, score=score)
        whole = time.perf_counter() - began
        rows.append({"network": spent["network"] / whole, "codec": spent["codec"] / whole, "seconds": whole})
    middle = {key: float(np.median([row[key] for row in rows[1:]])) for key in rows[0]}
    return [{"task": "study-a, 6 maps", "weights": case.weights, "rounds": len(rows) - 1, **middle}]


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
    return [*shares(device), *pair(device)]
