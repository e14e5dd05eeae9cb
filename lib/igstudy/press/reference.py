"""The docstrings on the book's reference pages: an extension of Sphinx that goes before its napoleon.

A field of a docstring here is ``name : what it is``, which may go on in indented lines. Numpydoc takes the words after
the colon for a type and only the lines below for the description, so they are moved down to these. A bar is one of
``|A|``, which to Sphinx would begin a substitution.
"""

import re
from importlib.util import find_spec
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

FIELD = re.compile(r"(\s*)(\w+(?:, \w+)*) : (\S.*)")


def described(lines: list[str]) -> list[str]:
    """The lines of a docstring, each field's words below its name, and bars as bars."""
    found: list[str] = []
    for line in lines:
        if not line.lstrip().startswith((">>>", "...")):
            line = line.replace("|", r"\|")
        field = FIELD.fullmatch(line)
        found += [field[1] + field[2], f"{field[1]}    {field[3]}"] if field else [line]
    return found


def word(app: Sphinx, env: object, node: Any, content: nodes.Element) -> nodes.Element | None:
    """A parameter such as `overrides`, taken for the package of this name that some machine has, is no link."""
    package = node["reftarget"].partition(".")[0]
    return nodes.emphasis("", content.astext()) if node["reftype"] == "obj" and find_spec(package) else None


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls; napoleon listens with the priority 500."""

    def rewrite(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
        lines[:] = described(lines)

    app.connect("autodoc-process-docstring", rewrite, priority=400)
    app.connect("missing-reference", word)
    return {"parallel_read_safe": True}
