"""Networks that are randomised layer by layer: what changes, what stays, and how alike two maps look."""

import copy
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytorch_msssim import ssim
from torch import fx, nn

import igpaths as ig
from igpaths.metrics import absolute_map, insertion
from igpaths.models import load_model
from igstudy.measures.quantities import layers, randomised, randomised_share, similarity, stages
from igstudy.tasks import networks, objects
from problems import Linear, classifier, generator, images, small_network

SIZE = (3, 12, 10)


def linear(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(360, 4)).double()


def tensors(net):
    return {name: t.clone() for name, t in net.module.state_dict().items() if t.is_floating_point()}


def changed(net, other):
    """The names of the tensors that differ between two networks."""
    return {name for name, t in tensors(net).items() if not torch.equal(t, tensors(other)[name])}


def same_values(a, b):
    return torch.equal(a.flatten().sort().values, b.flatten().sort().values)


@pytest.mark.parametrize("rule", [ig.IG(), ig.SquaredGradients()])
def test_of_a_linear_network_a_map_is_that_of_the_shuffled_weights(rule):
    net, x, targets = classifier(linear()), images(shape=SIZE), torch.tensor([1, 3])
    other = randomised(net)
    weights = [each.module[1].weight for each in (net, other)]
    assert same_values(*weights)
    assert same_values(*(each.module[1].bias for each in (net, other)))
    own = weights[1][targets].view_as(x)
    expected = own * x if rule == ig.IG() else own**2
    found = ig.attribute(other, x, targets, path=ig.Straight(), rules=rule, steps=4)[rule, 4]
    torch.testing.assert_close(found / found.sum(), expected / expected.sum(), rtol=1e-9, atol=1e-15)
    assert not torch.equal(weights[0], weights[1])


def test_the_network_itself_stays_and_its_copy_depends_on_the_seed_alone():
    net = classifier(small_network())
    before = copy.deepcopy(net.module.state_dict())
    first, again, other = (randomised(net, seed=seed) for seed in (0, 0, 1))
    assert all(torch.equal(t, before[name]) for name, t in net.module.state_dict().items())
    assert changed(first, again) == set()
    assert changed(first, other) == set(before)


def test_each_stage_goes_on_from_the_one_before():
    net = classifier(small_network())
    copies = [randomised(net, count) for count in range(4)]
    names = [[], ["6"], ["6", "2"], ["6", "2", "0"]]
    for each, own in zip(copies, names, strict=True):
        assert changed(net, each) == {f"{name}.{kind}" for name in own for kind in ("weight", "bias")}
        assert {name.partition(".")[0] for name in changed(each, copies[-1])} == {"6", "2", "0"} - set(own)
    assert changed(copies[-1], randomised(net)) == set()


@pytest.mark.parametrize("fold", [True, False])
def test_every_layer_of_a_plain_network_changes_and_keeps_its_values(fold):
    torch.manual_seed(0)
    net = ig.Classifier(networks.vgg(), mean=(0.5,) * 3, std=(0.2,) * 3, output="logit", fold=fold)
    with torch.no_grad():
        for number, each in enumerate(net.module.parameters()):
            each.copy_(torch.randn(each.shape, generator=generator(number)))
    other, before = randomised(net), tensors(net)
    assert len(layers(net.module)) == 8
    learned = {name for name, _ in net.module.named_parameters()}
    assert learned <= changed(net, other)
    for name, t in tensors(other).items():
        assert t.shape == before[name].shape
        assert same_values(t, before[name])


def test_a_norms_channels_move_with_all_that_they_have():
    norm = nn.BatchNorm2d(16)
    with torch.no_grad():
        for number, each in enumerate((norm.weight, norm.bias, norm.running_mean, norm.running_var)):
            each.copy_(torch.arange(16) + 16 * number + 1)
    net = classifier(nn.Sequential(nn.Conv2d(3, 16, 3), norm, nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    own = randomised(net).module[1]
    channels = torch.stack([own.weight, own.bias, own.running_mean, own.running_var])
    assert (channels.diff(dim=0) == 16).all()
    assert not torch.equal(own.weight, norm.weight)
    assert len(layers(net.module)) == 1  # the norm is the convolution's


class Tokens(nn.Module):
    def forward(self, x):
        return x.flatten(2).transpose(1, 2)


def test_attention_and_layer_norms_are_randomised_too():
    torch.manual_seed(0)
    block = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True, norm_first=True)
    network = nn.Sequential(nn.Conv2d(3, 16, 4, 4), Tokens(), block, nn.Flatten(), nn.Linear(64, 3))
    with torch.no_grad():
        for each in network.parameters():
            each.add_(torch.randn(each.shape))
    net = classifier(network)
    other = randomised(net)
    assert changed(net, other) == {name for name, _ in network.named_parameters()}
    assert len(layers(net.module)) == 6  # patches, the two of attention, the two behind it, and the classes
    assert other.gradients(torch.rand(2, 3, 8, 8), [0, 1])[1].abs().amax((1, 2, 3)).all()


def test_a_traced_network_is_randomised_as_it_is():
    traced = fx.symbolic_trace(small_network())
    x = images(shape=SIZE)
    pair = [randomised(classifier(module)).scores(x, 1) for module in (traced, small_network())]
    torch.testing.assert_close(*pair, rtol=1e-12, atol=0)


def test_weights_of_one_axis_alone_are_a_layer():
    net = classifier(Linear())
    assert changed(net, randomised(net)) == {"w"}


@pytest.mark.parametrize("count", [-1, 4])
def test_a_count_beyond_the_layers_is_refused(count):
    with pytest.raises(ValueError, match=f"count must be from 0 to the network's 3 layers, got {count}"):
        randomised(classifier(small_network()), count)


def test_a_network_without_parameters_is_refused():
    with pytest.raises(ValueError, match="is randomised by its parameters, and Flatten has none"):
        randomised(classifier(nn.Flatten()))


def test_stages_have_names_and_are_layer_by_layer_where_they_are_few():
    assert list(stages(1)) == ["all layers"]
    assert list(stages(3)) == ["1 of 3 layers", "2 of 3 layers", "all layers"]
    assert list(stages(8).values()) == [*range(1, 9)]
    assert list(stages(53).values()) == [1, 8, 16, 23, 31, 38, 46, 53]
    assert list(stages(53))[:2] == ["1 of 53 layers", "8 of 53 layers"]


@given(st.integers(1, 2000))
def test_stages_rise_evenly_to_all_layers_and_say_their_share(count):
    found = stages(count)
    numbers = list(found.values())
    assert len(numbers) == min(count, 8)
    assert (numbers[0], numbers[-1]) == (1, count)
    gaps = [b - a for a, b in pairwise(numbers)]
    assert all(gap > 0 for gap in gaps)
    assert max(gaps, default=0) - min(gaps, default=0) <= 1
    assert [randomised_share(name) for name in found] == [number / count for number in numbers]


def test_insertion_tells_the_maps_of_a_trained_network_from_those_of_its_shuffled_weights():
    net, scenes = load_model("objects/resnet").classifier(output="probability"), objects.batch(range(4))
    maps = []
    for each in (net, randomised(net)):
        found = ig.attribute(each, scenes.images, scenes.targets, path=ig.Straight(), rules=ig.IG(), steps=4)
        maps.append(absolute_map(found[ig.IG(), 4]))
    assert maps[1].flatten(1).amax(1).all()  # which is not dead
    r = insertion(net, scenes.images, scenes.targets, torch.stack(maps, dim=1))
    own, other = ig.metrics.area(r.shares, r.probability).mean(0)
    assert own > other + 0.2


class TestSimilarity:
    maps = torch.rand(2, 3, 24, 20, dtype=torch.float64, generator=generator())

    def test_a_map_is_like_itself_whatever_its_unit_and_its_zero(self):
        found = similarity(self.maps, 7 * self.maps + 3)
        assert found.shape == (2, 3)
        torch.testing.assert_close(found, torch.ones_like(found))

    def test_it_is_symmetric_and_of_unrelated_maps_near_0(self):
        pair = self.maps, self.maps.flip(0)
        torch.testing.assert_close(similarity(*pair), similarity(*pair[::-1]))
        assert (similarity(*pair).abs() < 0.2).all()

    def test_it_is_that_of_another_implementation(self):
        low, high = self.maps.amin((2, 3), keepdim=True), torch.quantile(self.maps.flatten(2), 0.99, dim=2)
        scaled = ((self.maps - low) / (high[..., None, None] - low)).clamp(0, 1)
        theirs = ssim(scaled[0][:, None], scaled[1][:, None], data_range=1, size_average=False)
        torch.testing.assert_close(similarity(self.maps[0], self.maps[1]), theirs, rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("value", [0.0, 3.0, torch.nan])
    def test_a_map_without_a_scale_is_undefined(self, value):
        found = similarity(self.maps[0], torch.full_like(self.maps[0], value))
        assert found.isnan().all()

    def test_maps_smaller_than_the_window_are_refused(self):
        with pytest.raises(ValueError, match="win_size exceeds image extent"):
            similarity(self.maps[..., :10], self.maps[..., :10])
