"""The tables of both papers as data, for standing beside ours.

``papers/study-a.csv``: Singhi and Kumari (IDGI), Tables 1–17; ``papers/study-b.csv``: Miglani et al. (Split IG),
Tables 1–5. Values are the published ones, to the published digits. ``papers/names.yaml``: their names in our words.
"""

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

STUDIES = ("study-a", "study-b")
FOLDER = Path(__file__).parent / "papers"
NAMES = yaml.safe_load((FOLDER / "names.yaml").read_text(encoding="utf-8"))
FAMILIES: dict[str, list[str]] = NAMES["families"]
METHODS: dict[str, str] = NAMES["methods"]
METRICS: dict[str, tuple[str, str]] = {name: (metric, variant) for name, (metric, variant) in NAMES["metrics"].items()}
QUANTITIES: dict[str, list[Any]] = NAMES["quantities"]


def table(study: str, number: int) -> pd.DataFrame:
    """One published table, a row a value.

    Parameters
    ----------
    study : "study-a" (columns metric, model, method, steps, value) or "study-b" (quantity, model, psi, value).
    number : the table's number in the paper.

    ValueError for a study or table that there is not.
    """
    if study not in STUDIES:
        raise ValueError(f"study is {study!r}; it must be one of {', '.join(STUDIES)}")
    rows = pd.read_csv(FOLDER / f"{study}.csv")
    chosen = rows[rows["table"] == number].drop(columns="table").reset_index(drop=True)
    if chosen.empty:
        raise ValueError(f"{study} has no table {number}; it has {sorted(int(n) for n in rows['table'].unique())}")
    return chosen


def study_a(number: int, metric: str, variant: str) -> dict[str, dict[str, float]]:
    """One metric of a table of Study A: by the paper's network and our method, for `tables.shown`.

    Table 4's values are the differences between 128 and 8 steps.
    """
    rows = table("study-a", number)
    named = rows["metric"].str.removeprefix("difference 128-8 steps, ").map(METRICS)
    chosen = rows[[each == (metric, variant) for each in named]]
    return by_network(chosen.assign(network=chosen["model"], method=chosen["method"].map(METHODS)))


def study_b(number: int) -> dict[str, dict[str, float]]:
    """Study B's Table 4 or 5: by the paper's network and the part of Split IG, for `tables.shown`."""
    rows = table("study-b", number)
    parts = rows["quantity"].str.split().str[-1].str.removesuffix("IG")
    return by_network(rows.assign(network=rows["model"], method=parts))


def by_network(rows: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The values of rows with the columns network, method and value, by the first and then by the second."""
    groups = rows.groupby("network", sort=False)
    return {str(network): dict(zip(own["method"], own["value"], strict=True)) for network, own in groups}


def alike(network: str) -> list[str]:
    """The papers' networks that one of ours, by its short name, stands beside: its own, or those of its family."""
    family = network.partition("-")[0]  # "resnet-modern" is a ResNet
    return [name for name, ours in FAMILIES.items() if network in ours or family in ours]


def as_rows() -> pd.DataFrame:
    """What both papers print as a study's rows, one image a network, so that a claim can be asked of them.

    Table 4 of Study A, which holds differences of others, is left out; its JPEG stability is a squared error again.
    """
    a = pd.concat([table("study-a", number) for number in (1, 2, 3, *range(5, 18))])
    a["metric"], a["variant"] = zip(*a["metric"].map(METRICS), strict=True)
    a["method"] = a["method"].map(METHODS)
    a["value"] = a["value"].where(a["metric"] != "JPEG signed sum", 10.0 ** -a["value"])
    b = pd.concat([table("study-b", number) for number in range(1, 6)]).assign(steps=200)
    kind, part = b["quantity"].str.extract(r"^(ABPC|sensitivity) (Left|Right|Full)IG$").T.to_numpy()
    b["method"] = pd.Series(part, index=b.index).fillna("IG")
    quality = {"ABPC": ("ABPC", "logit, clipped"), "sensitivity": ("max-sensitivity", "")}
    ours = {theirs: (name, "ψ") for name, (_, theirs) in QUANTITIES.items()}
    named = [quality.get(k) or ours[q] for k, q in zip(kind, b["quantity"], strict=True)]
    b["metric"], b["variant"] = zip(*named, strict=True)
    b["variant"] = b["variant"].where(b["variant"] != "ψ", "ψ = " + b["psi"].astype(str))
    both = pd.concat([a.assign(protocol="study-a"), b.assign(protocol="study-b")], ignore_index=True)
    both = both.assign(
        network=both["model"],
        steps=both["steps"].astype(int),
        image="0",
        photograph="",
        material="",
        sign="signed",
        left_out="",
    )
    return both.drop(columns=["model", "quantity", "psi"])
