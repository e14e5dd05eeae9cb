"""What a precision costs and what it does to a map: a walk's time beside float32, and its maps beside float64's.

The correlations are of signed maps (B, 3, H, W), and of the ranks of their absolute maps; medians over images. On a CPU
"TF32" is float32.
"""

from functools import partial
from typing import Any

from torch import Tensor

import igpaths as ig
from bench.subjects import subject
from bench.timing import interleaved, ratio
from igpaths.metrics import absolute_map, cosine, spearman
from igpaths.paths import Path
from igpaths.rules import Rule

STEPS = 16
RULES: dict[str, Rule] = {"IG": ig.IG("both"), "IDGI": ig.IDGI()}
PATHS: dict[str, Path] = {"straight": ig.Straight(), "blur": ig.Blur(), "guided": ig.Guided()}
PRECISIONS = {"cpu": ("float64", "float32", "bfloat16"), "cuda": ("float64", "float32", "TF32", "bfloat16")}
SUBJECTS = {
    "cpu": (("torchvision/mobilenet_v2", 4), ("objects/resnet", 8)),
    "cuda": (("torchvision/mobilenet_v2", 64), ("torchvision/resnet50", 64), ("torchvision/vgg16", 64)),
}
BATCH = {"cpu": 16, "cuda": 64}


def correlation(a: Tensor, b: Tensor) -> Tensor:
    """Pearson's correlation (B,) of two maps of each image."""
    return cosine(*((each.double().flatten(1) - each.double().flatten(1).mean(1, keepdim=True)) for each in (a, b)))


def run(device: str) -> list[dict[str, Any]]:
    """A row for each network, path, rule and precision."""
    rows = []
    for name, count in SUBJECTS[device]:
        case = subject(name, count=count, device=device)
        for path_name, path in PATHS.items():
            walks = {
                precision: partial(
                    ig.attribute, case.classifier(precision=precision), case.images, case.targets, path=path,
                    rules=tuple(RULES.values()), steps=(STEPS,), batch_size=BATCH[device],
                )
                for precision in PRECISIONS[device]
            }  # fmt: skip
            maps = {precision: walk() for precision, walk in walks.items()}
            seconds = interleaved(walks)
            for rule_name, rule in RULES.items():
                truth = maps["float64"][rule, STEPS]
                for precision, found in maps.items():
                    each = found[rule, STEPS].to(truth)
                    ranks = spearman(*(absolute_map(one) for one in (each, truth)))
                    difference = (each - truth).flatten(1).norm(dim=1) / truth.flatten(1).norm(dim=1)
                    rows.append(
                        {
                            "network": case.name,
                            "weights": case.weights,
                            "images": count,
                            "path": path_name,
                            "rule": rule_name,
                            "precision": precision,
                            "correlation": float(correlation(each, truth).median()),
                            "rank correlation": float(ranks.median()),
                            "relative difference": float(difference.median()),
                            **ratio(seconds, of="float32", to=precision),
                        }
                    )
    return rows
