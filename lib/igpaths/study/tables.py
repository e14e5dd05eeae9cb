"""Tables of a study: networks down, methods across, each cell an average over images with its interval.

The paper's values stand above ours where it has that network, and n in every row. A value is marked as the best only
where the interval of its difference to every other value of the row does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd
from pandas.io.formats.style import Styler

from igpaths.study.quality import AVERAGES
from igpaths.study.statistics import Estimate, bootstrap

NOTHING = "No published study holds this yet."


@dataclass(frozen=True)
class Cells:
    """The averages of one network: by method, and the methods that nothing else of the row is surely better than.

    Attributes
    ----------
    network : its short name.
    n : images that count for every method.
    estimates : by method.
    best : the one method whose difference to each other method has an interval on the better side; or none.
    """

    network: str
    n: int
    estimates: dict[str, Estimate]
    best: str


def averages(
    rows: pd.DataFrame,
    *,
    protocol: str,
    metric: str,
    variant: str,
    sign: str,
    methods: Sequence[str],
    steps: int | str = "finest",
    better: str = "higher",
) -> list[Cells]:
    """One metric of several methods, network by network, over the images that count for all of them.

    Parameters
    ----------
    rows : of the store, or published.
    protocol, metric, variant, sign : of the rows; methods without negative values have the sign "none".
    methods : in the order of the columns; those without rows are left out.
    steps : a step count, or "finest"; controls have none.
    better : "higher", "lower" or "neither".
    """
    chosen = rows[
        (rows["protocol"] == protocol)
        & (rows["metric"] == metric)
        & (rows["variant"] == variant)
        & rows["sign"].isin([sign, "none", ""])
        & rows["method"].isin(methods)
    ]
    if chosen.empty:
        return []
    wanted = chosen["steps"].max() if steps == "finest" else steps
    chosen = chosen[chosen["steps"].isin([0, wanted])]
    return [_cells(str(name), own, metric, methods, better) for name, own in chosen.groupby("network", sort=False)]


def _cells(network: str, rows: pd.DataFrame, metric: str, methods: Sequence[str], better: str) -> Cells:
    out = rows.loc[rows["left_out"] != "", "image"]
    table = rows[~rows["image"].isin(out)].pivot(index=["photograph", "image"], columns="method", values="value")
    table = table[[method for method in methods if method in table]].dropna()
    if table.empty:
        return Cells(network, 0, {}, "")
    photographs = tuple(map(str, table.index.get_level_values(0)))
    estimate = partial(bootstrap, statistic=AVERAGES.get(metric, "mean"), clusters=photographs)
    estimates = {str(method): estimate(table[method]) for method in table}
    side = {"higher": 1, "lower": -1, "neither": 0}[better]
    first = max(estimates, key=lambda method: side * estimates[method].value)
    surely = side and all(estimate(side * (table[first] - table[other])).low > 0 for other in table if other != first)
    return Cells(network, len(table), estimates, first if surely and len(estimates) > 1 else "")


def shown(
    cells: Sequence[Cells],
    *,
    caption: str,
    paper: Mapping[str, Mapping[str, float]] | None = None,
    digits: int = 3,
) -> Styler:
    """The table for a page; `paper` has the published values by network and method, in rows of their own above ours.

    A network of the paper that we did not measure is there too, and one of ours that the paper does not have.
    """
    lines, bold = [], []
    measured = {each.network: each for each in cells}
    for network in dict.fromkeys([*(paper or {}), *measured]):
        if paper and network in paper:
            values = {method: f"{value:.{digits}f}" for method, value in paper[network].items()}
            lines.append({"network": network, "by": "paper", "n": "–"} | values)
            bold.append("")
        if network in measured:
            each = measured[network]
            values = {
                method: f"{e.value:.{digits}f} [{e.low:.{digits}f}, {e.high:.{digits}f}]"
                for method, e in each.estimates.items()
            }
            lines.append({"network": network, "by": "ours", "n": str(each.n)} | values)
            bold.append(each.best)
    table = pd.DataFrame(lines).fillna("–")
    if not paper:
        table = table.drop(columns="by", errors="ignore")
    marks = pd.DataFrame("", index=table.index, columns=table.columns)
    for line, method in zip(table.index, bold, strict=True):
        if method:
            marks.loc[line, method] = "font-weight: bold"
    caption = caption if measured else f"{caption} {NOTHING}"
    return table.style.apply(lambda _: marks, axis=None).hide(axis="index").set_caption(caption)
