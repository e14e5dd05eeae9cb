"""Which map to use: every map by what it is good for, and a recommendation that follows from it.

The network is the unit: a map's value on a kind of network is the mean of its networks' averages, and two maps are
compared by the differences of these averages, over the same images. One is better where Student's t says so at 5
% after Holm's correction for all maps that are compared with it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from igpaths.texts import amount
from igstudy.evidence.kinds import KINDS, OTHER, kind_of
from igstudy.evidence.networks import holm, over_networks, p_value
from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables.quality import AVERAGES
from igstudy.measures import smoothing

EVERY = (*KINDS, OTHER)
LISTED = 5  # maps in a cell of the table
CONTROLS = ("edges", "random")  # which know no network
# From the simplest on; a method that is not here comes last, in the order of the rows
SIMPLEST = (
    *("edges", "random", "gradient", "gradient × input", "Grad-CAM", "IG", "IG, variation", "IG + IDGI", "IG + IDG"),
    *("Left IG", "Σ |g|", "Σ g²", "Σ (g Δx)²", "Σ g", "Blur IG", "Guided IG"),
)
# Gradients that a map takes of an image as the studies run it; any other takes one walk
COSTS = {"edges": 0, "random": 0, "gradient": 1, "gradient × input": 1, "Grad-CAM": 1, "SmoothGrad": 64} | {
    "SmoothGrad IG": 72, "IG, uniform": 72, "Expected Gradients": 27, "XRAI": 66,
}  # fmt: skip
WALK = 65
OF_ATTRIBUTIONS = ("JPEG cosine", "steps to 5 %", "map change")  # metrics, not of maps that rank
KEYS = ["kind", "network", "photograph", "image", "method", "sigma"]
LEVEL = 0.05
SIGMAS = (0.0, *map(float, smoothing.SIGMAS))
Map = tuple[str, float]  # a method, and σ of its smoothing in pixels


@dataclass(frozen=True)
class Question:
    """What one may want of a map, and the metric that answers it."""

    words: str
    metric: str
    variant: str
    better: str  # "higher" or "lower"


QUESTIONS = (
    Question("Which pixels does the network look at?", "insertion", "black, 21 counts", "higher"),
    Question("Which pixels does the network need?", "deletion", "black, 21 counts", "lower"),
    Question("Which pixels are enough in few bytes?", "SIC", "png", "higher"),
    Question("Where is the object?", "ROC AUC", "", "higher"),
    Question("Does the map depend on the class?", "class sensitivity", "", "higher"),
    Question("Is the map stable under JPEG?", "JPEG cosine", "", "higher"),
    Question("Does the map depend on what was learned?", "sanity spearman", "all layers", "lower"),
    Question("How many steps does the map need?", "steps to 95 %", "black, 21 counts, to 512", "lower"),
)


@dataclass(frozen=True, eq=False)
class Answer:
    """One question on one kind of network: the averages of N networks (rows) of every map (columns)."""

    question: Question
    kind: str
    images: int  # those that count, of the network that has the most of them
    means: pd.DataFrame

    @property
    def maps(self) -> list[Map]:
        """All maps that were measured."""
        return list(zip(*map(self.means.columns.get_level_values, ("method", "sigma")), strict=True))

    @property
    def values(self) -> dict[Map, Estimate]:
        """The mean over networks of each map."""
        return {each: over_networks(self.means[each]) for each in self.maps}

    @property
    def first(self) -> Map:
        """The map of a network with the best mean; a control where there is no such map."""
        values, best = self.values, max if self.question.better == "higher" else min
        maps = [each for each in self.maps if each[0] not in CONTROLS]
        return best(maps or self.maps, key=lambda each: values[each].value)

    @property
    def behind(self) -> tuple[Map, ...]:
        """The maps that are significantly worse than the first; of a single network none is."""
        others = [each for each in self.maps if each != self.first]
        side = 1 if self.question.better == "higher" else -1
        gaps = {each: side * (self.means[self.first] - self.means[each]) for each in others}
        adjusted = holm([p_value(gap) for gap in gaps.values()])
        return tuple(
            each for (each, gap), p in zip(gaps.items(), adjusted, strict=True) if p < LEVEL and gap.mean() > 0
        )

    @property
    def level(self) -> tuple[Map, ...]:
        """The maps that cannot be told from the first, the simplest first, not smoothed before smoothed."""
        names = [*SIMPLEST, *(method for method, _ in self.maps)]
        left = set(self.maps) - {self.first, *self.behind}
        return tuple(sorted(left, key=lambda each: (names.index(each[0]), each[1])))

    def difference(self, one: Map, other: Map) -> Estimate:
        """The mean over networks of one map's average less another's."""
        return over_networks(self.means[one] - self.means[other])

    def only(self, maps: Sequence[Map]) -> "Answer":
        """The same of some of the maps."""
        return replace(self, means=self.means[list(maps)])


def reach(estimate: Estimate) -> float:
    """Half the length of an interval that is symmetric."""
    return (estimate.high - estimate.low) / 2


def by_magnitude(rows: pd.DataFrame, question: Question) -> pd.DataFrame:
    """The counted values of a question's metric by magnitude at the finest step count, with `kind` and `sigma`.

    Of what is measured of attributions, whatever their sign, it takes the signed ones.
    """
    own = rows[(rows["protocol"] == "igpaths") & (rows["metric"] == question.metric) & (rows["left_out"] == "")]
    signs = ("signed", "none") if question.metric in OF_ATTRIBUTIONS else ("absolute", "none")
    own = own[own["sign"].isin(signs)]
    parts = own["variant"].astype(str).str.extract(r"^(.*?)(?:, σ = ([\d.]+) px)?$")
    sigma = pd.to_numeric(parts[1]).fillna(0.0)
    own = own.assign(sigma=sigma, kind=own["network"].astype(str).map(kind_of))[parts[0] == question.variant]
    own = own.assign(**{name: own[name].astype(str) for name in ("network", "photograph", "image", "method", "path")})
    most = own.groupby(["network", "path"])["steps"].transform("max")
    return own[own["steps"] == most][[*KEYS, "value"]]


def by_image(rows: pd.DataFrame, question: Question, kind: str, *, sigmas: Iterable[float]) -> pd.DataFrame:
    """A line for each image of each network of a kind, a column for each map that every one of them has."""
    own = by_magnitude(rows, question)
    own = own[(own["kind"] == kind) & own["sigma"].isin(list(sigmas))]
    table = own.pivot_table(index=["network", "photograph", "image"], columns=["method", "sigma"], values="value")
    return table.loc[:, table.notna().groupby("network").any().all()]


def average(question: Question, kind: str, table: pd.DataFrame) -> Answer | None:
    """The answer of a table by image, of those images that count for all of its maps; None where there are none.

    A network's average is the metric's own, the median of SIC and the mean of any other.
    """
    counted = table.dropna()
    if counted.empty:
        return None
    by = counted.groupby("network")
    means = by.median() if AVERAGES.get(question.metric) == "median" else by.mean()
    return Answer(question, kind, int(by.size().max()), means)


def answer(
    rows: pd.DataFrame, question: Question, kind: str, *, sigmas: Iterable[float] = (0, 3), least: float = 0.9
) -> Answer | None:
    """A question's answer on one kind of network; None where nothing is measured of it.

    Maps count that have this share of the most images that any map has, on every network; so those of a smaller study
    do not cut the others down to its images. With 0 all maps count, and the images that they share.
    """
    table = by_image(rows, question, kind, sigmas=sigmas)
    if table.empty:
        return None
    counts = table.notna().groupby("network").sum()
    enough = counts.ge(least * counts.max(axis=1), axis=0).all()
    return average(question, kind, table.loc[:, enough])


def answers(rows: pd.DataFrame, kinds: Iterable[str] = EVERY) -> list[Answer]:
    """Every question on every kind of network of which something is measured."""
    found = (answer(rows, question, kind) for question in QUESTIONS for kind in kinds)
    return [each for each in found if each is not None]


def name_of(each: Map) -> str:
    """A map in words: "IG", or "IG smoothed by 3 px"."""
    method, sigma = each
    return method if not sigma else f"{method} smoothed by {sigma:g} px"


def table(found: Iterable[Answer]) -> pd.DataFrame:
    """A row a question and kind of network: the best map, its value, what cannot be told apart from it, and edges."""
    lines = []
    for each in found:
        values, level = each.values, [name_of(one) for one in each.level]
        by = f"{each.question.metric}, {each.question.better} is better"
        more = f" and {len(level) - LISTED} more" * (len(level) > LISTED)
        line = {
            "question": f"{each.question.words}<br><small>{by}</small>",
            "networks": f"{where(each)}<br><small>up to {amount(each.images, 'image')} each</small>",
            "best": f"{name_of(each.first)}<br><small>{values[each.first]}</small>",
            "cannot be told apart from it": ("; ".join(level[:LISTED]) + more) or "none",
            "edges": f"{values['edges', 0.0].value:.2f}" if ("edges", 0.0) in values else "–",
        }
        only = {"cannot be told apart from it": "one network decides nothing"}
        lines.append(line if len(each.means) > 1 else line | only)
    return pd.DataFrame(lines)


def where(each: Answer) -> str:
    """Of which networks an answer is: "5 ImageNet networks"."""
    return amount(len(each.means), f"{each.kind} network")
