"""The table of metrics: what each is called, which direction is better, and where its values can lie.

Captions, axes and the protocol page take their words from here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from pydantic import TypeAdapter


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric."""

    label: str  # for axes and column heads
    symbol: str  # in formulas, as LaTeX
    better: Literal["higher", "lower", "neither"]  # "neither" for a quantity that describes and does not judge
    low: float  # the ends of its range; infinite where it has none
    high: float
    of: Literal["ranking map", "attribution", "two maps", "two parts"]  # what it is measured on
    source: str  # where it comes from

    @property
    def arrow(self) -> str:
        """The label with ↑ where higher is better and ↓ where lower is."""
        return self.label + {"higher": " ↑", "lower": " ↓", "neither": ""}[self.better]


METRICS = TypeAdapter(dict[str, Metric]).validate_python(
    yaml.safe_load(Path(__file__).with_name("metrics.yaml").read_text(encoding="utf-8"))
)
