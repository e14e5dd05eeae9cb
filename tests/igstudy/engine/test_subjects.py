"""The networks of a study with their images."""

from dataclasses import replace

import pytest
import torch

from igpaths.metrics import blur_photograph
from igpaths.models import label, load_model
from igstudy.engine.parameters import Parameters
from igstudy.engine.subjects import POOL, altered, drawn, pictured, samples, subject, subjects
from igstudy.measures.sources import controls
from igstudy.tasks.images import load_images


def test_each_network_in_turn_with_the_images_it_is_asked_about():
    study = Parameters(models=("objects/vgg", "objects/mobilenet"), images=3, steps=(8,), batch_size=2)
    first, second = subjects(study, output="logit")
    assert (first.label, second.label) == ("vgg", "mobilenet")
    assert first.net.output == "logit"
    assert first.images.shape == (3, 3, 176, 176)
    torch.testing.assert_close(first.images, second.images)
    assert first.predictions.tolist() == first.net.predict(first.images)[0].tolist()
    assert len(first.photographs) == 3
    assert first.names == ("scene-00000", "scene-00001", "scene-00002")
    assert (first.model.name, first.masks.shape) == ("objects/vgg", (3, 176, 176))
    (fewer, _) = subjects(study, output="logit", images=1)
    torch.testing.assert_close(fewer.images, first.images[:1])


def test_a_shard_is_a_slice_of_the_study():
    study = Parameters(models=("objects/vgg",), images=5)
    model = load_model("objects/vgg")
    (whole,) = subjects(study, output="logit")
    shard = subject(study, model, output="logit", start=3, count=2)
    assert shard.start == 3
    assert shard.names == whole.names[3:]
    assert torch.equal(shard.images, whole.images[3:])
    assert torch.equal(altered(study, shard, lambda photograph: photograph), shard.images)
    blurred = altered(study, shard, blur_photograph)
    assert blurred.shape == shard.images.shape
    assert (blurred.var(dim=(2, 3)) < shard.images.var(dim=(2, 3))).all()


def test_references_belong_to_an_image_whatever_the_shard_the_batch_and_the_studys_number_of_images():
    source, model = controls(output="logit"), load_model("objects/vgg")

    def of(study, **shard):
        own = subject(study, model, output="logit", **shard)
        return torch.cat([each.references(8) for each in samples(study, own, source, own.net)], dim=1)

    study = Parameters(models=("objects/vgg",), images=5, batch_size=2)
    whole = of(study)
    assert whole.shape == (8, 5, 3, 176, 176)
    assert torch.equal(of(replace(study, images=70, batch_size=1), start=3, count=2), whole[:, 3:])
    pool = load_images("objects", model=model, count=POOL).images.flatten(1)
    for i, each in enumerate(whole.transpose(0, 1)):
        numbers = torch.cdist(each.flatten(1), pool).argmin(1)
        assert torch.equal(pool[numbers], each.flatten(1))
        assert len({*numbers.tolist()} - {i}) == 8  # all others, and none twice
    assert not torch.equal(whole[:, 0], whole[:, 1])


def test_a_task_of_too_few_images_has_no_references():
    few = load_images("objects", model=load_model("objects/vgg"), count=3)
    assert drawn(lambda: few, few.names[:2], 0, 0, 2).shape == (2, 2, 3, 176, 176)
    assert drawn(lambda: few, few.names[:2], 0, 0, 3).shape == (0, 2, 3, 176, 176)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("objects/resnet", "resnet"),
        ("torchvision/resnet50:IMAGENET1K_V2", "resnet50"),
        ("torchvision/mobilenet_v2:IMAGENET1K_V1@weights/mobilenet_v2.pt", "mobilenet_v2"),
        ("module:package.mine", "mine"),
    ],
)
def test_labels(name, short):
    assert label(name) == short


def test_pictures_are_of_photographs():
    drawn = pictured(Parameters(models=("objects/vgg",), steps=(4,), seed=3), images=2)
    assert (drawn.steps, drawn.seed) == ((4,), 3)
    (network,) = subjects(drawn, output="probability")
    assert network.label == "efficientnet_lite0"
    assert network.names == ("cat", "coffee")
    assert network.images.shape == (2, 3, 224, 224)
    assert network.titles == ("Egyptian cat", "espresso")
    again = replace(network, targets=network.targets[[0, 1, 0]])
    assert again.titles == ("Egyptian cat 1", "espresso", "Egyptian cat 2")


def test_pictures_of_a_study_of_ones_own_are_of_its_own_images_and_networks():
    mine = Parameters(task="photographs", models=("module:mine.one", "module:mine.two", "module:mine.three"), images=2)
    assert pictured(mine) == replace(mine, models=("module:mine.one",), images=1)
    assert pictured(mine, images=5, models=("a", "b")) == replace(mine, models=mine.models[:2])
