"""What shortcuts and recipe do to IDGI's gain: a 2 × 2 of one small ResNet, with the network as the unit.

The networks `narrow-plain-0` to `severed-modern-5` are one architecture with and without its shortcuts, trained by a
plain and by a modern recipe from six seeds each; nothing else tells them apart.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import t

from igpaths.texts import amount
from igstudy.evidence.networks import over_networks
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.telling import ranking

SHORTCUTS = {"narrow": 1, "severed": -1}
RECIPES = {"modern": 1, "plain": -1}
EFFECTS = ("shortcuts: with − without", "recipe: modern − plain", "shortcuts' effect: modern − plain")


def means(gained: pd.DataFrame, *, column: str = "gain") -> pd.DataFrame:
    """Each paired network's mean of a column of `causes.gains`, by method and sign; other networks are left out.

    Columns: network, shortcuts and recipe (1 or −1), seed, method, sign, value.
    """
    parts = gained["network"].astype(str).str.extract(r"^(narrow|severed)-(plain|modern)-(\d+)$")
    own = gained.assign(shortcuts=parts[0].map(SHORTCUTS), recipe=parts[1].map(RECIPES), seed=parts[2])
    own = own.dropna(subset="shortcuts")
    keys = ["network", "shortcuts", "recipe", "seed", "method", "sign"]
    found = own.groupby(keys, sort=False, observed=True)[column].mean()
    return found.rename("value").reset_index().astype({"shortcuts": int, "recipe": int})


def there(table: pd.DataFrame) -> str:
    """How many paired networks have been measured: a sentence."""
    networks = table["network"].nunique()
    if not networks:
        return "Its results are not published yet, so this page says nothing about shortcuts from them."
    return f"Its results are of {amount(networks, 'network')}."


def effects(table: pd.DataFrame) -> dict[str, Estimate]:
    """The main effects and the interaction of one method and sign of `means`, with 95 % intervals.

    Each is a contrast of the four cells' means, its error that of the networks within the cells, pooled: Student's t
    with as many degrees of freedom as there are networks less four. `n` counts networks. Empty unless every cell has
    two.
    """
    cells = table.groupby(["shortcuts", "recipe"])["value"]
    if len(cells) < 4 or cells.size().min() < 2:
        return {}
    means, sizes, df = cells.mean(), cells.size(), len(table) - 4
    pooled = float((cells.var(ddof=1) * (sizes - 1)).sum() / df)
    signs = pd.DataFrame(list(means.index), columns=["shortcuts", "recipe"])
    both = (signs["shortcuts"] * signs["recipe"]).to_numpy()
    weights = (signs["shortcuts"].to_numpy() / 2, signs["recipe"].to_numpy() / 2, both)
    found: dict[str, Estimate] = {}
    for name, weight in zip(EFFECTS, weights, strict=True):
        value = float(weight @ means.to_numpy())
        reach = float(t.ppf(0.975, df) * np.sqrt(pooled * (weight**2 / sizes.to_numpy()).sum()))
        found[name] = Estimate(value, value - reach, value + reach, len(table))
    return found


def by_map(table: pd.DataFrame) -> Mapping[tuple[str, str, str], Estimate]:
    """The `effects` on every method and sign, by effect, method and sign."""
    return {
        (effect, str(method), str(sign)): estimate
        for (method, sign), own in table.groupby(["method", "sign"], sort=False)
        for effect, estimate in effects(own).items()
    }


def of_causes(gained: pd.DataFrame) -> dict[str, pd.Series]:
    """The effects of shortcuts and of the recipe by method and sign, under their names; nothing if not measured."""
    found = by_map(means(gained))
    series = {name: {key[1:]: each for key, each in found.items() if key[0] == name} for name in EFFECTS[:2]}
    return {name: pd.Series(own, dtype=object) for name, own in series.items() if own}


def panels(table: pd.DataFrame) -> dict[str, dict[str, dict[str, Estimate]]]:
    """The mean gain of each cell over its seeds, with its interval, for `charts.dot_panels`: {map: {"": {cell: …}}}."""
    named = table.assign(
        cell=table["recipe"].map({1: "modern recipe", -1: "plain recipe"})
        + table["shortcuts"].map({1: ", with shortcuts", -1: ", without"})
    )
    found: dict[str, dict[str, dict[str, Estimate]]] = {}
    for (method, sign, cell), own in named.groupby(["method", "sign", "cell"], sort=False):
        series = found.setdefault(f"{method}, {ranking(str(sign))}", {}).setdefault("mean over seeds", {})
        series[str(cell)] = over_networks(own["value"])
    return found
