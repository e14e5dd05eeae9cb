"""The images of a task, as a model takes them: scenes, and photographs of every kind of folder."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.functional import to_tensor

from igpaths.models import ENVIRONMENT, Model, load_model
from igstudy.tasks import objects
from igstudy.tasks.images import UNKNOWN, Images, collection, load_images
from studies import OWN_CLASSES, WNIDS, own_folder, picture, three


def prepare(photograph: Image.Image) -> torch.Tensor:
    assert photograph.mode == "RGB"
    return torch.from_numpy(np.array(photograph.resize((8, 8)))).permute(2, 0, 1) / 255


MODEL = Model("module:tests.small", torch.nn.Identity(), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), prepare)


@pytest.fixture
def folder(tmp_path):
    """Five classes, of which four have 1, 2, 3 and 4 photographs."""
    (tmp_path / "synsets.txt").write_text("".join(f"{wnid}\tname of {wnid}\n" for wnid in WNIDS))
    for count, wnid in enumerate(WNIDS[:4], 1):
        (tmp_path / "val" / wnid).mkdir(parents=True)
        for i in range(count):
            picture(40 * i).save(tmp_path / "val" / wnid / f"{wnid}_{i}.JPEG")
    return tmp_path


class TestLoadImages:
    def test_photographs(self, folder, caplog):
        images = load_images("imagenet", model=MODEL, count=6, data=str(folder), seed=1)
        assert isinstance(images, Images)
        assert images.images.shape == (6, 3, 8, 8)
        assert images.targets.dtype == torch.int64
        assert images.names == tuple(p.name for p in collection("imagenet", folder).sample(6, seed=1))
        assert [WNIDS[t] for t in images.targets] == [name.split("/")[0] for name in images.names]
        assert images.classes == tuple(f"name of {wnid}" for wnid in WNIDS)
        assert images.photographs == images.names
        assert images.materials == ("",) * 6
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

    def test_objects(self):
        images = load_images("objects", model=MODEL, count=3, start=8, seed=4)
        batch = objects.batch([8, 9, 10], split="test", seed=4)
        assert torch.equal(images.images, batch.images)
        assert torch.equal(images.masks, batch.masks)
        assert images.targets.tolist() == [8, 9, 0]
        assert images.names == ("scene-00008", "scene-00009", "scene-00010")
        assert images.photographs == batch.photographs
        assert set(images.photographs) <= set(objects.TEST_BACKGROUNDS)
        assert images.materials == batch.materials == tuple(objects.MATERIALS[i] for i in (8, 9, 0))
        assert images.classes == objects.CLASSES

    def test_errors(self):
        with pytest.raises(
            ValueError, match="task is 'cifar'; it must be one of objects, photographs, imagenet, folder"
        ):
            load_images("cifar", model=MODEL, count=1)
        with pytest.raises(ValueError, match="got count 0 and start 0"):
            load_images("objects", model=MODEL, count=0)
        other = Model("torchvision/vgg16:IMAGENET1K_V1", torch.nn.Identity(), MODEL.mean, MODEL.std, prepare)
        with pytest.raises(ValueError, match="does not know the classes of the task 'objects'"):
            load_images("objects", model=other, count=1)


class TestForms:
    @pytest.mark.parametrize("form", ["val", "folders", "csv"])
    def test_labels_are_the_models_classes(self, tmp_path, form):
        images = load_images("folder", model=three(), count=6, data=own_folder(tmp_path, form))
        assert images.classes == OWN_CLASSES
        assert sorted(images.targets.tolist()) == [0, 0, 1, 1, 2, 2]
        assert images.images.shape == (6, 3, 32, 32)
        for name, target in zip(images.names, images.targets, strict=True):
            number = int(name.partition("Foto ")[2][0])
            assert target == number % 3

    def test_without_labels_the_target_is_unknown(self, tmp_path):
        images = load_images("folder", model=three(), count=6, data=own_folder(tmp_path, "none"))
        assert images.targets.tolist() == [UNKNOWN] * 6
        assert images.classes == ()

    def test_the_shipped_photographs(self):
        model = load_model("installed/efficientnet_lite0")
        images = load_images("photographs", model=model, count=5)
        assert images.names == ("cat", "coffee", "camera", "motorcycle", "tower")
        assert [images.classes[t].partition(",")[0] for t in images.targets] == [
            "Egyptian cat", "espresso", "tripod", "moped", "palace",
        ]  # fmt: skip
        predicted, _ = model.classifier(output="logit").predict(images.images)
        assert (predicted == images.targets).sum() >= 4

    def test_a_prepare_that_leaves_sizes_as_they_are(self, tmp_path):
        model = replace(three(), prepare=to_tensor)
        with pytest.raises(ValueError, match="its prepare turns .* into .*: one size is needed"):
            load_images("folder", model=model, count=2, data=own_folder(tmp_path, "none"))


def test_real_photographs_are_recognised():
    data = os.environ.get(ENVIRONMENT)
    if not data or not (weights := sorted(Path(data).glob("weights/*.pt"))):
        pytest.skip(f"{ENVIRONMENT} names no folder of photographs with weights/<torchvision network>.pt")
    model = load_model(f"torchvision/{weights[0].stem}:IMAGENET1K_V1@{weights[0]}")
    images = load_images("imagenet", model=model, count=16, data=data)
    predicted, _ = model.classifier(output="logit").predict(images.images)
    assert (predicted == images.targets).float().mean() > 0.5
