"""Gradient × input and Grad-CAM by Captum, the maps that most readers know, measured as all others are.

They need no walk, so their rows stand with those of the controls. Captum is needed only where they are measured.
"""

from collections.abc import Callable
from importlib.util import find_spec

import pandas as pd
import torch
from torch import Tensor, nn

from igpaths.classifier import Classifier
from igpaths.modules import products
from igstudy.measures.protocols import Protocol
from igstudy.measures.quantities import recomputed
from igstudy.measures.rivalling import judge
from igstudy.measures.sample import Sample, signed_maps

MISSING = "the measure 'peers' needs Captum, which is not installed: pip install captum"


def peers(sample: Sample, protocol: Protocol) -> list[pd.DataFrame]:
    """Insertion and deletion on black of both maps, and localization where the task knows the objects' masks.

    Where another score is explained, Grad-CAM stands a second time for the logit, of which its authors take it.
    """
    maps = signed_maps("gradient × input", 0, gradient_times_input(*sample.question), protocol.ranking)
    maps["Grad-CAM", 0, "none"] = grad_cam(*sample.question)
    if sample.net.output != "logit":
        logit = recomputed(sample.net, output="logit")
        maps["Grad-CAM, logit", 0, "none"] = grad_cam(logit, sample.images, sample.targets)
    return judge(sample, protocol, maps)


def gradient_times_input(net: Classifier, images: Tensor, targets: Tensor) -> Tensor:
    """x ⊙ ∇F(x) of images (B, C, H, W), signed and of their shape (Captum's ``InputXGradient``).

    The pixels are those in [0, 1], so it is IG from black in one step with the gradient at its end. ValueError where
    Captum is not installed.
    """
    _check_captum()
    from captum.attr import InputXGradient

    pixels = images.detach().to(net.device, net.dtype).requires_grad_()  # or Captum warns that it does so
    with products(net.device, net.precision):
        return InputXGradient(_score(net, targets)).attribute(pixels).detach()


def grad_cam(net: Classifier, images: Tensor, targets: Tensor) -> Tensor:
    """Grad-CAM of images (B, C, H, W): maps (B, H, W) of 0 or more (Selvaraju et al. 2017; Captum's ``LayerGradCam``).

    Of the Classifier's score, a logit as in the paper or a probability.

    max(0, Σ_k w_k A_k) of the channels A_k of the network's `last_spatial` layer, each weighed by the mean of its
    gradient, and then enlarged bilinearly to the image. ValueError where no layer keeps places apart, or Captum is not
    installed.
    """
    _check_captum()
    from captum.attr import LayerAttribution, LayerGradCam

    layer, pixels = last_spatial(net, images[:1]), images.to(net.device, net.dtype)
    with products(net.device, net.precision):
        coarse = LayerGradCam(_score(net, targets), layer).attribute(pixels, relu_attributions=True)
    maps = LayerAttribution.interpolate(coarse, tuple(images.shape[2:]), interpolate_mode="bilinear")
    return maps.detach().squeeze(1)


def last_spatial(net: Classifier, image: Tensor) -> nn.Module:
    """The module of the network that returns last, for one image (1, C, H, W), channels of more than one pixel.

    That is what the pooling over all places takes: of a convolutional network its last features. A layer that returns
    its channels last is taken for one that does not, so it is not for networks of such layers. ValueError where there
    is none.
    """
    found = list[nn.Module]()

    def note(module: nn.Module, inputs: object, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and output.shape[2:].numel() > 1:
            found.append(module)

    with torch.no_grad():
        net.logits(image)  # the first call settles the module's layout, and may copy it
        hooks = [module.register_forward_hook(note) for module in net.module.modules()]
        try:
            net.logits(image)
        finally:
            for hook in hooks:
                hook.remove()
    if not found:
        raise ValueError(f"Grad-CAM needs a layer with an axis for each side of the image; {net!r} has none")
    return found[-1]


def _score(net: Classifier, targets: Tensor) -> Callable[[Tensor], Tensor]:
    """The Classifier's score with a graph, which `Classifier.scores` drops."""
    chosen = targets.to(net.device)

    def score(pixels: Tensor) -> Tensor:
        logits = net.logits(pixels)
        if callable(net.output):
            return net.output(logits, chosen)
        values = net.probabilities(logits) if net.output == "probability" else logits
        return values.gather(1, chosen.view(-1, 1)).squeeze(1)

    return score


def _check_captum() -> None:
    if not find_spec("captum"):
        raise ValueError(MISSING)
