"""Stability read: Study A's Table 5 as it pools it, what other numbers would decide, and curves of an error's size."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from igpaths.metrics.stability import NORMALISATIONS
from igstudy.evidence.claims import Claim
from igstudy.evidence.deciding import verdict
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables.beside import Cells, rank
from igstudy.evidence.tables.quality import by_image, choose
from igstudy.measures.comparing import COMPARISONS
from igstudy.measures.quantities import METRICS

CHOICES = tuple(f"JPEG {name}" for name in (*NORMALISATIONS, *COMPARISONS))


def pooled(cells: Sequence[Cells]) -> list[Cells]:
    """−log₁₀ of mean squared errors, as Table 5 has it; the ends of an interval change places."""

    def figure(e: Estimate) -> Estimate:
        value, low, high = (float(_figure(each)) for each in (e.value, e.high, e.low))
        return Estimate(value, low, high, e.n)

    return [replace(each, estimates={name: figure(e) for name, e in each.estimates.items()}) for each in cells]


def figures(rows: pd.DataFrame) -> pd.DataFrame:
    """One network's −log₁₀ MSE in each normalisation, and the mean cosine and Spearman's ρ, by method."""
    found = {}
    for name in CHOICES:
        mean = by_image(choose(rows, metric=name, variant="", sign="signed"), "method").mean()
        found[METRICS[name].arrow] = mean if name.removeprefix("JPEG ") in COMPARISONS else _figure(mean)
    return pd.DataFrame(found).sort_index(key=lambda names: names.map(rank))


def _figure(error: Any) -> Any:
    """Study A's stability of a mean squared error, or of many: higher is better, infinite where nothing moves a map."""
    with np.errstate(divide="ignore"):
        return -np.log10(error)


def by_choice(claim: Claim, rows: pd.DataFrame) -> dict[str, str]:
    """The verdict on a claim about Table 5 under the paper's protocol, and under ours if other numbers decided it.

    Squared errors are compared by their ratio, as `theirs` is, and cosines and rank correlations by their difference.
    """
    assert claim.theirs
    found = {"study-a: signed sum": verdict(claim, rows).theirs}
    for name in CHOICES:
        side = claim.ours if name.removeprefix("JPEG ") in COMPARISONS else claim.theirs
        comparisons = tuple(tuple(replace(quantity, metric=name) for quantity in each) for each in side.comparisons)
        own = replace(side, protocols=claim.ours.protocols, comparisons=comparisons)
        found[name.removeprefix("JPEG ")] = verdict(replace(claim, ours=own, theirs=None), rows).ours
    return {name: finding.verdict for name, finding in found.items() if finding}


def in_words(outcomes: dict[str, str]) -> str:
    """Verdicts with the choices that give them: "holds (raw, L1), does not hold (cosine)"."""
    names: dict[str, list[str]] = {}
    for choice, outcome in outcomes.items():
        names.setdefault(outcome, []).append(choice)
    return ", ".join(f"{outcome} ({', '.join(choices)})" for outcome, choices in names.items())


def of_many_walks(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, under igpaths, of the measures that walk an image many times."""
    named = rows["metric"].str.match(r"(noise|rounding|parting|tamed) |gradient moved")
    own = rows["protocol"] == "igpaths"
    return rows[own & (named | rows["variant"].str.match("quality "))]


def medians(rows: pd.DataFrame, metric: str, methods: Sequence[str]) -> pd.DataFrame:
    """The median over counted images, network and variant down, those of the methods that have rows across."""
    chosen = rows[(rows["metric"] == metric) & rows["method"].isin(list(methods)) & (rows["left_out"] == "")]
    keys = ["network", "variant", "method"]
    found = chosen.astype(dict.fromkeys(keys, object)).groupby(keys, sort=False)["value"].median().unstack(sort=False)
    return found[[method for method in methods if method in found]].rename_axis(columns="")


def against(
    rows: pd.DataFrame, metric: str, prefix: str, methods: Sequence[str]
) -> dict[str, dict[str, tuple[list[float], list[float]]]]:
    """`medians` against the number that a variant names after `prefix`: {network: {method: (x, y)}}."""
    found = medians(rows[rows["variant"].str.startswith(prefix)], metric, methods)
    curves: dict[str, dict[str, tuple[list[float], list[float]]]] = {}
    for network, own in found.groupby(level="network", sort=False):
        x = own.index.get_level_values("variant").str.removeprefix(prefix).astype(float)
        own = own.set_axis(x).sort_index()
        curves[str(network)] = {str(name): (list(own.index), list(own[name])) for name in own}
    return curves


def tame(rows: pd.DataFrame, times: float = 10) -> list[str]:
    """The variants of Guided IG whose maps an error moves at most so many times as far as IG's, on every network.

    IG's are those that misrounded constants move, in the rows of the measure "rounding".
    """
    moved = medians(rows, "tamed change", ["Guided IG"])["Guided IG"].unstack("network")
    straight = medians(rows[rows["variant"] == "constants"], "rounding change", ["IG"])["IG"].droplevel("variant")
    within = (moved <= times * straight[moved.columns]).all(axis=1)
    return [str(name) for name in moved.index[within]]
