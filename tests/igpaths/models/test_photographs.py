"""Photographs as files: of any mode of colour, broken or no image, and of 8, 16 and 32 bits."""

import logging
import re

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision import transforms

import hostile
import igpaths as ig
from igpaths.models.photographs import Unreadable, open_photograph, take_photograph
from studies import picture

LEVELS = np.arange(0, 4096, dtype=np.uint16).reshape(64, 64)  # an X-ray's 12 bits in 16


def grey(prepare=None):
    """A network of one channel."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
    return ig.Model("x-ray", network, mean=(0.5,), std=(0.25,), prepare=prepare)


def save(folder, name, levels):
    Image.fromarray(levels).save(folder / name)
    return folder / name


@pytest.mark.parametrize(
    ("name", "levels", "mode"),
    [("x.png", LEVELS, "I;16"), ("x.tif", LEVELS, "I;16"), ("big.tif", LEVELS.astype(">u2"), "I;16B")],
)
def test_grey_levels_of_16_bits_are_scaled_by_their_range(tmp_path, caplog, name, levels, mode):
    file = save(tmp_path, name, levels)
    with caplog.at_level(logging.WARNING), Image.open(file) as image:
        assert image.mode == mode
        for read in (open_photograph(file), take_photograph(file)[1], take_photograph(image)[1]):
            assert read.mode == "RGB"
            expected = np.round(LEVELS / 65535 * 255)
            assert np.array_equal(np.asarray(read), np.repeat(expected[..., None], 3, axis=2))
    assert [record.getMessage().partition(": ")[0] for record in caplog.records] == [name, name, "the image"]
    assert (
        caplog.records[0]
        .getMessage()
        .endswith("0 to 65535, are scaled to 0 to 255; the image uses those from 0 to 4095, 6.2% of that")
    )


def test_8_bits_are_not_remarked(tmp_path, caplog):
    file = save(tmp_path, "x.png", LEVELS.astype(np.uint8))
    with caplog.at_level(logging.WARNING):
        assert np.array_equal(np.asarray(open_photograph(file))[..., 1], LEVELS.astype(np.uint8))
    assert not caplog.records


@pytest.mark.parametrize(("mode", "levels"), [("F", LEVELS.astype(np.float32)), ("I", LEVELS.astype(np.int32))])
def test_32_bits_are_refused_with_a_remedy(tmp_path, mode, levels):
    message = f"mode {mode} has 32 bits a channel, .*: save it as a PNG of 8 or 16 bits, or explain a tensor"
    file = save(tmp_path, "x.tif", levels)
    with pytest.raises(Unreadable, match=f"^x.tif cannot be read: {message}"):
        take_photograph(file)
    with Image.open(file) as image, pytest.raises(Unreadable, match=f"^{message}"):
        take_photograph(image)


def test_a_network_of_one_channel_from_a_file_and_from_a_tensor(tmp_path):
    prepare = transforms.Compose([transforms.Grayscale(), transforms.ToTensor()])
    found = ig.explain(save(tmp_path, "x.png", LEVELS * 16), model=grey(prepare), rules=("ig", "idgi"), steps=8)
    assert found.maps.shape == (1, 2, 1, 64, 64)
    again = ig.explain(found.image, model=grey(), rules=("ig", "idgi"), steps=8)
    assert torch.equal(again.maps, found.maps)
    assert float(found.maps.abs().sum()) > 0
    assert found._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize("image", [torch.rand(3, 8, 8), Image.new("RGB", (8, 8))])
def test_three_channels_for_a_network_of_one_are_refused_with_a_remedy(image):
    what = "a tensor (3, 8, 8) of torch.float32; it must be a float tensor (1, H, W) in [0, 1], not normalised"
    remedy = ": torchvision.transforms.Grayscale() makes one channel of three, in prepare or before"
    with pytest.raises(ValueError, match=re.escape(what + remedy)):
        ig.explain(image, model=grey(transforms.ToTensor()))


class TestOpen:
    @pytest.mark.parametrize(
        ("mode", "suffix", "tolerance"),
        [("RGB", "png", 0), ("RGBA", "png", 0), ("P", "png", 2), ("CMYK", "jpg", 4), ("RGB", "jpg", 4)],
    )
    def test_colour_is_kept(self, tmp_path, mode, suffix, tolerance):
        file = tmp_path / f"photo.{suffix}"
        original = picture().quantize(256) if mode == "P" else picture().convert(mode)
        original.save(file)  # Pillow writes CMYK as Adobe does, inverted
        image = open_photograph(file)
        assert image.mode == "RGB"
        assert np.abs(np.asarray(image, dtype=int) - np.asarray(picture(), dtype=int)).max() <= tolerance

    @pytest.mark.parametrize("mode", ["L", "LA", "1"])
    def test_grey_has_three_equal_channels(self, tmp_path, mode):
        picture().convert(mode).save(tmp_path / "photo.png")
        image = np.asarray(open_photograph(tmp_path / "photo.png"))
        assert np.array_equal(image, np.asarray(picture().convert(mode).convert("L"))[..., None].repeat(3, axis=2))

    def test_palette_with_transparency_does_not_warn(self, tmp_path):
        picture().convert("P").save(tmp_path / "photo.png", transparency=bytes([0, 128, 255]))
        assert open_photograph(tmp_path / "photo.png").mode == "RGB"

    def test_exif_orientation_is_ignored(self, tmp_path):
        exif = Image.Exif()
        exif[0x0112] = 6  # to be turned by 90° for viewing
        picture().save(tmp_path / "photo.jpg", exif=exif)
        assert open_photograph(tmp_path / "photo.jpg").size == (30, 40)

    @pytest.mark.parametrize("suffix", ["JPEG", "png"])
    def test_truncated(self, tmp_path, suffix):
        file = tmp_path / f"broken.{suffix}"
        picture().resize((200, 200)).save(file)
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        with pytest.raises(ValueError, match=rf"broken.{suffix} cannot be read"):
            open_photograph(file)

    def test_not_an_image(self, tmp_path):
        (tmp_path / "text.jpg").write_text("hello")
        with pytest.raises(ValueError, match=r"text.jpg cannot be read: cannot identify image file"):
            open_photograph(tmp_path / "text.jpg")


class TestHostile:
    """What would wait for ever, run a program or take all memory, if one let it."""

    @pytest.mark.parametrize(
        ("file", "message"),
        [
            (
                "bomb.png",
                "cannot be read: Image size (3600000000 pixels) exceeds limit of 178956970 pixels: save a smaller copy",
            ),
            ("claims.png", "cannot be read: image file is truncated"),
            ("text.png", "cannot be read: Decompressed data too large"),
            (
                "svg.jpg",
                "cannot be read: cannot identify image file 'svg.jpg'; its 24 bytes begin with b\"<svg onload=",
            ),
            ("empty.jpg", "cannot be read: cannot identify image file 'empty.jpg'; it is empty"),
            ("program.jpg", "cannot be read: PostScript is a program, which is not run: save it as a PNG; its "),
            ("pipe.jpg", "it is a device or a pipe; in '.' there are "),
            ("zeros.jpg", "it is a device or a pipe"),
            ("folder.jpg", "it is a folder"),
            ("loop.jpg", "there is no such file"),
        ],
    )
    def test_is_refused(self, tmp_path, monkeypatch, file, message):
        hostile.photographs(tmp_path)
        monkeypatch.chdir(tmp_path)
        with pytest.raises(Unreadable, match=rf"^(image is ')?{file}.*{re.escape(message)}"):
            take_photograph(file)

    @pytest.mark.parametrize("file", ["GIF.png", "TIFF.png"])
    def test_of_several_pictures_the_first_is_seen(self, tmp_path, file):
        hostile.photographs(tmp_path)
        image = np.asarray(open_photograph(tmp_path / file))
        assert image.shape == (8, 8, 3)
        assert image.max() == 0
