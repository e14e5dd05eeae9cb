"""Scores, rules and progress of one's own, and what networks do with their batch and their input."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

import igpaths as ig
from modified import Wrapped, build, small

PATHS = (ig.Straight(), ig.Guided(), ig.Blur(6.0), ig.Placed(ig.Straight()))
RULES = (ig.IG("both"), ig.IDGI(), ig.Left(ig.IG(), 0.9))


def images(count=2, size=24):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(1))


def classify(network, output="probability"):
    return ig.Classifier(network, mean=(0.5,) * 3, std=(0.25,) * 3, output=output)


def attribute(net, x=None, targets=1, *, path=PATHS[0], rules=RULES, **options):
    return ig.attribute(net, images() if x is None else x, targets, path=path, rules=rules, steps=8, **options)


# --- scores of one's own, batches, and what a network does to its input ---


@pytest.mark.parametrize(
    "score",
    [
        lambda logits, targets: logits,
        lambda logits, targets: logits[:, :1],
        lambda logits, targets: logits.sum(),
        lambda logits, targets: None,
        lambda logits, targets: logits[:, 0].tolist(),
        lambda logits, targets: logits[:, 0].detach().numpy(),
        lambda logits, targets: logits.argmax(1),
        lambda logits, targets: logits.argmax(1) == targets,
        lambda logits, targets: logits[:1, 0],
        lambda logits, targets: (logits[:, 0],),
    ],
    ids=["matrix", "column", "sum", "None", "list", "numpy", "classes", "right", "one", "tuple"],
)
def test_a_score_of_ones_own_of_another_shape_is_refused(score):
    with pytest.raises(ValueError, match=r"output.*one (float )?score") as caught:
        attribute(classify(build(small), output=score))
    assert "\n" not in str(caught.value)


def test_an_error_in_a_score_of_ones_own_is_the_callers():
    def score(logits, targets):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        attribute(classify(build(small), output=score))


def test_a_score_in_another_precision_is_taken():
    net = classify(build(small), output=lambda logits, targets: logits.double()[:, 0])
    expected = attribute(classify(build(small), output=lambda logits, targets: logits[:, 0]))
    maps = attribute(net)
    assert maps[RULES[0]].dtype == torch.float32
    torch.testing.assert_close(maps[RULES[0]], expected[RULES[0]])


def test_a_network_of_regression_takes_no_targets():
    class Regression(nn.Module):
        def forward(self, x):
            return x.mean((1, 2, 3))

    net = classify(Regression(), output=lambda values, targets: values)
    maps = attribute(net, targets=None)
    assert float(maps.completeness_gap[ig.IDGI(), 8].abs().max()) < 1e-5


def test_a_batch_of_one_sees_no_other_image():
    """BatchNorm without running statistics uses those of the batch, whatever the mode."""
    layers = [nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6, track_running_stats=False), nn.ReLU(), nn.AdaptiveAvgPool2d(1)]
    with pytest.warns(UserWarning, match="the layer '1' has no statistics of its own"):
        net = classify(build(lambda: nn.Sequential(*layers, nn.Flatten())))
    x = images(3)
    together = attribute(net, x, batch_size=1)
    for i in range(3):
        alone = attribute(net, x[i : i + 1], batch_size=1)
        assert torch.equal(together[RULES[0]][i], alone[RULES[0]][0])


@pytest.mark.parametrize("path", PATHS, ids=lambda path: type(path).__name__)
def test_what_a_network_writes_into_its_input_stays_its_own(path):
    def spoil(z):
        result = z.clone()
        with torch.no_grad():
            z.zero_()
        return result

    x = images()
    before = x.clone()
    net, expected = classify(build(lambda: Wrapped(before=spoil))), attribute(classify(build(small)), x, path=path)
    maps = attribute(net, x, path=path)
    assert torch.equal(x, before)
    assert all(torch.equal(maps.maps[key], expected.maps[key]) for key in expected.maps)


# --- rules of one's own ---


@dataclass(frozen=True)
class Own:
    """A rule whose credit is made by a function."""

    make: object

    def credit(self, segment):
        return self.make(segment)


@pytest.mark.parametrize(
    "make",
    [
        lambda segment: None,
        lambda segment: 0.0,
        lambda segment: segment.gradient("start").sum(1),
        lambda segment: segment.gradient("start").sum(1, keepdim=True),
        lambda segment: segment.gradient("start")[:1],
        lambda segment: segment.score_change,
        lambda segment: segment.gradient("start").numpy(),
    ],
    ids=["None", "number", "(B, H, W)", "(B, 1, H, W)", "one image", "scores", "numpy"],
)
def test_a_rule_whose_credit_has_another_shape_is_named(make):
    with pytest.raises(ValueError, match=r"Own.*credit.*\(2, 3, 24, 24\)") as caught:
        attribute(classify(build(small)), rules=Own(make))
    assert "\n" not in str(caught.value)


def test_a_rule_of_ones_own_is_split_like_any_other():
    own = Own(lambda segment: ig.IG().credit(segment))
    maps = attribute(classify(build(small)), rules=(own, ig.Left(own, 0.5), ig.Right(own, 0.5), ig.IG()))
    torch.testing.assert_close(maps[own], maps[ig.IG()], rtol=0, atol=0)
    torch.testing.assert_close(maps[ig.Left(own, 0.5)] + maps[ig.Right(own, 0.5)], maps[own])


def test_a_rule_that_keeps_a_graph_or_writes_into_its_credit_changes_no_other():
    def grab(segment):
        return segment.gradient("end").clone().requires_grad_() * 2

    maps = attribute(classify(build(small)), rules=(Own(grab), ig.IG("end")))
    expected = attribute(classify(build(small)), rules=ig.IG("end"))
    assert not any(values.requires_grad for values in maps.maps.values())
    assert torch.equal(maps[ig.IG("end")], expected[ig.IG("end")])


def test_numbers_of_numpy_in_a_rule_are_taken():
    maps = attribute(classify(build(small)), rules=ig.Left(ig.IG(), np.float64(0.5)))
    assert maps[ig.Left(ig.IG(), 0.5)].shape == (2, 3, 24, 24)


# --- progress of one's own ---


@pytest.mark.parametrize("path", PATHS, ids=lambda path: type(path).__name__)
@pytest.mark.parametrize("batch_size", [1, 2, 16])
def test_progress_counts_every_gradient(path, batch_size):
    done = []
    maps = attribute(classify(build(small)), path=path, batch_size=batch_size, progress=done.append)
    assert sum(done) == 2 * maps.evaluations
    assert all(isinstance(n, int) for n in done)


def test_an_error_in_progress_stops_the_walk():
    def stop(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attribute(classify(build(small)), progress=stop)
    assert torch.equal(attribute(classify(build(small)))[RULES[0]], attribute(classify(build(small)))[RULES[0]])


def test_a_bar(capsys):
    maps = attribute(classify(build(small)), progress=True)
    assert torch.equal(maps[RULES[0]], attribute(classify(build(small)))[RULES[0]])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("progress", ["bar", 3])
def test_what_is_no_progress(progress):
    with pytest.raises(ValueError, match=r"^progress[^\n]*$"):
        attribute(classify(build(small)), progress=progress)
