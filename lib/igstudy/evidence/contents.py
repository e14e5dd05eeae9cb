"""Where every table and figure of both papers stands in the book; ``papers/contents.yaml`` is the list."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import yaml
from pandas.io.formats.style import Styler

from igstudy.evidence.papers import FOLDER
from igstudy.evidence.verdicts import NAMES


@dataclass(frozen=True)
class Place:
    """One table or figure of paper "A" or "B", and its place.

    `kind` is "table" or "figure", `number` that in the paper, or "appendix", `page` one of the book, `name` that of the
    book's figure, empty for a table, and `metrics` are those that a table reads from the rows of a study.
    """

    paper: str
    kind: str
    number: int | str
    page: str
    name: str = ""
    metrics: Sequence[str] = ()

    @property
    def label(self) -> str:
        """What a caption says: a table's starts with it, a figure's has it in brackets."""
        what = self.number if self.number == "appendix" else f"{self.kind.capitalize()} {self.number}"
        return f"Study {self.paper}, {what}"


def contents() -> tuple[Place, ...]:
    """All tables and figures of Study A, then of Study B."""
    return tuple(Place(**entry) for entry in yaml.safe_load((FOLDER / "contents.yaml").read_text(encoding="utf-8")))


def shown(places: Sequence[Place]) -> Styler:
    """The list for a page beside the chapters, each place linked."""
    lines = [
        {
            "in the paper": place.label,
            "metrics": ", ".join(NAMES.get(each, each) for each in place.metrics) or "–",
            "in this book": f'<a href="{place.page}.html{"#" * bool(place.name)}{place.name}">{place.page}</a>',
        }
        for place in places
    ]
    return pd.DataFrame(lines).style.hide(axis="index")
