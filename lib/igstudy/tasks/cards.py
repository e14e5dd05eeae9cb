"""The cards of the objects task's shipped networks, as a table."""

import json
from typing import Any

import pandas as pd

from igstudy.tasks import models


def cards() -> pd.Series:
    """Each shipped network's card, by its name without ``objects/``."""
    return pd.Series({name: json.loads((models.WEIGHTS / f"{name}.json").read_text()) for name in models.networks()})


def table(found: pd.Series) -> pd.DataFrame:
    """A row for each kind of network among the `cards`: those that differ by their seed alone are one.

    Accuracies go from that of the least to that of the most accurate seed; the hardest class is that of their mean.
    """
    by_kind = found.groupby(found.index.str.replace(r"-\d+$", "", regex=True))
    return pd.DataFrame({str(name): _row(list(own)) for name, own in by_kind}).T


def _row(alike: list[dict[str, Any]]) -> dict[str, object]:
    card, accuracies = alike[0], [each["accuracy"] for each in alike]
    ends = dict.fromkeys(f"{each:.1%}" for each in (min(accuracies), max(accuracies)))
    return {
        "seeds": len(alike),
        "parameters": f"{card['parameters']:,}",
        "recipe": "modern" if card["recipe"].get("label_smoothing") else "plain",
        "epochs": card["recipe"]["epochs"],
        "accuracy": " to ".join(ends),
        "hardest class": pd.DataFrame([each["accuracy_of_each_class"] for each in alike]).mean().idxmin(),
        "architecture": card["architecture"],
    }
