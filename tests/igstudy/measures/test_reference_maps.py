"""Study A's path and rules give the numbers of commit 4eeb9ed to 1e-12; see ``tests/igpaths/test_reference_maps.py``.

Two values are mended on a walk that stops short of x, where that commit gave zeros for `Gradient`, and for
`SquaredGradients` a sum over N − 1 segments divided by N.
"""

import numpy as np
import pytest

import igpaths as ig
from igstudy.measures.study_a import Strided, Without
from references import RULES, STUDY_A_STEPS, compare, recorded, walks

STRIDED = {
    "strided, straight": Strided(ig.Straight(), points=8),
    "strided, blur": Strided(ig.Blur(6.0, increment="tangent"), points=8),
}
WITHOUT = {
    f"IDGI {at} without {segment}": Without(ig.IDGI(at), segment)
    for at in ("start", "end")
    for segment in ("first", "last")
}
GRADIENT, SQUARED = (
    slice(len(STUDY_A_STEPS) * place, len(STUDY_A_STEPS) * (place + 1))
    for place in (list(RULES).index(name) for name in ("gradient", "squared gradients"))
)


def mended(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    sketches, gaps = values["sketches"].copy(), values["gaps"].copy()
    steps = np.array(STUDY_A_STEPS).reshape(-1, 1, 1)
    sketches[:, GRADIENT] = recorded("study-a/straight")["sketches"][:, GRADIENT]
    sketches[:, SQUARED] *= steps / (steps - 1)
    gaps += (sketches - values["sketches"])[..., 1]
    return values | {"sketches": sketches, "gaps": gaps}


@pytest.mark.parametrize("name", STRIDED)
def test_the_strided_path_with_every_rule(name):
    compare(walks(STRIDED[name], RULES | WITHOUT, STUDY_A_STEPS), mended(recorded(f"study-a/{name}")))


@pytest.mark.parametrize(("name", "path"), [("straight", ig.Straight()), ("guided", ig.Guided())])
def test_idgi_without_a_segment(name, path):
    compare(walks(path, RULES | WITHOUT, STUDY_A_STEPS), recorded(f"study-a/{name}"))
