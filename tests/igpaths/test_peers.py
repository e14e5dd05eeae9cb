"""Agreement with the published implementations on a trained network in float64, at 16 steps.

Peers: Captum 0.9.0 (Integrated Gradients), PAIR's saliency 0.2.1 (Blur IG, Guided IG), integrated-decision-gradients
0.1.2 (IDG), and the published formula of IDGI (Yang et al. 2023, Algorithm 1) written out on each path's own points.
Nothing of the library is patched; PAIR's Guided IG asks np.quantile for an argument that NumPy 2.4 took away, which is
mended around the call.
"""

from importlib.metadata import version
from unittest import mock

import captum.attr
import numpy as np
import pytest
import torch
from integrated_decision_gradients.idg import get_integrated_decision_gradients
from saliency.core import blur_ig, guided_ig

import igpaths as ig
from igpaths.models import load_model
from igstudy.tasks import objects
from problems import classifier, images, small_network

STEPS = 16


@pytest.fixture(scope="module")
def net():
    return load_model("objects/resnet").classifier(output="probability", precision="float64")


@pytest.fixture(scope="module")
def batch():
    scenes = objects.batch(range(2))
    return scenes.images.double(), scenes.targets


def gradient_function(net, target):
    """PAIR's interface: arrays (H, W, 3) or batches of them to gradients of the same shape."""

    def gradient(x):
        points = torch.from_numpy(np.ascontiguousarray(x)).permute(0, 3, 1, 2)
        return net.gradients(points, torch.full((len(points),), target))[1].permute(0, 2, 3, 1).numpy()

    return gradient


def relative(ours, theirs):
    return float((ours - theirs).norm() / theirs.norm())


def test_the_peers_are_those_named_above():
    assert version("captum") == "0.9.0"
    assert version("saliency") == "0.2.1"
    assert version("integrated-decision-gradients") == "0.1.2"


@pytest.mark.parametrize(("at", "method"), [("start", "riemann_left"), ("end", "riemann_right")])
def test_ig_equals_captum(net, batch, at, method):
    x, targets = batch
    ours = ig.attribute(net, x, targets, path=ig.Straight("mean"), rules=(ig.IG(at),), steps=(STEPS,))
    peer = captum.attr.IntegratedGradients(lambda points: net.logits(points).softmax(1))
    baseline = net.mean.expand(x.shape)
    theirs = peer.attribute(x, baseline, target=targets, n_steps=STEPS, method=method, internal_batch_size=16)
    for mine, peers in zip(ours[ig.IG(at), STEPS], theirs, strict=True):
        assert relative(mine, peers) < 1e-8


def test_blur_ig_equals_pair(net, batch):
    x, targets = batch
    path = ig.Blur(50.0, increment="tangent", padding="zero")
    ours = ig.attribute(net, x, targets, path=path, rules=(ig.IG("end"),), steps=(STEPS,))[ig.IG("end"), STEPS]
    for mine, image, target in zip(ours, x, targets.tolist(), strict=True):
        gradient = gradient_function(net, target)

        def call(points, call_model_args=None, expected_keys=None, gradient=gradient):
            return {blur_ig.INPUT_OUTPUT_GRADIENTS: gradient(points)}

        pixels = image.permute(1, 2, 0).numpy()
        theirs = blur_ig.BlurIG().GetMask(pixels, call, max_sigma=50, steps=STEPS)
        assert relative(mine, torch.from_numpy(theirs).permute(2, 0, 1)) < 1e-6


@pytest.mark.parametrize(("fraction", "max_distance"), [(0.25, 0.02), (0.5, 1.0)])
def test_guided_ig_equals_pair(net, batch, fraction, max_distance):
    x, targets = batch
    path = ig.Guided("black", fraction, max_distance)
    ours = ig.attribute(net, x, targets, path=path, rules=(ig.IG(),), steps=(STEPS,))[ig.IG(), STEPS]
    quantile = np.quantile

    def mended(a, q, interpolation):
        return quantile(a, q, method=interpolation)

    for mine, image, target in zip(ours, x, targets.tolist(), strict=True):
        gradient, pixels = gradient_function(net, target), image.permute(1, 2, 0).numpy()
        with mock.patch.object(np, "quantile", mended):
            theirs = guided_ig.guided_ig_impl(
                pixels, np.zeros_like(pixels), lambda p, g=gradient: g(p[None])[0], STEPS, fraction, max_distance
            )
        assert relative(mine, torch.from_numpy(theirs).permute(2, 0, 1)) < 1e-6


@pytest.mark.parametrize("path", [ig.Straight("black"), ig.Blur(50.0), ig.Guided("black")], ids=str)
def test_idgi_equals_the_published_formula(net, batch, path):
    x, targets = batch
    ours = ig.attribute(net, x, targets, path=path, rules=(ig.IDGI(),), steps=(STEPS,))[ig.IDGI(), STEPS]
    segments = list(ig.walk(net, x, targets, path=path, steps=(STEPS,)))
    points = torch.stack([path.start(net, x), *(segment.end.x for segment in segments)])
    scores = torch.stack([net.scores(p, targets) for p in points])
    theirs = torch.zeros_like(x)
    for j in range(STEPS):
        g = net.gradients(points[j], targets)[1]
        d = scores[j + 1] - scores[j]
        theirs += g * g * (d / (g * g).sum((1, 2, 3))).view(-1, 1, 1, 1)
    assert relative(ours, theirs) < 1e-9


@pytest.mark.parametrize("at", ["start", "end"])
def test_idg_converges_to_its_peer(at):
    # The peer takes the slope dF/dα from the gradient at the middle of a step and scales its map to the change of
    # score; ours takes ΔF/Δα over a segment, so that they agree in the limit, at the first order of the step.
    network, x, steps = small_network(), images(1, shape=(3, 12, 10)), (32, 64, 128, 256)
    ours = ig.attribute(classifier(network), x, 2, path=ig.Straight(), rules=ig.IDG(at), steps=steps)
    theirs = get_integrated_decision_gradients(network, x, target=2, n_steps=1024, adaptive=False, batch_size=64)
    errors = []
    for n in steps:
        change = ours.scores[n][:, -1] - ours.scores[n][:, 0]
        scaled = ours[ig.IDG(at), n] * change / ours[ig.IDG(at), n].sum()
        errors.append(relative(scaled, theirs))
    slopes = -torch.tensor(errors).log2().diff()
    assert float((slopes - 1).abs().max()) < 0.2
    assert errors[-1] < 2e-3


def test_idg_on_placed_points_agrees_with_its_peers_adaptive_steps():
    network, x = small_network(), images(1, shape=(3, 12, 10))
    ours = ig.attribute(classifier(network), x, 2, path=ig.Placed(ig.Straight()), rules=ig.IDG(), steps=512)[ig.IDG()]
    theirs = get_integrated_decision_gradients(network, x, target=2, n_steps=512, batch_size=64)
    assert relative(ours * theirs.sum() / ours.sum(), theirs) < 5e-3
