"""The quality of maps compared: what is read from a study's rows of insertion, SIC, AIC and stability.

A row is one number: of one image, one method, one sign of the ranking map, one metric in one variant, under one
protocol (see `measures`). Rows are averaged only where they are compared.
"""

import numpy as np
import pandas as pd

from igstudy.engine.parameters import Parameters
from igstudy.engine.units import plan
from igstudy.evidence.statistics import Estimate, bootstrap, kendall

SIGNS = ("signed", "absolute")
CONTROLS = ("gradient", "Σ g²", "edges", "random")
UNSIGNED = ("Σ g²", "edges", "random")
AVERAGES = {"SIC": "median"}  # over images, in every protocol; all other metrics take the mean


def finest(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the finest step count of the study's paths, and of the controls that have none."""
    own = rows[~rows["path"].str.startswith("split-")]  # whose steps are their protocol's
    return own[own["steps"].isin([0, own["steps"].max()])]


def unread(study: Parameters, rows: pd.DataFrame) -> int:
    """How many of a study's images, counted for each network, have no row: photographs that cannot be read."""
    return sum(unit.count for unit in plan(study)) - len(rows[["network", "image"]].drop_duplicates())


def by_image(rows: pd.DataFrame, metric: str, variant: str, sign: str) -> pd.DataFrame:
    """One metric under one sign, an image a row and a method a column, controls last; of images that count for all."""
    chosen = rows[(rows["metric"] == metric) & (rows["variant"] == variant) & rows["sign"].isin([sign, "none"])]
    counted = chosen[~chosen["image"].isin(chosen.loc[chosen["left_out"] != "", "image"])]
    table = counted.pivot(index=["photograph", "image"], columns="method", values="value")
    return table[sorted(dict.fromkeys(chosen["method"]), key=lambda method: method in CONTROLS)]


def averages(rows: pd.DataFrame, metric: str, variant: str, sign: str) -> dict[str, Estimate]:
    """The average over images of one metric under one sign, by method: the median of SIC, else the mean."""
    table = by_image(rows, metric, variant, sign)
    photographs = [str(photograph) for photograph, _ in table.index]
    columns = {str(method): table[method].to_numpy() for method in table.columns}
    return {
        method: bootstrap(values, statistic=AVERAGES.get(metric, "mean"), clusters=photographs)
        for method, values in columns.items()
    }


def stability_figure(rows: pd.DataFrame, normalisation: str) -> pd.Series:
    """−log₁₀ of the mean squared error over pixels and counted images, by method: Study A's Table 5, higher is better.

    Infinite for a map that compression does not move at all.
    """
    with np.errstate(divide="ignore"):
        return -np.log10(by_image(rows, f"JPEG {normalisation}", "", "signed").mean())


def agreement(rows: pd.DataFrame, one: tuple[str, str, str], other: tuple[str, str, str]) -> Estimate:
    """Kendall's τ between the methods' order under two choices, each (metric, variant, sign), on the same images."""
    a, b = by_image(rows, *one), by_image(rows, *other)
    common = a.index.intersection(b.index)
    photographs = [str(photograph) for photograph, _ in common]
    ways = AVERAGES.get(one[0], "mean"), AVERAGES.get(other[0], "mean")
    return kendall(a.loc[common].to_numpy(), b.loc[common, a.columns].to_numpy(), statistics=ways, clusters=photographs)
