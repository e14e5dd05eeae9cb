"""One Classifier, and one process's settings, in several threads at once."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

import igpaths as ig
from igpaths.modules import products
from modified import build, small
from process import SETTINGS, state

TARGETS = torch.tensor([1, 3])
RULES = (ig.IG("both"), ig.IDGI(), ig.Left(ig.IG("both"), 0.9))


def images(size=32):
    return torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(1))


def classify(make=small):
    return ig.Classifier(build(make), mean=(0.5,) * 3, std=(0.25,) * 3, output="probability")


def attribute(net, x, path):
    return ig.attribute(net, x, TARGETS, path=path, rules=RULES, steps=(2, 4))


@pytest.fixture
def hasty():
    """Threads take turns far more often than they usually do."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("hasty")
def test_one_classifier_in_several_threads_with_several_sizes():
    net, sizes = classify(), (8, 9, 10, 12)
    batches = {size: images(size) for size in sizes}
    expected = {size: net.gradients(batches[size], TARGETS) for size in sizes}

    def wrong(start: int) -> int:
        order = [sizes[(start + turn) % len(sizes)] for turn in range(150)]
        found = [(size, net.gradients(batches[size], TARGETS)) for size in order]
        return sum(not torch.equal(a, b) for size, pair in found for a, b in zip(pair, expected[size], strict=True))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(wrong, range(4))) == [0, 0, 0, 0]


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("path", [ig.Straight(), ig.Blur(3.0), ig.Guided()], ids=str)
def test_attributions_in_several_threads(path):
    net, sizes = classify(), (8, 9, 10, 12)
    expected = {size: attribute(net, images(size), path) for size in sizes}
    with SETTINGS["matmul precision medium"]():
        before = state()
        with ThreadPoolExecutor(4) as pool:
            found = dict(
                zip(sizes * 4, pool.map(lambda size: attribute(net, images(size), path), sizes * 4), strict=False)
            )
        assert state() == before
    for size in sizes:
        assert all(torch.equal(found[size].maps[key], expected[size].maps[key]) for key in expected[size].maps)


def test_a_thread_that_ends_first_leaves_the_others_their_bits_and_the_process_its_setting():
    """The first thread begins, the second begins, the first ends, the second computes on, and ends."""
    second_began, first_ended, seen = threading.Event(), threading.Event(), []

    class Turn(nn.Module):
        def __init__(self, turn):
            super().__init__()
            self.turn = turn

        def forward(self, x):
            self.turn()
            seen.append(torch.backends.mkldnn.matmul.fp32_precision)
            return x.mean((2, 3)).repeat(1, 2)

        def __deepcopy__(self, memo):
            return self

    def wait_for_the_second():
        assert second_began.wait(10)

    def let_the_first_end():
        second_began.set()
        assert first_ended.wait(10)

    with SETTINGS["matmul precision medium"]():
        before = state()
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(lambda: classify(lambda: Turn(wait_for_the_second)).scores(images(), TARGETS))
            second = pool.submit(lambda: classify(lambda: Turn(let_the_first_end)).scores(images(), TARGETS))
            first.result(20)
            first_ended.set()
            second.result(20)
        assert state() == before
    assert seen == ["ieee", "ieee"]


def test_products_of_one_precision_within_those_of_another():
    place, cuda = torch.backends.cuda.matmul, torch.device("cuda")
    before = place.fp32_precision
    with products(cuda, "TF32"):
        with products(cuda, "float32"):
            assert place.fp32_precision == "ieee"
        assert place.fp32_precision == "tf32"
    assert place.fp32_precision == before
