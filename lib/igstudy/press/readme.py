"""What README.md shows, written anew by ``python -m igstudy readme``: two pictures, and what the study found.

One picture is what ``igpaths explain`` draws, the other that of the title page. What was found are the answers of the
published results, between two marks in the text.
"""

import re
import textwrap
from pathlib import Path
from typing import IO

import igpaths as ig
from igpaths.models import DEFAULT
from igpaths.texts import read_text
from igstudy.engine.parameters import Parameters
from igstudy.engine.subjects import pictured, subjects
from igstudy.evidence import pictures, untested
from igstudy.evidence.findings import Finding, leading
from igstudy.evidence.grounds import scope
from igstudy.evidence.headlines import KEY, headlines
from igstudy.evidence.results import published, studies
from igstudy.evidence.tables.counted import METRICS
from igstudy.evidence.verdicts import of_published
from igstudy.tasks.photographs import shipped

PICTURE, FOUND_PICTURE = "book/_static/explained.png", "book/_static/found.png"
ALT = "A photograph, four maps of it, and their insertion curves"
FOUND = re.compile(r"(<!-- found: written by `make readme` -->\n).*?(<!-- end of found -->)", re.DOTALL)
WIDTH = 120  # characters of a line
NOTHING = "`results/` holds no published study yet: no claim is decided."


def draw(file: str | IO[bytes]) -> None:
    """Draw the picture into a file: the cat, along paths that rounding does not move."""
    photograph, paths, rules = shipped().photographs[0].open(), ("straight", "blur-placed"), ("ig", "idgi")
    found = ig.explain(photograph, model=DEFAULT, paths=paths, rules=rules, steps=64, progress=False)
    found.picture().savefig(file, dpi=128, bbox_inches="tight", format="png")


def draw_found(file: str | IO[bytes]) -> None:
    """Draw the title page's picture into a file."""
    seen = next(subjects(pictured(Parameters(), images=pictures.SHOWN + 1), output="probability"))
    pictures.draw(pictures.rank(seen, pictures.SHOWN)).savefig(file, dpi=110, format="png")


def written(text: str) -> str:
    """README's text with what the published results say between its marks; ValueError where it has not each once."""
    if len(FOUND.findall(text)) != 1:
        raise ValueError(f"README.md must have the marks {FOUND.pattern} once")
    found = of_published()
    picture = f"![{ALT}]({FOUND_PICTURE})"
    rests_on = f"{scope(published(metrics=METRICS))} {untested.sentence(found)}"
    parts = [_wrapped(rests_on), picture, headlines(found), _wrapped(KEY), _wrapped(leading(found, _link))]
    says = "\n\n".join(parts) if studies() else NOTHING
    return FOUND.sub(lambda marks: f"{marks[1]}{says}\n{marks[2]}", text)


def _link(finding: Finding) -> str:
    return f"[Chapter {int(finding.chapter[:2])}](book/{finding.chapter}.md)"


def _wrapped(text: str) -> str:
    """Each line of a text at most `WIDTH` characters wide; what belongs to a bullet is set under it."""
    lines = [
        textwrap.wrap(
            line,
            WIDTH,
            subsequent_indent="  " * line.startswith("- "),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.split("\n")
    ]
    return "\n".join(part for line in lines for part in line)


def main() -> None:
    """Write all, below the current folder; a picture only where there is none, for one has seconds that differ."""
    readme = Path("README.md")
    readme.write_text(written(read_text(readme)), encoding="utf-8")
    for picture, drawing in ((PICTURE, draw), (FOUND_PICTURE, draw_found)):
        if not Path(picture).exists():
            drawing(picture)
