"""How often a program waits for a GPU: not once a step, a map or a share. The GPU is pretended, so none is needed."""

import tempfile
from unittest import mock

import pytest
import torch

import igpaths as ig
from igpaths import metrics
from igpaths.models import Model
from igstudy.engine.computing import compute
from igstudy.engine.units import plan
from pretended import CUDA, Pretended, is_marked, mark, moved, waits
from problems import images, small_network
from studies import photographs, study

# Without CUDA autocast says that it is off, which it is anyway
pytestmark = pytest.mark.filterwarnings("ignore:.*CUDA is not available:UserWarning")
RULES = (
    ig.IG(),
    ig.IDGI(),
    ig.IDG(),
    ig.TotalVariation(),
    ig.Left(ig.IG(), 0.9),
    ig.Right(ig.IG(), 0.9),
    ig.Left(ig.IDGI(), 0.5),
)
PATHS = (ig.Straight(), ig.Straight("blur"), ig.Blur(4.0), ig.Placed(ig.Straight()))


def network(output="probability"):
    options = {"mean": (0.5,) * 3, "std": (0.25,) * 3, "output": output}
    return moved(ig.Classifier(small_network().float(), **options))


def pictures(count, side=24):
    return mark(images(1, shape=(3, side, side)).float().expand(count, -1, -1, -1).clone())


def maps(count, number, side=24):
    return mark(torch.rand(count, number, side, side, generator=torch.Generator().manual_seed(0)))


class TestThePretence:
    """What the counts below rest on."""

    def test_a_number_that_is_read_is_a_wait_and_computing_is_none(self):
        def work():
            x = torch.ones(3).pin_memory().to("cuda", non_blocking=True)
            assert (2 * x + 1).sum().device == CUDA
            assert not is_marked(torch.ones(3) + 1)
            return float(x.sum())

        assert waits(work) == {"__float__": 1}

    def test_so_is_what_comes_from_memory_that_is_not_pinned(self):
        assert waits(lambda: torch.ones(3).to("cuda")) == {"to the GPU": 1}
        assert waits(lambda: torch.tensor([1.0], device="cuda")) == {"to the GPU": 1}
        assert waits(lambda: mark(torch.ones(3))[torch.tensor([0, 2])]) == {"an index of the CPU": 1}

    def test_so_is_a_shape_that_depends_on_numbers(self):
        x = mark(torch.arange(3))
        assert waits(lambda: x[x > 1]) == {"a mask": 1}
        assert waits(lambda: x.nonzero()) == {"nonzero": 1}

    def test_tensors_of_both_places_do_not_meet(self):
        with Pretended(), pytest.raises(RuntimeError, match="torch.Tensor.add of tensors on the GPU and on the CPU"):
            mark(torch.ones(3)).add(torch.ones(3))


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_a_walk_waits_as_often_for_many_steps_as_for_few(path):
    net, x = network(), pictures(3)

    def attribute(steps):
        ig.attribute(net, x, torch.tensor([0, 1, 2]), path=path, rules=RULES, steps=steps)

    waits(lambda: attribute((8,)))  # the first asks make the caches
    few, many = waits(lambda: attribute((8,))), waits(lambda: attribute((8, 16, 64)))
    assert few == many
    assert few.total() <= 16


def test_a_guided_walk_waits_as_often_for_many_images_as_for_one():
    net = network()

    def attribute(count, steps):
        targets = torch.zeros(count, dtype=torch.long)
        ig.attribute(net, pictures(count), targets, path=ig.Guided(), rules=RULES, steps=steps)

    waits(lambda: attribute(1, 8))
    one = waits(lambda: attribute(1, 8))
    assert waits(lambda: attribute(8, 8)) == one
    passes = 5  # of a step at most, each a quarter of the pixels
    assert waits(lambda: attribute(1, 16)).total() <= one.total() + 8 * passes


@pytest.mark.parametrize("canvas", ["black", "blur"])
@pytest.mark.parametrize("metric", [metrics.insertion, metrics.deletion, metrics.perturbation])
def test_insertion_waits_as_often_for_many_batches_as_for_one(metric, canvas):
    net, x, targets = network(), pictures(2), torch.zeros(2, dtype=torch.long)

    def ask(number, batch):
        metric(net, x, targets, maps(2, number), canvas=canvas, batch_size=batch)

    waits(lambda: ask(1, 4))  # the first asks make the caches
    assert waits(lambda: ask(2, 128)) == waits(lambda: ask(8, 4))
    assert waits(lambda: ask(8, 4)).total() <= 8


@pytest.mark.parametrize("estimator", ["png", "entropy", "ms-ssim"])
def test_information_waits_as_often_for_many_batches_as_for_one(estimator):
    net, x, shares = network(), pictures(1, 168), (0.2, 0.4, 0.6, 0.8)
    canvas = mark(torch.zeros(1, 3, 168, 168))

    def ask(number, batch):
        options = {"canvas": canvas, "shares": shares, "estimators": estimator, "batch_size": batch}
        metrics.information(net, x, 0, maps(1, number, 168), **options)

    waits(lambda: ask(1, 4))
    assert waits(lambda: ask(16, 16)) == waits(lambda: ask(4, 16))


class TestAUnit:
    """Its waits grow with its metrics and its batches."""

    @pytest.fixture
    def waits_of(self, tmp_path, monkeypatch):
        folder, own = photographs(tmp_path / "photos"), Model.classifier
        monkeypatch.setattr(Model, "classifier", lambda self, **options: moved(own(self, **options)))

        def count(**choices):
            chosen = study(folder, images=2, results=tempfile.mkdtemp(dir=tmp_path), **choices)
            with mock.patch.object(Model, "classifier", own):
                (unit,) = plan(chosen)
            return waits(lambda: done(compute(chosen, unit))).total()

        def done(report):
            assert not report.failures
            assert report.computed

        return count

    @pytest.mark.parametrize("metric", ["insertion", "canvases", "compression"])
    def test_it_waits_no_longer_for_more_maps_or_more_steps(self, waits_of, metric):
        choices = {"metrics": (metric,), "paths": ("straight", "blur")}
        waits_of(steps=(4,), **choices)  # the first asks make the caches
        assert waits_of(steps=(4, 8, 16), **choices) == waits_of(steps=(4,), **choices) <= 250

    def test_split_ig_does_not_wait_for_each_part(self, waits_of):
        choices = {"metrics": ("split", "softmax"), "paths": (), "protocols": ("igpaths", "study-b")}
        assert waits_of(**choices) <= 130
