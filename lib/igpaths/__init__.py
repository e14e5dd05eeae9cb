"""Path attribution for image classifiers: paths, rules, the walk that joins them, and the tasks to study them on.

import igpaths as ig
net = ig.Classifier(network, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), output="probability")
maps = ig.attribute(net, images, targets, path=ig.Straight("black"), rules=(ig.IG(), ig.IDGI()), steps=(8, 128))
maps[ig.IDGI(), 128]
"""

from igpaths.classifier import Classifier
from igpaths.paths import Blur, Guided, Placed, Straight, Strided
from igpaths.rules import IDGI, IG, Gradient, Left, Right, SquaredGradients
from igpaths.walk import Attributions, attribute, walk

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
