"""An extension of Sphinx, after which several processes may read the pages, and the book is the same.

Sphinx lets one process read alone, and warns, as soon as one extension does not say that others may. Of those here two
say nothing: one numbers sections when all pages have been read, and one copies MathJax when all have been written.
"""

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

SILENT = ("sphinx_multitoc_numbering", "sphinx-mathjax-offline")


def forget_unused(app: Sphinx, env: BuildEnvironment) -> None:
    """Drop the source of modules that no page leads to, which viewcode does only where one process reads."""
    modules = getattr(env, "_viewcode_modules", {})
    for name in [name for name, entry in modules.items() if entry and not entry[2]]:
        del modules[name]


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    for name in SILENT:
        app.extensions[name].parallel_read_safe = True
    app.connect("env-updated", forget_unused)
    return {"parallel_read_safe": True}
