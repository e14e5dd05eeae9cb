"""The imagenet task: folders, lists and photographs, whole and broken."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from igpaths.models import ENVIRONMENT, Model, load_model
from igpaths.models.classes import read_synsets
from igpaths.models.photographs import open_photograph
from igstudy.tasks import imagenet, objects
from igstudy.tasks.images import Images, load_images

WNIDS = [f"n{i:08d}" for i in range(1, 6)]


def prepare(photograph: Image.Image) -> torch.Tensor:
    assert photograph.mode == "RGB"
    return torch.from_numpy(np.array(photograph.resize((8, 8)))).permute(2, 0, 1) / 255


MODEL = Model("module:tests.small", torch.nn.Identity(), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), prepare)


def picture(shade: int = 90) -> Image.Image:
    ramp = np.arange(40, dtype=np.uint8)[:, None, None] + np.array([shade, 20, 200 - shade], dtype=np.uint8)
    return Image.fromarray(np.broadcast_to(ramp, (40, 30, 3)).copy())


@pytest.fixture
def folder(tmp_path):
    """Five classes, of which four have 1, 2, 3 and 4 photographs."""
    (tmp_path / "synsets.txt").write_text("".join(f"{wnid}\tname of {wnid}\n" for wnid in WNIDS))
    for count, wnid in enumerate(WNIDS[:4], 1):
        (tmp_path / "val" / wnid).mkdir(parents=True)
        for i in range(count):
            picture(40 * i).save(tmp_path / "val" / wnid / f"{wnid}_{i}.JPEG")
    return tmp_path


def listed(folder: Path) -> tuple[imagenet.Photograph, ...]:
    return imagenet.photographs(folder, read_synsets(folder))


class TestSynsets:
    def test_tab_space_and_commas(self, tmp_path):
        file = tmp_path / "synsets.txt"
        file.write_text("n01440764\ttench\nn01443537 goldfish, Carassius auratus\n")
        assert list(read_synsets(tmp_path).items()) == [
            ("n01440764", "tench"),
            ("n01443537", "goldfish, Carassius auratus"),
        ]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("n01440764\ttench\ngoldfish\n", "line 2: 'goldfish' is not a wnid and a name"),
            ("n01440764\t\n", "line 1: .* is not a wnid and a name"),
            ("n01440764\ttench\n\nn01443537\tgoldfish\n", "line 2: '' is not"),
            ("n01440764\ttench\nn01440764\tgoldfish\n", "line 2: n01440764 comes twice"),
            ("", "line 1: '' is not"),
        ],
    )
    def test_malformed(self, tmp_path, text, message):
        file = tmp_path / "synsets.txt"
        file.write_text(text)
        with pytest.raises(ValueError, match=message):
            read_synsets(tmp_path)

    def test_missing(self, tmp_path):
        with pytest.raises(ValueError, match=r"no list of synsets at .*synsets.txt"):
            imagenet.photographs(tmp_path, read_synsets(tmp_path))


class TestPhotographs:
    def test_order_target_and_suffix(self, folder):
        picture().save(folder / "val" / WNIDS[0] / "b.PNG")
        picture().save(folder / "val" / WNIDS[0] / "a.jpg")
        (folder / "val" / WNIDS[0] / "notes.txt").write_text("not a photograph")
        (folder / "val" / WNIDS[0] / "._a.jpg").write_text("what a Mac leaves")
        (folder / "val" / ".cache").mkdir()
        found = listed(folder)
        assert [p.path.name for p in found][:4] == ["a.jpg", "b.PNG", f"{WNIDS[0]}_0.JPEG", f"{WNIDS[1]}_0.JPEG"]
        assert all(WNIDS[p.target] == p.wnid == p.path.parent.name for p in found)

    def test_errors(self, tmp_path):
        synsets = {WNIDS[0]: "tench"}
        with pytest.raises(ValueError, match="has no folder val/"):
            imagenet.photographs(tmp_path, synsets)
        (tmp_path / "val").mkdir()
        with pytest.raises(ValueError, match="has no synset folders"):
            imagenet.photographs(tmp_path, synsets)
        (tmp_path / "val" / WNIDS[0]).mkdir()
        with pytest.raises(ValueError, match="no image in them"):
            imagenet.photographs(tmp_path, synsets)
        (tmp_path / "val" / WNIDS[1]).mkdir()
        with pytest.raises(ValueError, match=f"1 folders that are no synset of the list, such as '{WNIDS[1]}'"):
            imagenet.photographs(tmp_path, synsets)


class TestChoose:
    def test_one_of_each_class_before_a_second(self, folder):
        there = listed(folder)
        for count in range(1, 11):
            classes = Counter(p.target for p in imagenet.choose(there, count))
            assert sum(classes.values()) == count
            # No class has two fewer than another unless it has no photograph left.
            assert all(classes[t] == t + 1 or classes[t] >= max(classes.values()) - 1 for t in range(4))

    def test_seeded_and_nested(self, folder):
        there = listed(folder)
        orders = [imagenet.choose(there, 10, seed=seed) for seed in range(8)]
        assert len(set(orders)) > 4
        assert all(set(order) == set(there) for order in orders)
        assert imagenet.choose(there, 6, seed=5) == orders[5][:6]

    def test_more_than_there_are(self, folder):
        assert len(imagenet.choose(listed(folder), 99)) == 10

    def test_errors(self, folder):
        with pytest.raises(ValueError, match="got count 0 and seed 0"):
            imagenet.choose(listed(folder), 0)
        with pytest.raises(ValueError, match="got count 1 and seed -1"):
            imagenet.choose(listed(folder), 1, seed=-1)


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


class TestLoadImages:
    def test_photographs(self, folder, caplog):
        images = load_images("imagenet", model=MODEL, count=6, data=str(folder), seed=1)
        assert isinstance(images, Images)
        assert images.images.shape == (6, 3, 8, 8)
        assert images.targets.dtype == torch.int64
        assert images.names == tuple(f"{p.wnid}/{p.path.name}" for p in imagenet.choose(listed(folder), 6, seed=1))
        assert [WNIDS[t] for t in images.targets] == [name.split("/")[0] for name in images.names]
        assert images.classes == tuple(f"name of {wnid}" for wnid in WNIDS)
        assert images.photographs == images.names
        assert images.masks is None
        assert images.skipped == ()
        assert not caplog.records

    def test_shards_are_slices(self, folder):
        whole = load_images("imagenet", model=MODEL, count=10, data=folder)
        shards = [load_images("imagenet", model=MODEL, count=5, start=start, data=folder) for start in (0, 5)]
        assert whole.names == shards[0].names + shards[1].names
        assert torch.equal(whole.images, torch.cat([shard.images for shard in shards]))

    def test_a_broken_photograph_is_skipped_and_counted(self, folder, caplog):
        broken = folder / "val" / WNIDS[0] / f"{WNIDS[0]}_0.JPEG"
        broken.write_bytes(broken.read_bytes()[:400])
        images = load_images("imagenet", model=MODEL, count=10, data=folder)
        assert len(images.images) == len(images.targets) == len(images.names) == 9
        assert len(images.skipped) == 1
        assert images.skipped[0].startswith(f"{WNIDS[0]}/{broken.name} cannot be read: ")
        assert "1 of 10 photographs skipped" in caplog.text

    def test_all_broken(self, folder):
        for file in folder.glob("val/*/*"):
            file.write_text("nothing")
        with pytest.raises(ValueError, match="no photograph is left of 3 from number 0 on, of 10 in"):
            load_images("imagenet", model=MODEL, count=3, data=folder)

    def test_more_than_there_are(self, folder, caplog):
        assert len(load_images("imagenet", model=MODEL, count=64, data=folder).images) == 10
        assert "64 photographs asked for from number 0 on" in caplog.text
        with pytest.raises(ValueError, match="no photograph is left"):
            load_images("imagenet", model=MODEL, count=64, start=10, data=folder)

    def test_folder_from_the_environment(self, folder, monkeypatch):
        monkeypatch.setenv(ENVIRONMENT, str(folder))
        assert len(load_images("imagenet", model=MODEL, count=2).images) == 2

    def test_no_folder(self, monkeypatch):
        monkeypatch.delenv(ENVIRONMENT, raising=False)
        with pytest.raises(ValueError, match="with the parameter data or the environment variable IGPATHS_DATA"):
            load_images("imagenet", model=MODEL, count=2)
        with pytest.raises(ValueError, match=r"data is '/nowhere/at/all' .*: there is no such folder"):
            load_images("imagenet", model=MODEL, count=2, data="/nowhere/at/all")

    def test_objects(self):
        images = load_images("objects", model=MODEL, count=3, start=8, seed=4)
        batch = objects.batch([8, 9, 10], split="test", seed=4)
        assert torch.equal(images.images, batch.images)
        assert torch.equal(images.masks, batch.masks)
        assert images.targets.tolist() == [8, 9, 0]
        assert images.names == ("scene-00008", "scene-00009", "scene-00010")
        assert images.photographs == batch.photographs
        assert set(images.photographs) <= set(objects.TEST_BACKGROUNDS)
        assert images.classes == objects.CLASSES

    def test_errors(self):
        with pytest.raises(ValueError, match="task is 'cifar'; it must be one of objects, imagenet"):
            load_images("cifar", model=MODEL, count=1)
        with pytest.raises(ValueError, match="got count 0 and start 0"):
            load_images("objects", model=MODEL, count=0)
        other = Model("torchvision/vgg16:IMAGENET1K_V1", torch.nn.Identity(), MODEL.mean, MODEL.std, prepare)
        with pytest.raises(ValueError, match="does not know the classes of the task 'objects'"):
            load_images("objects", model=other, count=1)


def test_real_photographs_are_recognised():
    data = os.environ.get(ENVIRONMENT)
    if not data or not (weights := sorted(Path(data).glob("weights/*.pt"))):
        pytest.skip(f"{ENVIRONMENT} names no folder of photographs with weights/<torchvision network>.pt")
    model = load_model(f"torchvision/{weights[0].stem}:IMAGENET1K_V1@{weights[0]}")
    images = load_images("imagenet", model=model, count=16, data=data)
    predicted, _ = model.classifier(output="logit").predict(images.images)
    assert (predicted == images.targets).float().mean() > 0.5
