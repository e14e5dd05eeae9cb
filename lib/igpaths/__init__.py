"""Path attribution for image classifiers: paths, rules, and the walk that joins them.

All examples of the docstrings go on from these lines, with a network and two images:

>>> import torch
>>> import igpaths as ig
>>> from igpaths import metrics, plots
>>> from igstudy.tasks.images import load_images
>>> model = ig.load_model("objects/resnet")
>>> net = model.classifier(output="probability")
>>> data = load_images("objects", model=model, count=2)
>>> x, targets = data.images, data.targets

A walk of 8 segments, read with two rules and at two step counts, and the maps that rank pixels, (B, M, H, W):

>>> rules = (ig.IG(), ig.IDGI())
>>> path = ig.Straight("black")
>>> maps = ig.attribute(net, x, targets, path=path, rules=rules, steps=(4, 8))
>>> maps[ig.IDGI(), 8].shape
torch.Size([2, 3, 176, 176])
>>> ranking = maps.ranking("absolute", steps=8)
>>> ranking.shape
torch.Size([2, 2, 176, 176])
"""

import lazy_loader

# Names are imported when they are first used, as __init__.pyi lists them: the command line answers without torch.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
