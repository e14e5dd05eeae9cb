"""Why IDGI helps on some networks and not on others: its gain by sign, confidence, recipe and shortcuts.

A gain is what IDGI adds to the score of one image's map, on the same path, network and sign of the ranking. `gains`
takes it from a study's rows; what follows averages it, compares networks by it, and reads the same from Study A.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from igstudy.evidence.papers import study_a
from igstudy.evidence.statistics import ratio
from igstudy.measures.revealing import TEMPERATURES

METHODS = ("IG", "Guided IG", "Blur IG")  # each without and with IDGI
COUNTS = "black, 21 counts"  # the variant of insertion that Study A measures
IMAGE = ["network", "photograph", "image"]
SHORTCUTS = {"vgg": "without", "inception": "without", "densenet": "without", "resnet": "with", "mobilenet": "with"}
RECIPES = {f"{family}-modern": family for family in SHORTCUTS}  # by the modern recipe, and the same by the plain one
SEEDS = {f"resnet{suffix}": f"noskip{suffix}" for suffix in ("", "-1", "-2")}  # with shortcuts, and the same without


def values(rows: pd.DataFrame, *, metric: str, variant: str, protocol: str = "igpaths") -> pd.DataFrame:
    """The counted values of one metric at the finest step count: network, photograph, image, method, sign, value."""
    own = rows[(rows["protocol"] == protocol) & (rows["metric"] == metric) & (rows["variant"] == variant)]
    own = own[(own["left_out"] == "") & own["steps"].isin([0, own["steps"].max()])]
    return own[[*IMAGE, "method", "sign", "value"]]


def gains(rows: pd.DataFrame, **choice: str) -> pd.DataFrame:
    """What IDGI adds to the `values` of a choice, for every image, path and sign that counts without and with it.

    `method` is the one without IDGI, `without` and `idgi` are the two values, and `gain` is their difference.
    """
    own = values(rows, **choice)
    without, idgi = (own[own["method"].isin([name + end for name in METHODS])] for end in ("", " + IDGI"))
    idgi = idgi.assign(method=idgi["method"].str.removesuffix(" + IDGI")).rename(columns={"value": "idgi"})
    both = without.rename(columns={"value": "without"}).merge(idgi, on=[*IMAGE, "method", "sign"])
    both = both.sort_values("method", key=lambda names: names.map(METHODS.index), kind="stable")
    return both.assign(gain=both["idgi"] - both["without"])


def over(rows: pd.DataFrame, method: str, sign: str, **choice: str) -> pd.DataFrame:
    """What every map, the controls' too, scores more than one method's of the same image: a table as of `gains`."""
    own = values(rows, **choice)
    base = own[(own["method"] == method) & (own["sign"] == sign)].drop(columns=["method", "sign"])
    both = own.merge(base, on=IMAGE, suffixes=("", " base"))
    return both.assign(gain=both["value"] - both["value base"])


def tempered(rows: pd.DataFrame, *, metric: str) -> pd.DataFrame:
    """`gains` at every temperature that was measured, in the column `temperature`."""
    found = {t: gains(rows, metric=metric, variant=f"{COUNTS}, T = {t:g}") for t in TEMPERATURES}
    return pd.concat([own.assign(temperature=t) for t, own in found.items()], ignore_index=True)


def confidences(rows: pd.DataFrame) -> pd.DataFrame:
    """The probability of each counted image: its insertion score over its insertion ratio, whatever the map."""
    score, ratio = (values(rows, metric=metric, variant=COUNTS) for metric in ("insertion", "insertion ratio"))
    both = score[score["method"] == "random"].merge(ratio, on=[*IMAGE, "method", "sign"], suffixes=("", " ratio"))
    return both.assign(confidence=both["value"] / both["value ratio"])


def estimates(table: pd.DataFrame, *by: str, column: str = "gain") -> pd.Series:
    """The mean of a column in every group `by`, an `Estimate` each: its networks weigh alike, whatever their images.

    Intervals resample photographs, which networks and scenes share.
    """
    found = {}
    for names, own in table.groupby(list(by), sort=False):
        weight = 1 / own.groupby("network", observed=True)["network"].transform("size")
        key = names if len(by) > 1 else names[0]
        found[key] = ratio(own[column] * weight, weight, clusters=tuple(own["photograph"]))
    return pd.Series(found, dtype=object)


def with_traits(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the five families alone, with their `shortcuts` and their `recipe`, "plain" or "modern"."""
    names = table["network"].astype(str)
    families = names.str.removesuffix("-modern")
    recipes = np.where(families == names, "plain", "modern")
    return table.assign(shortcuts=families.map(SHORTCUTS), recipe=recipes)[families.isin(SHORTCUTS)]


def contrasts(table: pd.DataFrame, pairs: Mapping[Any, object], *, of: str = "network") -> pd.DataFrame:
    """The gain where column `of` is the first of a pair less that where it is the second, all else being the same.

    Images that do not count on both sides are left out; `of` names the pair.
    """
    keys = [name for name in ("network", "photograph", "image", "method", "sign", "temperature") if name in table]
    keys.remove(of)
    found = []
    for one, other in pairs.items():
        sides = [table[table[of] == name].drop(columns=of) for name in (one, other)]
        both = sides[0].merge(sides[1], on=keys, suffixes=("", " other"))
        both[of] = f"{one} − {other}"
        found.append(both.assign(gain=both["gain"] - both["gain other"]))
    return pd.concat(found, ignore_index=True)


def published(number: int, metric: str, variant: str) -> pd.DataFrame:
    """A table of Study A, a row for each network and path: `without`, `idgi`, `gain` and `ratio`, without over idgi."""
    lines = [
        {"network": network, "method": method, "without": cells[method], "idgi": cells[f"{method} + IDGI"]}
        for network, cells in study_a(number, metric, variant).items()
        for method in METHODS
    ]
    table = pd.DataFrame(lines)
    return table.assign(gain=table["idgi"] - table["without"], ratio=table["without"] / table["idgi"])


def neighbours(number: int, metric: str, variant: str) -> pd.DataFrame:
    """Each network's values over those of the next shallower one of its family, from which depth alone tells it."""
    cells = pd.DataFrame(study_a(number, metric, variant)).T
    families = cells.groupby(cells.index.str.extract(r"^(\D+)", expand=False), sort=False).groups
    pairs = [pair for own in families.values() for pair in pairwise(own)]
    return pd.DataFrame({f"{deeper} / {one}": cells.loc[deeper] / cells.loc[one] for one, deeper in pairs}).T


def confidence() -> pd.DataFrame:
    """Table 1's two insertion scores, one over the other: the mean probability of each network's images, by method."""
    score, over = (pd.DataFrame(study_a(1, metric, COUNTS)).T for metric in ("insertion", "insertion ratio"))
    return score / over


def ratios(table: pd.DataFrame) -> pd.Series:
    """The mean without IDGI over the mean with it, of a table of `gains`: by network, method and sign."""
    found = {
        names: ratio(own["without"], own["idgi"], clusters=tuple(own["photograph"]))
        for names, own in table.groupby(["network", "method", "sign"], sort=False)
    }
    return pd.Series(found, dtype=object, index=pd.MultiIndex.from_tuples(found, names=["network", "method", "sign"]))


def placed(theirs: pd.DataFrame, ours: pd.Series) -> pd.DataFrame:
    """Where each ratio of `published` lies between what signed and what absolute maps give by `ratios` of the metric.

    `place` is, on a logarithmic scale, 0 at the median of our networks' ratios for signed maps on the same path and 1
    at that for absolute ones, and `like` is the nearer of the two. Paths that we lack are left out.
    """
    logs = ours.map(lambda each: np.log(each.value)).astype(float)
    middle = logs.groupby(["method", "sign"]).median().unstack("sign")
    both = theirs.merge(middle, left_on="method", right_index=True)
    place = (np.log(both["ratio"]) - both["signed"]) / (both["absolute"] - both["signed"])
    like = np.where(place > 0.5, "absolute", "signed")
    return both.drop(columns=["signed", "absolute"]).assign(place=place, like=like)
