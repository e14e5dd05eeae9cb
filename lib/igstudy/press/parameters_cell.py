"""The cell of a chapter that has the tag ``parameters``, and whether a run's values reach all code that reads them.

What the code reads and sets is taken from what it compiles to: names of the notebook alone, in the order of their use.
"""

import ast
import dis
import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from types import CodeType

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from igpaths.texts import amount
from igstudy.engine.parameters import NAMES, Parameters, check_names
from igstudy.engine.plain_code import plain_names

TAG = "parameters"
# Which a chapter's own question decides, or a study alone has a use for
QUESTION = ("paths", "rules", "output", "metrics", "protocols", "maps", "skip", "backgrounds")
READER = "of_notebook"  # the function that reads all the others
READS = ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS")
SETS = ("STORE_NAME", "STORE_GLOBAL", "DELETE_NAME", "DELETE_GLOBAL")
ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
PYTHON_MAGICS = ("time", "timeit", "capture", "prun")  # behind which there is Python of the notebook


class ChapterError(ValueError):
    """A chapter that does not exist, failed, or did not become a page."""


def named_parameters(title: str, notebook: NotebookNode) -> list[str]:
    """The parameters that a chapter's parameters cell names; none where there is neither a cell nor a need of one.

    Raises
    ------
    ParameterError
        Where the cell names something that is no parameter.
    ChapterError
        Where the parameters of a run would not reach all code that reads them: not one cell has the tag, it lacks a
        name, computes, or comes too late, or another cell sets a parameter before any has read it.
    """
    tagged = [cell for cell in notebook.cells if _has_tag(cell)]
    alone = [cell.cell_type for cell in tagged] == ["code"]
    with warnings.catch_warnings(action="ignore"):  # those of the code are shown when it runs
        names = _assigned(title, tagged[0].source) if alone else []
        read, faults = _read(notebook, names)
    if not alone and (tagged or read):
        given = "; ".join(_alike(cell) for cell in notebook.cells if _alike(cell) and not _has_tag(cell))
        raise ChapterError(
            f"{title}: {amount(len(tagged), 'cell')} with the tag {TAG}; exactly one must have it, of code and with "
            f"the line ':tags: [{TAG}]'" + (f"; given: {given}" if given else "")
        )
    if missing := [name for name in NAMES if name in read and name not in names]:
        lines = ", ".join(f"{name} = {Parameters().as_dict()[name]!r}" for name in missing)
        raise ChapterError(
            f"{title}: the parameters cell does not name {', '.join(missing)}, which the chapter reads; add: {lines}"
        )
    if faults:
        raise ChapterError(f"{title}: {faults[0]}")
    return names


def _has_tag(cell: NotebookNode) -> bool:
    tags = cell.metadata.get("tags")
    return isinstance(tags, list) and TAG in tags


def _alike(cell: NotebookNode) -> str:
    """What of the cell's metadata looks like the tag."""
    return ", ".join(
        f"{key}: {value}"
        for key, value in cell.metadata.items()
        if key.lower().startswith("tag") and get_close_matches(TAG, re.findall(r"\w+", str(value).lower()), cutoff=0.65)
    )


def _assigned(title: str, source: str) -> list[str]:
    """The names that the parameters cell sets to plain values, which is all that it may do."""
    try:
        names = plain_names(_statements(source))
    except SyntaxError as error:
        raise ChapterError(f"{title}: the parameters cell is not Python: {error}") from error
    except ValueError as error:
        raise ChapterError(
            f"{title}: the parameters cell holds {str(error)!r}; allowed: names set to plain values, such as "
            "images = 8; all else belongs in a later cell"
        ) from None
    check_names(names, where=f"{title}, parameters cell")
    return names


def _read(notebook: NotebookNode, names: list[str]) -> tuple[set[str], list[str]]:
    """The parameters that the code reads and has not set itself, and what keeps those in `names` from it."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    parsed = [_python(cell.source) for cell in cells]
    nodes = [node for syntax, _ in parsed for node in ast.walk(syntax)]
    readers, studies = _called(nodes, READER), _called(nodes, "Parameters")
    calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in studies]
    values = [node for call in calls for each in call.keywords for node in ast.walk(each.value)]
    given = {node.id for node in values if isinstance(node, ast.Name)}  # to a study: none is the notebook's own
    own, read, faults = set[str](), set[str](), list[str]()
    late = bool(names)  # until the parameters cell comes
    for number, (cell, (_, code)) in enumerate(zip(cells, parsed, strict=True), 1):
        if names and _has_tag(cell):
            late = False
            continue
        for name, is_set in _uses(code):
            takes = {*NAMES} - {*QUESTION} if name in readers else {name} & {*NAMES} - (own - given)
            if late and (name in names or (name in readers and not is_set)):
                what = "sets" if is_set else "reads"
                faults += [f"code cell {number} {what} {name}, and only then comes the parameters cell; move it up"]
            elif is_set and name in names and name not in read:
                faults += [f"code cell {number} sets {name} before it is read, so the run's value is lost; remove that"]
            if is_set:
                own |= {name}
            else:
                read |= takes
    return read, faults


def _called(nodes: list[ast.AST], name: str) -> set[str]:
    """What the cells call a function: its name, and those that it is imported under."""
    imported = [each for node in nodes if isinstance(node, ast.ImportFrom) for each in node.names]
    return {name, *(each.asname for each in imported if each.name == name and each.asname)}


def _python(source: str) -> tuple[ast.Module, CodeType]:
    """A cell's syntax and what it compiles to; empty where it is not Python, and will fail when it runs."""
    try:
        module = ast.Module(_statements(source), [])
        return module, compile(module, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError):
        return _python("")


def _statements(source: str) -> list[ast.stmt]:
    """The statements of a cell, and those behind a magic such as ``%%time``."""
    body = ast.parse(TransformerManager().transform_cell(source)).body
    for node in [node for statement in body for node in ast.walk(statement)]:
        match node:
            case ast.Call(
                func=ast.Attribute(attr="run_cell_magic" | "run_line_magic"),
                args=[ast.Constant(value=magic), *_, ast.Constant(value=str(code))],
            ) if magic in PYTHON_MAGICS:
                with suppress(SyntaxError):  # before code there may be options
                    body += _statements(code)
    return body


def _uses(code: CodeType, *, nested: bool = False) -> Iterator[tuple[str, bool]]:
    """The names of the notebook that the code reads (False) and sets (True)."""
    steps = [*dis.get_instructions(code)]
    own = {step.argval for step in steps if nested and step.opname == "STORE_NAME"}  # of a class
    for step in steps:
        if isinstance(step.argval, CodeType):
            yield from _uses(step.argval, nested=True)
        elif step.opname in SETS and step.argval not in own:
            yield step.argval, True
        elif (step.opname in READS and step.argval not in own) or (step.opname in ATTRIBUTES and step.argval == READER):
            yield step.argval, False
