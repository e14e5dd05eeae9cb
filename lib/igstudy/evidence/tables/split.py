"""Split IG read: tables of the norm ratios, α* and cosines of Left, Right and the whole (Study B, Tables 1–3)."""

import math
from collections.abc import Mapping

import pandas as pd
from pandas.io.formats.style import Styler

from igstudy.evidence.inference import clustered
from igstudy.evidence.papers import QUANTITIES, by_network, table
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables.beside import Cells, shown
from igstudy.evidence.tables.quality import SHARED, ways


def split_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of Split IG of the logit: network, image, its photographs, protocol, rule, psi, quantities.

    `left_out` says why the image is not counted under this protocol; it is "" where it is.
    """
    chosen = rows[rows["metric"].isin(QUANTITIES) & rows["variant"].str.fullmatch(r"ψ = [\d.]+")]
    chosen = chosen.assign(psi=chosen["variant"].str.removeprefix("ψ = ").astype(float), rule=chosen["method"])
    keys = ["network", "image", *SHARED, "protocol", "rule", "psi", "left_out"]
    chosen = chosen.astype(dict.fromkeys([key for key in keys if key != "psi"], str))  # published names are categories
    wide = chosen.pivot(index=keys, columns="metric", values="value").rename_axis(columns=None)
    order = chosen[keys].drop_duplicates()  # as measured, not as sorted
    return wide.reindex(columns=list(QUANTITIES)).loc[pd.MultiIndex.from_frame(order)].reset_index()


def split_table(rows: pd.DataFrame, columns: Mapping[str, tuple[str, float]], *, rule: str, caption: str) -> Styler:
    """Quantities of `split_rows` at values of ψ, by the columns' heads: the paper's, of IG, with ours below it."""
    cells: dict[str, list[Cells]] = {}
    own = rows[(rows["rule"] == rule) & (rows["left_out"] == "")]
    for (protocol, network), measured in own.groupby(["protocol", "network"], sort=False):
        for statistic in ("mean",) if protocol == "study-b" else ("mean", "median"):
            estimates = dict[str, Estimate]()
            for head, (quantity, psi) in columns.items():
                part = measured[measured["psi"] == psi]
                estimates[head] = clustered(part[quantity], ways=ways(part), statistic=statistic)
            n = min(each.n for each in estimates.values())
            cells.setdefault(f"{protocol}, {statistic}", []).append(Cells(str(network), n, estimates, ""))
    paper = pd.concat(_published(head, *column) for head, column in columns.items())
    return shown(cells, caption=caption, paper=by_network(paper) if rule == "IG" else None, digits=2)


def _published(head: str, quantity: str, psi: float) -> pd.DataFrame:
    """The paper's values of a quantity at ψ, under the head of their column."""
    number, name = QUANTITIES[quantity]
    rows = table("study-b", number)
    return rows[(rows["quantity"] == name) & (rows["psi"] == psi)].assign(network=rows["model"], method=head)


def left_out(rows: pd.DataFrame) -> pd.DataFrame:
    """How many images each protocol counts, and how many it leaves out for which reason; by network."""
    once = rows[(rows["rule"] == "IG") & (rows["psi"] == rows["psi"].min())]  # the reasons are the same at every ψ
    counted = once.assign(left_out=once["left_out"].replace("", "counted"))
    reasons = counted.groupby(["network", "protocol", "left_out"], sort=False).size()
    return reasons.unstack(fill_value=0).rename_axis(columns="")


def of_one(star: float, ratio: float) -> str:
    """Where one image's α* lies, and the norm of Right over that of Left there: two numbers, or why there are none."""
    return f"{star:.2f} and {ratio:.2f}" if math.isfinite(star) else "not defined, for the score does not rise"


def of_picture(star: float, ratio: float) -> str:
    """The same of the photograph that is shown, as a sentence without its end."""
    if not math.isfinite(star):
        return "On this image the score does not rise, so α* is not defined and Left is the whole"
    return f"On this photograph α* is {star:.2f}, and the norm of Right is {ratio:.2f} times that of Left"


def of_control(rows: pd.DataFrame) -> str:
    """The mean ratio and α* of the control's `split_rows`: a sentence."""
    if rows.empty:
        return "The control, SqueezeNet, was not measured."
    ratio, star = rows["L2 ratio"].mean(), rows["alpha*"].mean()
    return f"The control, SqueezeNet, has a mean ratio of {ratio:.2f} and a mean α* of {star:.2f}."


def of_reasons(ratios: pd.Series, stars: pd.Series, left: pd.Series, right: pd.Series, *, what: str) -> str:
    """On how many networks the saturated part is the larger, begins early and is nearer to the whole: a sentence.

    The means of each network; `left` and `right` are the cosines of the parts with the whole.
    """
    above, early, nearer = int((ratios > 1).sum()), int((stars < 0.5).sum()), int((right > left).sum())
    networks = f"{len(ratios)} {what}{'' if len(ratios) == 1 else 's'}"
    return (
        f"The mean ratio is above 1 on {above} of {networks}, the mean α* lies in the first half of the path on "
        f"{early}, and full IG is closer to Right than to Left on {nearer}."
    )
