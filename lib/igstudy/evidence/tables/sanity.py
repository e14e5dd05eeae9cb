"""Are maps and metrics sane: do maps change with the network, and do metrics tell a random network's maps apart?"""

from collections.abc import Sequence

import pandas as pd

from igstudy.evidence.inference import clustered
from igstudy.evidence.networks import over_networks
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables.choosing import CONTROLS, Answer, Question
from igstudy.evidence.tables.quality import ways
from igstudy.evidence.tables.rungs import Line, together
from igstudy.measures.checking import RANDOM
from igstudy.measures.quantities import randomised_share

METRICS = {"insertion": "black, 21 counts", "SIC": "png", "ABPC": "logit, plain"}  # with their variants


def randomised(rows: pd.DataFrame, methods: Sequence[str]) -> dict[str, dict[str, Line]]:
    """By network, each map's rank correlation with that of the network randomised from the top, by layers' share."""
    own = rows[(rows["metric"] == "sanity spearman") & (rows["left_out"] == "") & rows["method"].isin(methods)]
    own = own.assign(share=own["variant"].astype(str).map(randomised_share))
    found: dict[str, dict[str, Line]] = {}
    for (network, method), its in own.groupby(["network", "method"], sort=False, observed=True):
        shares = sorted(its["share"].unique())
        parts = [its[its["share"] == share] for share in shares]
        means: list[Estimate] = [clustered(part["value"], ways=ways(part)) for part in parts]
        found.setdefault(str(network), {})[str(method)] = (shares, means)
    return found


def pairs(rows: pd.DataFrame, kind: str, methods: Sequence[str]) -> dict[str, tuple[Answer, Answer]]:
    """By metric, the answers of a network's own maps and of its randomised copy's, of the same images."""
    found = {}
    for metric, variant in METRICS.items():
        questions = [Question("", metric, f"{variant}{end}", "higher") for end in ("", f", {RANDOM}")]
        if len(both := together(rows, questions, kind, (*methods, *CONTROLS))) == len(questions):
            found[metric] = both[0], both[1]
    return found


def beside_random(rows: pd.DataFrame, kind: str, methods: Sequence[str]) -> pd.DataFrame:
    """What metrics say of a network's own maps, of those of its randomised copy, of edges and of random numbers."""
    lines = list[dict[str, str]]()
    for metric, (own, other) in pairs(rows, kind, methods).items():
        for method in methods:
            cells = {"its own": own.values.get((method, 0.0)), "randomised": other.values.get((method, 0.0))}
            cells |= {name: own.values.get((name, 0.0)) for name in CONTROLS}
            words = {name: f"{each}" if each else "–" for name, each in cells.items()}
            lines.append({"metric": metric, "map": method} | words | {"images": f"up to {own.images}"})
    return pd.DataFrame(lines)


def tell_apart(rows: pd.DataFrame, kind: str, methods: Sequence[str]) -> str:
    """Which metrics rank which maps of a network above those of its randomised copy, in a sentence each."""
    sentences = []
    for metric, (own, other) in pairs(rows, kind, methods).items():
        maps = [(method, 0.0) for method in methods if (method, 0.0) in own.maps and (method, 0.0) in other.maps]
        gaps = {each[0]: over_networks(own.means[each] - other.means[each]) for each in maps}
        above = [f"“{name}” ({gap:+.2f})" for name, gap in gaps.items() if gap.n > 1 and gap.low > 0]
        words = f"for {', '.join(above) or 'none'} of the {len(gaps)} that were tried"
        name = metric[:1].upper() + metric[1:]
        sentences.append(f"{name} ranks the network's own map above that of its randomised copy {words}.")
    return " ".join(sentences) or "It was not measured which metrics tell a network's maps from a random network's."
