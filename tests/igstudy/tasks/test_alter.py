"""`load_images` with photographs that are altered before a model sees them."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from igpaths.metrics import jpeg
from igpaths.models import Model
from igstudy.tasks import objects
from igstudy.tasks.images import load_images

WNIDS = ("n00000001", "n00000002")
FULL = (44, 36)  # width and height of a photograph, of which the model sees 8 × 8


def prepare(photograph):
    return torch.from_numpy(np.array(photograph.resize((8, 8)))).permute(2, 0, 1) / 255


MODEL = Model("module:tests.small", torch.nn.Identity(), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), prepare)


@pytest.fixture
def folder(tmp_path):
    """Two classes of two photographs each, without loss, and one of them grey."""
    rng = np.random.default_rng(0)
    (tmp_path / "synsets.txt").write_text("".join(f"{wnid}\tname of {wnid}\n" for wnid in WNIDS))
    for wnid in WNIDS:
        (tmp_path / "val" / wnid).mkdir(parents=True)
        for i in range(2):
            pixels = rng.integers(256, size=(FULL[1], FULL[0], 3), dtype=np.uint8)
            photograph = Image.fromarray(pixels).convert("L" if (wnid, i) == (WNIDS[0], 1) else "RGB")
            photograph.save(tmp_path / "val" / wnid / f"{i}.png")
    return tmp_path


def load(task, folder, alter=None):
    return load_images(task, model=MODEL, count=4, data=folder, alter=alter)


def levels(images):
    return (255 * images.double()).round().to(torch.int64)


class Recorder:
    """Keeps a copy of what it is given and returns the negative."""

    def __init__(self):
        self.seen = []

    def __call__(self, photograph):
        self.seen.append(photograph.copy())
        return ImageOps.invert(photograph)


@pytest.mark.parametrize("task", ["objects", "imagenet"])
def test_an_alteration_that_changes_nothing_changes_nothing(folder, task):
    plain, altered = load(task, folder), load(task, folder, lambda photograph: photograph)
    assert torch.equal(plain.images, altered.images)
    assert altered.images.dtype == plain.images.dtype == torch.float32


def test_every_level_of_a_scene_survives_the_way_to_a_photograph_and_back():
    plain = load_images("objects", model=MODEL, count=8)
    assert len(levels(plain.images).unique()) == 256
    altered = load_images("objects", model=MODEL, count=8, alter=lambda photograph: photograph)
    assert torch.equal(plain.images, altered.images)


def test_the_photograph_is_altered_at_its_full_size_before_it_is_prepared(folder):
    alter, plain = Recorder(), load("imagenet", folder)
    altered = load("imagenet", folder, alter)
    assert [(photograph.size, photograph.mode) for photograph in alter.seen] == [(FULL, "RGB")] * 4
    assert torch.equal(torch.stack([prepare(photograph) for photograph in alter.seen]), plain.images)
    expected = torch.stack([prepare(ImageOps.invert(photograph)) for photograph in alter.seen])
    assert torch.equal(altered.images, expected)
    assert not torch.equal(altered.images, plain.images)


def test_compression_at_full_size_is_not_that_of_the_prepared_image(folder):
    def compressed_late(image):
        small = Image.fromarray(levels(image).permute(1, 2, 0).to(torch.uint8).numpy())
        return torch.from_numpy(np.array(jpeg(small))).permute(2, 0, 1) / 255

    plain, altered = load("imagenet", folder), load("imagenet", folder, jpeg)
    late = torch.stack([compressed_late(image) for image in plain.images])
    for i in range(4):
        assert not torch.equal(altered.images[i], late[i])
        assert not torch.equal(altered.images[i], plain.images[i])


def test_a_scene_is_its_own_photograph():
    alter, plain = Recorder(), load("objects", "")
    altered = load("objects", "", alter)
    assert [(photograph.size, photograph.mode) for photograph in alter.seen] == [((objects.SIZE,) * 2, "RGB")] * 4
    assert torch.equal(levels(altered.images), 255 - levels(plain.images))
    assert altered.images.shape == plain.images.shape
    assert torch.equal(altered.masks, plain.masks)


@pytest.mark.parametrize("task", ["objects", "imagenet"])
def test_targets_and_names_stay(folder, task):
    plain, altered = load(task, folder), load(task, folder, Recorder())
    assert torch.equal(altered.targets, plain.targets)
    assert altered.names == plain.names
    assert altered.photographs == plain.photographs
    assert altered.classes == plain.classes
    assert altered.skipped == plain.skipped == ()


def test_an_alteration_that_fails_is_no_broken_photograph(folder):
    def fail(photograph):
        raise ValueError("no such quality")

    for task in ("objects", "imagenet"):
        with pytest.raises(ValueError, match="no such quality"):
            load(task, folder, fail)
