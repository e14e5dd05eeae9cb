"""Tables of a study: networks down, methods across, each cell an average over images with its interval.

The paper's values stand above ours where it has that network, and n in every row. A value is marked as the best only
where the interval of its difference to every other value of the row does.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd
from pandas.io.formats.style import Styler

from igpaths.study.papers import alike
from igpaths.study.quality import AVERAGES
from igpaths.study.statistics import Estimate, bootstrap


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
            values = {method: _text(e, digits) for method, e in each.estimates.items()}
            lines.append({"network": network, "by": "ours", "n": str(each.n)} | values)
            bold.append(each.best)
    table = pd.DataFrame(lines).fillna("–")
    if not paper:
        table = table.drop(columns="by", errors="ignore")
    marked = [(line, method) for line, method in zip(table.index, bold, strict=True) if method]
    return _styled(table, marked, caption).hide(axis="index")


def beside(
    columns: Mapping[str, Sequence[Cells]],
    *,
    caption: str,
    paper: Mapping[str, Mapping[str, float]] | None = None,
    digits: int = 3,
) -> Styler:
    """The same averages with networks and methods down, and a column for each choice that `columns` names.

    The paper's column has its values of the networks that ours stand beside; those that none of ours stands beside come
    last. Every network's first line is n.
    """
    paper, bold, table = paper or {}, [], dict[tuple[str, str], dict[str, str]]()
    measured = dict.fromkeys(each.network for cells in columns.values() for each in cells)
    theirs = {network: [name for name in alike(network) if name in paper] for network in measured}
    theirs |= {name: [name] for name in paper if not any(name in names for names in theirs.values())}
    for network, names in theirs.items():
        head = f"{network} ({', '.join(names)})" if names and network in measured else network
        lines: dict[str, dict[str, str]] = {"n": {}}
        for column, cells in columns.items():
            for each in cells:
                if each.network == network:
                    lines["n"][column] = str(each.n)
                    for method, estimate in each.estimates.items():
                        lines.setdefault(method, {})[column] = _text(estimate, digits)
                    bold.append(((head, each.best), column))
        for name in names:
            for method, value in paper[name].items():
                before = lines.setdefault(method, {}).get("paper")
                lines[method]["paper"] = (f"{before}, " if before else "") + f"{value:.{digits}f}"
        table |= {(head, method): line for method, line in lines.items()}
    order = [*(["paper"] if paper else []), *columns]
    text = [[line.get(column, "–") for column in order] for line in table.values()]
    index = pd.MultiIndex.from_tuples(table, names=["network", "method"])
    return _styled(pd.DataFrame(text, index=index, columns=order), bold, caption)


def grid(found: pd.Series, *, caption: str, digits: int = 3) -> Styler:
    """Estimates by two levels or more, the first down, the others across; bold where the interval excludes 0.

    Parameters
    ----------
    found : of `Estimate`s, its index a MultiIndex.
    """
    columns = list(range(1, found.index.nlevels))
    text = found.map(lambda each: _text(each, digits)).unstack(columns, sort=False).fillna("–")
    sure = found.map(lambda each: each.low > 0 or each.high < 0)
    bold = [(names[0], names[1:] if len(names) > 2 else names[1]) for names in found.index[sure.astype(bool)]]
    return _styled(text, bold, caption)


def _text(estimate: Estimate, digits: int) -> str:
    return f"{estimate.value:.{digits}f} [{estimate.low:.{digits}f}, {estimate.high:.{digits}f}]"


def _styled(table: pd.DataFrame, bold: Iterable[tuple[Hashable, Hashable]], caption: str) -> Styler:
    """The table with its caption, these (row, column) cells in bold."""
    marks = pd.DataFrame("", index=table.index, columns=table.columns)
    for row, column in bold:
        if row in table.index:
            marks.loc[row, column] = "font-weight: bold"
    return table.style.apply(lambda _: marks, axis=None).set_caption(caption)
