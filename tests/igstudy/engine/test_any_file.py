"""Whatever a file of parameters holds, it is read, or refused in one line."""

import contextlib
import io
from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from igstudy import __main__ as command_line
from igstudy import commands
from igstudy.engine.parameters import NAMES, Parameters, read
from igstudy.engine.schema import ParameterError

SHIPPED = [path.read_bytes() for path in sorted((Path(__file__).parents[3] / "params").glob("*.yaml"))]
MARKS = (
    *(": ", ":", "- ", "[", "]", "{", "}", ",", "&a ", "*a", "!!int ", "!x ", "|\n", ">\n", "#", "\n", "  ", "\t"),
    *("'", '"', "---\n", "...", "<<: ", "? ", "%YAML 1.2\n", "\ufeff", "\r\n", "\\", "~", "null", "yes", ".inf", "0x"),
    *("1e400", "2024-01-01", "1:30", "-1", "8", "0", "objects/vgg", "module:a.b", "straight", "\x85", "\u2028", "\x1b"),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-3, 200), st.floats(), st.text(max_size=8), st.dates(),
    st.binary(max_size=4), st.sampled_from([10**400, "slurm:", "local:3", "cuda:0", "[8, 16]", "objects", "folder"]),
    st.sampled_from(MARKS),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(SCALARS, inner, max_size=3), max_leaves=8
)
KEYS = st.sampled_from(NAMES)


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IGPATHS_DATA", str(tmp_path))
    monkeypatch.setattr(commands, "status", lambda study: 0)
    monkeypatch.setattr(command_line, "parser", cache(command_line.parser))  # which takes as long as all the rest
    return tmp_path / "study.yaml"


def check(file, content, *more):
    """The file is read, or refused in one line, by the function and by the command line."""
    file.write_bytes(content)
    try:
        found = read(file, *["-p"] * bool(more), **dict([more] if more else []))
    except ParameterError as error:
        found, message = None, str(error)
        assert "\n" not in message
        assert len(message) < 1500
    err = io.StringIO()
    with contextlib.redirect_stderr(err):
        status = command_line.main(["status", str(file), *(["-p", *more] if more else [])])
    assert err.getvalue() == ("" if found else f"error: {message}\n")
    assert status == (not found)
    assert found is None or isinstance(found, Parameters)


def searched(test):
    """A hypothesis test of five hundred files."""
    return settings(max_examples=500, deadline=None, derandomize=True, database=None)(test)


def test_any_text(file):
    pieces = st.lists(st.one_of(KEYS, st.sampled_from(MARKS), st.text(max_size=3)), max_size=30)

    @searched
    @given(pieces)
    def run(pieces):
        check(file, "".join(pieces).encode("utf-8", "surrogatepass"))

    run()


def test_any_values(file):
    @searched
    @given(st.dictionaries(KEYS | SCALARS, VALUES, max_size=4), st.booleans())
    def run(values, flow):
        check(file, yaml.dump(values, allow_unicode=flow, default_flow_style=flow).encode("utf-8", "surrogatepass"))

    run()


def test_any_damage(file):
    place = st.integers(0, 4000)

    @searched
    @given(st.sampled_from(SHIPPED), st.lists(st.tuples(place, st.integers(0, 9), st.binary(max_size=5)), max_size=4))
    def run(content, changes):
        for start, length, new in changes:
            start %= len(content) + 1
            content = content[:start] + new + content[start + length :]
        check(file, content)

    run()


def test_any_option(file):
    @searched
    @given(KEYS | st.text(max_size=8), st.lists(st.sampled_from(MARKS) | st.text(max_size=5), max_size=12).map("".join))
    def run(name, value):
        # Words that begin with a dash are options themselves, and a name with an equals sign is a pair.
        if not name.startswith("-") and not value.startswith("-") and "=" not in name:
            check(file, b"images: 2\n", name, value)

    run()
