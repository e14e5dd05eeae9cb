"""Every path, rule and metric gives the numbers of commit 4eeb9ed, in float64, to 1e-12 of their scale.

The numbers are in ``data/reference.npz``, for the networks and images of ``tests/references.py``. That commit wrote
them, from this repository's root:

    git worktree add ../before 4eeb9ed
    PYTHONPATH=../before/lib:tests .venv/bin/python tests/igpaths/data/record.py

Of a map there are Σ|A| and four of its projections, since a difference anywhere moves them; of two rules along every
path the maps are there value by value. What Study A's own path and rules give is compared in
``tests/igstudy/measures/test_reference_maps.py``.
"""

import pytest

from igpaths import metrics
from references import PATHS, RULES, SIZE, STEPS, VALUES, codec, compare, recorded, recorded_codec, seeds_values, walks


@pytest.mark.parametrize("name", PATHS)
def test_a_path_with_every_rule(name):
    compare(walks(PATHS[name], RULES, STEPS), recorded(f"paths/{name}"))


@pytest.mark.parametrize("kind", [kind for kind in VALUES if kind != "png"])
def test_values(kind):
    compare(VALUES[kind](), recorded(kind))


def test_the_information_curve_of_png():
    if codec() != recorded_codec():
        pytest.skip(f"the curve was recorded with {recorded_codec()}, here is {codec()}")
    compare(VALUES["png"](), recorded("png"))


def test_the_information_curve_on_a_canvas_of_seeds():
    compare(seeds_values(metrics.Seeds(metrics.seed_masks(2, SIZE, share=0.1))), recorded("seeds"))
