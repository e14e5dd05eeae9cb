"""Photographs as files: of any mode of colour, broken, and what is no image."""

import numpy as np
import pytest
from PIL import Image

from igpaths.models.photographs import open_photograph
from studies import picture


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

    def test_16_bits_are_refused(self, tmp_path):
        Image.fromarray(np.full((4, 4), 30_000, dtype=np.uint16)).save(tmp_path / "deep.png")
        with pytest.raises(ValueError, match=r"deep.png cannot be read: mode I;16 has more than 8 bits"):
            open_photograph(tmp_path / "deep.png")
