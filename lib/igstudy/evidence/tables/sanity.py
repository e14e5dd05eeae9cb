"""Are maps and metrics sane: do maps change with the network, and do metrics tell a random network's maps apart?"""

from collections.abc import Sequence

import pandas as pd

from igstudy.evidence.statistics import bootstrap
from igstudy.evidence.tables.choosing import CONTROLS, Question
from igstudy.evidence.tables.rungs import Line, together
from igstudy.measures.checking import RANDOM
from igstudy.measures.quantities import randomised_share


def randomised(rows: pd.DataFrame, methods: Sequence[str]) -> dict[str, dict[str, Line]]:
    """By network, each map's rank correlation with that of the network randomised from the top, by layers' share."""
    own = rows[(rows["metric"] == "sanity spearman") & (rows["left_out"] == "") & rows["method"].isin(methods)]
    own = own.assign(share=own["variant"].astype(str).map(randomised_share))
    found: dict[str, dict[str, Line]] = {}
    for (network, method), its in own.groupby(["network", "method"], sort=False, observed=True):
        shares = sorted(its["share"].unique())
        means = [bootstrap(its.loc[its["share"] == share, "value"]) for share in shares]
        found.setdefault(str(network), {})[str(method)] = (shares, means)
    return found


def beside_random(rows: pd.DataFrame, kind: str, methods: Sequence[str]) -> pd.DataFrame:
    """What metrics say of a network's own maps, of those of its randomised copy, of edges and of random numbers."""
    metrics = {"insertion": "black, 21 counts", "SIC": "png", "ABPC": "logit, plain"}
    lines = list[dict[str, str]]()
    for metric, variant in metrics.items():
        pair = [Question("", metric, f"{variant}{end}", "higher") for end in ("", f", {RANDOM}")]
        found = together(rows, pair, kind, (*methods, *CONTROLS))
        if len(found) == len(pair):
            own, other = (each.values for each in found)
            for method in methods:
                cells = {"its own": own.get((method, 0.0)), "randomised": other.get((method, 0.0))}
                cells |= {name: own.get((name, 0.0)) for name in CONTROLS}
                words = {name: f"{each}" if each else "–" for name, each in cells.items()}
                lines.append({"metric": metric, "map": method} | words | {"images": f"up to {found[0].images}"})
    return pd.DataFrame(lines)
