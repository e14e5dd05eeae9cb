"""What a schema refuses and in which words: the key, what was given, what is allowed, and the nearest valid name."""

import re
from collections.abc import Sequence
from difflib import get_close_matches

import yaml


class ParameterError(ValueError):
    """A parameter that does not exist, or a value that it cannot take.

    Examples
    --------
    >>> from igstudy.engine.schema import ParameterError
    >>> try:
    ...     Parameters(task="object")
    ... except ParameterError as error:
    ...     print(error)
    ...
    task: given 'object'; allowed: objects or imagenet; nearest: objects
    """


def refusal(key: object, given: object, allowed: str, choices: Sequence[str] = ()) -> ParameterError:
    """The error for a value: its key, what was given, what is allowed, and the nearest of the choices."""
    close = get_close_matches(str(given), choices, n=1, cutoff=0.5)
    return ParameterError(f"{key}: given {given!r}; allowed: {allowed}" + (f"; nearest: {close[0]}" if close else ""))


def understood(value: object) -> object:
    """What a string from the command line holds; other values as they are."""
    try:
        return yaml.safe_load(value) if isinstance(value, str) else value
    except yaml.YAMLError:
        return value


def integer(key: str, value: object, least: int) -> int:
    """An integer that is `least` or more, also from text."""
    number = understood(value)
    if not isinstance(number, int) or isinstance(number, bool) or number < least:
        raise refusal(key, value, f"an integer, at least {least}")
    return number


def items(key: str, value: object, what: str, *, least: int = 1) -> list[object]:
    """A list of `least` items or more, also from text; `what` says of what."""
    found = understood(value)
    if not isinstance(found, list | tuple) or len(found) < least:
        raise refusal(key, value, f"a list of {what}")
    return list(found)


def text(key: str, value: object, pattern: str, allowed: str, choices: Sequence[str] = ()) -> None:
    """Raise `ParameterError` unless `value` is text of this pattern; `allowed` says so in words."""
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise refusal(key, value, allowed, choices)
