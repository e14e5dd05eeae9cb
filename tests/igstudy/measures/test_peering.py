"""Gradient × input and Grad-CAM by Captum: they are what they are called, and stand in the tables of the others."""

import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import igpaths as ig
from igpaths.metrics import absolute_map, area, insertion, roc_auc, smooth
from igstudy.measures import MEASURES, peering
from igstudy.measures.protocols import IGPATHS, STUDY_A
from igstudy.measures.revealing import reveal
from igstudy.measures.sources import controls, on_path
from problems import Linear, classifier, images, small_network
from samples import sampled

X, TARGETS = images(3, shape=(3, 16, 14)), torch.tensor([0, 4, 2])
OUTPUTS = ["logit", "probability"]


def margin(logits, targets):
    return logits.gather(1, targets[:, None])[:, 0] - logits.mean(1)


@pytest.mark.parametrize("output", [*OUTPUTS, margin])
def test_gradient_times_input_is_ig_from_black_in_one_step_with_its_gradient_at_the_image(output):
    net = ig.Classifier(small_network(), mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.5), output=output)
    rule = ig.IG("end")
    expected = ig.attribute(net, X, TARGETS, path=ig.Straight("black"), rules=rule, steps=1)[rule, 1]
    found = peering.gradient_times_input(net, X, TARGETS)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-15)
    assert not any(each.requires_grad for each in (found, X))


def test_of_a_linear_network_it_is_weight_times_pixel():
    function, x = Linear(), images(2)
    found = peering.gradient_times_input(classifier(function), x, torch.zeros(2, dtype=torch.int64))
    torch.testing.assert_close(found, function.w.view(x.shape[1:]) * x)


@pytest.mark.parametrize("output", OUTPUTS)
def test_grad_cam_is_computed_by_hand(output):
    layers = small_network()
    net, last = classifier(layers, output), layers[-1]
    channels = layers[:5](X).detach()  # (3, 8, 2, 2), which the last layer takes flat
    logits = last(channels.flatten(1)).detach()
    gradients = last.weight[TARGETS]
    if output == "probability":  # ∇p_t = p_t (∇F_t − Σ_i p_i ∇F_i)
        p = logits.softmax(1)
        gradients = p.gather(1, TARGETS[:, None]) * (gradients - p @ last.weight)
    weights = gradients.view(3, 8, 4).mean(2)
    coarse = torch.einsum("bk,bkhw->bhw", weights, channels).clamp(min=0).detach()
    expected = F.interpolate(coarse[:, None], X.shape[2:], mode="bilinear")[:, 0]
    found = peering.grad_cam(net, X, TARGETS)
    assert found.shape == (3, 16, 14)
    assert found.any()
    torch.testing.assert_close(found, expected)


def test_an_image_has_the_same_maps_beside_others():
    net = classifier(small_network(), "probability")
    for explain in (peering.gradient_times_input, peering.grad_cam):
        torch.testing.assert_close(explain(net, X[1:2], TARGETS[1:2]), explain(net, X, TARGETS)[1:2])


class Twice(nn.Module):
    """One activation that is called twice, and then in place, before the pooling."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 4, 3).double(), nn.Conv2d(4, 4, 3).double()
        self.activation, self.classes = nn.Tanh(), nn.Linear(4, 5).double()

    def features(self, x):
        return self.activation(self.second(self.activation(self.first(x))))

    def forward(self, x):
        return self.classes(self.features(x).relu_().mean((2, 3)))


def test_a_layer_that_is_called_twice_counts_as_it_is_called_last_whatever_is_done_to_what_it_returns():
    layers = Twice()
    net = classifier(layers)
    channels = layers.features(X).detach().requires_grad_()
    scores = layers.classes(channels.relu().mean((2, 3))).gather(1, TARGETS[:, None])
    gradient = torch.autograd.grad(scores.sum(), channels)[0]
    coarse = (gradient.mean((2, 3), keepdim=True) * channels).sum(1, keepdim=True).relu().detach()
    found = peering.grad_cam(net, X, TARGETS)
    torch.testing.assert_close(found, F.interpolate(coarse, X.shape[2:], mode="bilinear")[:, 0])


def test_the_last_spatial_layer_is_before_the_pooling_and_nothing_stays_hooked():
    layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))
    net = classifier(layers)
    assert peering.last_spatial(net, X[:1].float()) is net.module[1]
    assert not any(part._forward_hooks for part in net.module.modules())


def test_a_network_without_places_has_no_grad_cam():
    with pytest.raises(ValueError, match="Grad-CAM needs a layer with an axis for each side of the image; Classifier"):
        peering.grad_cam(classifier(Linear()), images(2), torch.zeros(2, dtype=torch.int64))


def test_without_captum_it_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(peering, "find_spec", lambda name: None)
    for explain in (peering.gradient_times_input, peering.grad_cam):
        with pytest.raises(ValueError, match="the measure 'peers' needs Captum, which is not installed: pip install"):
            explain(classifier(small_network()), X, TARGETS)


@pytest.fixture(scope="module")
def control():
    return sampled(controls(output="probability"), classifier(small_network(), "probability"), X, TARGETS)


def test_the_rows_stand_beside_those_of_the_controls(control):
    found, beside = (pd.concat(rows(control, IGPATHS)) for rows in (peering.peers, reveal))
    keys = set(zip(found["method"], found["steps"], found["sign"], strict=True))
    signs = {("gradient × input", 0, sign) for sign in ("signed", "absolute")}
    assert keys == signs | {(name, 0, "none") for name in ("Grad-CAM", "Grad-CAM, logit")}
    smoothed = found["variant"].str.endswith(", σ = 3 px")
    assert {*found[smoothed]["sign"]} == {"absolute", "none"}
    shared = found[(found["metric"] != "deletion") & ~smoothed]
    assert set(zip(shared["metric"], shared["variant"], strict=True)) == set(
        zip(beside["metric"], beside["variant"], strict=True)
    )
    assert set(found["path"]) == {"controls"}
    r = insertion(*control.question, peering.grad_cam(*control.question).float())  # as the protocol stores it
    own = found.query("method == 'Grad-CAM' and metric == 'insertion' and variant == 'black, 21 counts'")["value"]
    torch.testing.assert_close(torch.tensor(own.to_numpy()), area(r.shares, r.probability)[:, 0], rtol=1e-5, atol=0)


def test_grad_cam_of_the_logit_stands_beside_that_of_another_score_and_smoothed_maps_by_size(control):
    found = pd.concat(peering.peers(control, IGPATHS))
    logit = classifier(small_network())
    maps = {"Grad-CAM, logit": peering.grad_cam(logit, X, TARGETS)}
    maps["gradient × input"] = absolute_map(peering.gradient_times_input(*control.question))
    for method, each in maps.items():
        for sigma, variant in ((0, "black, 21 counts"), (3, "black, 21 counts, σ = 3 px")):
            r = insertion(*control.question, smooth(each.float(), sigma))
            own = found[(found["method"] == method) & (found["metric"] == "insertion") & (found["variant"] == variant)]
            own = own[own["sign"] != "signed"]["value"]
            torch.testing.assert_close(torch.tensor(own.to_numpy()), area(r.shares, r.probability)[:, 0])
    of_logit = sampled(controls(output="logit"), logit, X, TARGETS)
    assert "Grad-CAM, logit" not in {*pd.concat(peering.peers(of_logit, IGPATHS))["method"]}


def test_localization_is_measured_where_the_masks_are_known(control):
    masks = torch.arange(14).expand(3, 16, 14) < 5
    located = sampled(control.source, control.net, X, TARGETS, masks=masks)
    found = pd.concat(peering.peers(located, IGPATHS))
    more = set(found["metric"]) - set(pd.concat(peering.peers(control, IGPATHS))["metric"])
    assert more == {"energy inside", "pointing game", "ROC AUC", "best F1", "MAE"}
    own = found.query("method == 'Grad-CAM' and metric == 'ROC AUC'")["value"].to_numpy()
    expected = roc_auc(peering.grad_cam(*control.question), masks)[:, 0]
    torch.testing.assert_close(torch.tensor(own), expected.double(), rtol=1e-5, atol=0)


def test_they_are_measured_once_beside_the_controls_of_our_protocol():
    measure = MEASURES["peers"]
    assert measure.of(controls(output="logit"), IGPATHS)
    assert not measure.of(controls(output="logit"), STUDY_A)
    assert not measure.of(on_path("straight", output="logit", steps=(2,)), IGPATHS)
