"""Three headline numbers of README's table by plain pandas, from the committed results and the papers' own tables."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

ROOT = Path(__file__).parents[1]
CONTROL = "squeezenet1_1"
LEAST = 10  # images of a network that counts
PRINTED = ROOT / "lib" / "igstudy" / "evidence" / "papers"


def measured(metric: str, protocol: str, variant: str, method: str, baseline: str) -> float:
    """What a method adds to its baseline: the mean over a network's photographs, and the ImageNet networks' mean."""
    found = []
    for file in ROOT.glob("results/confirm-*/values.parquet"):
        if json.loads(file.with_name("provenance.json").read_text())["parameters"]["output"] == "probability":
            rows = pd.read_parquet(file, filters=[("metric", "==", metric), ("protocol", "==", protocol)])
            found.append(rows.astype({name: str for name in rows if name not in ("steps", "value")}))
    rows = pd.concat(found).query("variant == @variant and sign == 'signed' and left_out == '' and network != @CONTROL")
    rows = rows[rows["steps"] == rows.groupby(["network", "method"])["steps"].transform("max")]
    rows = rows.drop_duplicates(["network", "method", "image"])  # what two studies hold
    table = rows.pivot(index=["network", "image"], columns="method", values="value")
    gains = (table[method] - table[baseline]).unstack("network")
    return random_effects(gains.loc[:, gains.count() >= LEAST])


def random_effects(gains: pd.DataFrame) -> float:
    """The mean over networks (columns) of their images' (rows) means, by Paule and Mandel's weights.

    The part of the errors that networks share, for they share photographs, weighs on none of them.
    """
    pairs = gains.corr().where(lambda table: ~np.eye(len(table), dtype=bool)).stack()
    y, own = gains.mean(), (1 - np.clip(pairs.mean(), 0, 0.95)) * gains.var() / gains.count()

    def mean(between: float) -> float:
        return float(np.average(y, weights=1 / (own + between)))

    def excess(between: float) -> float:
        return float(((y - mean(between)) ** 2 / (own + between)).sum()) - (len(y) - 1)

    return mean(brentq(excess, 0, 10) if excess(0) > 0 else 0)


def insertion(method: str, baseline: str) -> float:
    """The same by Study A's Table 1."""
    rows = pd.read_csv(PRINTED / "study-a.csv").query("table == 1 and metric == 'insertion probability ratio'")
    table = rows.pivot(index="model", columns="method", values="value")
    return (table[method] - table[baseline]).mean()


def faithful(part: str, other: str) -> float:
    """The same by Study B's Table 4."""
    rows = pd.read_csv(PRINTED / "study-b.csv").query("table == 4")
    table = rows.pivot_table(index="model", columns="quantity", values="value")
    return (table[f"ABPC {part}IG"] - table[f"ABPC {other}IG"]).mean()


def stated(question: str) -> int:
    """The percentage under the same protocol in README's line of a question."""
    (line,) = re.findall(rf"\| {re.escape(question)} \|.*", (ROOT / "README.md").read_text(encoding="utf-8"))
    return int(re.search(r"(-?\d+)\N{NO-BREAK SPACE}%", line.split("|")[3])[1])


@pytest.mark.parametrize(
    ("question", "computed", "printed"),
    [
        (
            "Does IDGI raise IG's insertion score?",
            ("insertion ratio", "study-a", "black, 21 counts", "IG + IDGI", "IG"),
            insertion("IG+IDGI", "IG"),
        ),
        (
            "Does IDGI raise Blur IG's insertion score?",
            ("insertion ratio", "study-a", "black, 21 counts", "Blur IG + IDGI", "Blur IG"),
            insertion("BlurIG+IDGI", "BlurIG"),
        ),
        (
            "Is Left IG more faithful than Right IG?",
            ("ABPC", "study-b", "logit, clipped", "Left", "Right"),
            faithful("Left", "Right"),
        ),
    ],
)  # fmt: skip
def test_readme_states_the_share_of_the_published_effect(question, computed, printed):
    assert stated(question) == round(100 * measured(*computed) / printed)
