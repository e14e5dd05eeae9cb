"""The code that results depend on, as digests: the library's own, and the modules that a reader's network comes from.

The code of a function is its syntax tree and those of all functions, classes and constants of the library that it
names, and so on. Comments, docstrings and annotations are not part of it: to change them changes no result. The
library's sources are read when this module is imported, so that a digest is that of the code that runs, whatever is
edited meanwhile.

This module imports nothing that computes, so that a page whose outputs are there is rendered without a wait.
"""

import ast
import hashlib
import importlib.util
import json
import sysconfig
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from igpaths.texts import read_text

Name = tuple[str, str]  # a module, and one of its top-level names; "" for the module itself
ROOT = Path(__file__).parents[2]
OWN = ("igpaths", "igstudy")
SOURCES = {
    path: path.read_text(encoding="utf-8")
    for path in (each for package in OWN for ending in ("py", "yaml") for each in (ROOT / package).rglob(f"*.{ending}"))
}
INSTALLED = frozenset(Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib"))


def digest(facts: Any) -> str:
    """The SHA-256 of facts that JSON can hold."""
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()  # not every file has a name of text


def code(*roots: Any, apart: tuple[Any, ...] = ()) -> str:
    """The digest of the code of functions and classes, or partials of them, with all of the library that they name.

    What is `apart` does not count where it is only named, such as all paths where a walk takes any.
    """
    functions = [root.func if isinstance(root, partial) else root for root in roots]
    named = [(each.__module__, each.__qualname__) for each in functions]
    return _code(tuple(named), frozenset((each.__module__, each.__name__) for each in apart))


@lru_cache
def _code(roots: tuple[Name, ...], apart: frozenset[Name]) -> str:
    waiting, trees = list(roots), dict[str, str]()
    while waiting:
        module, name = _defined(*waiting.pop())
        node = _module(module)[0].get(name)
        if node is not None and f"{module}.{name}" not in trees:
            trees[f"{module}.{name}"] = ast.dump(node)
            waiting += [used for used in _used(module, node) if _defined(*used) not in apart]
    return digest(trees)


def sources(*modules: str) -> dict[str, str]:
    """The reader's own modules by name: these, and all that they import, apart from what is installed."""
    waiting, trees = list(modules), dict[str, str]()
    while waiting:
        module = waiting.pop()
        origin = _origin(module)
        if origin is None or origin in SOURCES or module in trees or not INSTALLED.isdisjoint(origin.parents):
            continue
        tree = _stripped(ast.parse(read_text(origin)))
        trees[module] = ast.dump(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                parent = ".".join(module.split(".")[: -node.level]) if node.level else ""
                base = ".".join(filter(None, (parent, node.module)))
                waiting += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return trees


package = lru_cache(sources)  # a module that is edited later still runs as it was imported


@lru_cache
def _defined(module: str, name: str) -> Name:
    """Where a name that a module may only import is defined."""
    definitions, imports = _module(module)
    if name not in definitions and imports.get(name, (module, name)) != (module, name):
        return _defined(*imports[name])
    submodule = f"{module}.{name}" if module and name else ""
    return (submodule, "") if submodule and name not in definitions and _origin(submodule) else (module, name)


def _used(module: str, node: ast.AST) -> Iterator[Name]:
    """The names of the same package that a definition uses, as itself or as an attribute of a module."""
    definitions, imports = _module(module)
    for part in ast.walk(node):
        name = part.value.id if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) else ""
        if isinstance(part, ast.Name) and (part.id in definitions or part.id in imports):
            yield module, part.id
        elif isinstance(part, ast.Attribute) and name in imports:
            owner, inner = _defined(*imports[name])
            if not inner:
                yield owner, part.attr


@lru_cache
def _module(module: str) -> tuple[dict[str, ast.AST], dict[str, Name]]:
    """A module's definitions, and what it imports from its own package, by name."""
    definitions: dict[str, ast.AST] = {}
    imports: dict[str, Name] = {}
    package = module.partition(".")[0]
    packages = OWN if package in OWN else (package,)
    for node in _stripped(_source(module)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            definitions[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
            definitions |= dict.fromkeys(names, node)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in packages:
            imports |= {alias.asname or alias.name: (node.module or "", alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            own = [alias for alias in node.names if alias.asname and alias.name.partition(".")[0] in packages]
            imports |= {str(alias.asname): (alias.name, "") for alias in own}
    return definitions, imports


def _source(module: str) -> ast.Module:
    origin = _origin(module)
    return ast.parse(SOURCES[origin]) if origin in SOURCES else ast.Module([], [])


@lru_cache
def _origin(module: str) -> Path | None:
    """The file of a module that is written in Python."""
    try:
        spec = importlib.util.find_spec(module)
    except (ModuleNotFoundError, ValueError, AttributeError):  # its parent is no package, or it has no spec
        return None
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None


def _stripped(tree: ast.Module) -> ast.Module:
    """The tree without docstrings and annotations."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
    return tree
