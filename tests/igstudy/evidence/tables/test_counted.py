"""Which images count, and how often networks are right."""

import pandas as pd
import pytest
from scipy.stats import binom

from igstudy.evidence.tables import counted


def rows(reasons, *, network="mobilenet_v2", protocol="igpaths", metric="insertion", method="random"):
    """A row an image, with the reason for which it is left out."""
    names = [f"{i}" for i in range(len(reasons))]
    same = {"network": network, "protocol": protocol, "metric": metric, "method": method}
    return pd.DataFrame({"image": names, "left_out": reasons}).assign(**same)


def test_images_are_counted_by_reason_under_each_protocol():
    own = rows(["", "", "misclassified", "not finite"])
    split = rows(["gain of 5 or less", "", "", ""], protocol="study-b", metric="L2 ratio", method="IG")
    sic = rows(["p < 0.8", "p < 0.8", "", "misclassified"], protocol="study-a", metric="SIC", method="IG")
    found = counted.by_network(pd.concat([own, split, sic]))
    line = found.loc["mobilenet_v2"]
    assert line["images"] == "4"
    assert line["igpaths"] == "2 count; 1 misclassified, 1 not finite"
    assert line["study-b"] == "3 count; 1 gain of 5 or less"
    assert line["study-a, SIC"] == "1 count; 2 p < 0.8, 1 misclassified"
    assert counted.counting(pd.concat([own, split, sic])) == {"mobilenet_v2": [2, 3, 1]}


def test_an_image_counts_where_one_of_its_values_does():
    both = pd.concat([rows(["undefined"]), rows([""], method="edges")])
    assert counted.by_network(both.astype("category")).loc["mobilenet_v2", "igpaths"] == "1 count"


def test_accuracy_stands_beside_the_printed_one_with_the_chance_of_as_many():
    found = counted.accuracy(rows([""] * 9 + ["misclassified"]))
    line, printed = found.loc["mobilenet_v2"], counted.PRINTED["mobilenet_v2"]
    assert (line["right"], line["share"], line["printed"]) == ("9 of 10", "90.0%", "71.9%")
    assert float(line["p"]) == pytest.approx(binom.sf(8, 10, printed), rel=0.01)


def test_networks_whose_accuracy_nobody_prints_are_left_out():
    assert counted.accuracy(rows([""], network="vgg")).empty


@pytest.mark.parametrize(
    ("right", "words"),
    [
        ((40, 40), "On 2 of 2 networks the accuracy lies above the printed one by more than chance, which suggests"),
        ((40, 28), "On 1 of 2 networks the accuracy lies above the printed one by more than chance, which suggests"),
        ((10, 10), "On none of 2 networks does the accuracy lie above the printed one by more than chance (with "),
    ],
)
def test_whether_photographs_are_training_images_is_said_as_it_is(right, words):
    own = [
        rows([""] * n + ["misclassified"] * (40 - n), network=name)
        for name, n in zip(("mobilenet_v2", "efficientnet_lite0"), right, strict=True)
    ]
    assert counted.of_accuracy(counted.accuracy(pd.concat(own))).startswith(words)
    assert counted.of_accuracy(counted.accuracy(own[0][:0])).startswith("No published study")


@pytest.mark.parametrize(("p", "above"), [((0.03, 0.5), "none"), ((0.03, 0.04), "none"), ((0.02, 0.04), "2")])
def test_the_number_of_networks_is_corrected_for(p, above):
    table = pd.DataFrame({"p": [f"{each:.2g}" for each in p]})
    assert counted.of_accuracy(table).startswith(f"On {above} of 2 networks")
