"""Code that sets names to plain values and does nothing else, as a notebook's parameters cell is to be."""

import ast
from collections.abc import Iterable


def plain_names(statements: Iterable[ast.stmt]) -> list[str]:
    """The names that statements set to plain values; ValueError with the first statement that does anything else."""
    names = list[str]()
    for statement in statements:
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
            raise ValueError(ast.unparse(statement))
        try:
            ast.literal_eval(statement.value)
        except (TypeError, ValueError):
            raise ValueError(ast.unparse(statement)) from None
        for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
            parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
            names += [ast.unparse(part) for part in parts]
    return names
