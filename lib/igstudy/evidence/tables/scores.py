"""The same claims under either score: whether what a network is asked about, a probability or a logit, decides them."""

import pandas as pd

from igpaths.classifier import OUTPUTS
from igstudy.evidence.deciding import NOT_MEASURED, Verdict, verdicts

OF_PROBABILITY = r"ψ = [\d.]+, probability"  # variants of Split IG


def by_score(probability: pd.DataFrame, logit: pd.DataFrame) -> list[tuple[Verdict, Verdict]]:
    """Our verdicts on a claim under the probability and under the logit, for each that both rows decide.

    Networks that only one of the two has do not count, nor images that a network was asked about under one score alone:
    a verdict must not change for want of images. Split IG is walked under both scores whichever a study explains: its
    rows are taken from the first, all of them.
    """
    both = set(probability["network"]) & set(logit["network"])
    ours, other = (
        rows[rows["network"].isin(both) & rows["protocol"].str.startswith("igpaths")] for rows in (probability, logit)
    )
    splits = ours["path"].str.startswith("split-")
    paths = _of_the_same_images(ours[~splits], other[~other["path"].str.startswith("split-")])
    found = [
        verdicts(pd.concat([own, _of_split(ours[splits], output)])) for output, own in zip(OUTPUTS, paths, strict=True)
    ]
    return [pair for pair in zip(*found, strict=True) if NOT_MEASURED not in (each.verdict for each in pair)]


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
