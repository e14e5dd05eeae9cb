"""Path attribution for image classifiers: paths, rules, the walk that joins them, and the tasks to study them on.

All examples of the docstrings go on from these lines, with a network and two images of the objects task:

>>> import torch
>>> import igpaths as ig
>>> from igpaths import metrics, plots
>>> from igstudy.tasks import load_images
>>> from igpaths.models import load_model
>>> model = load_model("objects/resnet")
>>> net = model.classifier(output="probability")
>>> data = load_images("objects", model=model, count=2)
>>> x, targets = data.images, data.targets

A walk of 8 segments, read with two rules and at two step counts, and the maps that rank pixels, (B, M, H, W):

>>> rules = (ig.IG(), ig.IDGI())
>>> path = ig.Straight("black")
>>> maps = ig.attribute(net, x, targets, path=path, rules=rules, steps=(4, 8))
>>> maps[ig.IDGI(), 8].shape
torch.Size([2, 3, 176, 176])
>>> absolute = [metrics.absolute_map(maps[rule, 8]) for rule in rules]
>>> ranking = torch.stack(absolute, dim=1)
>>> ranking.shape
torch.Size([2, 2, 176, 176])
"""

from igpaths.classifier import Classifier
from igpaths.paths import Blur, Guided, Placed, Straight, Strided
from igpaths.rules import IDGI, IG, Gradient, Left, Right, SquaredGradients
from igpaths.walks import Attributions, attribute, walk

__all__ = [
    "IDGI",
    "IG",
    "Attributions",
    "Blur",
    "Classifier",
    "Gradient",
    "Guided",
    "Left",
    "Placed",
    "Right",
    "SquaredGradients",
    "Straight",
    "Strided",
    "attribute",
    "walk",
]
