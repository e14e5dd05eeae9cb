"""The recommendation in three sentences, every word of which follows from the answers that it is given."""

from collections.abc import Iterable

from igstudy.evidence.tables.choosing import COSTS, EVERY, SMALL, WALK, Answer, Map, name_of, where

EDGES = ("edges", 0.0)


def recommend(found: Iterable[Answer], doubts: str = "") -> list[str]:
    """Which map scores highest, what smoothing and steps do to it, and where the object is and the evidence ends.

    `doubts` are sentences on the metrics themselves, which come with the limits.
    """
    by = {(each.question.metric, each.kind): each for each in found}
    main = next((by["insertion", kind] for kind in EVERY if ("insertion", kind) in by), None)
    if main is None:
        return ["Nothing is measured yet, so nothing is recommended."]
    parts = (which(main), beside_edges(main), of_a_path(main), by_deletion(main, by.get(("deletion", main.kind))))
    first = " ".join(part for part in parts if part)
    last = f"{doubts} {limits(by.get(('ROC AUC', SMALL)))}".strip()
    return [first, how(main, by.get(("steps to 95 %", main.kind))), last]


def which(main: Answer) -> str:
    """The map that scores highest by insertion, and which others may be as good."""
    score = f"insertion {main.values[main.first]} on {where(main)}, up to {main.images} images each"
    best = f"{name_of(main.first)} scores highest by magnitude"
    return f"To see what a network looks at, {best} ({score}); {_level(main)}."


def _level(main: Answer) -> str:
    if len(main.means) == 1:
        return "one network decides nothing"
    others = [each for each in main.level if each != EDGES]
    if not others:
        return "every other map is surely behind it"
    return f"{_count(others)} cannot be told from it, the simplest of them {name_of(others[0])}"


def _count(maps: list[Map]) -> str:
    return f"{len(maps)} other map{'s' * (len(maps) > 1)}"


def beside_edges(main: Answer) -> str:
    """Whether it is better than what knows no network."""
    if EDGES not in main.maps or main.first == EDGES:
        return ""
    gap = main.difference(main.first, EDGES)
    if len(main.means) > 1 and gap.low > 0:
        return f"It is {gap:+.2f} above edges, which know no network."
    if len(main.means) > 1 and gap.high < 0:
        return f"Edges, which know no network, are better ({gap:+.2f}): no map is worth its cost here."
    return f"These networks cannot tell whether it is better than edges, which know no network ({gap:+.2f})."


def of_a_path(main: Answer) -> str:
    """The best map of a path, where another kind of map scores highest."""
    walked = [each for each in main.maps if each[0] not in COSTS]
    if main.first in walked or not walked:
        return ""
    own = main.only(walked)
    gap = own.values[own.first]
    return f"Of the maps of a path it is {name_of(own.first)} ({gap}); {_level(own)}."


def by_deletion(main: Answer, deleted: Answer | None) -> str:
    """Whether deletion, which asks the reverse, agrees with insertion."""
    if deleted is None or main.first not in deleted.maps:
        return ""
    best, own = (f"{deleted.values[each]}" for each in (deleted.first, main.first))
    if deleted.first == main.first:
        return f"By deletion it is the best as well ({own}, lower is better)."
    words = "surely better" if main.first in deleted.behind else "best, though not surely"
    values = f"{best} against {own}, lower is better"
    return f"By deletion, which asks the reverse, {name_of(deleted.first)} is {words} ({values})."


def how(main: Answer, cost: Answer | None) -> str:
    """What smoothing does to the map that scores highest, and how many gradients it takes."""
    method, _ = main.first
    plain, smooth = (method, 0.0), (method, 3.0)
    words = f"Smoothing was not measured of {method}"
    if plain in main.maps and smooth in main.maps:
        change = main.difference(smooth, plain)
        sure = change.low > 0 or change.high < 0
        verb = ("raises" if change.value > 0 else "lowers") if sure and len(main.means) > 1 else "may raise or lower"
        words = f"Three pixels of smoothing {verb} the score of {method} ({change:+.3f})"
    steps = cost.values.get(plain) if cost else None
    if cost is None or steps is None:
        count = COSTS.get(method, WALK)
        return f"{words}; it takes {count} gradient{'s' * (count != 1)} of an image."
    return f"{words}; in the mean {steps.value:.0f} steps give 95 % of what 512 give (of {cost.images} images each)."


def limits(located: Answer | None) -> str:
    """Where the object is, and what this says nothing about."""
    there = "Where the object is was not measured"
    if located:
        best = f"{name_of(located.first)} says best (ROC AUC {located.values[located.first]}, {where(located)}"
        there = f"Where the object is, {best}, up to {located.images} images each); {_level(located)}"
    return f"{there}. All this is of photographs and scenes as few as these, and of networks of these kinds alone."
