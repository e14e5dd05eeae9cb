"""The docstrings on the book's reference pages: an extension of Sphinx that goes before its napoleon.

A field of a docstring here is ``name : what it is``, which may go on in indented lines. Numpydoc takes the words after
the colon for a type and only the lines below for the description, so they are moved down to these. A bar is one of
``|A|``, which to Sphinx would begin a substitution. A signature has types alone, without how they are checked.
"""

import inspect
import re
from importlib.util import find_spec
from typing import Any, get_type_hints

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.inspect import stringify_signature

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


def signature(thing: Any) -> str:
    """A signature without its result; ``Annotated[int, …]`` in it is ``int``."""
    types, found = get_type_hints(thing), inspect.signature(thing)
    plain = [each.replace(annotation=types.get(each.name, each.annotation)) for each in found.parameters.values()]
    found = found.replace(parameters=plain, return_annotation=inspect.Signature.empty)
    return stringify_signature(found, unqualified_typehints=True)


def word(app: Sphinx, env: object, node: Any, content: nodes.Element) -> nodes.Element | None:
    """A parameter or a field, such as `overrides`, is no link, whatever package of this name some machine has."""
    name = node["reftarget"]
    plain = (name.isidentifier() and name.islower()) or find_spec(name.partition(".")[0])
    return nodes.emphasis("", content.astext()) if node["reftype"] == "obj" and plain else None


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls; napoleon listens with the priority 500."""

    def rewrite(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
        lines[:] = described(lines)

    def restore(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
        if what == "property":  # of which napoleon takes what stands before the first line's colon for the type
            lines[:] = described((inspect.getdoc(thing) or "").splitlines())

    def shorten(
        app: Sphinx, what: str, name: str, thing: object, options: object, own: str | None, result: str | None
    ) -> tuple[str, str | None] | None:
        return (signature(thing), result) if own and "Annotated[" in own else None

    app.connect("autodoc-process-signature", shorten)
    app.connect("autodoc-process-docstring", rewrite, priority=400)
    app.connect("autodoc-process-docstring", restore, priority=600)
    app.connect("missing-reference", word)
    return {"parallel_read_safe": True}
