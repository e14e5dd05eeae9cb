"""Which images count: how many of each network's, how many are left out and why, and how often the networks are right.

The photographs of the published studies come from a public collection whose file names are not those of ImageNet's
validation set. Accuracies well above the published ones say that they are probably training images.
"""

from collections.abc import Iterator

import pandas as pd
from scipy.stats import binomtest

from igpaths.texts import amount
from igstudy.evidence.networks import holm

MEASURED = {"igpaths": "insertion", "study-a": "insertion", "study-b": "L2 ratio", "igpaths, grey": "L2 ratio"}
# Top-1 accuracy on ImageNet's validation images as the weights' authors print it
PRINTED = {
    "mobilenet_v1": 0.684,  # width .75, Keras' documentation
    "mobilenet_v2": 0.719,  # torchvision, IMAGENET1K_V1
    "squeezenet1_1": 0.582,  # torchvision
    "efficientnet_lite0": 0.751,  # TensorFlow's EfficientNet-Lite
    "efficientnet_lite1": 0.767,
    "efficientnet_lite2": 0.776,
}
CHANCE = 0.05  # a smaller probability, by Holm's correction for the number of networks, is more than chance
METRICS = (*dict.fromkeys(MEASURED.values()), "SIC")


def by_network(rows: pd.DataFrame) -> pd.DataFrame:
    """For each network the images seen, and under each protocol those that count and those left out, by reason.

    SIC and AIC also leave out images of which the network is not sure; they have a column of their own.
    """
    lines: dict[str, dict[str, str]] = {}
    for name, network, reasons in _by_protocol(rows):
        line = lines.setdefault(network, {})
        line["images"] = str(max(len(reasons), int(line.get("images", 0))))
        line[name] = _words(reasons)
    return pd.DataFrame(lines).T.fillna("–")


def counting(rows: pd.DataFrame) -> dict[str, list[int]]:
    """How many images of each network count, under each protocol and for SIC."""
    found: dict[str, list[int]] = {}
    for _, network, reasons in _by_protocol(rows):
        found.setdefault(network, []).append(int((reasons == "").sum()))
    return found


def _by_protocol(rows: pd.DataFrame) -> Iterator[tuple[str, str, pd.Series]]:
    """Under each protocol, and for SIC, each network and why its images do not count."""
    for name, metric in [*MEASURED.items(), ("study-a, SIC", "SIC")]:
        own = rows[(rows["protocol"] == name.partition(", SIC")[0]) & (rows["metric"] == metric)]
        for network, its in own.groupby("network", sort=False, observed=True):
            yield name, str(network), _reasons(its)


def accuracy(rows: pd.DataFrame) -> pd.DataFrame:
    """How many of a network's photographs it classifies rightly, beside what its authors print on other images.

    `p` is that of so many or more by chance at the printed accuracy, by the exact binomial test.
    """
    own = rows[(rows["protocol"] == "igpaths") & (rows["metric"] == "insertion") & (rows["method"] == "random")]
    lines = {}
    for network, its in own.groupby("network", sort=False, observed=True):
        if str(network) in PRINTED:
            reasons = _reasons(its)
            right, n = int((reasons != "misclassified").sum()), len(reasons)
            test = binomtest(right, n, PRINTED[str(network)], alternative="greater")
            lines[str(network)] = {
                "right": f"{right} of {n}",
                "share": f"{right / n:.1%}",
                "printed": f"{PRINTED[str(network)]:.1%}",
                "p": f"{test.pvalue:.2g}",
            }
    return pd.DataFrame(lines).T


def of_accuracy(table: pd.DataFrame) -> str:
    """Whether `accuracy` says that the photographs are training images: a sentence."""
    if table.empty:
        return "No published study says how often networks are right about them."
    above = sum(p < CHANCE for p in holm(table["p"].astype(float).tolist()))
    on = f"On {above or 'none'} of {amount(len(table), 'network')}"
    higher = "the accuracy lies" if above else "does the accuracy lie"
    where = f"{on} {higher} above the printed one by more than chance"
    suggests = ", which suggests that they are training images" if above else ""
    return f"{where}{suggests} (with Holm's correction for the number of networks)."


def _reasons(rows: pd.DataFrame) -> pd.Series:
    """Why each image does not count; "" where some value of it does."""

    def reason(own: pd.Series) -> str:
        return "" if (own == "").any() else str(own.iloc[0])

    return rows.astype({"left_out": str}).groupby("image", observed=True)["left_out"].agg(reason)


def _words(reasons: pd.Series) -> str:
    """How many count, and of the others how many for each reason."""
    out = reasons[reasons != ""].value_counts()
    parts = [f"{count} {reason}" for reason, count in out.items()]
    return f"{int((reasons == '').sum())} count" + (f"; {', '.join(parts)}" if parts else "")
