"""The objects task's generator: what an image and its mask promise."""

import hashlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.measure import label

from igstudy.engine.parameters import BACKGROUNDS
from igstudy.tasks import objects, textures, training

indices = st.integers(0, 10**6)
splits = st.sampled_from(objects.SPLITS)
TEXTURED = [name for name in objects.TEST_BACKGROUNDS if name.startswith("texture: ")]

LENS = (
    0.72**2 * np.arccos((0.42**2 + 0.72**2 - 0.95**2) / (2 * 0.42 * 0.72))
    + 0.95**2 * np.arccos((0.42**2 + 0.95**2 - 0.72**2) / (2 * 0.42 * 0.95))
    - 0.5 * np.sqrt((0.72 + 0.95 - 0.42) * (0.42 + 0.72 - 0.95) * (0.42 - 0.72 + 0.95) * (0.42 + 0.72 + 0.95))
)
AREAS = {  # of the silhouettes of radius 1, in closed form
    "disk": np.pi * 0.85**2,
    "square": 1.4**2,
    "triangle": 3 * np.sqrt(3) * 0.5**2,
    "star": 5 * 0.45 * np.sin(np.pi / 5),
    "cross": 2 * 1.8 * 0.56 - 0.56**2,
    "ring": np.pi * (0.9**2 - 0.46**2),
    "crescent": np.pi * 0.95**2 - LENS,
    "heart": 1.04**2 + np.pi * 0.52**2,
    "arrow": 0.48 + 0.95 * 0.7125 - 0.48 * 0.15,
    "hexagon": 2 * np.sqrt(3) * 0.8**2,
}


def fingerprint(scene: objects.Scene) -> str:
    return hashlib.sha256(scene.image.numpy().tobytes() + scene.masks.numpy().tobytes()).hexdigest()


def test_same_pixels_in_any_order_and_in_another_process():
    here = {index: fingerprint(objects.scene(index)) for index in (7, 5, 6)}
    assert here == {index: fingerprint(objects.scene(index)) for index in (5, 6, 7)}
    images, targets = training.render(range(5, 8), "test", 0)  # in another process, as bytes
    batch = objects.batch(range(5, 8))
    assert torch.equal(images.float() / 255, batch.images)
    assert torch.equal(targets, batch.targets)


def test_another_index_split_or_seed_is_another_image():
    scenes = [objects.scene(3), objects.scene(13), objects.scene(3, split="train"), objects.scene(3, seed=1)]
    assert len({fingerprint(scene) for scene in [*scenes, objects.pair(3)]}) == 5


@settings(max_examples=25, deadline=None)
@given(index=indices, split=splits, seed=st.integers(0, 10**6))
def test_scene(index, split, seed):
    scene = objects.scene(index, split=split, seed=seed)
    assert scene.targets == (index % 10,)
    assert scene.material == objects.MATERIALS[index % 10]
    assert scene.image.shape == (3, objects.SIZE, objects.SIZE)
    assert scene.image.dtype == torch.float32
    assert scene.image.min() >= 0
    assert scene.image.max() <= 1
    assert scene.masks.shape == (1, objects.SIZE, objects.SIZE)
    assert scene.masks.dtype == torch.bool
    smallest, largest = ((share * objects.SIZE) ** 2 * AREAS[objects.CLASSES[index % 10]] for share in (0.2, 0.36))
    assert 0.97 * smallest < scene.masks.sum() < 1.03 * largest


@settings(max_examples=25, deadline=None)
@given(index=indices, split=splits)
def test_pair_has_two_classes_and_disjoint_masks(index, split):
    pair = objects.pair(index, split=split)
    assert pair.targets[0] == index % 10
    assert pair.targets[1] != pair.targets[0]
    assert pair.material == objects.MATERIALS[index % 10]
    assert pair.masks.any(dim=(1, 2)).all()
    assert not (pair.masks[0] & pair.masks[1]).any()


def test_batch_stacks_scenes():
    batch = objects.batch([4, 19], split="train", seed=2)
    scenes = [objects.scene(index, split="train", seed=2) for index in (4, 19)]
    assert batch.targets.tolist() == [4, 9]
    assert torch.equal(batch.images, torch.stack([scene.image for scene in scenes]))
    assert torch.equal(batch.masks, torch.cat([scene.masks for scene in scenes]))
    assert batch.photographs == tuple(scene.photograph for scene in scenes)
    assert batch.materials == tuple(scene.material for scene in scenes)


@pytest.mark.parametrize("name", objects.CLASSES)
def test_silhouette(name):
    axis = np.linspace(-1.25, 1.25, 1001, dtype=np.float32)
    u, v = np.meshgrid(axis, axis)
    inside = objects.SILHOUETTES[name](u, v) < 0
    assert label(inside).max() == 1, "in one piece"
    assert np.hypot(u, v)[inside].max() < 1.01, "whole within its radius, so that it lies whole in the frame"
    assert inside.mean() * 2.5**2 == pytest.approx(AREAS[name], rel=0.01)


@pytest.mark.parametrize("target", range(10))
def test_mask_is_the_silhouette(target, monkeypatch):
    monkeypatch.setattr(objects, "_places", lambda count, rng: [(80.0, 95.0, 60.0)])
    mask = objects.scene(target).masks[0].numpy()
    assert mask.sum() == pytest.approx(60**2 * AREAS[objects.CLASSES[target]], rel=0.02)
    assert label(mask).max() == 1
    rows, columns = np.nonzero(mask)
    assert np.hypot(rows + 0.5 - 95, columns + 0.5 - 80).max() < 61


@pytest.mark.parametrize("index", range(10))
def test_object_replaces_the_background_inside_the_mask_only(index, monkeypatch):
    whole = objects.scene(index)
    monkeypatch.setattr(objects, "MATERIALS", ("moon",) * 10)
    other = objects.scene(index)
    changed = (whole.image != other.image).any(0)
    edge = torch.nn.functional.max_pool2d(whole.masks[None].float(), 7, 1, 3)[0, 0].bool()  # tips fade
    assert not (changed & ~edge).any()
    assert (changed & whole.masks[0]).sum() > 0.8 * whole.masks[0].sum()


PHOTOGRAPHS = [name for name in (*objects.MATERIALS, *objects.TEST_BACKGROUNDS) if name not in TEXTURED]


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_training_and_test_regions_are_disjoint(name):
    train, test = objects._photograph(name, "train"), objects._photograph(name, "test")
    halves = np.concatenate([np.asarray(train), np.asarray(test)], axis=1)
    assert np.array_equal(halves, np.asarray(objects._whole(name)))
    assert min(*train.size, *test.size) >= 90


def test_every_photograph_is_another():
    wholes = {hashlib.sha256(objects._whole(name).tobytes()).hexdigest() for name in PHOTOGRAPHS}
    assert len(wholes) == len(PHOTOGRAPHS) == 19


@pytest.mark.parametrize("name", TEXTURED)
def test_a_texture_is_a_background_as_it_is(name):
    drawn = np.asarray(objects._photograph(name, "test"))
    assert np.array_equal(drawn, textures.texture(name.removeprefix("texture: ")))


def test_test_backgrounds_are_not_seen_in_training(monkeypatch):
    def seen(split: str) -> set[str]:
        names = []
        original = objects._photograph

        def spy(name: str, region: str) -> Image.Image:
            assert region == split
            names.append(name)
            return original(name, region)

        with monkeypatch.context() as patch:
            patch.setattr(objects, "_photograph", spy)
            for index in range(200):
                objects.scene(index, split=split)
        return set(names) - set(objects.MATERIALS)

    assert seen("train") == set(objects.TRAIN_BACKGROUNDS)
    assert seen("test") == set(objects.TEST_BACKGROUNDS)
    assert len(set(objects.TEST_BACKGROUNDS)) == 25
    assert not set(TEXTURED) & set(objects.TRAIN_BACKGROUNDS)
    assert not set(objects.MATERIALS) & set(objects.TEST_BACKGROUNDS)


@pytest.mark.parametrize("make", [objects.scene, objects.pair])
def test_scenes_of_fewer_backgrounds_lie_on_the_first_of_them(make):
    few = {make(index, backgrounds=8).photograph for index in range(60)}
    assert few == {*objects.TRAIN_BACKGROUNDS, "rocket", "clock"}
    assert make(3, backgrounds=1).photograph == objects.TEST_BACKGROUNDS[0]
    assert torch.equal(make(3).image, make(3, backgrounds=25).image)
    assert objects.BACKGROUNDS == BACKGROUNDS  # which the parameters know without torch
    for count in (0, 26):
        with pytest.raises(ValueError, match=rf"^backgrounds must be 1 to 25, got {count}$"):
            make(3, backgrounds=count)


@pytest.mark.parametrize("make", [objects.scene, objects.pair])
def test_errors(make):
    with pytest.raises(ValueError, match="split is 'validation'; it must be one of train, test"):
        make(0, split="validation")
    with pytest.raises(ValueError, match="got index -1 and seed 0"):
        make(-1)
    with pytest.raises(ValueError, match="got index 0 and seed -2"):
        make(0, seed=-2)
