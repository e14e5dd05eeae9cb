"""The recommendation in a few sentences, every word of which follows from the answers that it is given."""

from collections.abc import Iterable, Sequence

from igpaths.texts import amount
from igstudy.evidence.kinds import IMAGENET, SMALL, kind_of
from igstudy.evidence.tables.choosing import COSTS, EVERY, WALK, Answer, name_of, where

EDGES = ("edges", 0.0)


def recommend(found: Iterable[Answer]) -> list[str]:
    """Sentences: which map scores highest, of a path too and by deletion, what smoothing and steps do to it, which map
    finds the object, and where the evidence ends.
    """
    by = {(each.question.metric, each.kind): each for each in found}
    main = next((by["insertion", kind] for kind in EVERY if ("insertion", kind) in by), None)
    if main is None:
        return ["Nothing is measured yet, so nothing is recommended."]
    first = f"{which(main)} {beside_edges(main)}".strip()
    more = (of_a_path(main), by_deletion(main, by.get(("deletion", main.kind))))
    steps = how(main, by.get(("steps to 95 %", main.kind)))
    return [part for part in (first, *more, steps, limits(by.get(("ROC AUC", SMALL)))) if part]


def which(main: Answer) -> str:
    """The map that scores highest by insertion, and which others may be as good."""
    score = f"insertion {main.values[main.first]} on {where(main)}, up to {amount(main.images, 'image')} each"
    best = f"{name_of(main.first)} scores highest by magnitude"
    return f"To see what a network looks at, {best} ({score}); {_level(main)}."


def _level(main: Answer) -> str:
    if len(main.means) == 1:
        return "one network decides nothing"
    others = [each for each in main.level if each != EDGES]
    if not others:
        return "every other map is behind it"
    return f"{amount(len(others), 'other map')} cannot be told apart from it, the simplest of them {name_of(others[0])}"


def beside_edges(main: Answer) -> str:
    """Whether it is better than edges, which do not depend on the network."""
    if EDGES not in main.maps or main.first == EDGES:
        return ""
    gap = main.difference(main.first, EDGES)
    if len(main.means) > 1 and gap.low > 0:
        return f"It is {gap:+.2f} above edges, which do not depend on the network."
    if len(main.means) > 1 and gap.high < 0:
        return f"Edges, which do not depend on the network, are better ({gap:+.2f}): no map is worth its cost here."
    return f"Whether it is better than edges, which do not depend on the network, is undecided ({gap:+.2f})."


def of_a_path(main: Answer) -> str:
    """The best map of a path, where another kind of map scores highest."""
    walked = [each for each in main.maps if each[0] not in COSTS]
    if main.first in walked or not walked:
        return ""
    own = main.only(walked)
    gap = own.values[own.first]
    return f"Among the maps of a path, {name_of(own.first)} scores highest ({gap}); {_level(own)}."


def by_deletion(main: Answer, deleted: Answer | None) -> str:
    """Whether deletion, the reverse test, agrees with insertion."""
    if deleted is None or main.first not in deleted.maps:
        return ""
    best, own = (f"{deleted.values[each]}" for each in (deleted.first, main.first))
    first, other = name_of(deleted.first), name_of(main.first)
    if random := next((each for each in deleted.level if each[0] == "random"), None):
        values = f"{best} against {deleted.values[random]}, lower is better"
        numbers = name_of(random).replace("random", "random numbers")
        unsure = f"not even the best map, {first}, can be told apart from {numbers} ({values})"
        return f"By deletion, the reverse test, {unsure}, so deletion ranks nothing here."
    if deleted.first == main.first:
        return f"By deletion it is the best as well ({own}, lower is better)."
    words = f"better than {other}" if main.first in deleted.behind else f"best, but cannot be told apart from {other}"
    values = f"{best} against {own}, lower is better"
    return f"By deletion, the reverse test, {first} is {words} ({values})."


def how(main: Answer, cost: Answer | None) -> str:
    """What smoothing does to the map that scores highest, and how many gradients it takes."""
    method, _ = main.first
    plain, smooth = (method, 0.0), (method, 3.0)
    words = f"Smoothing of {method} was not measured"
    if plain in main.maps and smooth in main.maps:
        change = main.difference(smooth, plain)
        sure = change.low > 0 or change.high < 0
        verb = ("raises" if change.value > 0 else "lowers") if sure and len(main.means) > 1 else "may raise or lower"
        words = f"Three pixels of smoothing {verb} the score of {method} ({change:+.3f})"
    steps = cost.values.get(plain) if cost else None
    if cost is None or steps is None:
        return f"{words}; the map takes {amount(COSTS.get(method, WALK), 'gradient')} for each image."
    of = amount(cost.images, "image")
    reached = f"takes {amount(f'{steps.value:.0f}', 'step')} to come to 95 % of its score at 512 steps ({of} each)"
    return f"{words}; on average a single image {reached}."


def limits(located: Answer | None) -> str:
    """Which map finds the object, and what this says nothing about."""
    there = "Localization was not measured"
    if located:
        best = f"{name_of(located.first)} finds it best (ROC AUC {located.values[located.first]}, {where(located)}"
        there = f"To see where the object is, {best}, up to {amount(located.images, 'image')} each); {_level(located)}"
    return f"{there}. Other images and other kinds of network may give other answers."


def caution(studies: Sequence[str], networks: Iterable[str], *, confirmed: bool = False) -> str:
    """That claims which were written from exploratory studies are not tested by them, and of which networks they are.

    Parameters
    ----------
    studies
        The names of the exploratory studies that are published.
    networks
        The names of their networks, of any kind.
    confirmed
        Whether the confirmation has tested the claims.
    """
    if not studies:
        return "They are of this page's own few images, which test no claim."
    own = sorted({name for name in networks if kind_of(name) == IMAGENET})
    there = f"The ImageNet networks are {', '.join(own)}." if own else "No network of ImageNet is among theirs."
    tested = " The confirmation tests them." if confirmed else ""
    first = "These are of exploratory studies, which test no claim: the claims of this page were written from them."
    return f"{first}{tested} {there}"
