"""The numbers of a study that is under way, in plain text: what each method of a network scores at each step count."""

import pandas as pd

from igpaths.texts import amount
from igstudy.evidence.tables.causes import COUNTS

METRICS = {"insertion": COUNTS, "completeness gap": ""}  # with the variant of each
LINES = ["protocol", "path", "method", "sign"]


def overview(rows: pd.DataFrame) -> str:
    """The means of insertion on black and of the completeness gap over the images of one network that count, and n.

    A line is a method on a path, under a protocol and a sign; a column is a step count, 0 for maps that have none. n is
    the fewest images behind the numbers of a line. A sentence says so where the rows hold neither metric.
    """
    own = rows[(rows["metric"].map(METRICS) == rows["variant"]) & (rows["left_out"] == "")]
    blocks = {}
    for metric, its in own.groupby("metric", sort=False):
        groups = its.groupby([*LINES, "steps"], sort=False)["value"]
        means, sizes = (each.unstack("steps", sort=False).sort_index(axis=1) for each in (groups.mean(), groups.size()))
        n = sizes.min(axis=1).map("{:.0f}".format)
        blocks[metric] = means.map("{:.3g}".format, na_action="ignore").assign(n=n)
    if not blocks:
        return "no image counts for insertion or completeness so far, or the study measures neither"
    table = pd.concat({name: blocks[name] for name in METRICS if name in blocks}, axis=1, sort=False)
    paths = [*own["path"].unique()]
    return table.loc[sorted(table.index, key=lambda line: paths.index(line[1]))].to_string(na_rep="–")


def left_out(rows: pd.DataFrame) -> str:
    """How many images the rows have, and how many of them do not count for insertion, by reason and protocol."""
    out = rows[(rows["metric"] == "insertion") & (rows["left_out"] != "")]
    kinds = out["left_out"] + " (" + out["protocol"] + ")"
    reasons = [f"{count} {kind}" for kind, count in out.groupby(kinds, sort=False)["image"].nunique().items()]
    return amount(rows["image"].nunique(), "image") + (f", of which left out: {', '.join(reasons)}" if reasons else "")
