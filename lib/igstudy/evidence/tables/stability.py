"""Stability read: Study A's Table 5 as it pools it, what other numbers would decide, and curves of an error's size."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from igpaths.metrics.stability import NORMALISATIONS
from igpaths.texts import amount
from igstudy.evidence import kinds
from igstudy.evidence.amounts import NOT_MEASURED, of_length, span
from igstudy.evidence.claims import Claim
from igstudy.evidence.deciding import REPRODUCED, verdict
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables.beside import Cells, rank
from igstudy.evidence.tables.quality import by_image, choose
from igstudy.evidence.telling import reproduced
from igstudy.measures.comparing import COMPARISONS
from igstudy.measures.quantities import METRICS

CHOICES = tuple(f"JPEG {name}" for name in (*NORMALISATIONS, *COMPARISONS))
PAPERS, OURS = "signed sum, study-a", "signed sum"  # what the paper's own measure is called under either protocol
NAMES = {"raw": "no divisor", "L1": "L1 norm", "spearman": "Spearman's ρ"}  # of the others a name says enough


def pooled(cells: Sequence[Cells]) -> list[Cells]:
    """−log₁₀ of mean squared errors, as Table 5 has it, with intervals by the delta method: those of errors reach 0."""

    def figure(e: Estimate) -> Estimate:
        value = float(_figure(e.value))
        reach = (e.high - e.low) / 2 / (e.value * math.log(10)) if e.value else 0.0
        return Estimate(value, value - reach, value + reach, e.n)

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


def by_choice(claim: Claim, rows: pd.DataFrame) -> pd.DataFrame:
    """The answers to a claim about Table 5 under the paper's protocol, and under ours if other numbers decided it.

    A line for each choice, a column for each kind of network that was measured. Squared errors are compared by their
    ratio, as the claim's are, and cosines and rank correlations by their difference.
    """
    sides = {PAPERS: claim.original}
    by_cosine = next(side for side in claim.changed if side.kind == "difference")
    for name in CHOICES:
        side = by_cosine if name.removeprefix("JPEG ") in COMPARISONS else claim.original
        comparisons = tuple(
            tuple(replace(quantity, metric=name, protocol="igpaths") for quantity in each) for each in side.comparisons
        )
        short = name.removeprefix("JPEG ")
        sides[NAMES.get(short, short)] = replace(side, by="", comparisons=comparisons)
    lines = {}
    for name, side in sides.items():
        found = verdict(replace(claim, original=side, changed=()), rows)
        lines[name] = {kinds.WORDS[kind]: reproduced(found, each) for kind, each in found.original.items() if each.rows}
    return pd.DataFrame(lines).T.fillna("–")


def in_words(outcomes: pd.Series) -> str:
    """Answers with the measures that give them: "reproduced (signed sum, cosine), not reproduced (L1 norm)".

    The signed sum is there once where both protocols agree on it.
    """
    names: dict[str, list[str]] = {}
    for choice, outcome in outcomes[outcomes != "–"].items():
        names.setdefault(outcome, []).append(str(choice))
    for outcome, own in names.items():
        if {PAPERS, OURS} <= {*own}:
            names[outcome] = [OURS, *(name for name in own if name not in (PAPERS, OURS))]
    return ", ".join(f"{outcome} ({', '.join(choices)})" for outcome, choices in names.items()) or NOT_MEASURED


def alike(decided: Iterable[pd.DataFrame]) -> str:
    """Whether the two measures that no signed sum enters decide alike, for every conclusion and kind: a sentence."""
    pairs = [pair for outcomes in decided for pair in zip(outcomes.loc["cosine"], outcomes.loc["L1 norm"], strict=True)]
    same = sum(one == other for one, other in pairs)
    words = "give the same answers" if same == len(pairs) else f"give the same answer in {same} of {len(pairs)} cases"
    return f"Over both conclusions and all kinds of network, cosine and L1 norm {words}."


def unanimous(outcomes: pd.DataFrame) -> str:
    """On which kinds of network all measures that no signed sum enters reproduce a conclusion: a sentence."""
    free = outcomes.loc[[NAMES.get(name, name) for name in ("L1", *COMPARISONS)]]
    agree = {str(kind): int((free[kind] == REPRODUCED).sum()) for kind in free}
    if not agree:
        return "They were not measured."
    parts = ", ".join(f"{n} of {len(free)}{' do so' * (not k)} on {kind}" for k, (kind, n) in enumerate(agree.items()))
    met = " and on ".join(kind for kind, n in agree.items() if n == len(free))
    return f"{parts}. The condition is met on {met or 'none'}."


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


def common(one: pd.DataFrame, other: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The counted rows of either of those images of a network and method that both have: medians compare the same."""
    both = [rows[rows["left_out"] == ""] for rows in (one, other)]
    first, second = (pd.MultiIndex.from_frame(rows[["network", "method", "image"]].astype(str)) for rows in both)
    return both[0][first.isin(second)], both[1][second.isin(first)]


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


def tame_in_words(found: Sequence[str]) -> str:
    """What of float64 and of the variants in float32 is `tame`: a few sentences."""
    first = "By that measure float64 is not tame."
    if "float64" in found:
        first = (
            "By that measure float64 is tame: it takes the cause away, at the price that {doc}`speed` shows. The map "
            "remains one of many that a hair's breadth separates; everybody then draws the same one."
        )
    others = ", ".join(name for name in found if name != "float64")
    words = f"these are tame: {others}" if others else "none of those tried is tame"
    return f"{first} Among the variants in float32, {words}."


def advice(found: Sequence[str]) -> str:
    """How to share a map of Guided IG."""
    return f"{'Compute it in float64, or say' if 'float64' in found else 'Say'} on which device it was made"


def of_threads(moved: pd.DataFrame) -> str:
    """By how much another number of threads moves a map at most, from rows of its relative changes: a sentence."""
    if moved.empty:
        return "It was not measured by how much another number of threads moves a map."
    sizes, most = moved.groupby("network", observed=True)["image"].nunique(), float(moved["value"].max())
    words = f"moves a map by at most {of_length(most)}" if most else "does not change a single bit of a map"
    most_images = amount(sizes.max(), "image")
    return f"Another number of threads {words}, on up to {most_images} of {amount(len(sizes), 'network')}."


def of_devices(cosines: Mapping[str, float], images: Iterable[int], *, below: float) -> str:
    """On how many networks a GPU gives another map of Guided IG than a CPU, by the mean cosine of each: a sentence."""
    if not cosines:
        return (
            "No published study has walked the same images on both, so it is not known here what another device does."
        )
    apart = [f"{name} ({value:.2f})" for name, value in cosines.items() if value < below]
    where = f"{len(apart)} of {amount(len(cosines), 'network')}" + ": " * bool(apart) + ", ".join(apart)
    counts = amount(span(images, "d"), "image")
    return f"Over {counts} of each network, the cosine of Guided IG's maps is below {below} on {where}."
