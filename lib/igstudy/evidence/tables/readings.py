"""Which ranking made the rows that Study A prints: that by the signed sum of its text, or that by magnitude?

Its insertion score without IDGI over that with IDGI, of one network and path, tells the two readings apart, for IDGI's
score depends on the ranking far less than IG's, and a network's own level cancels. On our ImageNet networks, along the
paper's own walks, the logarithm of this ratio has a mean and a spread under either ranking. A reading's likelihood of a
printed row is the density of a new network's value under it: Student's t with that mean, that spread times √(1 + 1/N)
and N − 1 degrees of freedom.

It assumes that the paper's networks are drawn from the same kind as ours, that its rows with and without IDGI rank one
way, and that its images are of the kind that ours are. A ratio of likelihoods compares two readings and knows no third.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import t

from igstudy.evidence.tables.causes import COUNTS, METHODS, enough, gains, published

SIGNS = ("signed", "absolute")
LEAST = 3  # networks that have a spread to speak of


def ours(rows: pd.DataFrame, *, networks: Sequence[str]) -> pd.DataFrame:
    """ln of the mean insertion score without IDGI over that with it, of each network, path and ranking.

    Along the walks of Study A, over the images that count for both, where these are enough; a table with columns
    network, method, sign, log.
    """
    own = gains(rows[rows["network"].isin(networks)], metric="insertion", variant=COUNTS, protocol="study-a")
    own = enough(own, "method", "sign")
    means = own.groupby(["network", "method", "sign"], sort=False, observed=True)[["without", "idgi"]].mean()
    return pd.Series(np.log(means["without"] / means["idgi"]), name="log").reset_index()


def readings(found: pd.DataFrame) -> pd.DataFrame:
    """How likely each row of Study A's Table 1 is under either ranking, by the spread of `ours`.

    Columns: network, method, ratio (without over with IDGI, as printed), and `weight`, the decimal logarithm of the
    likelihood by magnitude over that by the signed sum: above 0 it speaks for magnitude. Paths on which fewer than
    three networks were run under both rankings are left out.
    """
    printed = published(1, "insertion", COUNTS)
    lines = []
    for method in METHODS:
        of_path = found[found["method"] == method]
        own = {sign: of_path.loc[of_path["sign"] == sign, "log"].to_numpy() for sign in SIGNS}
        if min(map(len, own.values())) < LEAST:
            continue
        for _, row in printed[printed["method"] == method].iterrows():
            densities = {sign: _density(own[sign], float(np.log(row["ratio"]))) for sign in SIGNS}
            weight = (densities["absolute"] - densities["signed"]) / np.log(10)
            lines.append({"network": row["network"], "method": method, "ratio": row["ratio"], "weight": weight})
    return pd.DataFrame(lines, columns=["network", "method", "ratio", "weight"])


def _density(values: np.ndarray, new: float) -> float:
    """The logarithm of the density of a new value among N that are normal."""
    n, spread = len(values), values.std(ddof=1)
    return float(t.logpdf(new, n - 1, loc=values.mean(), scale=spread * np.sqrt(1 + 1 / n)))


def in_words(weights: pd.Series) -> str:
    """What the rows of a path say together, in a sentence's part."""
    if weights.empty:
        return f"nothing can be said before {LEAST} of our ImageNet networks are published under both rankings"
    for_magnitude, for_signed = int((weights > 1).sum()), int((weights < -1).sum())
    return (
        f"{for_magnitude} of {len(weights)} rows are at least ten times likelier by magnitude, {for_signed} at least "
        f"ten times likelier by the signed sum, and {len(weights) - for_magnitude - for_signed} favour neither"
    )
