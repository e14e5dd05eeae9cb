"""What a reader's own network does is seen to the last digits that count, and randomness is refused by name."""

import random
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torchvision import transforms

import igstudy.engine.fingerprint as fingerprint
from igstudy.__main__ import main
from igstudy.engine.behaviour import NotRepeatable, behaviour, repeated
from igstudy.engine.parameters import Parameters
from igstudy.engine.units import plan
from igstudy.tasks.folders import read_folder
from studies import photographs, small, study


class Body(nn.Module):
    """A small network whose logits `change` alters."""

    def __init__(self, change):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten())
        self.head, self.change = nn.Linear(96, 4), change

    def forward(self, x):
        return self.change(x, self.head(self.body(x)))


def model(change):
    return replace(small(), name="module:mine.network", network=Body(change))


class Doubled(torch.autograd.Function):
    """The identity, with twice its gradient."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient


PLAIN = behaviour(model(lambda x, z: z))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda x, z: z * (1 + 1e-7), id="another number, hardly"),
        pytest.param(lambda x, z: z + torch.eye(4)[3] * 1e-6, id="one logit"),
        pytest.param(lambda x, z: torch.where((x.amax((1, 2, 3)) <= 0)[:, None], z + 1, z), id="on black alone"),
        pytest.param(lambda x, z: Doubled.apply(z), id="its gradient alone"),
        pytest.param(lambda x, z: z[:, :3], id="fewer classes"),
        pytest.param(lambda x, z: z.float().half().float(), id="in other precision"),
        pytest.param(lambda x, z: z if torch.is_grad_enabled() else z + 1, id="without a graph alone"),
    ],
)
def test_what_a_network_does_is_seen(change):
    assert behaviour(model(change)) != PLAIN
    assert behaviour(model(change)) == behaviour(model(change))


def test_rounding_is_not():
    assert behaviour(model(lambda x, z: (z * 3) / 3 + 1e-15)) == PLAIN


def test_a_network_that_computes_in_float32_alone():
    def alone(factor, change=torch.Tensor.clone):
        class Alone(nn.Module):
            def forward(self, x):
                return change(x).mean((2, 3)) @ torch.eye(3) * factor

        return behaviour(replace(small(), network=Alone()))

    assert alone(1) != alone(1.0001)
    assert alone(1) == alone(1 + 1e-12)
    assert alone(1) != alone(1, Doubled.apply)


def test_a_network_that_fails_is_left_to_the_study():
    def fail(x, z):
        raise ZeroDivisionError

    assert behaviour(model(fail)) == ["ZeroDivisionError"] * 3


def test_images_are_as_large_as_the_study_has_them(tmp_path, monkeypatch):
    """A network of one size alone, whose `prepare` leaves the photographs as they are."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "sized.py").write_text(
        "import os\nimport torch\nfrom torch import nn\nfrom torchvision.transforms.functional import to_tensor\n"
        "from igpaths import Model\n\n\n"
        "class Sized(nn.Module):\n    def __init__(self):\n        super().__init__()\n        torch.manual_seed(0)\n"
        "        self.layer, self.scale = nn.Linear(48 * 48 * 3, 5), float(os.environ['SIZED_SCALE'])\n\n"
        "    def forward(self, x):\n        return self.layer(x.flatten(1)) * self.scale\n\n\n"
        "def network():\n    return Model('sized', Sized(), (0.5,) * 3, (0.25,) * 3, to_tensor)\n"
    )
    chosen = study(photographs(tmp_path / "photos"), models=("module:sized.network",))

    def files(scale):
        monkeypatch.setenv("SIZED_SCALE", str(scale))
        return {file for unit in plan(chosen) for file in unit.files.values()}

    assert files(1) == files(1)
    assert not files(1) & files(2)


MIXED = {
    "batch statistics": lambda x, z: nn.functional.batch_norm(z, None, None, training=True) if len(z) > 1 else z,
    "the mean of all": lambda x, z: z - 0.1 * z.mean(0),
    "the number of images": lambda x, z: z * len(z),
}


@pytest.mark.parametrize("kind", MIXED)
def test_a_network_that_mixes_images_is_refused_by_name(kind):
    words = "^model is 'module:mine.network'; its network gives other outputs for the same image when it is beside oth"
    with pytest.raises(NotRepeatable, match=words):
        fingerprint.network(model(MIXED[kind]))


def test_a_network_that_takes_one_image_at_a_time_is_known():
    def one(factor):
        return behaviour(model(lambda x, z: z.view(1, 4) * factor))

    assert one(1) == one(1) != one(2)


class Counting(nn.Module):
    """Answers otherwise each time."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return x.mean((2, 3)) * self.calls


RANDOM = {
    "torch": lambda x, z: z + torch.rand(4),
    "dropout": lambda x, z: nn.functional.dropout(z, training=True),
    "rarely": lambda x, z: z if random.random() < 0.6 else z + 1,
    "numpy": lambda x, z: z * np.random.rand(),  # noqa: NPY002
    "the clock": lambda x, z: z * time.perf_counter_ns(),
}


class TestRandomness:
    @pytest.mark.parametrize("kind", RANDOM)
    def test_of_a_network_is_refused_by_name(self, kind):
        words = "^model is 'module:mine.network'; its network gives other outputs for the same image when it is called"
        with pytest.raises(NotRepeatable, match=words):
            fingerprint.network(model(RANDOM[kind]))

    @pytest.mark.parametrize("kind", ["hook", "noise"])
    def test_of_a_gradient_is_refused_by_name(self, kind):
        class Noisy(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x.clone()

            @staticmethod
            def backward(ctx, gradient):
                return gradient * (torch.rand(1).to(gradient) if kind == "hook" else torch.rand_like(gradient))

        with pytest.raises(NotRepeatable, match="'module:mine.network'; its network gives other gradients for"):
            behaviour(model(lambda x, z: Noisy.apply(z)))

    def test_from_a_generator_of_its_own_is_looked_for_often(self):
        own = torch.Generator().manual_seed(0)  # the third number is the first below a tenth
        seldom = model(lambda x, z: z + (torch.rand(1, generator=own) < 0.1))
        with pytest.raises(NotRepeatable, match="its network gives other outputs"):
            behaviour(seldom)

    def test_what_draws_nothing_is_not_called_often(self):
        calls = []

        def call():
            calls.append(0)
            return torch.zeros(3)

        for _ in range(5):
            repeated(call, "nothing")
        assert len(calls) == 10

    def test_of_a_network_that_counts(self):
        with pytest.raises(NotRepeatable, match="'module:mine.network'"):
            behaviour(replace(small(), name="module:mine.network", network=Counting()))

    @pytest.mark.parametrize(
        "prepare",
        [
            pytest.param(transforms.RandomHorizontalFlip(0.4), id="sometimes"),
            pytest.param(transforms.RandomCrop(32), id="always"),
        ],
    )
    def test_of_a_prepare_is_refused_by_name(self, prepare, tmp_path):
        chosen = read_folder(photographs(tmp_path), imagenet=True).photographs[:1]
        own = replace(small(), name="module:mine.network", prepare=transforms.Compose([prepare, transforms.ToTensor()]))
        with pytest.raises(NotRepeatable, match="'module:mine.network'; its prepare gives other pixels for the same"):
            fingerprint.photographs(chosen, {}, own)

    def test_that_changes_nothing_is_taken_and_leaves_the_generators_alone(self):
        def drawn():
            return torch.rand(1) * 0 + random.random() * 0 + np.random.rand() * 0  # noqa: NPY002

        states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
        assert repeated(drawn, "nothing") == 0
        assert states == (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())  # noqa: NPY002

    @pytest.mark.parametrize("command", ["run", "status", "plan"])
    def test_stops_a_study_in_a_line(self, command, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "dice.py").write_text(
            "import torch\nfrom torch import nn\nfrom igpaths import Model\n\n\n"
            "class Dice(nn.Module):\n    def forward(self, x):\n        return x.mean((2, 3)) + torch.rand(3)\n\n\n"
            "def network():\n    return Model('dice', Dice(), (0.5,) * 3, (0.25,) * 3)\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        chosen = Parameters(models=("module:dice.network",), images=1)
        lines = (f"{key}: {value!r}" if value != "" else f"{key}: ''" for key, value in chosen.as_dict().items())
        (tmp_path / "mine.yaml").write_text("\n".join(lines))
        more = ("--images", "9") if command == "plan" else ()
        assert main([command, "mine.yaml", *more]) == 1
        words = "error: model is 'module:dice.network'; its network gives other outputs for the same image when it is "
        assert capsys.readouterr().err == words + "called again: it must not be random\n"
