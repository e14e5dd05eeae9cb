"""Training of the objects task's networks, reproducible from a seed: ``make models``, or

    python -m igpaths.tasks.training --networks vgg resnet --seed 0

writes ``weights/<network>.safetensors`` beside this file with its card ``<network>.json``: architecture, recipe,
accuracy, seed, commit, and the photographs used and how they are split.

The recipe is deliberately plain: cross-entropy, AdamW under one cycle, turns and reflections of the square. Weights
differ in their last digits between machines (the order of a sum depends on threads), so the card's accuracy is that of
the shipped file.
"""

import argparse
import json
import platform
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm import tqdm

from igpaths.tasks import objects
from igpaths.tasks.networks import NETWORKS
from igpaths.tasks.objects import WEIGHTS

TEST_IMAGES = 1000
EPOCHS = {"vgg": 10, "resnet": 6, "densenet": 6, "inception": 6, "mobilenet": 10}  # enough for 90 % with room


@dataclass(frozen=True)
class Recipe:
    """Every choice of a training run."""

    epochs: int
    seed: int = 0
    images: int = 20_000  # distinct training images
    batch: int = 64
    learning_rate: float = 4e-3
    weight_decay: float = 0.05
    augmentation: str = "turns and reflections"
    precision: str = "bfloat16 autocast"


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
    """uint8 pixels to the networks' input: (x − MEAN) / STD with x in [0, 1], channels last."""
    x = (images.float() / 255 - objects.MEAN) / objects.STD
    return x.contiguous(memory_format=torch.channels_last)


def turn(images: Tensor, generator: torch.Generator) -> Tensor:
    """One of the eight symmetries of the square, the same for the whole batch."""
    code = int(torch.randint(8, (), generator=generator))
    turned = torch.rot90(images, code % 4, (2, 3))
    return turned.flip(3) if code >= 4 else turned


def train(network: nn.Module, images: Tensor, targets: Tensor, recipe: Recipe) -> nn.Module:
    """Fit `network` in place and return it in evaluation mode."""
    generator = torch.Generator().manual_seed(recipe.seed)
    network = network.to(memory_format=torch.channels_last).train()
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=recipe.weight_decay)
    steps = recipe.epochs * (len(images) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learning_rate, total_steps=steps, pct_start=0.2)
    with tqdm(total=steps, unit="batch") as bar:
        for epoch in range(recipe.epochs):
            order = torch.randperm(len(images), generator=generator)
            for chosen in order[: len(order) // recipe.batch * recipe.batch].split(recipe.batch):
                with torch.autocast("cpu", torch.bfloat16):
                    logits = network(normalise(turn(images[chosen], generator)))
                loss = nn.functional.cross_entropy(logits.float(), targets[chosen])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
                bar.update()
                bar.set_postfix(epoch=epoch + 1, loss=f"{float(loss.detach()):.3f}", refresh=False)
    return network.eval()


@torch.no_grad()
def accuracy(network: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Share of images classified correctly, for each class (10,), in float32."""
    hits = torch.cat([network(normalise(x)).argmax(1) for x in images.split(100)]) == targets
    return torch.stack([hits[targets == c].float().mean() for c in range(len(objects.CLASSES))])


def card(name: str, network: nn.Module, recipe: Recipe, per_class: Tensor, seconds: float) -> dict[str, object]:
    """What a reader must know of a shipped network."""
    here = Path(__file__).parent
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True).stdout.strip()
    return {
        "network": f"objects/{name}",
        "architecture": (NETWORKS[name].__doc__ or "").strip(),
        "parameters": sum(p.numel() for p in network.parameters()),
        "recipe": asdict(recipe),
        "accuracy": round(float(per_class.mean()), 4),
        "accuracy_of_each_class": dict(zip(objects.CLASSES, (round(float(a), 3) for a in per_class), strict=True)),
        "test_images": TEST_IMAGES,
        "photographs": {
            "materials": dict(zip(objects.CLASSES, objects.MATERIALS, strict=True)),
            "training_backgrounds": objects.TRAIN_BACKGROUNDS,
            "test_backgrounds": objects.TEST_BACKGROUNDS,
            "split": f"training: left {objects.TRAIN_SHARE:.0%} of every photograph's width; test: the rest",
        },
        "normalisation": {"mean": objects.MEAN.flatten().tolist(), "std": objects.STD.flatten().tolist()},
        "trained_with": f"torch {torch.__version__}, Python {platform.python_version()}, "
        f"{torch.get_num_threads()} threads, {seconds / 60:.0f} minutes",
        "commit": commit or "not a git checkout",
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m igpaths.tasks.training", description="Train the objects networks.")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS), metavar="NAME")
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--epochs", type=int, help="instead of each network's own number")
    parser.add_argument("--images", type=int, default=Recipe.images)
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="folder for the weights and cards")
    options = parser.parse_args()
    images, targets = render(range(options.images), "train", options.seed)
    test_images, test_targets = render(range(TEST_IMAGES), "test", options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.networks:
        start = time.perf_counter()
        recipe = Recipe(epochs=options.epochs or EPOCHS[name], seed=options.seed, images=options.images)
        torch.manual_seed(recipe.seed)
        network = train(NETWORKS[name](), images, targets, recipe)
        per_class = accuracy(network, test_images, test_targets)
        facts = card(name, network, recipe, per_class, time.perf_counter() - start)
        weights = {key: value.contiguous() for key, value in network.state_dict().items()}
        save_file(weights, options.out / f"{name}.safetensors")
        (options.out / f"{name}.json").write_text(json.dumps(facts, indent=2) + "\n")
        print(f"objects/{name}: {facts['accuracy']:.1%} of {TEST_IMAGES} test images")


if __name__ == "__main__":
    main()
