"""The names of classes, and the class that a name stands for."""

import re

import pytest
from torch import nn

from igpaths.models import Model, data_folder
from igpaths.models.classes import class_index, class_names, read_synsets

CLASSES = ("tench, Tinca tinca", "crane", "maillot", "maillot, tank suit", "crane")


def model(*classes: str) -> Model:
    return Model("module:own", nn.Flatten(), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), None, classes)


def listed(data: object = "") -> tuple[str, ...]:
    return tuple(read_synsets(data_folder(data)).values())


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("IGPATHS_DATA", "")
    (tmp_path / "synsets.txt").write_text("n00000001\tone, uno\nn00000002 two\n")
    return tmp_path


class TestNames:
    def test_the_folder_first(self, folder, monkeypatch):
        assert class_names(model("a", "b"), 2, listed=listed(folder)) == ("one, uno", "two")
        monkeypatch.setenv("IGPATHS_DATA", str(folder))
        assert listed() == ("one, uno", "two")

    def test_then_the_model(self, folder):
        assert class_names(model("a", "b"), 2) == ("a", "b")
        assert class_names(model("a", "b", "c"), 3, listed=listed(folder)) == ("a", "b", "c")

    def test_then_numbers(self, folder):
        assert class_names(model(), 3, listed=listed(folder)) == ("class 0", "class 1", "class 2")

    def test_a_model_names_as_many_classes_as_it_has_outputs(self, folder):
        for data in (folder, ""):
            with pytest.raises(ValueError, match="^model is 'module:own'; its network has 3 outputs for 1 class$"):
                class_names(model("a"), 3, listed=listed(data))

    def test_a_folder_without_a_list(self, folder):
        (folder / "synsets.txt").unlink()
        assert class_names(model("a"), 1, listed=listed(folder)) == ("a",)

    def test_no_folder(self, folder):
        with pytest.raises(ValueError, match="there is no such folder"):
            listed(folder / "none")


ALLOWED = "it must be a class's name (tench, crane, maillot, maillot, crane) or index, 0 to 4"


class TestIndex:
    @pytest.mark.parametrize(
        ("target", "index"),
        [("0", 0), ("4", 4), ("tench", 0), ("tench, Tinca tinca", 0), ("maillot", 2), ("maillot, tank suit", 3)],
    )
    def test_of(self, target, index):
        assert class_index(target, CLASSES) == index

    @pytest.mark.parametrize(
        ("target", "message"),
        [
            ("5", f"target is '5'; {ALLOWED}"),
            ("-1", f"target is '-1'; {ALLOWED}"),
            ("", f"target is ''; {ALLOWED}"),
            ("tinch", f"target is 'tinch'; {ALLOWED}; did you mean tench?"),
            ("crane", "target is 'crane', the name of classes 1, 4: give the index"),
        ],
    )
    def test_errors(self, target, message):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            class_index(target, CLASSES)


class TestFile:
    """The list of synsets, as editors of any system write it."""

    @pytest.mark.parametrize(
        "content",
        [
            "n00000001\tKüken\r\nn00000002 two words\r\n",
            "\ufeffn00000001\tKüken\nn00000002 two words",
            "n00000001\tKüken  \nn00000002   two words\t\n\n  \n",
        ],
        ids=["CRLF", "BOM", "blanks"],
    )
    def test_taken(self, tmp_path, content):
        (tmp_path / "synsets.txt").write_bytes(content.encode())
        assert read_synsets(tmp_path) == {"n00000001": "Küken", "n00000002": "two words"}

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (
                "n00000001\tone\nn00000002\tKüken\n".encode("latin-1"),
                " is not text in UTF-8 ('utf-8' codec can't decode",
            ),
            ("n00000001\tone\n".encode("utf-16"), " is not text in UTF-8 ('utf-8' codec can't decode"),
            ("n00000001\tone\n".encode("utf-16-le"), " is not text in UTF-8 (it has a zero byte, as UTF-16 has)"),
            (
                b"n00000001\tone\n\nn00000002\ttwo\n",
                ", line 2: '' is not a wnid and a name, as in 'n01440764<tab>tench'",
            ),
            (b"n00000001,one\n", ", line 1: 'n00000001,one' is not a wnid"),
            (b"n00000001 one\nn00000001 two\n", ", line 2: n00000001 comes twice"),
            (b"\n", ", line 1: '' is not a wnid"),
        ],
    )
    def test_refused(self, tmp_path, content, message):
        (tmp_path / "synsets.txt").write_bytes(content)
        with pytest.raises(ValueError, match=re.escape(f"{tmp_path / 'synsets.txt'}{message}")):
            read_synsets(tmp_path)
