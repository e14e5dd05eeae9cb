"""What the answers rest on, in Markdown: the published studies with what they cost, and their networks and images."""

from collections.abc import Callable

import pandas as pd

from igpaths.models import label
from igpaths.texts import amount
from igstudy.evidence.agreement import SAME, in_short, recorded
from igstudy.evidence.amounts import enumerated, span
from igstudy.evidence.kinds import CONTROL, IMAGENET, KINDS, PAIRED, SMALL, kind_of
from igstudy.evidence.names import is_confirming
from igstudy.evidence.results import shelf, studies
from igstudy.evidence.tables.counted import counting
from igstudy.evidence.verdicts import table

SHOWN = 16  # digits of a digest
SORTS = {
    IMAGENET: ("network", " trained on ImageNet"),
    SMALL: ("small network", " of a task with known masks"),
    PAIRED: ("small network", " of one design that differ in shortcuts, recipe or seed"),
    CONTROL: ("control", ""),
}
NAMED = 6  # networks; more of one kind are counted and not named
KNOWN = "The confirmation has not been run yet; the results below were known when the claims were written."
BEFORE = (
    "The claims were committed before the confirmation's results were read; those of other studies were known. Where "
    "both measured the same, the confirmation alone counts."
)


def scope(rows: pd.DataFrame) -> str:
    """In two sentences, which networks the answers rest on and which not; and whether they were known before.

    Of each kind it says from the rows of `counted.METRICS` how many images count: from the fewest of a network under
    a protocol to the most. Where a network is part of the confirmation, its other studies do not count.
    """
    images = _images(is_confirming)
    counts = counting(deciding(rows))
    images |= {name: count for name, count in _images(lambda _: True).items() if name not in images}
    of = {kind: {name: count for name, count in images.items() if kind_of(name) == kind} for kind in KINDS}
    parts = [_networks(kind, own, counts) for kind, own in of.items() if own]
    rerun = f"Both studies' protocols were rerun on {enumerated(parts)}. " if parts else ""
    not_run = "None of the papers' own weights were run: claims about them are *not tested*."
    return f"{rerun}{not_run}{'' if is_confirmed() else f' {KNOWN}'}"


def deciding(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without those of other studies of a network that is part of the confirmation."""
    images = _images(is_confirming)
    return rows[rows["study"].map(is_confirming).astype(bool) | ~rows["network"].isin(images)] if images else rows


def _images(chosen: Callable[[str], bool]) -> dict[str, int]:
    """How many different images of each network the studies have that are chosen."""
    images = dict[str, set[int]]()
    for own in (facts["parameters"] for name, facts in studies().items() if chosen(name)):
        first = own.get("skip", 0)  # studies of before have none
        for name in map(label, own["models"]):
            images.setdefault(name, set()).update(range(first, first + own["images"]))
    return {name: len(numbers) for name, numbers in images.items()}


def precedence() -> str:
    """In a sentence, which of the published studies were known when the claims were written."""
    return BEFORE if is_confirmed() else KNOWN.replace("results below", "published results")


def _networks(kind: str, images: dict[str, int], counts: dict[str, list[int]]) -> str:
    """The networks of a kind: how many, their names where these are few, and how many images of each were seen."""
    names = f"{enumerated(list(images))}; " if len(images) <= NAMED else ""
    noun, of = SORTS[kind]
    count = [n for name in images for n in counts.get(name, [])]
    of_which = f", of which {span(count, 'd')} count" if count else ""
    seen = f"up to {amount(max(images.values()), 'image')} each{of_which}"
    return f"{amount(len(images), noun)}{of} ({names}{seen})"


def is_confirmed() -> bool:
    """Whether any published study is of the confirmation."""
    return any(map(is_confirming, studies()))


def on_what() -> str:
    """The published studies: task, networks, images, what they measured, its cost, and how much is the same today."""
    rows = [["study", "task", "networks", "images of each", "explains", "protocols", "ran", "cost", "computed again"]]
    for name, facts in studies().items():
        own = facts["parameters"]
        sizes, protocols = [str(len(own["models"])), _numbered(own)], ", ".join(own["protocols"])
        days = " to ".join(dict.fromkeys(facts[end][:10] for end in ("from", "to")))
        cost = f"{amount(format(facts['seconds'] / 3600, '.2g'), 'hour')} of one process"
        cost += f", {amount(format(facts['evaluations'], ','), 'evaluation')}"
        ran = f"{days}, {facts['device']}, at {_commits(facts['commit'])}"
        again = recorded(shelf(name, of_the_book=True))
        told = in_short(again) if again else "no"
        rows.append([name, own["task"], *sizes, f"the {own['output']}", protocols, ran, cost, told])
    return table(rows, "sources") if len(rows) > 1 else "No published study holds this yet, so no claim is decided."


def computed_again() -> str:
    """In a few sentences, how many published values a later version of the library computes alike."""
    every = {name: recorded(shelf(name, of_the_book=True)) for name in studies()}
    found = [facts for facts in every.values() if facts]
    if not found:
        return "None of their values has been computed again since."
    same, values = (sum(facts["others"][i] for facts in found) for i in (0, 1))
    guided, of_guided = (sum(facts["guided"][i] for facts in found) for i in (0, 1))
    told = (
        f"In {len(found)} of the {amount(len(every), 'study', 'studies')}, at least one image of each network was "
        f"computed again by a later version: {same:,} of {values:,} values are the same, within {SAME:g} standard "
        "deviations."
    )
    if of_guided:
        told += f" A guided path follows the rounding of its gradients: of its values, {guided:,} of {of_guided:,} did."
    if lost := sum(facts["lost"] for facts in found):
        told += f" {amount(f'{lost:,}', 'published value')} could not be computed."
    return told


def digests() -> str:
    """The SHA-256 of every network's weights and of every study's images: a reader's own should be the same."""
    weights, images = dict[str, str](), dict[str, str]()
    for name, facts in studies().items():
        found = facts.get("inputs", {})  # studies of before have none
        weights |= {model: digest for model, digest in found.get("weights", {}).items()}
        if found:
            images[f"{name}, {amount(found['images'], 'image')}"] = found["sha256"]
    rows = [["what", "SHA-256, its first digits"]]
    rows += [[name, f"`{digest[:SHOWN]}`"] for name, digest in (weights | images).items()]
    return table(rows, "sources") if len(rows) > 1 else "No published study names its inputs yet."


def _numbered(parameters: dict[str, object]) -> str:
    """The images of a study: how many, and from which number on if that is not the first."""
    skip = parameters.get("skip", 0)  # studies of before have none
    return f"{parameters['images']}" + (f" after {skip}" if skip else "")


def _commits(found: str | list[str]) -> str:
    return ", ".join([found] if isinstance(found, str) else found)
