"""Records ``reference.npz``: the numbers that commit 4eeb9ed computes of everything in ``tests/references.py``.

It is run on that commit, and imports what was there: `Strided` in the library, IDGI's option `without`. From this
repository's root:

    git worktree add ../before 4eeb9ed
    PYTHONPATH=../before/lib:tests .venv/bin/python tests/igpaths/data/record.py
"""

import numpy as np

import igpaths as ig
from igpaths import metrics
from references import FILE, PATHS, RULES, SIZE, STEPS, STUDY_A_STEPS, VALUES, codec, photographs, seeds_values, walks

STUDY_A = {
    "strided, straight": ig.Strided(ig.Straight(), points=8),
    "strided, blur": ig.Strided(ig.Blur(6.0, increment="tangent"), points=8),
    "straight": ig.Straight(),
    "guided": ig.Guided(),
}
WITHOUT = {
    f"IDGI {at} without {segment}": ig.IDGI(at, without=segment)
    for at in ("start", "end")
    for segment in ("first", "last")
}


def main() -> None:
    arrays = {"codec": np.array(codec())}
    for name, path in PATHS.items():
        arrays |= {f"paths/{name}/{key}": values for key, values in walks(path, RULES, STEPS).items()}
    for name, path in STUDY_A.items():
        arrays |= {f"study-a/{name}/{key}": v for key, v in walks(path, RULES | WITHOUT, STUDY_A_STEPS).items()}
    for kind, values in VALUES.items():
        arrays |= {f"{kind}/{name}": value for name, value in values().items()}
    seeds = metrics.Seeds(photographs(), metrics.seed_masks(2, SIZE, share=0.1))
    arrays |= {f"seeds/{name}": value for name, value in seeds_values(seeds).items()}
    np.savez_compressed(FILE, **arrays)


if __name__ == "__main__":
    main()
