"""Files that are not what their names say, and some that would take all memory or wait for ever if one let them."""

import os
import struct
import zipfile
import zlib
from pathlib import Path

import torch
from PIL import Image, PngImagePlugin
from torch import nn

# Of files and classes, which a page must show and never run.
NAMES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "[x](javascript:alert(1))",
    "a|b",
    "`a` and ``b``",
    "$x^2$ a_1",
    "a\\|b",
    "{doc}`index` & <!--",
    "it's 50 % #1, ü ☃",
)


class Command:
    """What runs a command where it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("owned",)


def png(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says that it is so large."""
    parts = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0),
        b"IDAT": zlib.compress(b"\0"),
        b"IEND": b"",
    }
    written = [struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in parts.items()]
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def photographs(folder: Path) -> None:
    """Photographs that cannot be read, and two whose first picture can."""
    (folder / "bomb.png").write_bytes(png(60_000, 60_000))
    (folder / "claims.png").write_bytes(png(9_000, 9_000))
    info = PngImagePlugin.PngInfo()
    info.add_text("comment", "x" * 10_000_000, zip=True)
    Image.new("RGB", (8, 8)).save(folder / "text.png", pnginfo=info)
    pages = [Image.new("RGB", (8, 8), (9 * k, 0, 0)) for k in range(20)]
    for kind in ("GIF", "TIFF"):
        pages[0].save(folder / f"{kind}.png", format=kind, save_all=True, append_images=pages[1:])
    (folder / "svg.jpg").write_text("<svg onload='alert(1)'/>")
    (folder / "empty.jpg").touch()
    (folder / "program.jpg").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n(x) print\n")
    os.mkfifo(folder / "pipe.jpg")
    (folder / "zeros.jpg").symlink_to("/dev/zero")
    (folder / "loop.jpg").symlink_to("loop.jpg")
    (folder / "folder.jpg").mkdir()


def weights(folder: Path) -> None:
    """Weights that run code, that inflate, that claim more than they hold, and that are none."""
    torch.save({"a": Command()}, folder / "code.pt")
    with zipfile.ZipFile(folder / "script.pt", "w") as archive:
        archive.writestr("script/constants.pkl", b"")
    state = nn.Linear(2, 2).state_dict()
    torch.save({"fc.bias": torch.zeros(1_000_000)}, folder / "plain.pt")
    with zipfile.ZipFile(folder / "plain.pt") as plain, zipfile.ZipFile(folder / "bomb.pt", "w", 8) as bomb:
        for entry in plain.infolist():
            bomb.writestr(entry.filename, plain.read(entry))
    torch.save({"fc.bias": torch.zeros(1).expand(10**9)}, folder / "claim.pt")
    torch.save({"fc.bias": torch.zeros(0)}, folder / "nothing.pt")
    torch.save({"fc.bias": torch.zeros(3, device="meta")}, folder / "meta.pt")
    torch.save({"fc.bias": torch.zeros(3, dtype=torch.complex64)}, folder / "complex.pt")
    torch.save({"fc.weight": torch.tensor(1.0), "fc.bias": torch.tensor(1.0)}, folder / "number.pt")
    torch.save(state, folder / "other.pt")
    (folder / "header.safetensors").write_bytes(b"\xff" * 8 + b"{}")
    (folder / "cut.pt").write_bytes((folder / "plain.pt").read_bytes()[:1000])
