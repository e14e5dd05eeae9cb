"""The Classifier: normalisation inside, frozen copy, scores and gradients, and its errors."""

import itertools

import pytest
import torch
from torch import nn

import igpaths as ig
from igpaths.walks import walk
from problems import Linear, classifier, images, small_network

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def test_the_network_sees_normalised_images():
    network, x = small_network(), images(shape=(3, 12, 10))
    net = ig.Classifier(network, mean=MEAN, std=STD, output="logit")
    mean, std = (torch.tensor(colour, dtype=torch.float64).view(3, 1, 1) for colour in (MEAN, STD))
    torch.testing.assert_close(net.logits(x), network((x - mean) / std), rtol=0, atol=1e-14)


def test_a_float64_network_keeps_float64_constants():
    net = ig.Classifier(small_network(), mean=MEAN, std=STD, output="logit")
    assert net.mean.dtype == torch.float64
    assert net.mean.flatten().tolist() == list(MEAN)


@pytest.mark.parametrize(("precision", "bits"), [("float64", 52), ("float32", 23), ("TF32", 23), ("bfloat16", 7)])
def test_a_precision_rounds_by_its_bits(precision, bits):
    x, targets = images(3, shape=(3, 12, 10)), torch.tensor([1, 3, 0])
    whole = classifier(small_network(), "logit").gradients(x, targets)
    net = ig.Classifier(small_network(), mean=(0, 0, 0), std=(1, 1, 1), output="logit", precision=precision)
    assert net.precision == precision
    for found, expected in zip(net.gradients(x, targets), whole, strict=True):
        assert found.dtype == net.dtype == (torch.float64 if precision == "float64" else torch.float32)
        error = float((found - expected).norm() / expected.norm())
        assert error < 32 * 2.0**-bits
        assert precision == "float64" or error > 2.0 ** -(bits + 8)


def test_the_precision_is_the_networks_own_by_default():
    assert classifier(small_network()).precision == "float64"
    assert classifier(small_network().float()).precision == "float32"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU: a walk must not wait for it")
@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
@pytest.mark.parametrize("path", [ig.Straight(), ig.Blur(4.0)], ids=str)
def test_a_walk_does_not_wait_for_a_gpu(path):
    net, x = classifier(small_network().float().cuda()), images(3, shape=(3, 12, 10)).float().cuda()
    for segment in walk(net, x, torch.tensor([0, 1, 2]), path=path, steps=(8,)):  # the first asks make the caches
        del segment
    torch.cuda.set_sync_debug_mode("error")
    try:
        segments = ig.walk(net, x, torch.tensor([0, 1, 2]), path=path, steps=(4, 8))
        for segment in itertools.islice(segments, 12):  # at its end a walk looks whether any gradient was not zero
            ig.IG().credit(segment), ig.IDGI().credit(segment)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("output", ["probability", "logit"])
def test_gradients_agree_with_finite_differences(output):
    net, x, targets = classifier(small_network(), output), images(shape=(3, 12, 10)), torch.tensor([1, 3])
    scores, gradients = net.gradients(x, targets)
    torch.testing.assert_close(scores, net.scores(x, targets), rtol=0, atol=1e-15)
    direction = torch.randn(x.shape, dtype=x.dtype, generator=torch.Generator().manual_seed(0))
    ahead, behind = (net.scores(x + h * direction, targets) for h in (1e-5, -1e-5))
    torch.testing.assert_close(
        (gradients * direction).flatten(1).sum(1), (ahead - behind) / 2e-5, rtol=1e-6, atol=1e-10
    )


def test_probability_is_the_softmax_of_the_logits():
    net, x = classifier(small_network(), "probability"), images(shape=(3, 12, 10))
    torch.testing.assert_close(net.scores(x, torch.tensor([1, 3])), net.logits(x).softmax(1)[[0, 1], [1, 3]])
    classes, probabilities = net.predict(x)
    torch.testing.assert_close(net.scores(x, classes), probabilities)


def at(temperature, output="probability"):
    options = {"mean": (0, 0, 0), "std": (1, 1, 1), "output": output, "temperature": temperature}
    return ig.Classifier(small_network(), **options)


@pytest.mark.parametrize("temperature", [0.25, 4.0])
def test_a_temperature_divides_the_logits_and_keeps_the_order_of_the_classes(temperature):
    x, targets = images(3, shape=(3, 12, 10)), torch.tensor([1, 3, 0])
    plain, tempered = at(1.0), at(temperature)
    torch.testing.assert_close(tempered.logits(x), plain.logits(x) / temperature)
    assert torch.equal(tempered.logits(x).argsort(1), plain.logits(x).argsort(1))
    surer = tempered.predict(x)[1] > plain.predict(x)[1]
    assert surer.tolist() == [temperature < 1] * 3
    gradients = [at(t, "logit").gradients(x, targets)[1] for t in (1.0, temperature)]
    torch.testing.assert_close(gradients[1], gradients[0] / temperature)


def test_a_high_temperature_leaves_what_is_linear_of_the_softmax_and_a_low_one_nothing():
    x, targets = images(3, shape=(3, 12, 10)), torch.tensor([1, 3, 0])
    hot = at(1e6)
    torch.testing.assert_close(hot.scores(x, targets), torch.full((3,), 1 / 5, dtype=torch.float64), rtol=1e-5, atol=0)
    each = torch.stack([at(1.0, "logit").gradients(x, torch.full((3,), c))[1] for c in range(5)])
    own = each[targets, torch.arange(3)]
    torch.testing.assert_close(hot.gradients(x, targets)[1] * 1e6, (own - each.mean(0)) / 5, rtol=1e-4, atol=1e-9)
    cold, likeliest = at(1e-4), at(1.0).predict(x)[0]
    scores, gradients = cold.gradients(x, likeliest)
    torch.testing.assert_close(scores, torch.ones(3, dtype=torch.float64))
    assert float(gradients.abs().max()) < 1e-12


def test_the_callers_network_is_left_as_it_was():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten()).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    net = classifier(network)
    net.gradients(images(shape=(3, 12, 10)).float(), torch.tensor([0, 1]))
    assert network.training
    assert all(p.requires_grad for p in network.parameters())
    assert all(p.grad is None for p in network.parameters())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not net.module.training
    assert not any(p.requires_grad for p in net.module.parameters())


def test_a_network_that_ignores_its_input_has_zero_gradients():
    class Fixed(nn.Module):
        def forward(self, x):
            return torch.ones(len(x), 2, dtype=x.dtype)

    scores, gradients = classifier(Fixed()).gradients(images(), torch.tensor([0, 1]))
    assert scores.tolist() == [1, 1]
    assert float(gradients.abs().max()) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output": "softmax"}, "output is 'softmax'; it must be one of probability, logit, or a function"),
        ({"precision": "half"}, "precision is 'half'; it must be one of float64, float32, TF32, bfloat16"),
        ({"temperature": 0.0}, "temperature must be positive and finite, got 0.0"),
        ({"temperature": float("nan")}, "temperature must be positive and finite, got nan"),
        ({"mean": (0.5,)}, r"as many finite numbers as the images have channels.*mean=\(0.5,\)"),
        ({"std": (0.2, 0.2, 0.0)}, r"std positive.*std=\(0.2, 0.2, 0.0\)"),
    ],
)
def test_bad_choices_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ig.Classifier(Linear(), **({"mean": MEAN, "std": STD, "output": "logit"} | options))


@pytest.mark.parametrize("network", [nn.Identity(), nn.Flatten(0)], ids=["image", "flat"])
def test_a_network_without_logits_is_refused(network):
    with pytest.raises(ValueError, match=r"must map \(2, 3, 4, 5\) to \(images, classes\), not to"):
        classifier(network).logits(images())


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_a_network_that_returns_probabilities_is_warned_of_once(temperature):
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 3), nn.Softmax(1))
    options = {"mean": (0.5,) * 3, "std": (0.25,) * 3, "temperature": temperature}
    net = ig.Classifier(network, output="probability", **options)
    with pytest.warns(UserWarning, match="the network returns probabilities, of which another softmax is taken"):
        net.scores(torch.rand(2, 3, 2, 2), 0)
    net.scores(torch.rand(2, 3, 2, 2), 0)
    ig.Classifier(network, output="logit", **options).scores(torch.rand(2, 3, 2, 2), 0)
    ig.Classifier(network[:2], output="probability", **options).scores(torch.rand(2, 3, 2, 2), 0)


def test_a_layer_that_mixes_images_is_warned_of():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False), nn.Flatten())
    with pytest.warns(UserWarning, match="the layer '1' has no statistics of its own"):
        ig.Classifier(network, mean=(0.5,) * 3, std=(0.25,) * 3, output="logit")
