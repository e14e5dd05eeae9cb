"""Text: files as editors of any system leave them, numbers with what they count, terminals that lack letters."""

import io
import os
import re
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


def amount(number: object, noun: str, plural: str = "") -> str:
    """ "1 image", "5 images", "1, 2 steps": a number, or several in words, with what they count."""
    return f"{number} {noun if str(number) == '1' else plural or f'{noun}s'}"


def written(name: str) -> str:
    """A name that any line can hold: bytes that are no text, ends of lines and what steers a terminal by numbers."""
    text = name.encode(errors="backslashreplace").decode()
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", lambda odd: ascii(odd[0])[1:-1], text)


def write_any_letter() -> None:
    """From here on whatever is printed is written, a letter that the terminal's encoding lacks as "?".

    Where a stream is closed, what is printed there is lost, and no file that is opened later takes its place.
    """
    sys.stdout, sys.stderr = (stream or open(os.devnull, "w") for stream in (sys.stdout, sys.stderr))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
