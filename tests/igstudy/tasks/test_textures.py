"""Textures made by rule: functions of their names, each another, and as rich in contrast as photographs."""

import subprocess
import sys

import numpy as np
import pytest

from igstudy.tasks.textures import CONTRAST, MEAN, SIDE, TEXTURES, texture


@pytest.mark.parametrize("name", TEXTURES)
def test_range_and_contrast(name):
    pixels = texture(name)
    assert pixels.shape == (SIDE, SIDE, 3)
    assert pixels.dtype == np.uint8
    luminance = pixels.mean(2) / 255
    assert luminance.mean() == pytest.approx(MEAN, abs=0.01)
    assert luminance.std() == pytest.approx(CONTRAST, abs=0.01)
    assert np.isin(pixels, (0, 255)).mean() < 0.1  # clipped
    assert np.ptp(pixels.astype(int), axis=2).mean() > 5  # in colour


@pytest.mark.parametrize("name", TEXTURES)
def test_every_part_has_something_to_see(name):
    crops = texture(name).mean(2).reshape(SIDE // 88, 88, SIDE // 88, 88)  # about the smallest that a scene takes
    assert crops.std(axis=(1, 3)).min() > 4


def test_the_same_whenever_and_wherever_it_is_made():
    here = {name: texture(name) for name in reversed(TEXTURES)}
    assert all(np.array_equal(here[name], texture(name)) for name in TEXTURES)
    words = (
        "import sys; from igstudy.tasks.textures import texture; sys.stdout.buffer.write(texture('swirls').tobytes())"
    )
    there = subprocess.run([sys.executable, "-c", words], capture_output=True, check=True).stdout
    assert there == here["swirls"].tobytes()


def test_each_is_another_and_none_follows_another():
    fields = np.stack([texture(name).mean(2).ravel() for name in TEXTURES])
    between = np.corrcoef(fields)[np.triu_indices(len(fields), 1)]
    assert np.abs(between).max() < 0.5


def test_an_unknown_name():
    with pytest.raises(KeyError, match="tartan"):
        texture("tartan")
