"""Rows of a study whose numbers are planted, to see that what is said of them follows."""

import numpy as np
import pandas as pd

from igstudy.evidence.kinds import IMAGENET, ONES
from igstudy.evidence.tables.choosing import CONTROLS, QUESTIONS

INSERTION = next(question for question in QUESTIONS if question.metric == "insertion")

# Of a row as a study's table has it, where its path and class do not matter
NAMES = [
    *("protocol", "network", "image", "photograph", "material", "method", "steps"),
    *("sign", "metric", "variant", "value", "left_out"),
]


def planted(means, *, question=INSERTION, networks=ONES[IMAGENET][:5], images=6, spread=0.01, seed=0):
    """Rows of a study in which a map, (method, σ), has this mean on every network, but for a little noise."""
    rng, lines = np.random.default_rng(seed), []
    for network in networks:
        for i in range(images):
            for (method, sigma), mean in means.items():
                lines.append({
                    "protocol": "igpaths", "network": network, "image": f"{i}", "photograph": f"{i}", "material": "",
                    "path": "controls" if method in CONTROLS else "straight", "method": method,
                    "steps": 0 if method in CONTROLS else 64,
                    "sign": "none" if method in CONTROLS else "absolute", "metric": question.metric,
                    "variant": question.variant + (f", σ = {sigma:g} px" if sigma else ""),
                    "value": mean + spread * rng.standard_normal(), "left_out": "",
                })  # fmt: skip
    return pd.DataFrame(lines)
