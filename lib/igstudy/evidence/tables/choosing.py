"""Which map to use: every map by what it is good for and by what it costs, and a recommendation that follows from it.

The network is the unit: a method's value on a kind of network is the mean of its networks' averages, and two methods
are compared image by image before they are averaged. A method is behind another where the whole interval of that
difference says so; of the methods that are behind none, the simplest is recommended.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from igstudy.evidence.statistics import Estimate, over_networks
from igstudy.measures import smoothing

KINDS = {  # networks by the short names that label their rows; all others are small networks of the objects task
    "ImageNet": ("mobilenet_v1", "mobilenet_v2", "efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"),
    "SqueezeNet": ("squeezenet1_1",),
}
SMALL = "small"
LISTED = 5  # maps in a cell of the table
CONTROLS = ("edges", "random")  # which know no network
# From the simplest on; a method that is not here comes last, in the order of the rows
SIMPLEST = (
    *("edges", "random", "gradient", "gradient × input", "Grad-CAM", "IG", "IG, variation", "IG + IDGI", "IG + IDG"),
    *("Left IG", "Σ |g|", "Σ g²", "Σ (g Δx)²", "Σ g", "Blur IG", "Guided IG"),
)
# Gradients that a map takes of an image as the studies run it; any other takes one walk
GRADIENTS = {"edges": 0, "random": 0, "gradient": 1, "gradient × input": 1, "Grad-CAM": 1, "SmoothGrad": 64} | {
    "SmoothGrad IG": 72, "IG, uniform": 72, "Expected Gradients": 27, "XRAI": 66,
}  # fmt: skip
WALK = 65
OF_ATTRIBUTIONS = ("JPEG cosine", "steps to 5 %", "map change")  # metrics, not of maps that rank
KEYS = ["kind", "network", "photograph", "image", "method", "sigma"]


@dataclass(frozen=True)
class Question:
    """What one may want of a map, and the metric that answers it."""

    words: str
    metric: str
    variant: str
    better: str  # "higher" or "lower"


QUESTIONS = (
    Question("What does the network look at?", "insertion", "black, 21 counts", "higher"),
    Question("… and what can it not do without?", "deletion", "black, 21 counts", "lower"),
    Question("… told with few bytes?", "SIC", "png", "higher"),
    Question("Where is the object?", "ROC AUC", "", "higher"),
    Question("Which class is it?", "class sensitivity", "", "higher"),
    Question("How stable is it under JPEG?", "JPEG cosine", "", "higher"),
    Question("Does it depend on what was learned?", "sanity spearman", "all layers", "lower"),
    Question("How fast is it there?", "steps to 95 %", "black, 21 counts, to 512", "lower"),
)


SIGMAS = (0.0, *map(float, smoothing.SIGMAS))
Map = tuple[str, float]  # a method, and σ of its smoothing in pixels


@dataclass(frozen=True, eq=False)
class Answer:
    """One question on one kind of network: the averages of N networks (rows) of every map (columns)."""

    question: Question
    kind: str
    images: int  # those that count for all maps, of all networks together
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
        """The map with the best mean."""
        values, best = self.values, max if self.question.better == "higher" else min
        return best(values, key=lambda each: values[each].value)

    @property
    def ahead(self) -> tuple[Map, ...]:
        """The first, and all that are not surely behind it; of a single network nothing is sure."""
        side = 1 if self.question.better == "higher" else -1
        gaps = {each: self.difference(self.first, each) for each in self.maps}
        return tuple(each for each, gap in gaps.items() if len(self.means) == 1 or side * gap.value - reach(gap) <= 0)

    @property
    def simplest(self) -> Map:
        """The one of these to recommend: the first in the order of `SIMPLEST`, not smoothed before smoothed.

        It is a control only where every map of a network is behind it.
        """
        names = [*SIMPLEST, *(method for method, _ in self.maps)]
        maps = [each for each in self.ahead if each[0] not in CONTROLS]
        return min(maps or self.ahead, key=lambda each: (names.index(each[0]), each[1]))

    def difference(self, one: Map, other: Map) -> Estimate:
        """The mean over networks of one map's average less another's."""
        return over_networks(self.means[one] - self.means[other])


def reach(estimate: Estimate) -> float:
    """Half the length of an interval that is symmetric."""
    return (estimate.high - estimate.low) / 2


def kind_of(network: str) -> str:
    """The kind of network that a short name stands for."""
    return next((kind for kind, names in KINDS.items() if network in names), SMALL)


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


def averages(values: pd.DataFrame, *by: str) -> pd.Series:
    """The mean over networks of their averages, an `Estimate` for each group `by`."""
    means = values.groupby([*by, "network"], sort=False)["value"].mean()
    found = means.groupby(list(by), sort=False).agg(over_networks)
    return pd.Series(found, dtype=object)


def answer(rows: pd.DataFrame, question: Question, kind: str, *, sigmas: Iterable[float] = (0, 3)) -> Answer | None:
    """A question's answer on one kind of network; None where nothing is measured of it.

    Maps count that were measured on every network of the kind, and images that count for all of these maps.
    """
    own = by_magnitude(rows, question)
    own = own[(own["kind"] == kind) & own["sigma"].isin(list(sigmas))]
    if own.empty:
        return None
    table = own.pivot_table(index=["network", "photograph", "image"], columns=["method", "sigma"], values="value")
    everywhere = table.notna().groupby("network").any().all()
    counted = table.loc[:, everywhere].dropna()
    return Answer(question, kind, len(counted), counted.groupby("network").mean()) if len(counted) else None


def answers(rows: pd.DataFrame, kinds: Iterable[str] = (*KINDS, SMALL)) -> list[Answer]:
    """Every question on every kind of network of which something is measured."""
    found = (answer(rows, question, kind) for question in QUESTIONS for kind in kinds)
    return [each for each in found if each is not None]


def name_of(each: Map) -> str:
    """A map in words: "IG", or "IG smoothed by 3 px"."""
    method, sigma = each
    return method if not sigma else f"{method} smoothed by {sigma:g} px"


def table(found: Iterable[Answer]) -> pd.DataFrame:
    """A row a question and kind of network: the best map, its value, what is not surely behind it, and edges."""
    lines = []
    for each in found:
        values = each.values
        others = [name_of(one) for one in each.ahead if one != each.first]
        by = f"{each.question.metric}, {each.question.better} is better"
        line = {
            "question": f"{each.question.words}<br><small>{by}</small>",
            "networks": f"{_where(each)}<br><small>{each.images} images</small>",
            "best": f"{name_of(each.first)}<br><small>{values[each.first]}</small>",
            "not surely behind it": _few(others) if len(each.means) > 1 else "one network decides nothing",
            "edges": f"{values['edges', 0.0].value:.2f}" if ("edges", 0.0) in values else "–",
        }
        lines.append(line)
    return pd.DataFrame(lines)


def _few(names: Sequence[str]) -> str:
    more = len(names) - LISTED
    return (", ".join(names[:LISTED]) + (f" and {more} more" if more > 0 else "")) or "none"


def recommend(found: Iterable[Answer]) -> list[str]:
    """The recommendation, a sentence each: which map, what smoothing and steps do to it, and where it ends.

    Every word that numbers could contradict follows from the answers.
    """
    by = {(each.question.metric, each.kind): each for each in found}
    main = next((by["insertion", kind] for kind in (*KINDS, SMALL) if ("insertion", kind) in by), None)
    if main is None:
        return ["Nothing is measured yet, so nothing is recommended."]
    deleted, cost = (by.get((metric, main.kind)) for metric in ("deletion", "steps to 95 %"))
    which = f"{_which(main)} {_against(main, deleted)}".strip()
    return [which, _how(main, cost), _limits(main, by.get(("ROC AUC", SMALL)))]


def _which(main: Answer) -> str:
    choice, where = main.simplest, _where(main)
    score = f"an insertion score of {main.values[choice]} on {where}"
    if choice[0] in CONTROLS:
        return f"No map is recommended: every one is behind {name_of(choice)}, which know no network, with {score}."
    many = len([each for each in main.ahead if each[0] not in CONTROLS]) - 1
    others = f"{many} other map{'s' * (many > 1)} cannot be told from it" if many else "every other map is behind it"
    take = f"rank by magnitude and take {name_of(choice)}, with {score}"
    return f"To see what a network looks at, {take}: {others}.{_beside_edges(main)}{_of_a_walk(main)}"


def _beside_edges(main: Answer) -> str:
    """Whether the recommended map is better than what knows no network."""
    if ("edges", 0.0) not in main.maps:
        return ""
    gap = main.difference(main.simplest, ("edges", 0.0))
    if len(main.means) > 1 and gap.low > 0:
        return f" It is {gap:+.2f} above edges, which know no network."
    return f" Whether it is better than edges, which know no network, these networks cannot tell ({gap:+.2f})."


def _of_a_walk(main: Answer) -> str:
    """The map of a path to take where another kind of map is recommended."""
    walked = [each for each in main.maps if each[0] not in GRADIENTS]
    if main.simplest in walked or not walked:
        return ""
    choice = replace(main, means=main.means[walked]).simplest
    gap = main.difference(choice, main.simplest)
    words = f"{main.values[choice]}, {gap:+.2f} from it"
    return f" Of the maps of a path take {name_of(choice)} ({words}): no other is surely better."


def _against(main: Answer, deleted: Answer | None) -> str:
    """Whether deletion, which asks the reverse, agrees with insertion."""
    choice = main.simplest
    if deleted is None or choice not in deleted.maps:
        return ""
    if choice in deleted.ahead:
        return "By deletion none is better either."
    best = deleted.simplest
    values = f"{deleted.values[best]} against {deleted.values[choice]}, lower is better"
    words = f"By deletion, which asks the reverse, {name_of(best)} is better ({values})"
    return f"{words}: the two metrics do not want one map."


def _how(main: Answer, cost: Answer | None) -> str:
    method, _ = main.simplest
    plain, smooth = (method, 0.0), (method, 3.0)
    words = f"Smoothing was not measured of {method}"
    if plain in main.means and smooth in main.means:
        change = main.difference(smooth, plain)
        sure = change.low > 0 or change.high < 0
        verb = ("raises" if change.value > 0 else "lowers") if sure else "may raise or lower"
        words = f"Three pixels of smoothing {verb} the score of {method} ({change:+.3f})"
    steps = cost.values.get(plain) if cost else None
    if steps is None:
        count = GRADIENTS.get(method, WALK)
        return f"{words}; it takes {count} gradient{'s' * (count != 1)} of an image."
    return f"{words}; in the mean {steps.value + 1:.0f} gradients give 95 % of what 512 give."


def _limits(main: Answer, where: Answer | None) -> str:
    there = "Where the object is was not measured"
    if where:
        best = where.simplest
        there = f"Where the object is, {name_of(best)} says best on {_where(where)} (ROC AUC {where.values[best]})"
    return f"{there}; all this is of {main.images} images, and of networks of these kinds alone."


def _where(each: Answer) -> str:
    return f"{len(each.means)} {each.kind} network{'s' if len(each.means) > 1 else ''}"
