"""On which networks that is so already which would change our mind: a sentence for each finding that can say it."""

from collections.abc import Callable

import pandas as pd

from igpaths.texts import amount
from igstudy.evidence.claims import claims
from igstudy.evidence.deciding import LEAST, Row, verdict
from igstudy.evidence.kinds import CONTROL, KINDS, kind_of, on
from igstudy.evidence.tables.beside import counts
from igstudy.evidence.tables.stability import common, medians

METRICS = ("ABPC", "insertion", "rounding change", "device change")  # that the functions read


def devices(rows: pd.DataFrame) -> str:
    """On how many networks another device moves Guided IG's map further than misrounded constants do, but not IG's.

    IG's path is fixed. Where its map moves further as well, the device's error is the larger one, and that explains it.
    Medians are over the images that were measured in both ways.
    """
    methods = ["IG", "Guided IG"]
    misrounded = rows[(rows["metric"] == "rounding change") & (rows["variant"] == "constants")]
    pair = common(misrounded, rows[rows["metric"] == "device change"])
    by_constants, by_device = (
        medians(own, metric, methods).droplevel("variant")
        for own, metric in zip(pair, ("rounding change", "device change"), strict=True)
    )
    networks = by_constants.index.intersection(by_device.index)
    if networks.empty:
        return "No network has been measured in both ways."
    further = by_device.loc[networks] > by_constants.loc[networks]
    guided = further[further["Guided IG"]]
    met = [str(name) for name in guided.index[~guided["IG"]]]
    also = f", and IG's too on {len(guided) - len(met)} of these" if len(guided) else ""
    where = f"on {len(guided) or 'none'} of {amount(len(networks), 'network')}"
    return f"It moves Guided IG's further {where}{also}, so the condition is met on {', '.join(met) or 'none'}."


def weights(rows: pd.DataFrame) -> str:
    """By how much IDGI scores higher than Σ g² on each kind of network, and on how many surely, as claim c12 has it."""
    claim = next(each for each in claims() if each.id == "c12")  # of Σ g² less IDGI
    answers = verdict(claim, rows).original
    return " ".join(_weights(kind, row) for kind in KINDS if kind != CONTROL for row in answers[kind].rows if row.mean)


def _weights(kind: str, row: Row) -> str:
    counted = {name: each for name, each in row.estimates.items() if each.n >= LEAST}
    surely = [name for name, each in counted.items() if each.high < 0]
    mean = row.mean or next(iter(counted.values()))
    names = f" ({', '.join(surely)})" if surely else ""
    return (
        f"{on(kind)} it scores {-mean.value:.3f} [{-mean.high:.3f}, {-mean.low:.3f}] more in the mean, and more by its "
        f"own interval on {len(surely) or 'none'} of {amount(len(counted), 'network')}{names}: the condition is "
        f"{'met' if len(surely) > 1 else 'not met'}."
    )


def parts(rows: pd.DataFrame) -> str:
    """From which baselines Left IG has a higher ABPC than full IG and than a window of its length, and on how many
    networks of each kind but the control.
    """
    abpc = rows[rows["metric"] == "ABPC"]
    of = abpc["network"].astype(str).map(kind_of)
    parts = [_parts(kind, own) for kind in KINDS if kind != CONTROL and len(own := abpc[of == kind])]
    return " ".join(filter(None, parts)) or "This was not measured."


def _parts(kind: str, own: pd.DataFrame) -> str:
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
            words.append(f"on {len(met) or 'none'} of {amount(len(measured), 'network')} from {baseline}{names}")
            most += [f"from {baseline}"] * (2 * len(met) > len(measured))
    if not words:
        return ""
    better = ", where the unsaturated part is the better map by this metric"
    there = f"is met {' and '.join(most)}{better}" if most else "is not met"
    above = "by magnitude its ABPC is above both, each by its interval"
    return f"{on(kind)} {above}, {' and '.join(words)}: the condition {there}."


MET: dict[str, Callable[[pd.DataFrame], str]] = {each.__name__: each for each in (devices, parts, weights)}
