"""Training of the objects task's networks, reproducible from a seed: ``make models``, or

    python -m igstudy.tasks.training --networks vgg resnet-modern

writes ``weights/<network>.safetensors`` beside this file with its card ``<network>.json``: architecture, recipe,
accuracy, seed, commit, and the photographs used and how they are split. With ``--accuracy`` nothing is trained: the
networks that are there are measured again, and their cards say what was found.

The plain recipe is cross-entropy, AdamW under one cycle, turns and reflections of the square. The modern one adds what
torchvision's V2 weights add to V1: label smoothing, mixup or cutmix, averaged weights, twice the epochs. A run that is
stopped goes on from its last epoch. Weights are stored in half precision, and differ in their last digits between
machines (the order of a sum depends on threads), so the card's accuracy is that of the shipped file.
"""

import argparse
import json
import platform
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torchvision.transforms import v2
from tqdm import tqdm

from igpaths.texts import amount
from igstudy.tasks import objects
from igstudy.tasks.models import WEIGHTS
from igstudy.tasks.networks import NETWORKS, TWO

TEST_IMAGES = 1000
EPOCHS = {"vgg": 10, "resnet": 6, "densenet": 6, "inception": 6, "mobilenet": 10,  # 90 % with room
          "narrow": 7, "severed": 7}  # fmt: skip  # 85 to 90 %, and all 24 are trained in three hours of one core


@dataclass(frozen=True)
class Recipe:
    """Every choice of a training run."""

    epochs: int = 6
    seed: int = 0
    images: int = 20_000  # distinct training images
    batch: int = 64
    learning_rate: float = 4e-3
    weight_decay: float = 0.05
    augmentation: str = "turns and reflections"
    label_smoothing: float = 0.0
    mixing: str = "none"
    mixed: float = 1.0  # the share of batches that are mixed
    averaging: float = 0.0  # how much of the average over the steps before each step keeps
    precision: str = "bfloat16 autocast"


MODERN = Recipe(label_smoothing=0.1, mixing="mixup (0.2) or cutmix (1)", averaging=0.998)


def recipe(name: str) -> Recipe:
    """How the network of this name is trained.

    "vgg-modern" has twice the epochs of "vgg". Those of `TWO` have as many under either recipe, so that nothing but its
    ingredients tells the recipes apart, and every other batch mixed: they are small, and mixing slows them.
    """
    base, *suffixes = name.split("-")
    seed = next((int(suffix) for suffix in suffixes if suffix.isdecimal()), 0)
    own = MODERN if "modern" in suffixes else Recipe()
    if base in TWO:
        return replace(own, seed=seed, epochs=EPOCHS[base], batch=32, mixed=0.5, precision="float32")
    return replace(own, seed=seed, epochs=EPOCHS[base] * (2 if own == MODERN else 1))


def render(indices: range, split: str, seed: int) -> tuple[Tensor, Tensor]:
    """Images (N, 3, S, S) in uint8 and targets (N,), rendered by all cores."""
    chunks = [indices[i : i + 200] for i in range(0, len(indices), 200)]
    images = np.empty((len(indices), 3, objects.SIZE, objects.SIZE), dtype=np.uint8)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:  # a fork of torch's threads may deadlock
        rendered = pool.map(_render_chunk, chunks, [split] * len(chunks), [seed] * len(chunks))
        for chunk, pixels in zip(chunks, tqdm(rendered, f"render {split}", len(chunks)), strict=True):
            images[chunk.start - indices.start :][: len(chunk)] = pixels
    return torch.from_numpy(images), torch.tensor(indices) % len(objects.CLASSES)


def _render_chunk(indices: range, split: str, seed: int) -> np.ndarray:
    return (objects.batch(indices, split=split, seed=seed).images * 255).round().to(torch.uint8).numpy()


def normalise(images: Tensor) -> Tensor:
    """uint8 pixels to the networks' input: (x − MEAN) / STD with x in [0, 1]."""
    return images.float().sub_(255 * objects.MEAN).div_(255 * objects.STD)  # in place: no further copies of a batch


def turn(images: Tensor, generator: torch.Generator) -> Tensor:
    """One of the eight symmetries of the square, the same for the whole batch."""
    code = int(torch.randint(8, (), generator=generator))
    turned = torch.rot90(images, code % 4, (2, 3))
    return turned.flip(3) if code >= 4 else turned


def train(
    network: nn.Module, images: Tensor, targets: Tensor, recipe: Recipe, *, checkpoint: Path | None = None
) -> nn.Module:
    """Fit `network` in place and return it, or its average over the steps, in evaluation mode.

    The state after each epoch is kept in the file `checkpoint`, and a run that finds it there goes on from it.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    network = network.train()
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=recipe.weight_decay)
    steps = recipe.epochs * (len(images) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learning_rate, total_steps=steps, pct_start=0.2)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaging), use_buffers=True)
    classes = len(objects.CLASSES)
    mixed = v2.RandomChoice([v2.MixUp(alpha=0.2, num_classes=classes), v2.CutMix(alpha=1.0, num_classes=classes)])
    parts: dict[str, Any] = {"network": network, "optimiser": optimiser, "schedule": schedule, "average": average}
    begin = _resume(checkpoint, parts, generator, recipe)
    with tqdm(total=steps, initial=begin * (steps // recipe.epochs), unit="batch") as bar:
        for epoch in range(begin, recipe.epochs):
            order = torch.randperm(len(images), generator=generator)
            for chosen in order[: len(order) // recipe.batch * recipe.batch].split(recipe.batch):
                x, wanted = normalise(turn(images[chosen], generator)), targets[chosen]
                if recipe.mixing != "none" and torch.rand((), generator=generator) < recipe.mixed:
                    x, wanted = mixed(x, wanted)
                with torch.autocast("cpu", torch.bfloat16, enabled=recipe.precision != "float32"):
                    logits = network(x)
                loss = nn.functional.cross_entropy(logits.float(), wanted, label_smoothing=recipe.label_smoothing)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
                if recipe.averaging:
                    average.update_parameters(network)
                bar.update()
                bar.set_postfix(epoch=epoch + 1, loss=f"{float(loss.detach()):.3f}", refresh=False)
            if checkpoint:
                state = {name: part.state_dict() for name, part in parts.items()}
                random = [generator.get_state(), torch.get_rng_state()]
                torch.save(state | {"epoch": epoch + 1, "random": random, "recipe": asdict(recipe)}, checkpoint)
    return (average.module if recipe.averaging else network).eval()


def _resume(checkpoint: Path | None, parts: dict[str, Any], generator: torch.Generator, recipe: Recipe) -> int:
    """Bring everything to where the file says, and return the epochs that are done.

    ValueError where the file is of another recipe, of which this run would be half.
    """
    if not checkpoint or not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    if state.get("recipe") != asdict(recipe):
        raise ValueError(f"{checkpoint} is of another recipe, {state.get('recipe')}, than {recipe}: remove it")
    for name, part in parts.items():
        part.load_state_dict(state[name])
    generator.set_state(state["random"][0])
    torch.set_rng_state(state["random"][1])
    return int(state["epoch"])


@torch.no_grad()
def accuracy(network: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Share of images classified correctly, for each class (10,), in float32."""
    hits = torch.cat([network(normalise(x)).argmax(1) for x in images.split(100)]) == targets
    return torch.stack([hits[targets == c].float().mean() for c in range(len(objects.CLASSES))])


def card(name: str, network: nn.Module, recipe: Recipe, per_class: Tensor, minutes: float | None) -> dict[str, object]:
    """What a reader must know of a shipped network."""
    here, times = Path(__file__).parent, f", {amount(f'{minutes:.0f}', 'minute')}" if minutes else ", in several runs"
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True).stdout.strip()
    threads = amount(torch.get_num_threads(), "thread")
    return {
        "network": f"objects/{name}",
        "architecture": (NETWORKS[name].__doc__ or "").strip(),
        "parameters": sum(p.numel() for p in network.parameters()),
        "recipe": asdict(recipe),
        **tested(per_class),
        "normalisation": {"mean": objects.MEAN.flatten().tolist(), "std": objects.STD.flatten().tolist()},
        "trained_with": f"torch {torch.__version__}, Python {platform.python_version()}, {threads}{times}",
        "commit": commit or "not a git checkout",
    }


def tested(per_class: Tensor) -> dict[str, object]:
    """The part of a card that depends on the test scenes."""
    train = f"{objects.TRAIN_SHARE:.0%}"
    return {
        "accuracy": round(float(per_class.mean()), 4),
        "accuracy_of_each_class": dict(zip(objects.CLASSES, (round(float(a), 3) for a in per_class), strict=True)),
        "test_images": TEST_IMAGES,
        "photographs": {
            "materials": dict(zip(objects.CLASSES, objects.MATERIALS, strict=True)),
            "training_backgrounds": objects.TRAIN_BACKGROUNDS,
            "test_backgrounds": objects.TEST_BACKGROUNDS,
            "split": f"training: left {train} of every photograph's width; test: the rest, and textures",
        },
    }


def measure_again(name: str, folder: Path, images: Tensor, targets: Tensor) -> None:
    """Measure the weights that the folder has of a network, and rewrite that part of its card alone."""
    network, file = NETWORKS[name](), folder / f"{name}.json"
    network.load_state_dict(load_file(folder / f"{name}.safetensors"))
    facts = json.loads(file.read_text()) | tested(accuracy(network.eval(), images, targets))
    file.write_text(json.dumps(facts, indent=2) + "\n")
    print(f"objects/{name}: {facts['accuracy']:.1%} of {TEST_IMAGES} test images")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m igstudy.tasks.training", description="Train the objects networks.")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS), metavar="NAME")
    parser.add_argument("--epochs", type=int, help="instead of each network's own number")
    parser.add_argument("--images", type=int, default=Recipe.images)
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="folder for the weights and cards")
    parser.add_argument("--accuracy", action="store_true", help="only measure the weights that are there again")
    options = parser.parse_args()
    test_images, test_targets = render(range(TEST_IMAGES), "test", Recipe.seed)
    if options.accuracy:
        for name in options.networks:
            measure_again(name, options.out, test_images, test_targets)
        return
    images, targets = render(range(options.images), "train", Recipe.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.networks:
        start = time.perf_counter()
        own = replace(recipe(name), images=options.images)
        own = replace(own, epochs=options.epochs or own.epochs)
        torch.manual_seed(own.seed)
        checkpoint = options.out / f"{name}.part"
        resumed = checkpoint.exists()
        network = train(NETWORKS[name](), images, targets, own, checkpoint=checkpoint)
        weights = {key: value.contiguous() for key, value in network.half().state_dict().items()}
        per_class = accuracy(network.float(), test_images, test_targets)  # of the weights as they are stored
        minutes = None if resumed else (time.perf_counter() - start) / 60
        facts = card(name, network, own, per_class, minutes)
        save_file(weights, options.out / f"{name}.safetensors")
        (options.out / f"{name}.json").write_text(json.dumps(facts, indent=2) + "\n")
        checkpoint.unlink()
        print(f"objects/{name}: {facts['accuracy']:.1%} of {TEST_IMAGES} test images")


if __name__ == "__main__":
    main()
