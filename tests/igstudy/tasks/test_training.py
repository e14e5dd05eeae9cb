"""The training of the objects networks: reproducible, and it learns."""

import json
import shutil
from dataclasses import replace

import pytest
import torch
from torch import nn

from igstudy.tasks import objects, training
from igstudy.tasks.models import WEIGHTS
from igstudy.tasks.networks import NETWORKS

RECIPE = training.Recipe(seed=3, images=24, epochs=3, batch=8, learning_rate=2e-3)


@pytest.fixture(scope="module")
def data():
    batch = objects.batch(range(RECIPE.images), split="train")
    return (batch.images * 255).round().to(torch.uint8), batch.targets


def fitted(data) -> nn.Module:
    torch.manual_seed(RECIPE.seed)
    return training.train(NETWORKS["mobilenet"](), *data, RECIPE)


def test_a_few_steps_lower_the_loss(data):
    def loss(network: nn.Module) -> float:
        with torch.no_grad():  # with the batch's own statistics: running ones need more steps than these
            return float(nn.functional.cross_entropy(network.train()(training.normalise(data[0])), data[1]))

    torch.manual_seed(RECIPE.seed)
    before = loss(NETWORKS["mobilenet"]())
    network = fitted(data)
    assert not network.training
    assert loss(network) < before - 0.2


def test_the_same_seed_gives_the_same_network(data):
    first, second = fitted(data).state_dict(), fitted(data).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("mixing", ["none", "mixup (0.2) or cutmix (1)"])
def test_a_run_that_was_stopped_ends_with_the_same_network(data, tmp_path, mixing):
    recipe = replace(RECIPE, mixing=mixing, label_smoothing=0.1, averaging=0.5)

    class Stopped(Exception):
        pass

    def run(checkpoint, stop=False):
        torch.manual_seed(recipe.seed)
        network, steps = NETWORKS["mobilenet"](), []

        def count(module, inputs):
            steps.append(1)
            if stop and len(steps) == 5:  # in the second of three epochs of three steps
                raise Stopped

        network.register_forward_pre_hook(count)
        return training.train(network, *data, recipe, checkpoint=checkpoint).state_dict(), len(steps)

    whole, steps = run(None)
    with pytest.raises(Stopped):
        run(tmp_path / "part", stop=True)
    resumed, rest = run(tmp_path / "part")
    assert (steps, rest) == (9, 6)
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


def test_recipes_differ_by_the_suffix():
    plain, modern = (training.recipe(name) for name in ("resnet", "resnet-modern"))
    assert modern.epochs == 2 * plain.epochs
    assert modern.label_smoothing > 0 == plain.label_smoothing


def test_recipes_of_the_pairs_differ_by_their_ingredients_alone():
    names = ("narrow-plain-2", "severed-plain-2", "narrow-plain-0", "narrow-modern-2")
    plain, without, other, modern = map(training.recipe, names)
    assert plain == without == replace(other, seed=2)
    assert (plain.seed, other.seed) == (2, 0)
    ingredients = {"label_smoothing": 0.0, "mixing": "none", "averaging": 0.0}
    assert replace(modern, **ingredients) == plain != modern


def test_normalise_and_accuracy():
    images = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1).expand(2, 3, 4, 4)
    assert training.normalise(images)[:, 0, 0, 0].tolist() == pytest.approx([-1.8, 2.2], abs=1e-6)
    targets = torch.arange(20) % 10
    first_class = nn.Sequential(nn.Flatten(), nn.Linear(48, 10))
    nn.init.zeros_(first_class[1].weight)
    nn.init.constant_(first_class[1].bias, 0).data[0] = 1
    per_class = training.accuracy(first_class, torch.zeros(20, 3, 4, 4, dtype=torch.uint8), targets)
    assert per_class.tolist() == [1.0] + [0.0] * 9


def test_turn_gives_the_eight_symmetries_of_the_square():
    generator = torch.Generator().manual_seed(0)
    images = torch.arange(2 * 3 * 5 * 5).view(2, 3, 5, 5)
    results = {tuple(training.turn(images, generator).flatten().tolist()) for _ in range(100)}
    assert len(results) == 8
    assert all(sorted(result) == list(range(150)) for result in results)


def test_card_has_every_field():
    network = NETWORKS["resnet"]()
    card = training.card("resnet", network, RECIPE, torch.linspace(0.9, 1, 10), minutes=1.5)
    assert card["network"] == "objects/resnet"
    assert card["recipe"]["seed"] == 3
    assert card["accuracy"] == 0.95
    assert card["parameters"] == sum(p.numel() for p in network.parameters())
    fields = {"architecture", "accuracy_of_each_class", "test_images", "photographs", "normalisation", "trained_with"}
    assert card.keys() >= fields | {"commit"}
    assert all(card.values())


def test_to_measure_again_changes_what_depends_on_the_test_scenes_alone(tmp_path):
    for kind in ("safetensors", "json"):
        shutil.copy(WEIGHTS / f"mobilenet.{kind}", tmp_path)
    before = json.loads((tmp_path / "mobilenet.json").read_text())
    batch = objects.batch(range(20))
    training.measure_again("mobilenet", tmp_path, (batch.images * 255).round().to(torch.uint8), batch.targets)
    after = json.loads((tmp_path / "mobilenet.json").read_text())
    assert list(after) == list(before)
    assert after["accuracy"] != before["accuracy"]  # 20 images have no such share as 1,000
    assert {key for key in after if after[key] != before[key]} <= {"accuracy", "accuracy_of_each_class"}
    assert (tmp_path / "mobilenet.safetensors").read_bytes() == (WEIGHTS / "mobilenet.safetensors").read_bytes()
