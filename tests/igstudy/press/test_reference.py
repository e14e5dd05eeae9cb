"""The reference: every public name is on a page, and an example that its docstring has runs and is true."""

import doctest
import inspect
import re
from functools import cache
from importlib import import_module
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from docutils import nodes
from sphinx.pycode import ModuleAnalyzer

import igpaths
from igpaths import metrics, plots
from igstudy.engine.parameters import Parameters
from igstudy.press.reference import described, setup, signature, word
from igstudy.tasks import images, objects

ROOT = Path(__file__).parents[3]
STUDY = (
    *("engine.parameters.Parameters", "engine.parameters.read"),
    *(f"engine.runs.{name}" for name in ("run", "rows", "measured", "kept_maps")),
    *("evidence.results.published", "evidence.results.publish", "engine.subjects.subjects"),
    *("evidence.inference.clustered", "evidence.deciding.verdict"),
)


def defined(module):
    """The public functions and classes that a module itself defines."""
    return {
        f"{module.__name__}.{name}"
        for name, thing in vars(module).items()
        if not name.startswith("_") and callable(thing) and getattr(thing, "__module__", "") == module.__name__
    }


PUBLIC = {
    *(f"igpaths.{name}" for name in igpaths.__all__ if not inspect.ismodule(getattr(igpaths, name))),
    *(f"igpaths.metrics.{name}" for name, thing in vars(metrics).items() if callable(thing) and name[0] != "_"),
    *(name for module in (plots, images, objects) for name in defined(module)),
    *(
        "igpaths.models.label",
        *(f"igpaths.models.classes.{name}" for name in ("class_names", "class_index", "first_name")),
    ),
    *(f"igstudy.{name}" for name in STUDY),
}


def on_the_pages():
    """Every documented name, with its module."""
    found = []
    for page in sorted((ROOT / "book").glob("reference*.md")):
        module = ""
        for kind, name in re.findall(r"^\.\. ([\w:]+):: ([\w.]+)", page.read_text("utf-8"), flags=re.M):
            if kind == "currentmodule":
                module = name
            elif kind in ("autofunction", "autoclass", "autoexception", "py:data"):
                found.append(f"{module}.{name}")
    return found


def thing(name):
    module, _, attribute = name.rpartition(".")
    return getattr(import_module(module), attribute)


PAGES = on_the_pages()
DOCUMENTED = [name for name in PAGES if inspect.isroutine(thing(name)) or inspect.isclass(thing(name))]


@cache
def beginning(module):
    """The names that a package's docstring gives to the examples."""
    names = dict(beginning("igpaths")) if module != "igpaths" else {}
    run(import_module(module).__doc__, module, names)
    return names


def run(docstring, name, names):
    """Run a docstring's examples, which may use `names` and add to them; how many there are."""
    printed = []
    test = doctest.DocTestParser().get_doctest(docstring, names, name, None, None)
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=printed.append, clear_globs=False)
    names.update(test.globs)
    assert not result.failed, "".join(printed)
    return result.attempted


def test_every_public_name_is_on_a_page_once():
    assert sorted(PAGES) == sorted(set(PAGES))
    assert set(PAGES) >= PUBLIC


def test_sphinx_can_show_the_source_of_every_module():
    """It leaves out, without a word, those with annotations that it cannot write again, such as f-strings."""
    for module in sorted({thing(name).__module__ for name in DOCUMENTED}):
        ModuleAnalyzer.for_module(module).find_tags()


@pytest.mark.parametrize("name", DOCUMENTED)
def test_an_example_is_true(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    names = dict(beginning("igstudy" if name.startswith("igstudy.") else "igpaths"))
    run(inspect.getdoc(thing(name)), name, names)
    plt.close("all")


def test_the_words_of_a_field_move_below_its_name():
    assert described(["a, b : what they are", "    and more."]) == ["a, b", "    what they are", "    and more."]
    assert described(["text with a : colon", ">>> a | b"]) == ["text with a : colon", ">>> a | b"]
    assert described(["    c : |A|"]) == ["    c", r"        \|A\|"]


@pytest.fixture
def listeners():
    """What the extension connects to docstrings: functions by their priority."""

    class App:
        def connect(self, event, function, priority=500):
            found[event, priority] = function

    found = {}
    setup(App())
    return {priority: function for (event, priority), function in found.items() if event == "autodoc-process-docstring"}


def test_the_extension_rewrites_docstrings_before_napoleon_reads_them(listeners):
    before, _ = sorted(listeners)
    lines = ["a : what it is"]
    listeners[before](None, "function", "f", None, None, lines)
    assert before < 500
    assert lines == ["a", "    what it is"]


def test_a_property_keeps_its_first_line_whole_whatever_napoleon_reads_in_it(listeners):
    _, after = sorted(listeners)
    lines, function_lines = [":type: All values"], ["stay"]
    listeners[after](None, "property", "p", property(None, doc="All values: |a| and more."), None, lines)
    listeners[after](None, "function", "f", None, None, function_lines)
    assert after > 500
    assert lines == [r"All values: \|a\| and more."]
    assert function_lines == ["stay"]


@pytest.mark.parametrize(
    ("kind", "name", "is_word"),
    [("obj", "json", True), ("obj", "prepare", True), ("obj", "Straight", False), ("class", "json", False)],
)
def test_a_name_that_another_package_or_a_field_has_is_a_word_and_not_a_broken_link(kind, name, is_word):
    found = word(None, None, {"reftype": kind, "reftarget": name}, nodes.literal("", name))
    assert (found is not None) == is_word
    assert found is None or found.astext() == name


def test_a_signature_has_types_alone_without_how_they_are_checked():
    found = signature(Parameters)
    assert found.startswith("(*, task: str = 'objects', data: str = '', models: tuple[str, ...] = (")
    assert "steps: tuple[int, ...] = (8, 16, 32, 64, 128)" in found
    assert "pydantic" not in found
    assert "->" not in found
