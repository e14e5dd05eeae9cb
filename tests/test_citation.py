"""CITATION.cff, book/references.bib and the page "How to cite" name the same works alike."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from pybtex.database import parse_string
from pybtex.richtext import Text

ROOT = Path(__file__).parents[1]
CITED = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PAGE = (ROOT / "book" / "cite.md").read_text(encoding="utf-8")
BIBLIOGRAPHY = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
_, *PARTS = re.split(r"^% (.*)\n", BIBLIOGRAPHY, flags=re.MULTILINE)
WORKS = {heading: parse_string(text, "bibtex").entries for heading, text in zip(PARTS[::2], PARTS[1::2], strict=True)}
_, SOFTWARE, STUDIES, METHODS, METRICS, _ = WORKS.values()
FIELDS = {
    **{name: name for name in ("title", "year", "journal", "volume", "doi")},
    **{"booktitle": "collection-title", "number": "issue", "eprint": "arXiv"},
}
TYPES = {"inproceedings": "conference-paper", "article": "article", "misc": "generic"}


def as_cited(work):
    """An entry of references.bib by the names and words that CITATION.cff has for it."""
    found = {"type": TYPES[work.type], "authors": [name_of(person) for person in work.persons["author"]]}
    for name, text in work.fields.items():
        words = str(Text.from_latex(text))
        if name in FIELDS:
            found[FIELDS[name]] = words
        elif name == "pages" and "–" in words:
            found["start"], found["end"] = words.split("–")
    return found


def name_of(person):
    """The family name and the given names."""
    given = [*person.rich_first_names, *person.rich_middle_names]
    return " ".join(map(str, person.rich_last_names)), " ".join(map(str, given))


def cited(work):
    """A reference of CITATION.cff in the same form."""
    found = {name: value if isinstance(value, list) else str(value) for name, value in work.items()}
    found["authors"] = [(each["family-names"], each["given-names"]) for each in work["authors"]]
    for each in found.pop("identifiers", ()):
        name, _, found[name] = each["value"].partition(":")
    assert found.pop("notes")
    return found


def test_the_version_is_the_packages_and_the_changelog_has_its_date():
    assert CITED["cff-version"] == "1.2.0"
    assert (CITED["version"], CITED["license"]) == (PROJECT["version"], PROJECT["license"])
    assert {"message", "title", "type", "authors", "abstract", "keywords"} <= CITED.keys()
    heading = f"## [{CITED['version']}] - {CITED['date-released']}"
    assert heading in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()


def test_the_references_are_the_studies_and_the_methods():
    assert list(map(cited, CITED["references"])) == list(map(as_cited, [*STUDIES.values(), *METHODS.values()]))
    assert list(STUDIES) == ["singhikumari", "miglani2020investigating"]


def test_the_software_is_the_same_in_bibtex():
    (software,) = SOFTWARE.values()
    assert software.fields["title"] == CITED["title"]
    assert software.fields["year"] == str(CITED["date-released"].year)
    assert software.fields["note"] == f"Version {CITED['version']}"
    assert [str(person) for person in software.persons["author"]] == [f"{{{CITED['authors'][0]['name']}}}"]


def test_the_page_says_when_to_cite_each_method_and_metric():
    keys = set(re.findall(r"{cite:t}`(\w+)`", PAGE))
    assert METHODS.keys() | METRICS.keys() <= keys <= STUDIES.keys() | METHODS.keys() | METRICS.keys()


@pytest.mark.parametrize("mark", re.findall(r'^:(?:start-after|end-before): "(.*)"', PAGE, flags=re.MULTILINE))
def test_the_page_shows_a_part_that_is_there(mark):
    assert BIBLIOGRAPHY.count(mark) == 1


def test_every_paper_that_the_library_names_is_cited():
    """``(Walker et al. 2024)`` in a docstring, for a rule, a path, a mean or a metric."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "lib" / "igpaths").rglob("*.py")]
    named = {found for source in sources for found in re.findall(r"(\w+)\s+et\s+al\.,?\s+\(?(\d{4})", source)}
    works = [*STUDIES.values(), *METHODS.values(), *METRICS.values()]
    assert named <= {(str(work.persons["author"][0].rich_last_names[0]), work.fields["year"]) for work in works}
    assert len(named) > 10
