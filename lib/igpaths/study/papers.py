"""The tables of both papers as data, for standing beside ours.

``papers/study-a.csv``: Singhi and Kumari (IDGI), Tables 1–17; ``papers/study-b.csv``: Miglani et al. (Split IG),
Tables 1–5. Values are the published ones, to the published digits.
"""

from pathlib import Path

import pandas as pd

STUDIES = ("study-a", "study-b")

# Beside each network that Study B measured stand torchvision's of that name and ours of that family.
FAMILIES = {
    "Inception-v3": ("inception_v3", "inception"),
    "ResNet-50": ("resnet50", "resnet"),
    "VGG-19": ("vgg19", "vgg"),
}


def table(study: str, number: int) -> pd.DataFrame:
    """One published table, a row a value.

    Parameters
    ----------
    study : "study-a" (columns metric, model, method, steps, value) or "study-b" (quantity, model, psi, value).
    number : the table's number in the paper.

    Raises
    ------
    ValueError
        For a study or table that there is not.
    """
    if study not in STUDIES:
        raise ValueError(f"study is {study!r}; it must be one of {', '.join(STUDIES)}")
    rows = pd.read_csv(Path(__file__).parent / "papers" / f"{study}.csv")
    chosen = rows[rows["table"] == number].drop(columns="table").reset_index(drop=True)
    if chosen.empty:
        raise ValueError(f"{study} has no table {number}; it has {sorted(int(n) for n in rows['table'].unique())}")
    return chosen
