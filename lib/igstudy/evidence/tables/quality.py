"""A study's rows chosen and laid out by image: what every table of insertion, SIC, AIC and stability starts from.

A row is one number: of one image, one method, one sign of the ranking map, one metric in one variant, under one
protocol (see `measures`). Rows are averaged only where they are compared.
"""

from collections.abc import Hashable, Iterable, Sequence

import pandas as pd

from igstudy.engine.parameters import Parameters
from igstudy.engine.units import plan
from igstudy.evidence.inference import Ways
from igstudy.evidence.statistics import Estimate, kendall

INCOMPLETE = "without all values that it takes"  # why an image is left out that has some
SIGNS = ("signed", "absolute")
CONTROLS = ("gradient", "Σ g²", "edges", "random")
SHARED = ("photograph", "material")  # that images may share
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
    return counted.pivot(index=[*SHARED, "image"], columns=list(columns), values="value")


def ways(table: pd.DataFrame | pd.Series) -> Ways:
    """The photographs that the images of a table share, from its columns or its index: what intervals cluster by."""
    levels = table.index.names
    return shared(*(table.index.get_level_values(name) if name in levels else table[name] for name in SHARED))


def shared(*labels: Iterable[Hashable]) -> Ways:
    """The sequences of labels that are not all "", as tuples; where none is left, one in which no images share any."""
    given = [tuple(each) for each in labels]
    return [each for each in given if any(each)] or [range(len(given[0]))]


def reasons(rows: pd.DataFrame, counted: Iterable[str]) -> dict[str, int]:
    """Why images of one network's rows are not among the counted ones, and how many for each reason."""
    others = rows.loc[~rows["image"].isin(list(counted)), ["image", "left_out"]].astype(str)
    first = others.sort_values("left_out", ascending=False, kind="stable").drop_duplicates("image")["left_out"]
    return {str(reason): int(n) for reason, n in first.replace("", INCOMPLETE).value_counts().items()}


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
    statistics = AVERAGES.get(one[0], "mean"), AVERAGES.get(other[0], "mean")
    return kendall(a.to_numpy(), b.to_numpy(), ways=ways(a), statistics=statistics)
