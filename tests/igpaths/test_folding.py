"""A folded network is the same function; what cannot be folded stays as it is."""

import copy
import itertools

import pytest
import torch
import torchvision
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

import igpaths as ig
from igpaths.folding import Clamp, Pointwise, fold_norms, prefer_onednn
from igpaths.models import load_model


def norms(module):
    return sum(isinstance(part, _BatchNorm) for part in module.modules())


def settled(module):
    """The network in evaluation mode in float64, with statistics and weights that show."""
    torch.manual_seed(0)
    for part in module.modules():
        if isinstance(part, _BatchNorm):
            if part.running_mean is not None:
                part.running_mean.normal_()
                part.running_var.uniform_(0.5, 2)
            if part.weight is not None:
                nn.init.normal_(part.weight)
                nn.init.normal_(part.bias)
    return module.double().eval().requires_grad_(False)


def agree(module, shape=(2, 3, 32, 32)):
    """How many norms were folded, of a network whose outputs and gradients stay."""
    folded = copy.deepcopy(module)
    count = fold_norms(folded)
    x = torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    outputs = [each(x) for each in (module, folded)]
    gradients = [torch.autograd.grad(each.square().sum(), x)[0] for each in outputs]
    for one, other in (outputs, gradients):
        assert float((one - other).detach().abs().max()) <= 1e-12 * float(one.detach().abs().max())
    assert norms(folded) == norms(module) - count
    return count


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("objects/resnet", 13), ("objects/vgg", 7), ("objects/inception", 36), ("objects/mobilenet", 20),
        ("objects/densenet", 26), ("installed/efficientnet_lite0", 49),
    ],
)  # fmt: skip
def test_networks_as_they_are(name, count):
    network = load_model(name).network.double().eval().requires_grad_(False)
    assert agree(network, (1, 3, 64, 64)) == count


def test_options_of_convolutions():
    layers = (
        nn.Conv2d(3, 6, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU(),
        nn.Conv2d(6, 6, 3, groups=3, dilation=2, padding="same"), nn.BatchNorm2d(6, affine=False),
        nn.Conv2d(6, 4, (1, 3), padding_mode="reflect", padding=(0, 1)), nn.BatchNorm2d(4, eps=0.1),
    )  # fmt: skip
    assert agree(settled(nn.Sequential(*layers))) == 3


class Standardised(nn.Conv2d):
    """A convolution whose weights are not those that it multiplies by."""

    def forward(self, x):
        return nn.functional.conv2d(x, self.weight / self.weight.std(), self.bias)


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution, self.norm = nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3)

    def forward(self, x):
        return self.norm(self.convolution(self.norm(self.convolution(x))))


class UsedTwice(Shared):
    def forward(self, x):
        x = self.convolution(x)
        return self.norm(x) + x


class Branching(Shared):
    def forward(self, x):
        x = self.convolution(x)
        return self.norm(x) if x.mean() > -9 else x


class Kept(Shared):
    def forward(self, x):
        self.last = self.convolution(x)
        return self.norm(self.last)


def hooked():
    network = nn.Sequential(nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3))
    network[0].register_forward_hook(lambda module, inputs, output: output * 2)
    return network


@pytest.mark.parametrize(
    "network",
    [
        pytest.param(lambda: nn.Sequential(Standardised(3, 4, 3), nn.BatchNorm2d(4)), id="weights of its own kind"),
        pytest.param(lambda: nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3)), id="norm before convolution"),
        pytest.param(lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4)), id="something between"),
        pytest.param(
            lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)), id="no statistics"
        ),
        pytest.param(Shared, id="shared"),
        pytest.param(UsedTwice, id="used twice"),
        pytest.param(Branching, id="branching"),
        pytest.param(hooked, id="hooked"),
        pytest.param(lambda: nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 3, 3)), id="no norm at all"),
        pytest.param(
            lambda: nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 3, 3)), nn.BatchNorm2d(3)),
            id="parametrised",
        ),
    ],
)
def test_what_cannot_be_folded_stays(network):
    assert agree(settled(network())) == 0


def test_what_a_network_keeps_is_no_trace():
    network = settled(Kept())
    assert fold_norms(network) == 1
    assert not hasattr(network, "last")


def test_weights_that_others_share_stay():
    network = nn.Sequential(nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3), nn.Conv2d(3, 3, 3))
    network[2].weight = network[0].weight
    assert agree(settled(network)) == 1


class TestClassifier:
    def test_folds_and_says_so(self):
        model = load_model("objects/resnet")
        folded, plain = (model.classifier(output="logit", precision="float64", fold=fold) for fold in (True, False))
        assert "13 norms folded" in repr(folded)
        assert "folded" not in repr(plain)
        assert norms(model.network) == norms(plain.module) == 13
        x = torch.rand(2, 3, 48, 48, generator=torch.Generator().manual_seed(0))
        for one, other in zip(folded.gradients(x, 0), plain.gradients(x, 0), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)

    def test_a_network_without_norms_says_nothing(self):
        net = ig.Classifier(nn.Sequential(nn.Flatten(), nn.Linear(12, 2)), mean=(0,) * 3, std=(1,) * 3, output="logit")
        assert "folded" not in repr(net)


class TestClamp:
    @pytest.mark.parametrize(
        ("activation", "bounds"),
        [
            (nn.ReLU6(inplace=True), (0, 6)),
            (nn.Hardtanh(-1, 2, inplace=True), (-1, 2)),
            (nn.ReLU(inplace=True), (0, torch.inf)),
        ],
    )
    def test_computes_what_torch_does(self, activation, bounds):
        clamp = Clamp(*bounds)
        x = torch.tensor([-2.0, -1, -0.5, 0, 0.5, 2, 3, 6, 7, torch.nan], requires_grad=True)
        for ours, theirs in (
            (clamp(x * 1), activation(x * 1)),
            (clamp(x.detach().clone()), activation(x.detach() * 1)),
        ):
            torch.testing.assert_close(ours, theirs, rtol=0, atol=0, equal_nan=True)
        slopes = [torch.autograd.grad(each(x * 1).nansum(), x)[0] for each in (clamp, activation)]
        torch.testing.assert_close(*slopes, rtol=0, atol=0, equal_nan=True)

    def test_stands_where_only_convolutions_take_what_it_returns(self):
        network = torchvision.models.mobilenet_v2(weights=None).eval().requires_grad_(False)
        fold_norms(network)
        assert sum(isinstance(part, Clamp) for part in network.modules()) == 34
        assert [name for name, part in network.named_modules() if isinstance(part, nn.ReLU6)] == ["features.18.2"]

    def test_what_is_changed_in_place_afterwards_stays(self):
        class Gate(nn.Module):
            def __init__(self):
                super().__init__()
                self.first, self.act = nn.Conv2d(3, 4, 3), nn.ReLU6(inplace=True)
                self.last = nn.Sequential(nn.Conv2d(4, 5, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())

            def forward(self, x):
                x = self.act(self.first(x))
                x *= 2
                return self.last(x)

        network = settled(Gate())
        assert agree(network) == 0
        fold_norms(network)
        assert isinstance(network.act, nn.ReLU6)

    def test_gradients_that_a_hook_may_keep_are_left_alone(self):
        network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Conv2d(4, 5, 3))
        network[2].register_full_backward_hook(lambda module, before, after: None)
        fold_norms(network)
        assert isinstance(network[1], nn.ReLU)


def test_single_pixels_are_convolved_by_onednn():
    torch.manual_seed(0)
    layers = nn.Conv2d(8, 16, 1), nn.Conv2d(16, 16, 1, 2), nn.Conv2d(16, 16, 1, groups=16), nn.Conv2d(16, 4, 3)
    network = nn.Sequential(*layers).float()
    exact, x = copy.deepcopy(network).double(), torch.rand(2, 8, 9, 9, requires_grad=True)
    for each in (network, exact):
        prefer_onednn(each)
    assert [type(part) for part in network] == [Pointwise, Pointwise, nn.Conv2d, nn.Conv2d]
    assert [type(part) for part in exact] == [nn.Conv2d] * 4
    for count, layout in itertools.product((1, 2), (torch.channels_last, torch.contiguous_format)):
        images = x[:count].contiguous(memory_format=layout)
        found, expected = network(images), exact(images.double()).float()
        torch.testing.assert_close(found, expected)
        slopes = [torch.autograd.grad(each.square().sum(), x, retain_graph=True)[0] for each in (found, expected)]
        torch.testing.assert_close(*slopes)
