"""YAML as this project reads it: plain values only.

Anchors and aliases (a few of which stand for gigabytes), tags (which may name objects to build) and keys that come
twice (of which YAML keeps the last without a word) are refused.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from igpaths.texts import read_text

if TYPE_CHECKING:
    Base = yaml.SafeLoader
else:
    Base = object


class NotPlain(ValueError):
    """Text that is not YAML, or not plain YAML; the message says where."""


class _Refusing(Base):
    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()
        for what, refused in (
            ("an alias", isinstance(event, yaml.AliasEvent)),
            ("an anchor", event.anchor),
            ("a tag", getattr(event, "tag", None)),
        ):
            if refused:
                raise yaml.MarkedYAMLError(problem=f"{what}, which is not read here", problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key.value, str) and key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value!r} comes twice", problem_mark=key.start_mark)
            seen |= {key.value} if isinstance(key.value, str) else set()
        return super().construct_mapping(node, deep)


class _Values(_Refusing, yaml.SafeLoader): ...


class _Texts(_Refusing, yaml.BaseLoader): ...


def parse_yaml(text: str, *, texts: bool = False) -> Any:
    """The value that the text holds; with `texts` every scalar stays a string. `NotPlain` where it is refused."""
    try:
        return yaml.load(text, _Texts if texts else _Values)
    except RecursionError:
        raise NotPlain("not YAML: it is nested too deeply") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # a date or a number that cannot be
        words = " ".join(str(error).split()).replace('in "<unicode string>", ', "at ")
        raise NotPlain(f"not YAML: {words}") from error


def read_yaml(path: str | Path, *, texts: bool = False) -> Any:
    """The value that a file holds; `NotPlain` with the file's name, ValueError or OSError where it cannot be read."""
    text = read_text(path)
    try:
        return parse_yaml(text, texts=texts)
    except NotPlain as error:
        raise NotPlain(f"{path}: {error}") from error
