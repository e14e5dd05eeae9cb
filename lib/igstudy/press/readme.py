"""What README.md shows, written anew by ``python -m igstudy readme``: a picture, and what the study found.

The picture is one that `igpaths.explanations` draws of a photograph; what was found are the verdicts of the published
results, between two marks in the text.
"""

import re
from pathlib import Path
from typing import IO

import igpaths as ig
from igpaths.models import DEFAULT
from igpaths.texts import read_text
from igstudy.evidence import findings
from igstudy.evidence.results import published, studies
from igstudy.evidence.verdicts import in_words, of_published
from igstudy.tasks.photographs import shipped

PICTURE = "book/_static/explained.png"
FOUND = re.compile(r"(<!-- found: written by `make readme` -->\n).*?(<!-- end of found -->)", re.DOTALL)
MAIN = ("a1", "a2", "a26", "a37", "b2", "b7", "b14", "b16", "b17")  # each paper's main claims
READ = "A claim has cells, each one comparison on one network; brackets hold the 95 % intervals of all its cells."
MORE = "What no claim asks, with the lowest and the highest network in parentheses:"
NOTHING = "`results/` holds no published study yet: no claim is decided."


def draw(file: str | IO[bytes]) -> None:
    """Draw the picture into a file: the cat, along paths that rounding does not move."""
    photograph, paths, rules = shipped().photographs[0].open(), ("straight", "blur-placed"), ("ig", "idgi")
    found = ig.explain(photograph, model=DEFAULT, paths=paths, rules=rules, steps=64, progress=False)
    found.picture().savefig(file, dpi=128, bbox_inches="tight", format="png")


def written(text: str) -> str:
    """README's text with what the published results say between its marks; ValueError where it has not each once."""
    if len(FOUND.findall(text)) != 1:
        raise ValueError(f"README.md must have the marks {FOUND.pattern} once")
    parameters = {name: facts["parameters"] for name, facts in studies().items()}
    ran = [f"{name} {own['images']} × {len(own['models'])}" for name, own in parameters.items()]
    by = f"By the studies published so far, with their images × networks: {', '.join(ran)}. {READ}"
    more = f"{MORE}\n\n{findings.in_words(published(metrics=findings.METRICS))}"
    says = f"{by}\n\n{in_words(of_published(), of=MAIN)}\n\n{more}" if ran else NOTHING
    return FOUND.sub(lambda marks: f"{marks[1]}{says}\n{marks[2]}", text)


def main() -> None:
    """Write both, below the current folder; the picture only where there is none, for its seconds differ each time."""
    readme = Path("README.md")
    readme.write_text(written(read_text(readme)), encoding="utf-8")
    if not Path(PICTURE).exists():
        draw(PICTURE)
