"""Split IG read: tables of the norm ratios, α* and cosines of Left, Right and the whole (Study B, Tables 1–3)."""

import pandas as pd

from igpaths.study.papers import FAMILIES
from igpaths.study.statistics import bootstrap

QUANTITIES = ("L2 ratio", "L1 ratio", "alpha*", "cosine left right", "cosine left full", "cosine right full")
PUBLISHED_IMAGES = "2500"  # Study B, §3: "averaged over 2500 samples"


def split_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of Split IG of the logit among a study's, a column for each quantity.

    Returns
    -------
    DataFrame with the columns network, image, photograph, protocol, rule, psi, `left_out` (why the image is not counted
    under this protocol, or "" where it is), and one for each of `QUANTITIES`.
    """
    chosen = rows[rows["metric"].isin(QUANTITIES) & rows["variant"].str.fullmatch(r"ψ = [\d.]+")]
    chosen = chosen.assign(psi=chosen["variant"].str.removeprefix("ψ = ").astype(float), rule=chosen["method"])
    keys = ["network", "image", "photograph", "protocol", "rule", "psi", "left_out"]
    wide = chosen.pivot(index=keys, columns="metric", values="value").rename_axis(columns=None)
    order = chosen[keys].drop_duplicates()  # as measured, not as sorted
    return wide.loc[pd.MultiIndex.from_frame(order), list(QUANTITIES)].reset_index()


def split_table(rows: pd.DataFrame, quantity: str, *, published: pd.DataFrame | None = None) -> pd.DataFrame:
    """One quantity of `split_rows` by network, protocol and ψ, with intervals, and the paper's values above ours.

    Parameters
    ----------
    rows : of `split_rows`, of one rule.
    quantity : one of `QUANTITIES`.
    published : the paper's rows of this quantity (model, psi, value), or none.

    Returns
    -------
    DataFrame indexed by network and source, with the number of images n and a column of text for each ψ.
    """
    lines = []
    for network, ours in rows.groupby("network", sort=False):
        if published is not None:
            for model, values in published.groupby("model"):
                if network in FAMILIES[str(model)]:
                    cells = {f"ψ = {row.psi:g}": f"{row.value:g}" for row in values.itertuples()}
                    lines.append({"network": str(network), "source": f"paper, {model}", "n": PUBLISHED_IMAGES} | cells)
        for protocol, measured in ours[ours["left_out"] == ""].groupby("protocol", sort=False):
            for statistic in ("mean",) if protocol == "study-b" else ("mean", "median"):
                line = {"network": str(network), "source": f"{protocol}, {statistic}"}
                for psi, part in measured.groupby("psi"):
                    estimate = bootstrap(part[quantity], statistic=statistic, clusters=list(part["photograph"]))
                    line |= {"n": str(estimate.n), f"ψ = {psi:g}": str(estimate)}
                lines.append(line)
    columns = dict.fromkeys(name for line in lines for name in line) or ("network", "source", "n")
    return pd.DataFrame(lines, columns=list(columns)).set_index(["network", "source"]).fillna("–")


def left_out(rows: pd.DataFrame) -> pd.DataFrame:
    """How many images each protocol counts, and how many it leaves out for which reason; by network."""
    once = rows[(rows["rule"] == "IG") & (rows["psi"] == rows["psi"].min())]  # the reasons are the same at every ψ
    counted = once.assign(left_out=once["left_out"].replace("", "counted"))
    return (
        counted.groupby(["network", "protocol", "left_out"], sort=False)
        .size()
        .unstack(fill_value=0)
        .rename_axis(columns="")
    )
