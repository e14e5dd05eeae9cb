"""Points placed where the score moves against even ones: the error of a map, at equal numbers of evaluations.

The error is the median over images of ‖A − A₁₀₂₄‖₂ / ‖A₁₀₂₄‖₂, with the path's own 1,024 even steps as the truth. A
forward pass of the pilot counts as the part of a gradient that it takes, measured in the same run.
"""

from functools import partial
from typing import Any

import igpaths as ig
from bench.subjects import subject
from bench.timing import interleaved, median
from igpaths.metrics import absolute_map, area, insertion
from igpaths.rules import Rule

TRUTH = 1024
STEPS = (8, 16, 32, 64, 128)
RULES: dict[str, Rule] = {"IG, left": ig.IG("start"), "IG, trapezoid": ig.IG("both"), "IDGI": ig.IDGI()}
PATHS: dict[str, ig.Straight | ig.Blur] = {"straight": ig.Straight(), "blur": ig.Blur()}
SUBJECTS = {
    "cpu": (("objects/resnet", 8), ("torchvision/mobilenet_v2", 4)),
    "cuda": (("torchvision/mobilenet_v2", 32), ("torchvision/resnet50", 8)),
}
BATCH = {"cpu": 16, "cuda": 128}


def run(device: str) -> list[dict[str, Any]]:
    """A row for each network, path, rule and step count, even and placed."""
    rows = []
    for name, count in SUBJECTS[device]:
        case = subject(name, count=count, device=device)
        net = case.classifier()
        explain = partial(
            ig.attribute, net, case.images, case.targets, rules=tuple(RULES.values()), batch_size=BATCH[device]
        )
        seconds = interleaved(
            {
                "forward": partial(net.scores, case.images, case.targets),
                "gradient": partial(net.gradients, case.images, case.targets),
            }
        )
        forward = median(seconds, "forward") / median(seconds, "gradient")
        for path_name, path in PATHS.items():
            fine = explain(path=path, steps=(*STEPS, TRUTH))
            walked = {("even", n): fine for n in STEPS}
            walked |= {("placed", n): explain(path=ig.Placed(path), steps=(n,)) for n in STEPS}
            for (points, n), maps in walked.items():
                pilot = ig.Placed(path).pilot * forward if points == "placed" else 0
                for rule_name, rule in RULES.items():
                    truth = fine[rule, TRUTH]
                    error = (maps[rule, n] - truth).flatten(1).norm(dim=1) / truth.flatten(1).norm(dim=1)
                    change = maps.scores[n][:, -1] - maps.scores[n][:, 0]
                    ranking = absolute_map(maps[rule, n])[:, None]
                    revealed = insertion(net, case.images, case.targets, ranking, batch_size=BATCH[device])
                    rows.append(
                        {
                            "network": case.name,
                            "weights": case.weights,
                            "images": count,
                            "path": path_name,
                            "points": points,
                            "rule": rule_name,
                            "steps": n,
                            "evaluations": n + 1 + pilot,
                            "error": float(error.median()),
                            "relative gap": float((maps.completeness_gap[rule, n] / change).abs().median()),
                            "insertion": float(area(revealed.shares, revealed.probability).mean()),
                        }
                    )
    return rows
