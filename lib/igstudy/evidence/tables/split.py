"""Split IG read: tables of the norm ratios, α* and cosines of Left, Right and the whole (Study B, Tables 1–3)."""

import pandas as pd

from igstudy.evidence.papers import FAMILIES
from igstudy.evidence.statistics import bootstrap

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
    chosen = chosen.astype(dict.fromkeys([key for key in keys if key != "psi"], str))  # published names are categories
    wide = chosen.pivot(index=keys, columns="metric", values="value").rename_axis(columns=None)
    order = chosen[keys].drop_duplicates()  # as measured, not as sorted
    return wide.reindex(columns=list(QUANTITIES)).loc[pd.MultiIndex.from_frame(order)].reset_index()


def split_table(rows: pd.DataFrame, quantity: str, *, published: pd.DataFrame | None = None) -> pd.DataFrame:
    """One quantity of `split_rows` by network, protocol and ψ, with intervals, and the paper's values above ours.

    The paper's networks that have none of ours of their family beside them come first.

    Parameters
    ----------
    rows : of `split_rows`, of one rule.
    quantity : one of `QUANTITIES`.
    published : the paper's rows of this quantity (model, psi, value), or none.

    Returns
    -------
    DataFrame indexed by network and source, with the number of images n and a column of text for each ψ.
    """
    paper = (
        {} if published is None else {str(model): values for model, values in published.groupby("model", sort=False)}
    )
    alone = [model for model in paper if not set(rows["network"]) & set(FAMILIES[model])]
    lines = [_line(model, "paper", paper[model]) for model in alone]
    for network, ours in rows.groupby("network", sort=False):
        beside = [model for model in paper if network in FAMILIES[model]]
        lines += [_line(str(network), f"paper, {model}", paper[model]) for model in beside]
        for protocol, measured in ours[ours["left_out"] == ""].groupby("protocol", sort=False):
            for statistic in ("mean",) if protocol == "study-b" else ("mean", "median"):
                line = {"network": str(network), "source": f"{protocol}, {statistic}"}
                for psi, part in measured.groupby("psi"):
                    estimate = bootstrap(part[quantity], statistic=statistic, clusters=list(part["photograph"]))
                    line |= {"n": str(estimate.n), f"ψ = {psi:g}": str(estimate)}
                lines.append(line)
    columns = dict.fromkeys(name for line in lines for name in line) or ("network", "source", "n")
    return pd.DataFrame(lines, columns=list(columns)).set_index(["network", "source"]).fillna("–")


def _line(network: str, source: str, values: pd.DataFrame) -> dict[str, str]:
    """A line of the paper's values."""
    cells = {f"ψ = {psi:g}": f"{value:g}" for psi, value in zip(values["psi"], values["value"], strict=True)}
    return {"network": network, "source": source, "n": PUBLISHED_IMAGES} | cells


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
