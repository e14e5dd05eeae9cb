"""What strangers give for images, baselines, paths, and a Classifier's choices: taken, or refused in one line."""

import math

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import tv_tensors

import igpaths as ig
from igpaths import metrics
from modified import build, small
from problems import name
from strangers import NET, RANKING, STRAIGHT, X, classify, images, refused

TRAPEZOID = ig.IG("both")
PATHS = (STRAIGHT, ig.Blur(4.0), ig.Guided(), ig.Placed(STRAIGHT))


def attribute(x=X, targets=(0, 1), *, net=NET, path=STRAIGHT, rules=TRAPEZOID, steps=4, **options):
    return ig.attribute(net, x, targets, path=path, rules=rules, steps=steps, **options)


# --- images ---

SAME = {
    "double": X.double(),
    "channels last": X.contiguous(memory_format=torch.channels_last),
    "a view": torch.stack([X, X], dim=-1)[..., 0],
    "transposed": X.transpose(2, 3).contiguous().transpose(2, 3),
    "a parameter": torch.nn.Parameter(X.clone()),
    "of torchvision": tv_tensors.Image(X),
    "with a graph": (X.clone().requires_grad_() * 1),
}


@pytest.mark.parametrize(
    "path", [STRAIGHT, ig.Blur(4.0), ig.Guided(), ig.Placed(STRAIGHT)], ids=lambda p: type(p).__name__
)
@pytest.mark.parametrize("kind", SAME)
def test_the_same_images_give_the_same_maps(kind, path):
    x = SAME[kind]
    expected, maps = attribute(path=path), attribute(x, path=path)
    assert torch.equal(maps[TRAPEZOID], expected[TRAPEZOID])
    assert type(maps[TRAPEZOID]) is torch.Tensor
    for values in (*maps.maps.values(), *maps.scores.values(), *maps.completeness_gap.values()):
        assert not values.requires_grad
    maps[TRAPEZOID].numpy()


def test_one_image_expanded_to_two():
    one = X[:1].expand(2, -1, -1, -1)
    assert torch.equal(attribute(one)[TRAPEZOID], attribute(one.clone())[TRAPEZOID])


def test_rounding_out_of_the_range_is_taken_and_more_is_not():
    attribute(X.clamp(max=0) + 1.0000001)
    attribute(X * 0 - 1e-7)
    refused(lambda: attribute(X + 0.001), "[0, 1]", "1.00")
    refused(lambda: attribute(X - 0.001), "[0, 1]", "-0.00")


def test_any_range_is_taken_unchecked():
    x = 4 * X - 2
    maps = attribute(x, path=ig.Straight(-1.5), check=False)
    assert float(maps.completeness_gap[TRAPEZOID, 4].abs().max()) < 0.2
    refused(lambda: attribute(x, path=ig.Straight(-1.5)), "[0, 1]", "check=False")
    refused(lambda: attribute(X, path=ig.Straight(-1.5)), "baseline", "[0, 1]")


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (X[0], ("(B, 3, H, W)", "(3, 24, 24)")),
        (X[:0], ("images",)),
        (X[..., :0], ("images",)),
        (X[:, :1], ("(B, 3, H, W)", "(2, 1, 24, 24)")),
        (X.permute(0, 2, 3, 1), ("(B, 3, H, W)", "(2, 24, 24, 3)")),
        (X[None], ("(B, 3, H, W)",)),
        (X * 255, ("[0, 1]",)),
        ((X * 255).to(torch.uint8), ("uint8",)),
        ((X * 255).long(), ("int64",)),
        (X > 0.5, ("bool",)),
        (X.to(torch.complex64), ("complex64",)),
        (X * math.nan, ("[0, 1]", "nan")),
        (X / 0, ("[0, 1]", "inf")),
        (X.numpy(), ("images", "ndarray")),
        ([X[0], X[1]], ("images", "list")),
        (Image.new("RGB", (24, 24)), ("images", "Image")),
        ("dog.jpg", ("images", "str")),
        (None, ("images", "NoneType")),
        (X.to("meta"), ("images", "meta")),
        (X.to_sparse(), ("images", "sparse")),
    ],
    ids=name,
)
def test_what_are_no_images(x, words):
    refused(lambda: attribute(x, targets=0), *words)


CALLS = {
    "walk": lambda x: list(ig.walk(NET, x, 0, path=STRAIGHT, steps=2)),
    "insertion": lambda x: metrics.insertion(NET, x, 0, RANKING[: len(x)]),
    "perturbation": lambda x: metrics.perturbation(NET, x, 0, RANKING[: len(x)]),
    "information": lambda x: metrics.information(NET, x, 0, RANKING[: len(x)], canvas="blur"),
    "predict": lambda x: NET.predict(x),
    "scores": lambda x: NET.scores(x, 0),
    "logits": lambda x: NET.logits(x),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "x", [X[0], X[:, :1], (X * 255).to(torch.uint8), X.numpy()], ids=lambda x: f"{x.dtype} {x.shape}"
)
def test_what_are_no_images_in_every_function(call, x):
    refused(lambda: CALLS[call](x), "images")


@pytest.mark.parametrize("call", ["walk", "insertion", "perturbation", "information"])
def test_no_images_in_every_function(call):
    refused(lambda: CALLS[call](X[:0]), "images")


# --- baselines ---

ONE_BLACK = (0, 0.0, "black", (0, 0, 0), [0, 0, 0], np.zeros(3), torch.zeros(3), torch.zeros(()), np.float32(0))
ONE_BLACK += (torch.zeros(1, 3, 1, 1), torch.zeros(3, 24, 24), torch.zeros(24, 24), np.zeros((3, 24, 24)))
ONE_BLACK += (torch.zeros(2, 3, 24, 24), torch.zeros(2, 3, 24, 24).double(), torch.zeros(3, 1, 1).requires_grad_())


@pytest.mark.parametrize("kind", [ig.Straight, ig.Guided])
@pytest.mark.parametrize("black", ONE_BLACK, ids=name)
def test_black_in_every_form(black, kind):
    maps = attribute(path=kind(black))
    assert torch.equal(maps[TRAPEZOID], attribute(path=kind("black"))[TRAPEZOID])
    assert not maps[TRAPEZOID].requires_grad


def test_a_baseline_for_each_image_goes_with_its_image():
    x, own = images(5), 1 - images(5)
    together = attribute(x, 0, path=ig.Straight(own), batch_size=2)
    for i in range(5):
        alone = attribute(x[i : i + 1], 0, path=ig.Straight(own[i]))
        torch.testing.assert_close(together[TRAPEZOID][i], alone[TRAPEZOID][0], rtol=0, atol=1e-6)


NO_BASELINES = ("grey", "Black", "", None, (0.1, 0.2), [], {}, len, 300, -1.0, math.nan, math.inf, (0, 0, math.nan))
NO_BASELINES += ((124, 116, 104), ("0", "0", "0"), b"black", torch.full((3, 1, 1), math.nan), torch.zeros(24))
NO_BASELINES += (torch.zeros(4, 3, 24, 24), torch.zeros(1, 2, 3, 24, 24), torch.randn(2, 3, 24, 24), np.full(3, 124))
NO_BASELINES += (torch.full((3, 24, 24), 124, dtype=torch.uint8), torch.zeros(3, 23, 24), Image.new("RGB", (24, 24)))


@pytest.mark.parametrize(
    "kind", [ig.Straight, ig.Guided, lambda b: ig.Placed(ig.Straight(b))], ids=["Straight", "Guided", "Placed"]
)
@pytest.mark.parametrize("baseline", NO_BASELINES, ids=name)
def test_what_is_no_baseline(baseline, kind):
    refused(lambda: attribute(path=kind(baseline)), "baseline")


# --- paths ---


@pytest.mark.parametrize(
    "path", ["straight", "Straight", ig.Straight, None, 3, ig.IG(), "black", lambda: None], ids=name
)
def test_what_is_no_path(path):
    refused(lambda: attribute(path=path), "path", "ig.Straight(")
    refused(lambda: list(ig.walk(NET, X, 0, path=path, steps=2)), "path", "ig.Straight(")


@pytest.mark.parametrize(
    "make",
    [
        *(lambda v=v: ig.Blur(v) for v in (0, -1, math.nan, math.inf, "3")),
        lambda: ig.Blur(3.0, increment="both"),
        lambda: ig.Blur(3.0, padding="wrap"),
        lambda: ig.Blur("black"),
        *(lambda v=v: ig.Guided(fraction=v) for v in (0, 1.1, -1, math.nan, "half")),
        *(lambda v=v: ig.Guided(max_distance=v) for v in (-0.1, 1.1, math.nan, "0.1")),
        lambda: ig.Guided(units="std"),
        *(lambda v=v: ig.Placed(v) for v in ("straight", ig.Straight, None, ig.Guided(), ig.Placed(ig.Straight()))),
        *(lambda v=v: ig.Placed(ig.Straight(), pilot=v) for v in (1, 0, -3, 2.5, math.nan, "8")),
        *(lambda v=v: ig.Placed(ig.Straight(), share=v) for v in (-0.1, 1, 1.5, math.nan, "0.5")),
    ],
)
def test_choices_of_paths(make):
    refused(make)


# --- the Classifier ---


@pytest.mark.parametrize(
    "colours",
    [
        {"mean": torch.tensor([0.5, 0.5, 0.5])},
        {"mean": np.array([0.5, 0.5, 0.5]), "std": np.full(3, 0.25, dtype=np.float32)},
        {"std": [0.25, 0.25, 0.25]},
        {"mean": (np.float64(0.5), torch.tensor(0.5), 0.5)},
    ],
    ids=["tensor", "numpy", "list", "mixed"],
)
def test_colours_in_every_form(colours):
    assert torch.equal(attribute(net=classify(**colours))[TRAPEZOID], attribute()[TRAPEZOID])


NO_COLOURS = ((), (0.5,), (0.5, 0.5), 0.5, None, "imagenet", (math.nan, 0.5, 0.5), (math.inf, 0.5, 0.5))


@pytest.mark.parametrize("which", ["mean", "std"])
@pytest.mark.parametrize("colour", NO_COLOURS, ids=name)
def test_what_are_no_colours(colour, which):
    refused(lambda: classify(**{which: colour}), "mean", "std")


@pytest.mark.parametrize("std", [(0.25, 0.25, 0), (0.25, 0.25, -0.25), (0, 0, 0)])
def test_a_std_that_is_not_positive(std):
    refused(lambda: classify(std=std), "std positive")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        *(
            ({"output": output}, ("output", "logit"))
            for output in ("softmax", None, "Probability", 3, ("logit",), True)
        ),
        *(({"precision": p}, ("precision", "float32")) for p in ("half", torch.float64, 32)),
        *(({"temperature": t}, ("temperature",)) for t in (0, -1, math.nan, math.inf, "1", None)),
        *(({"device": d}, ("device",)) for d in ("gpu", "cuda:99")),
        ({"network": torch.nn.Linear}, ("torch.nn.Module",)),
    ],
    ids=name,
)
def test_choices_of_a_classifier(options, words):
    refused(lambda: classify(**options), *words)


def test_the_network_itself_is_refused_with_the_remedy():
    for net in (build(small), torch.relu, None, "resnet", ig.Classifier):
        refused(lambda net=net: attribute(net=net), "ig.Classifier(")
        refused(lambda net=net: list(ig.walk(net, X, 0, path=STRAIGHT, steps=2)), "ig.Classifier(")
        refused(lambda net=net: metrics.insertion(net, X, 0, RANKING), "ig.Classifier(")


@pytest.mark.parametrize("size", [0, -1, True, 2.5, "8", None], ids=name)
def test_batch_sizes(size):
    refused(lambda: attribute(batch_size=size), "batch_size")
    refused(lambda: list(ig.walk(NET, X, 0, path=STRAIGHT, steps=2, batch_size=size)), "batch_size")
    refused(lambda: metrics.insertion(NET, X, 0, RANKING, batch_size=size), "batch_size")


@pytest.mark.parametrize("size", [np.int64(3), torch.tensor(3), 1000])
def test_batch_sizes_of_every_kind(size):
    torch.testing.assert_close(attribute(batch_size=size)[TRAPEZOID], attribute()[TRAPEZOID], rtol=0, atol=1e-6)


def test_a_call_that_is_refused_changes_no_later_result():
    net, expected = classify(), attribute(net=classify())[TRAPEZOID]
    for wrong in (X[0], X[:, :1], X.numpy(), X.to("meta")):
        with pytest.raises((ValueError, RuntimeError, AttributeError)):
            net.predict(wrong)
    assert torch.equal(attribute(net=net)[TRAPEZOID], expected)
