"""Text: files as editors of any system leave them, and terminals that cannot write every letter."""

import io
import os
import sys
from pathlib import Path


def read_text(path: str | Path) -> str:
    """The text of a file in UTF-8, with line ends as ``\\n`` and without the byte order mark that some editors write.

    ValueError with the file's name where it is in another encoding, or a pipe, which would wait for ever; the OSError
    of a missing file names it, too.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        raise ValueError(f"{path} is no file with text but a folder, a pipe or a device")
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text in UTF-8 ({error}); save it in that encoding") from error
    if "\0" in text:
        raise ValueError(f"{path} is not text in UTF-8 (it has a zero byte, as UTF-16 has); save it in that encoding")
    return text


def write_any_letter() -> None:
    """From here on whatever is printed is written, a letter that the terminal's encoding lacks as "?"."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
