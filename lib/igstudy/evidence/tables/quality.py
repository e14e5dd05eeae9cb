"""A study's rows chosen and laid out by image: what every table of insertion, SIC, AIC and stability starts from.

A row is one number: of one image, one method, one sign of the ranking map, one metric in one variant, under one
protocol (see `measures`). Rows are averaged only where they are compared.
"""

from collections.abc import Sequence

import pandas as pd

from igstudy.engine.parameters import Parameters
from igstudy.engine.units import plan
from igstudy.evidence.statistics import Estimate, kendall

SIGNS = ("signed", "absolute")
CONTROLS = ("gradient", "Σ g²", "edges", "random")
AVERAGES = {"SIC": "median"}  # over images, in every protocol; all other metrics take the mean


def choose(rows: pd.DataFrame, *, sign: str, methods: Sequence[str] = (), **equal: str) -> pd.DataFrame:
    """The rows under one sign of some methods, or of all, whose other columns have the values of `equal`.

    What has no negative values is there once, under the sign "none" or "", and belongs to every sign.
    """
    kept = rows["sign"].isin([sign, "none", ""])
    for name, value in equal.items():
        kept &= rows[name] == value
    return rows[kept & rows["method"].isin(methods)] if methods else rows[kept]


def finest(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the finest step count of the study's paths, and of the controls that have none."""
    own = rows[~rows["path"].str.startswith("split-")]  # whose steps are their protocol's
    return own[own["steps"].isin([0, own["steps"].max()])]


def by_image(rows: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """One network's values: a line for each image that counts in all of the rows, and for `columns` what they hold."""
    out = rows.loc[rows["left_out"] != "", "image"]
    counted = rows[~rows["image"].isin(out)]
    return counted.pivot(index=["photograph", "image"], columns=list(columns), values="value")


def photographs(table: pd.DataFrame | pd.Series) -> tuple[str, ...]:
    """The photograph behind each line of a table by image, for intervals that resample photographs."""
    return tuple(map(str, table.index.get_level_values("photograph")))


def unread(study: Parameters, rows: pd.DataFrame) -> int:
    """How many of a study's images, counted for each network, have no row: photographs that cannot be read."""
    return sum(unit.count for unit in plan(study)) - len(rows[["network", "image"]].drop_duplicates())


def agreement(rows: pd.DataFrame, one: tuple[str, str, str], other: tuple[str, str, str]) -> Estimate:
    """Kendall's τ between the methods' order under two choices, each (metric, variant, sign), on the same images."""
    a, b = (
        by_image(choose(rows, metric=metric, variant=variant, sign=sign), "method")
        for metric, variant, sign in (one, other)
    )
    common = a.index.intersection(b.index)
    a, b = a.loc[common], b.loc[common, a.columns]
    ways = AVERAGES.get(one[0], "mean"), AVERAGES.get(other[0], "mean")
    return kendall(a.to_numpy(), b.to_numpy(), statistics=ways, clusters=photographs(a))
