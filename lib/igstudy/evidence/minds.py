"""On which networks that is so already which would change our mind: a sentence for each finding that can say it."""

from collections.abc import Callable

import pandas as pd

from igstudy.evidence.kinds import CONTROL, kind_of
from igstudy.evidence.tables.beside import counts
from igstudy.evidence.tables.stability import medians
from igstudy.evidence.telling import count

METRICS = ("ABPC", "rounding change", "device change")  # that the functions read


def devices(rows: pd.DataFrame) -> str:
    """On how many networks another device moves Guided IG's map further than misrounded constants do, but not IG's.

    IG's path is fixed. Where its map moves further as well, the device's error is the larger one, and that explains it.
    """
    methods = ["IG", "Guided IG"]
    by_constants, by_device = (
        medians(own, metric, methods).droplevel("variant")
        for own, metric in ((rows[rows["variant"] == "constants"], "rounding change"), (rows, "device change"))
    )
    common = by_constants.index.intersection(by_device.index)
    if common.empty:
        return "No network has been measured in both ways."
    further = by_device.loc[common] > by_constants.loc[common]
    guided = further[further["Guided IG"]]
    met = [str(name) for name in guided.index[~guided["IG"]]]
    also = f", and IG's too on {len(guided) - len(met)} of these" if len(guided) else ""
    where = f"on {len(guided) or 'none'} of {count(len(common))}"
    return f"It moves Guided IG's further {where}{also}, so the condition is met on {', '.join(met) or 'none'}."


def parts(rows: pd.DataFrame) -> str:
    """From which baselines Left IG has a higher ABPC than full IG and than a window of its length, and on how many
    networks.
    """
    own = rows[(rows["metric"] == "ABPC") & (rows["network"].astype(str).map(kind_of) != CONTROL)]
    words, most = [], []
    for baseline in ("grey", "black"):
        choice = {"protocol": f"igpaths, {baseline}", "variant": "logit, plain", "sign": "absolute", "metric": "ABPC"}
        found = {
            str(name): counts(its, method="Left", others=("Full", "Window"), **choice)
            for name, its in own.groupby("network", sort=False, observed=True)
        }
        measured = {name: its for name, its in found.items() if len(its) == 2}
        met = [name for name, its in measured.items() if all(higher for higher, *_ in its.values())]
        if measured:
            names = f" ({', '.join(met)})" if met else ""
            words.append(f"on {len(met) or 'none'} of {count(len(measured))} from {baseline}{names}")
            most += [f"from {baseline}"] * (2 * len(met) > len(measured))
    if not words:
        return "This was not measured."
    there = f"is met {' and '.join(most)}" if most else "is not met"
    return f"By magnitude its ABPC is above both, each by its interval, {' and '.join(words)}: the condition {there}."


MET: dict[str, Callable[[pd.DataFrame], str]] = {each.__name__: each for each in (devices, parts)}
