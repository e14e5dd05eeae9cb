"""What the published studies say that no claim asks: a sentence for each question, with the chapter that answers it.

A sentence gives the numbers, whichever way they came out; a question that no study has measured yet has no sentence.
"""

from collections.abc import Callable, Mapping
from functools import partial

import pandas as pd

from igstudy.evidence.papers import table
from igstudy.evidence.tables import causes
from igstudy.evidence.tables.beside import SIDES, changes
from igstudy.evidence.tables.split import split_rows
from igstudy.evidence.tables.stability import medians
from igstudy.measures.protocols import STUDY_A

METRICS = ("insertion", "insertion ratio", "rounding change", "device change", "device cosine", "L2 ratio")


def sign(rows: pd.DataFrame) -> str:
    """What IG gains by its magnitude alone, beside what IDGI brings."""
    over = causes.over(rows, "IG", "signed", metric="insertion", variant=causes.COUNTS)
    found = causes.estimates(over, "method", "sign")
    maps = [("IG + IDGI", "signed"), ("IG", "absolute"), ("Σ g²", "none")]
    if not set(maps) <= set(found.index):
        return ""
    idgi, own, squares = (found[each] for each in maps)
    # A share of what may be nothing has no meaning.
    own_share, squares_share = (
        f", {100 * each.value / idgi.value:.0f} % of that" if idgi.low > 0 else "" for each in (own, squares)
    )
    return (
        f"By insertion IDGI scores {idgi:+.3f} more than a signed IG map ({_networks(over)}). Ranking IG's own "
        f"map by magnitude, and nothing else, gives {own:+.3f}{own_share}; Σ g², which knows no change of score, "
        f"{squares:+.3f}{squares_share}."
    )


def confidence(rows: pd.DataFrame) -> str:
    """What a temperature does to IDGI's gain."""
    change = causes.contrasts(causes.tempered(rows, metric="insertion ratio"), {4.0: 0.25}, of="temperature")
    return _changed("where a temperature of 4 in place of 1/4 makes the same networks less sure", change)


def between(rows: pd.DataFrame, *, pairs: Mapping[str, str], what: str) -> str:
    """What else IDGI gains on one network of each pair than on the other, which differ by what the words say."""
    gained = causes.gains(rows, metric="insertion ratio", variant=causes.COUNTS)
    return _changed(what, causes.contrasts(gained, pairs))


def steps(rows: pd.DataFrame) -> str:
    """How much of what IDGI gains from more steps comes from walking further."""
    assert STUDY_A.step_sensitivity
    ends = STUDY_A.step_sensitivity.coarsest, STUDY_A.step_sensitivity.finest
    gained_by = partial(changes, rows, metric="insertion", variant=causes.COUNTS, methods=["IG + IDGI"], steps=ends)
    short, whole = (
        pd.Series([cells.estimates["IG + IDGI"].value for cells in gained_by(protocol=protocol, sign=sign)])
        for protocol, sign in (SIDES["study-a"], SIDES["igpaths, signed"])
    )
    if short.empty or whole.empty:
        return ""
    return (
        f"From {ends[0]} to {ends[1]} steps IDGI on IG gains {_range(short, '+.3f')} of insertion along the walks of "
        f"Study A, whose coarse ones stop short of the image, and {_range(whole, '+.3f')} along walks that reach it."
    )


def rounding(rows: pd.DataFrame) -> str:
    """What one rounding does to the map of a path that is known beforehand, and to that of one that is not."""
    moved = medians(rows[rows["variant"] == "constants"], "rounding change", ["IG", "Guided IG"])
    if moved.empty:
        return ""
    return (
        f"Normalisation constants that are off by one rounding move a map of IG by {_range(moved['IG'], '.1g')} of its "
        f"length, and one of Guided IG by {_range(moved['Guided IG'], '.1g')}."
    )


def devices(rows: pd.DataFrame) -> str:
    """How far a GPU's maps lie from a CPU's."""
    moved, cosine = (medians(rows, f"device {name}", ["IG", "Guided IG"]) for name in ("change", "cosine"))
    if moved.empty:
        return ""
    return (
        f"A GPU in place of a CPU, with all bits of float32 on both, moves a map of IG by {_range(moved['IG'], '.1g')} "
        f"of its length, and one of Guided IG by {_range(moved['Guided IG'], '.1g')}: the cosine of its two maps is "
        f"{_range(cosine['Guided IG'], '.3f')}."
    )


def saturation(rows: pd.DataFrame) -> str:
    """How much the saturated part weighs, beside what Study B prints."""
    found = split_rows(rows)
    found = found[(found["protocol"] == "study-b") & (found["rule"] == "IG") & (found["psi"] == 0.9)]
    ours = found[found["left_out"] == ""].groupby("network")["L2 ratio"].mean()
    if ours.empty:
        return ""
    theirs = table("study-b", 1).query("psi == 0.9 and quantity.str.startswith('L2')")["value"]
    return (
        f"At ψ = 0.9 the saturated part of IG has {_range(ours, '.2f')} times the norm of the rest, where Study B's "
        f"networks have {_range(theirs, '.2f')}."
    )


recipe = partial(between, pairs=causes.RECIPES, what="where the same networks are trained by a modern recipe")
shortcuts = partial(between, pairs=causes.SEEDS, what="where a ResNet has its shortcuts and all else is equal")
QUESTIONS: dict[str, dict[str, Callable[[pd.DataFrame], str]]] = {  # by chapter
    "03-idgi-vs-its-baselines": {
        "The sign": sign,
        "Confidence": confidence,
        "The recipe": recipe,
        "Shortcuts": shortcuts,
    },
    "04-step-size": {"Steps": steps},
    "05-numerical-stability": {"Rounding": rounding, "Devices": devices},
    "06-split-ig": {"Saturation": saturation},
}


def in_words(rows: pd.DataFrame, *, linked: bool = False) -> str:
    """A line of Markdown for each question that a study's rows answer, with a link to its chapter where asked for."""
    answers = [
        (name, question(rows), f" ({{doc}}`{chapter}`)" * linked)
        for chapter, questions in QUESTIONS.items()
        for name, question in questions.items()
    ]
    return "\n".join(f"- **{name}.** {words}{link}" for name, words, link in answers if words)


def _changed(what: str, change: pd.DataFrame) -> str:
    """A contrast of gains in insertion ratio, by method and sign."""
    if change.empty:
        return ""
    found = causes.estimates(change, "method", "sign")
    words = [
        f"over {method} by {found[method, 'signed']:+.3f} on signed maps and by "
        f"{found[method, 'absolute']:+.3f} on absolute ones"
        for method in ("IG", "Blur IG")
    ]
    return f"IDGI's gain in insertion ratio changes, {what}, {'; '.join(words)} ({_networks(change)})."


def _networks(table: pd.DataFrame) -> str:
    return f"{(count := table['network'].nunique())} network{'s' * (count > 1)}"


def _range(values: pd.Series, form: str) -> str:
    """The median over networks, and from the lowest to the highest."""
    if len(values) == 1:
        return f"{values.iloc[0]:{form}}"
    return f"{values.median():{form}} ({values.min():{form}} to {values.max():{form}} on {len(values)} networks)"
