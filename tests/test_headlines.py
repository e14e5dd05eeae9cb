"""Three headline numbers by plain pandas from the committed results, which the computed verdicts must have."""

import json
from pathlib import Path

import pandas as pd
import pytest

from igstudy.evidence.claims import claims
from igstudy.evidence.deciding import metrics, verdicts
from igstudy.evidence.results import OF_THE_BOOK, published

ROOT = Path(__file__).parents[1]


def plain(metric, protocol, variant, methods):
    """Each network's counted, signed values at its finest step count: an image a line, a column for each method."""
    found = []
    for file in [ROOT / "results" / study / "values.parquet" for study in OF_THE_BOOK]:
        if json.loads(file.with_name("provenance.json").read_text())["parameters"]["output"] == "probability":
            rows = pd.read_parquet(file, filters=[("metric", "==", metric), ("protocol", "==", protocol)])
            found.append(rows.astype({name: str for name in rows if name not in ("steps", "value")}))
    rows = pd.concat(found).query("variant == @variant and method in @methods and sign == 'signed' and left_out == ''")
    rows = rows[rows["steps"] == rows.groupby(["network", "method"])["steps"].transform("max")]
    rows = rows.drop_duplicates(["network", "method", "image"])  # what two studies hold
    return rows.pivot(index=["network", "image"], columns="method", values="value").dropna()


def of_verdicts():
    """By claim, each network's estimate in the claim's first comparison."""
    about = [claim for claim in claims() if claim.id in ("a2", "a39", "b2")]
    found = {}
    for each in verdicts(published(metrics=sorted(metrics(about))), about):
        rows = [row for answer in each.original.values() for row in answer.rows[:1]]
        found[each.claim.id] = {name: own.value for row in rows for name, own in row.estimates.items()}
    return found


@pytest.fixture(scope="module")
def said():
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return of_verdicts()


def test_what_idgi_adds_to_ig_by_insertion(said):
    table = plain("insertion ratio", "study-a", "black, 21 counts", ["IG", "IG + IDGI"])
    gain = (table["IG + IDGI"] - table["IG"]).groupby("network").mean()
    assert said["a2"] == pytest.approx({name: gain[name] for name in said["a2"]})
    assert "mobilenet_v2" in said["a2"]


def test_how_much_the_saturated_part_weighs(said):
    ratio = plain("L2 ratio", "study-b", "ψ = 0.9", ["IG"])["IG"].groupby("network").mean()
    assert said["b2"] == pytest.approx({name: ratio[name] for name in said["b2"]})
    assert "mobilenet_v2" in said["b2"]


def test_how_alike_guided_ig_is_on_a_gpu(said):
    cosine = plain("device cosine", "igpaths", "cpu", ["Guided IG"])["Guided IG"].groupby("network").mean()
    assert said["a39"] == pytest.approx({name: cosine[name] for name in said["a39"]})
    assert "mobilenet_v2" in said["a39"]
