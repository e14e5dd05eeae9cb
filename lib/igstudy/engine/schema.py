"""What a schema refuses and in which words: the key, what was given, what is allowed, and the nearest valid name.

A schema is a frozen pydantic dataclass that `schema` makes of a class; `dataclasses.replace` validates it again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from difflib import get_close_matches
from functools import wraps
from typing import Any, TypeVar, dataclass_transform

from pydantic import AfterValidator, ConfigDict, ValidationError, WrapValidator
from pydantic.dataclasses import dataclass

from igstudy.engine.plain_yaml import NotPlain, parse_yaml

T = TypeVar("T")


class ParameterError(ValueError):
    """A parameter that does not exist, or a value that it cannot take."""


def refusal(key: object, value: object, allowed: str, choices: Sequence[str] = ()) -> ParameterError:
    """The error for a value: its key, the value, what is allowed, and the nearest of the choices."""
    return ParameterError(f"{key}: {_describe(value, allowed, choices)}")


def parse(value: object) -> object:
    """The value that a string from the command line holds; other values as they are."""
    try:
        return parse_yaml(value) if isinstance(value, str) else value
    except NotPlain:
        return value


def allowed(words: str, *, parsed: bool = False, meant: Mapping[str, str] = {}) -> WrapValidator:
    """An annotation that says in words what a field allows; with `parsed` it takes strings that hold YAML, too.

    `meant` has the valid name for what people write instead.
    """

    def check(value: object, validate: Callable[[object], Any]) -> Any:
        try:
            return validate(parse(value) if parsed else value)
        except ValidationError as error:
            if any(each["type"] == "value_error" for each in error.errors()):  # an item says what it allows itself
                raise
            nearest = meant.get(str(value).lower())
            raise ValueError(_describe(value, words) + (f"; nearest: {nearest}" if nearest else "")) from None

    return WrapValidator(check)


def one_of(choices: Sequence[str]) -> AfterValidator:
    """An annotation of a field that takes one of these names."""

    def check(value: str) -> str:
        if value not in choices:
            raise ValueError(
                _describe(value, " or ".join(choices) if len(choices) == 2 else ", ".join(choices), choices)
            )
        return value

    return AfterValidator(check)


@dataclass_transform(frozen_default=True)
def schema(cls: type[T]) -> type[T]:
    """The class as a frozen pydantic dataclass without further fields, whose refusals are `ParameterError`."""
    made: Any = dataclass(cls, frozen=True, config=ConfigDict(extra="forbid"))
    validate = made.__init__

    @wraps(validate)
    def initialise(self: T, *values: Any, **named: Any) -> None:
        try:
            validate(self, *values, **named)
        except ValidationError as error:
            raise _refused(error, [field.name for field in fields(made)]) from error

    made.__init__ = initialise
    return made


def check_keys(keys: Iterable[object], known: Sequence[str], what: str = "unknown key") -> None:
    """Raise `ParameterError` unless each of the keys is known."""
    for key in keys:
        if key not in known:
            raise refusal(what, key, ", ".join(known), known)


@contextmanager
def within(where: object) -> Iterator[None]:
    """Say where a value was refused: in which file, or under which key."""
    try:
        yield
    except ParameterError as error:
        raise ParameterError(f"{where}: {error}") from error


def _refused(error: ValidationError, names: Sequence[str]) -> ParameterError:
    """The first of a schema's errors, in the words of `refusal`."""
    first = error.errors()[0]
    keys = [str(key) for key in first["loc"] if isinstance(key, str)]
    if first["type"] == "unexpected_keyword_argument":
        return refusal("unknown key", keys[-1], ", ".join(names), names)
    if first["type"] == "value_error":
        return ParameterError(": ".join([*keys, str(first["ctx"]["error"])]))
    missing = first["type"] == "missing"
    return refusal(": ".join(keys), None if missing else first["input"], "a value" if missing else first["msg"])


def _describe(value: object, words: str, choices: Sequence[str] = ()) -> str:
    close = get_close_matches(str(value), choices, n=1, cutoff=0.5)
    return f"given {value!r}; allowed: {words}" + (f"; nearest: {close[0]}" if close else "")
