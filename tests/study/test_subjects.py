"""The networks of a study with their images."""

import pytest
import torch

from igpaths.study.parameters import Parameters
from igpaths.study.subjects import label, subjects


def test_each_network_in_turn_with_the_images_it_is_asked_about():
    study = Parameters(models=("objects/vgg", "objects/mobilenet"), images=3, steps=(8,), batch_size=2)
    first, second = subjects(study, output="logit")
    assert (first.label, second.label) == ("vgg", "mobilenet")
    assert first.net.output == "logit"
    assert first.images.shape == (3, 3, 176, 176)
    torch.testing.assert_close(first.images, second.images)
    assert first.predictions.tolist() == first.net.predict(first.images)[0].tolist()
    assert len(first.photographs) == 3
    (fewer, _) = subjects(study, output="logit", images=1)
    torch.testing.assert_close(fewer.images, first.images[:1])


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
