"""No setting of the process reaches a result, and every setting is after a call what it was before."""

from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

import igpaths as ig
from architectures import vit
from igpaths import metrics
from igpaths.gaussian import blur
from modified import build, small
from process import SETTINGS, state

TARGETS = [1, 3]
RULES = (ig.IG("both"), ig.IDGI(), ig.Left(ig.IG("both"), 0.9))
PATHS = (ig.Straight("mean"), ig.Blur(4.0), ig.Blur(4.0, increment="tangent", padding="zero"), ig.Guided())
PATHS += (ig.Placed(ig.Straight()), ig.Straight("blur"))


def images(size=32, count=2):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(1), dtype=torch.float32)


def classify(make=small, **options):
    choices = {"mean": (0.5,) * 3, "std": (0.25,) * 3, "output": "probability"} | options
    return ig.Classifier(build(make).float(), **choices)


def attribute(net, x, path=PATHS[0], steps=(2, 4)):
    return ig.attribute(net, x, TARGETS, path=path, rules=RULES, steps=steps)


@cache
def network():
    return classify()


@cache
def transformer():
    return classify(vit)


@cache
def plain(which, path):
    return attribute(which(), images(), path)


@pytest.mark.parametrize("path", PATHS, ids=str)
@pytest.mark.parametrize("setting", SETTINGS)
def test_maps(setting, path):
    expected = [plain(which, path) for which in (network, transformer)]
    before = state()
    x = images()
    with SETTINGS[setting]():
        inside = state()
        found = [attribute(which(), x, path) for which in (network, transformer)]
        assert state() == inside
    assert state() == before
    for maps, wanted in zip(found, expected, strict=True):
        assert maps.maps.keys() == wanted.maps.keys()
        assert all(torch.equal(maps.maps[key], wanted.maps[key]) for key in wanted.maps)
        assert all(torch.equal(maps.scores[n], wanted.scores[n]) for n in wanted.scores)
        assert all(torch.equal(maps.alphas[n], wanted.alphas[n]) for n in wanted.alphas)


def values(net, x, large):
    """What of the library multiplies besides the walk."""
    ranking = torch.stack([x.mean(1), x[:, 0]], 1)
    return {
        "logits": net.logits(x).detach(),
        "predict": torch.cat([each.double() for each in net.predict(x)]),
        "scores": net.scores(x, TARGETS),
        "gradients": net.gradients(x, TARGETS)[1],
        "blur": blur(x, 2.0),
        "blur on black": blur(x, 2.0, padding="zero"),
        "MS-SSIM": metrics.ms_ssim(large, blur(large, 1.0)),
        "insertion": metrics.insertion(net, x, TARGETS, ranking, canvas="blur").probability,
        "perturbation": metrics.perturbation(net, x, TARGETS, ranking)[1].logit,
    }


@pytest.mark.parametrize("setting", SETTINGS)
def test_values(setting):
    net, x, large, before = network(), images(), images(165), state()
    expected = values(net, x, large)
    with SETTINGS[setting]():
        inside = state()
        found = values(net, x, large)
        assert state() == inside
    assert state() == before
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert all(found[name].dtype == expected[name].dtype for name in expected)


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_classifier_made_within_a_setting_is_the_same(setting):
    expected, module, x = plain(network, PATHS[0]), build(small), images()
    with SETTINGS[setting]():
        net = ig.Classifier(module, mean=(0.5,) * 3, std=(0.25,) * 3, output="probability")
    maps = attribute(net, x)
    assert all(torch.equal(maps.maps[key], expected.maps[key]) for key in expected.maps)


# --- what the network sees ---


class Spy(nn.Module):
    """Remembers the settings that hold while the network computes."""

    def __init__(self, network: nn.Module, seen: list[dict[str, object]]) -> None:
        super().__init__()
        self.network = network
        self.keep = seen.append  # a method of the list outside, which is not copied with the network

    def __deepcopy__(self, memo: object) -> "Spy":
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.keep(state())
        return self.network(x)


def spied(seen, **options):
    return classify(lambda: Spy(build(small), seen), **options)


def test_the_network_computes_with_all_bits_whatever_the_process_has_set():
    seen = []
    net = spied(seen)
    with SETTINGS["matmul precision medium"](), SETTINGS["autocast"]():
        attribute(net, images())
    assert seen
    for each in seen:
        assert not each["autocast"][0]
        assert {each[name] for name in ("mkldnn.matmul", "mkldnn.conv")} == {"ieee"}


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # which torch hides where warnings are no errors
@pytest.mark.parametrize("setting", ["matmul precision medium", "matmul precision high", "cuda allow_tf32"])
def test_a_compiled_network_which_reads_the_settings_too(setting):
    expected = plain(network, PATHS[0])
    torch._dynamo.reset()
    with SETTINGS[setting]():
        maps = attribute(classify(lambda: torch.compile(small(), backend="eager")), images())
    assert all(torch.equal(maps.maps[key], expected.maps[key]) for key in expected.maps)


def test_bfloat16_is_its_own_autocast_whatever_the_process_has_set():
    seen = []
    net = spied(seen, precision="bfloat16")
    expected = attribute(net, images())
    with torch.autocast("cpu", torch.float16):
        maps = attribute(net, images())
    assert all(torch.equal(maps.maps[key], expected.maps[key]) for key in expected.maps)
    assert {each["autocast"] for each in seen} == {(True, torch.bfloat16)}


def test_settings_are_restored_where_the_network_fails():
    class Failing(nn.Module):
        def forward(self, x):
            raise ArithmeticError("on purpose")

    net = classify(Failing)
    with SETTINGS["matmul precision medium"]():
        before = state()
        with pytest.raises(ArithmeticError, match="on purpose"):
            attribute(net, images())
        assert state() == before


def test_who_reads_a_walk_has_their_own_settings_between_segments():
    net = network()
    with SETTINGS["matmul precision medium"](), torch.autocast("cpu", torch.bfloat16):
        before = state()
        for _ in ig.walk(net, images(), TARGETS, path=ig.Straight(), steps=(4,)):
            assert state() == before
    walk = ig.walk(net, images(), TARGETS, path=ig.Straight(), steps=(4,))
    next(walk)
    with SETTINGS["matmul precision medium"]():
        before = state()
        next(walk)
        walk.close()  # a walk that is given up
        assert state() == before


def test_random_numbers_are_neither_drawn_nor_seeded():
    torch.manual_seed(3)
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    for path in PATHS:
        attribute(network(), images(), path)
    values(network(), images(), images(165))
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(np.random.get_state()[1], numpy_before)  # noqa: NPY002
