"""What ``jupyter-book build`` does, in a process of its own and by several, which its command line does not offer.

This module imports little, so that a process that renders one page begins at once.
"""

import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing.context import BaseContext
from pathlib import Path
from tempfile import TemporaryDirectory

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def render(
    context: BaseContext, tree: Path, html: Path, *, builder: str = "html", processes: int = 1, strict: bool = False
) -> tuple[bool, str]:
    """Render the pages of ``tree/_toc.yml`` in a process of this kind: whether that succeeded, and what it printed.

    Where it is `strict` a warning fails, and so does a name of the library that no page describes.
    """
    with TemporaryDirectory() as folder:
        log = Path(folder, "log")
        arguments = (tree, html, builder, processes, strict, log)
        process = context.Process(target=_render, args=arguments)  # type: ignore[attr-defined]
        process.start()
        process.join()
        printed = log.read_text(encoding="utf-8") if log.exists() else ""
        return process.exitcode == 0, COLOURS.sub("", printed)


def _render(tree: Path, html: Path, builder: str, processes: int, strict: bool, log: Path) -> None:
    """End the process with Sphinx's status; all that is printed goes to the log."""
    from jupyter_book.sphinx import build_sphinx

    options = {"nitpicky": strict, "latex_individualpages": False, "external_toc_path": str(tree / "_toc.yml")}
    with log.open("w", encoding="utf-8") as printed, redirect_stdout(printed), redirect_stderr(printed):
        status = build_sphinx(
            tree,
            html,
            path_config=tree / "_config.yml",
            noconfig=True,
            confoverrides=options,
            freshenv=True,  # pages that Sphinx has seen before would keep quiet about their warnings
            quiet=True,
            builder=builder,
            warningiserror=strict,
            keep_going=strict,
            jobs=processes,
        )
    sys.exit(status if isinstance(status, int) else 1)
