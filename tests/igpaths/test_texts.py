"""Text files of every editor, and terminals of every encoding."""

import io
import os
import re
import sys

import numpy as np
import pytest

from igpaths.texts import amount, read_text, write_any_letter, written


@pytest.mark.parametrize(
    "written",
    ["Küken\nα\n".encode(), "\ufeffKüken\nα\n".encode(), "Küken\r\nα\r\n".encode(), "\ufeffKüken\rα\r".encode()],
    ids=["plain", "BOM", "CRLF", "CR"],
)
def test_a_text_is_the_same_from_every_editor(tmp_path, written):
    (tmp_path / "a.txt").write_bytes(written)
    assert read_text(tmp_path / "a.txt") == "Küken\nα\n"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-le", "utf-32-le"])
def test_another_encoding_is_refused_with_the_name_of_the_file(tmp_path, encoding):
    (tmp_path / "a.txt").write_bytes("ein Küken\n".encode(encoding))
    with pytest.raises(ValueError, match=f"^{re.escape(str(tmp_path / 'a.txt'))} is not text in UTF-8 "):
        read_text(tmp_path / "a.txt")


def test_what_is_no_file_is_refused_before_it_is_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(ValueError, match=f"^{path} is no file with text but a folder, a pipe or a device$"):
            read_text(path)
    with pytest.raises(FileNotFoundError, match="none.txt"):
        read_text(tmp_path / "none.txt")


def test_a_terminal_writes_what_its_encoding_lacks(monkeypatch):
    held = {name: io.BytesIO() for name in ("stdout", "stderr")}
    for name, stream in held.items():
        monkeypatch.setattr(sys, name, io.TextIOWrapper(stream, encoding="ascii", write_through=True))
    write_any_letter()
    print("α \udcff", flush=True)
    print("Σ", file=sys.stderr, flush=True)
    assert held["stdout"].getvalue() == b"? ?\n"
    assert held["stderr"].getvalue() == b"?\n"


def test_what_is_printed_to_a_closed_stream_is_lost_and_nothing_else(monkeypatch):
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    write_any_letter()
    for stream in (sys.stdout, sys.stderr):
        stream.write("α")
        stream.close()


def test_a_number_agrees_with_what_it_counts():
    numbers = [0, 1, 5, np.int64(1), "1", "1.5", "1, 2", "1,234"]
    assert [amount(number, "step") for number in numbers] == [
        *("0 steps", "1 step", "5 steps", "1 step", "1 step", "1.5 steps", "1, 2 steps", "1,234 steps"),
    ]
    assert amount(2, "forward pass", "forward passes") == "2 forward passes"


def test_a_name_is_one_line_that_steers_no_terminal():
    assert written("ein\x1b[31m Küken\r\n\x9b\u2028 犬\udcff") == r"ein\x1b[31m Küken\r\n\x9b\u2028 犬\udcff"
