"""What stands beside the answers on which map to use: the ladder from IG to IDGI, smoothing, canvases and costs."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from igstudy.evidence.kinds import kind_of
from igstudy.evidence.networks import over_networks
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables.choosing import (
    COSTS,
    EVERY,
    SIGMAS,
    WALK,
    Answer,
    Question,
    answer,
    average,
    by_image,
    reach,
)  # fmt: skip
from igstudy.measures.sources import METHODS, labelled

RUNGS = {  # of the ladder on the straight path, by their formulas
    "IG": "|Σ g Δx|, IG",
    "IG, variation": "Σ |g Δx|",
    "Σ (g Δx)²": "Σ (g Δx)²",
    "Σ g": "|Σ g|",
    "Σ |g|": "Σ |g|",
    "Σ g²": "Σ g²",
    "IG + IDGI": "IDGI",
}
OF_A_PATH = {"IG": "ig", "Σ |g Δx|": "variation", "IDGI": "idgi", "IDG": "idg"}
INSERTED, DELETED = ("black", "mean", "blur", "noise", "filled"), ("black", "noise", "filled")
SUMS, MOST = ("IG, trapezoid", "IG, placed", "IG, left sum", "IG, Gauss–Legendre"), 64
Line = tuple[list[float], list[Estimate]]


def shorten(estimate: Estimate) -> str:
    """A cell of a wide table: "0.28 ± 0.06", half its interval's length; one network has none."""
    return f"{estimate.value:.2f}" + (f" ± {reach(estimate):.2f}" if estimate.n > 1 else "")


def costs(found: Answer, steps: Answer | None) -> dict[str, tuple[float, Estimate, Estimate | None]]:
    """Every map's gradients, its value, and its value under three pixels of smoothing where that was measured.

    The gradients are those that give 95 % of its own score where that was measured, else those that it was run with.
    """
    needed = {method: each.value + 1 for (method, _), each in steps.values.items()} if steps else {}
    return {
        method: (needed.get(method, COSTS.get(method, WALK)), each, found.values.get((method, 3.0)))
        for (method, sigma), each in found.values.items()
        if not sigma
    }


def ladder(rows: pd.DataFrame, metric: str, variant: str) -> dict[str, dict[str, dict[str, Estimate]]]:
    """The values of the rungs, as they are and smoothed by 3 px, by kind of network: {title: {how: {rung: value}}}."""
    panels = {}
    for kind in EVERY:
        if found := answer(rows, Question("", metric, variant, "higher"), kind):
            values, how = found.values, {"as it is": 0.0, "smoothed by 3 px": 3.0}
            panels[f"{kind}, {metric}"] = {
                words: {rung: values[name, sigma] for name, rung in RUNGS.items() if (name, sigma) in values}
                for words, sigma in how.items()
            }
    return panels


def widths(rows: pd.DataFrame, questions: Sequence[Question], methods: Sequence[str]) -> dict[str, dict[str, Line]]:
    """Maps against σ of their smoothing, of the images that count at every width: {title: {method: (σ, values)}}."""
    panels: dict[str, dict[str, Line]] = {}
    for question in questions:
        for kind in EVERY:
            found = answer(rows, question, kind, sigmas=SIGMAS, least=0)
            if found and any(sigma for _, sigma in found.maps):
                by = {method: [s for s in SIGMAS if (method, s) in found.maps] for method in methods}
                lines = {m: (own, [found.values[m, s] for s in own]) for m, own in by.items() if own}
                panels[f"{kind}, {question.metric}{'' if question.better == 'higher' else ', lower is better'}"] = lines
    return panels


def on_canvases(rows: pd.DataFrame, kind: str, methods: Sequence[str]) -> pd.DataFrame:
    """Insertion and deletion by canvas (down) of maps (across) on one kind of network, of the images that all share."""
    lines = {}
    for found in together(rows, canvases(), kind, methods):
        canvas, better = found.question.variant.partition(",")[0], found.question.better
        own = {method: shorten(found.values[method, 0.0]) for method in methods if (method, 0.0) in found.maps}
        name = f"{found.question.metric} on {canvas} ({better} is better)"
        lines[name] = own | {"images": f"up to {found.images}"}
    return pd.DataFrame(lines).T.fillna("–")


def canvases() -> list[Question]:
    """Insertion and deletion on every canvas."""
    inserted = [Question("", "insertion", f"{canvas}, 21 counts", "higher") for canvas in INSERTED]
    return inserted + [Question("", "deletion", f"{canvas}, 21 counts", "lower") for canvas in DELETED]


def by_canvas(rows: pd.DataFrame, kind: str, one: str, other: str) -> str:
    """On which canvases one map is better than another, worse, or neither, by its interval, in a sentence."""
    sides: dict[str, list[str]] = {"better": [], "worse": [], "neither better nor worse": []}
    for found in together(rows, canvases(), kind, (one, other)):
        if {(one, 0.0), (other, 0.0)} <= {*found.maps}:
            gap, side = found.difference((one, 0.0), (other, 0.0)), 1 if found.question.better == "higher" else -1
            ends = sorted((side * gap.low, side * gap.high))
            sure = gap.n > 1 and (ends[0] > 0 or ends[1] < 0)
            words = ("better" if ends[0] > 0 else "worse") if sure else "neither better nor worse"
            sides[words].append(f"{found.question.metric} on {found.question.variant.partition(',')[0]}")
    parts = [f"{words} by {', '.join(where)}" for words, where in sides.items() if where]
    compared = f"Compared with “{other}”, “{one}” is {'; '.join(parts)}."
    return compared if parts else f"{one} and {other} were not compared."


def together(rows: pd.DataFrame, questions: Sequence[Question], kind: str, methods: Sequence[str]) -> list[Answer]:
    """The answers of some maps, as they are, to several questions, all of the images that count for all of these."""
    there = dict[Question, pd.DataFrame]()
    for question in questions:
        table = by_image(rows, question, kind, sigmas=(0,))
        own = table[[(method, 0.0) for method in methods if (method, 0.0) in table]].dropna()
        if own.size:
            there[question] = own
    common = list(pd.concat(there.values(), axis=1, join="inner").index) if there else []
    found = (average(question, kind, each.loc[common]) for question, each in there.items())
    return [each for each in found if each is not None]


def steps_needed(rows: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """By kind of network and map, the steps until the map, and until its insertion, hardly changes any more."""
    lines = []
    for kind in EVERY:
        to = {"within 5 % of the map": ("steps to 5 %", "to 512")}
        to |= {"95 % of its insertion": ("steps to 95 %", "black, 21 counts, to 512")}
        found = {words: answer(rows, Question("", *of, "lower"), kind, sigmas=[0]) for words, of in to.items()}
        for method in methods:
            cells = {words: each.values.get((method, 0.0)) for words, each in found.items() if each}
            if any(cells.values()):
                words = {name: f"{each:.0f}" if each else "–" for name, each in cells.items()}
                lines.append({"networks": kind, "map": method} | words)
    return pd.DataFrame(lines)


def before_star(rows: pd.DataFrame) -> pd.DataFrame:
    """The shares of weight and of credit before α*, a row a kind of network and share, a column a method."""
    own = rows[rows["metric"].isin(["weight before α*", "credit before α*"]) & (rows["left_out"] == "")]
    own = own[own["path"] == "straight"]
    own = own.assign(**{name: own[name].astype(str) for name in ("network", "metric", "method")})
    own = own.assign(kind=own["network"].map(kind_of))
    means = own.groupby(["kind", "metric", "method", "network"])["value"].mean()
    found = {key: shorten(over_networks(each)) for key, each in means.groupby(level=[0, 1, 2])}
    table = pd.Series(found, dtype=object)
    return table.unstack().fillna("–") if found else pd.DataFrame()


def by_path(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Insertion on black by path and baseline (down) of four rules by magnitude (across), means over networks."""
    question, lines = Question("", "insertion", "black, 21 counts", "higher"), {}
    found = answer(rows, question, kind, sigmas=[0], least=0)
    for path in METHODS if found else ():
        methods = {words: (labelled(path, rule), 0.0) for words, rule in OF_A_PATH.items()}
        if found and all(each in found.maps for each in methods.values()):
            lines[METHODS[path].label] = {words: shorten(found.values[each]) for words, each in methods.items()}
    return pd.DataFrame(lines).T


def by_sum(rows: pd.DataFrame, metric: str) -> dict[str, dict[str, Line]]:
    """By network, what IG's four sums have of a metric against their gradients, geometric means over images."""
    own = rows[(rows["metric"] == metric) & rows["method"].isin(SUMS) & (rows["left_out"] == "")]
    own = own[own["variant"].astype(str).str.startswith("equal gradients")]
    panels: dict[str, dict[str, Line]] = {}
    for (network, method), its in own.groupby(["network", "method"], sort=False, observed=True):
        counts = sorted(n for n in its["steps"].unique() if n <= MOST)
        values = [np.exp(np.log(its.loc[its["steps"] == n, "value"]).mean()) for n in counts]
        panels.setdefault(str(network), {})[str(method)] = (counts, [Estimate(v, v, v, len(its)) for v in values])
    return panels
