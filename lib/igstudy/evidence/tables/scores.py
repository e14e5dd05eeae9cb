"""The same claims under either score: whether what a network is asked about, a probability or a logit, decides them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from igpaths.classifier import OUTPUTS
from igpaths.texts import amount
from igstudy.evidence.claims import Claim, Quantity, claims
from igstudy.evidence.deciding import NOT_TESTED, Answer, verdicts
from igstudy.evidence.kinds import KINDS, WORDS

Pair = tuple[Claim, Answer, Answer]  # under the probability and under the logit
OF_PROBABILITY = r"ψ = [\d.]+, probability"  # variants of Split IG
OURS = {"study-a": "igpaths", "study-b": "igpaths, grey"}


def by_score(probability: pd.DataFrame, logit: pd.DataFrame) -> list[Pair]:
    """A claim's answers by our protocol under the probability and under the logit, by kind of network.

    Networks that only one of the two has do not count, nor images that a network was asked about under one score alone:
    an answer must not change for want of images. Split IG is walked under both scores whichever a study explains: its
    rows are taken from the first, all of them.
    """
    both = set(probability["network"]) & set(logit["network"])
    ours, other = (
        rows[rows["network"].isin(both) & rows["protocol"].str.startswith("igpaths")] for rows in (probability, logit)
    )
    splits = ours["path"].str.startswith("split-")
    paths = _of_the_same_images(ours[~splits], other[~other["path"].str.startswith("split-")])
    about = list(_ours(claims()))
    found = [
        verdicts(pd.concat([own, _of_split(ours[splits], output)]), about)
        for output, own in zip(OUTPUTS, paths, strict=True)
    ]
    pairs = [(p, q, kind) for p, q in zip(*found, strict=True) for kind in KINDS]
    answers = [(p.claim, p.original[kind], q.original[kind]) for p, q, kind in pairs]
    return [each for each in answers if NOT_TESTED not in (each[1].word, each[2].word)]


def differing(pairs: Iterable[Pair]) -> list[Pair]:
    """Those that get another answer under the other score."""
    return [each for each in pairs if each[1].word != each[2].word]


def in_words(pairs: Sequence[Pair]) -> str:
    """How many claims depend on the score: a sentence."""
    if not pairs:
        return "No claim has been measured under both scores."
    several = f"{amount(len(pairs), 'pair')} of a claim and a kind of network"
    return f"The other score gives another answer in {len(differing(pairs)) or 'none'} of {several}."


def advice(pairs: Sequence[Pair]) -> str:
    """What to write beside a map and a claim."""
    first = "Name the score beside every map and every claim."
    changed = len(differing(pairs))
    if not changed:
        return first
    return (
        f"{first} If a claim's answer changes with the score, say for which score it holds: this happens in {changed} "
        f"of {amount(len(pairs), 'comparison')} here."
    )


def higher_under(counts: Mapping[str, Sequence[int]], metric: str) -> str:
    """Under which score a metric is higher: a sentence for each kind of network.

    `counts` are the kind's networks on which the probability's map has the higher value, neither has, the logit's has.
    """
    sentences = []
    for kind, (probability, neither, logit) in counts.items():
        if not (networks := probability + neither + logit):
            continue
        ends = {"higher under the logit": logit, "higher under the probability": probability, "undecided": neither}
        parts = [f"{words} on {'all' if n == networks else n}" for words, n in ends.items() if n]
        where = f"{networks} {WORDS[kind] if networks > 1 else WORDS[kind].removesuffix('s')}"
        sentences.append(f"Of {where}, {metric} is {', '.join(parts)}.")
    return " ".join(sentences) or f"Under which score {metric} is higher was not measured."


def _ours(about: Iterable[Claim]) -> Iterable[Claim]:
    """The papers' claims by our protocol, without changes."""
    for claim in about:
        if claim.paper != "C":
            side = claim.original
            comparisons = tuple(tuple(map(_on_ours, comparison)) for comparison in side.comparisons)
            yield replace(claim, original=replace(side, comparisons=comparisons), changed=())


def _on_ours(quantity: Quantity) -> Quantity:
    return replace(quantity, protocol=OURS.get(quantity.protocol, quantity.protocol))


def _of_the_same_images(*both: pd.DataFrame) -> list[pd.DataFrame]:
    """The rows of the images that both have of a network."""
    first, second = (pd.MultiIndex.from_frame(rows[["network", "image"]]) for rows in both)
    return [both[0][first.isin(second)], both[1][second.isin(first)]]


def _of_split(rows: pd.DataFrame, output: str) -> pd.DataFrame:
    """The rows of Split IG of one score, under the names that claims know."""
    if output == "logit":
        return rows[~rows["path"].str.endswith("-probability")]
    own = rows[rows["variant"].str.fullmatch(OF_PROBABILITY)]
    return own.assign(variant=own["variant"].str.removesuffix(", probability"))
