"""Why IDGI helps on some networks and not on others: its gain by sign, confidence, recipe and shortcuts.

A gain is what IDGI adds to the score of one image's map, on the same path, network and sign of the ranking. `gains`
takes it from a study's rows; what follows averages it, compares networks by it, and reads the same from Study A.
"""

from collections.abc import Mapping
from itertools import pairwise, product
from typing import Any

import numpy as np
import pandas as pd

from igstudy.evidence.deciding import LEAST
from igstudy.evidence.inference import clustered
from igstudy.evidence.kinds import IMAGENET, KINDS, foremost, kind_of
from igstudy.evidence.networks import over_networks
from igstudy.evidence.papers import study_a
from igstudy.evidence.ratios import of_means_ratio
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables.quality import SHARED, ways
from igstudy.evidence.telling import ranking
from igstudy.measures.tempering import APART, TEMPERATURES, at

METHODS = ("IG", "Guided IG", "Blur IG")  # each without and with IDGI
COUNTS = "black, 21 counts"  # the variant of insertion that Study A measures
IMAGE = ["network", *SHARED, "image"]
SHORTCUTS = {"vgg": "without", "inception": "without", "densenet": "without", "resnet": "with", "mobilenet": "with"}
RECIPES = {f"{family}-modern": family for family in SHORTCUTS}  # by the modern recipe, and the same by the plain one


def values(rows: pd.DataFrame, *, metric: str, variant: str, protocol: str = "igpaths") -> pd.DataFrame:
    """The counted values of one metric at each network's finest step count, as `IMAGE`, method, sign and value."""
    own = rows[(rows["protocol"] == protocol) & (rows["metric"] == metric) & (rows["variant"] == variant)]
    finest = own.groupby("network", observed=True)["steps"].transform("max")
    own = own[(own["left_out"] == "") & ((own["steps"] == 0) | (own["steps"] == finest))]
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
    found = {t: gains(rows, metric=metric, variant=f"{COUNTS}, {at(t, t)}") for t in TEMPERATURES}
    return pd.concat([own.assign(temperature=t) for t, own in found.items()], ignore_index=True)


def tempered_pairs(rows: pd.DataFrame, *, metric: str) -> pd.DataFrame:
    """`gains` at every pair of `APART`: T of the walk in the column `explained`, and of the metric in `evaluated`."""
    found = []
    for explained, evaluated in product(APART, repeat=2):
        own = gains(rows, metric=metric, variant=f"{COUNTS}, {at(explained, evaluated)}")
        found.append(own.assign(explained=explained, evaluated=evaluated))
    columns = ["explained", "evaluated", *IMAGE, "method", "sign", "gain"]
    return pd.concat(found, ignore_index=True)[columns]


def confidences(rows: pd.DataFrame) -> pd.DataFrame:
    """The probability of each counted image: its insertion score over its insertion ratio, whatever the map."""
    score, ratio = (values(rows, metric=metric, variant=COUNTS) for metric in ("insertion", "insertion ratio"))
    both = score[score["method"] == "random"].merge(ratio, on=[*IMAGE, "method", "sign"], suffixes=("", " ratio"))
    return both.assign(confidence=both["value"] / both["value ratio"])


def estimates(table: pd.DataFrame, *by: str, column: str = "gain") -> pd.Series:
    """The mean of a column in every group `by`, an `Estimate` each.

    Of several networks the network is the unit: n counts them. Of one, images are, clustered by their photographs.
    Networks with fewer than `LEAST` images in a group are left out, unless all have so few, as in a live check.
    """
    table = counted if len(counted := enough(table, *by)) else table
    found: dict[Any, Estimate] = {}
    for names, own in table.groupby(list(by), sort=False):
        means = own.groupby("network", sort=False, observed=True)[column].mean()
        key = names if len(by) > 1 else names[0]
        found[key] = over_networks(means) if len(means) > 1 else clustered(own[column], ways=ways(own))
    return pd.Series(found, dtype=object)


def of_foremost(rows: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """The rows of one kind of network, ImageNet networks if there are any, and the name of that kind."""
    own = rows["network"].astype(str)
    kind = foremost(own.unique())
    return kind, rows[own.map(kind_of) == kind]


def enough(table: pd.DataFrame, *by: str) -> pd.DataFrame:
    """The rows of networks, and of groups `by` of each, of at least `LEAST` images: a mean of fewer says little."""
    sizes = table.groupby(["network", *by], sort=False, observed=True)["image"].transform("nunique")
    return table[sizes >= LEAST]


def by_kind(table: pd.DataFrame) -> dict[str, dict[str, dict[str, Estimate]]]:
    """Gains for `charts.dot_panels`, {method: {ranking: {name: …}}}: each ImageNet network, then each kind's mean.

    Networks with fewer than `LEAST` images are left out, unless all have so few, as in a live check.
    """
    table = counted if len(counted := enough(table, "method", "sign")) else table
    kinds = table["network"].astype(str).map(kind_of)
    parts = [(str(name), own) for name, own in table[kinds == IMAGENET].groupby("network", sort=False, observed=True)]
    for kind in KINDS:
        own = table[kinds == kind]
        if (count := own["network"].nunique()) > (kind == IMAGENET):  # one alone is there already
            parts.append((f"{kind}, mean of {count}" if count > 1 else kind, own))
    found: dict[str, dict[str, dict[str, Estimate]]] = {}
    for label, own in parts:
        for (method, sign), each in own.groupby(["method", "sign"], sort=False):
            series = found.setdefault(str(method), {}).setdefault(ranking(str(sign)), {})
            series[label] = estimates(each, "method").iloc[0]
    return found


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
    keys = [name for name in (*IMAGE, "method", "sign", "temperature", "explained", "evaluated") if name in table]
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
        names: of_means_ratio(own["without"], own["idgi"], ways=ways(own))
        for names, own in table.groupby(["network", "method", "sign"], sort=False)
    }
    return pd.Series(found, dtype=object, index=pd.MultiIndex.from_tuples(found, names=["network", "method", "sign"]))
