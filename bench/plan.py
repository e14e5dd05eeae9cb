"""What the grid of Study A's ten networks costs: evaluations, operations, codecs and files, planned from one image.

python -m bench.plan --images 35000 --tflops 20 --cores 16 --workers 8

The evaluations of an image do not depend on the network, so they are counted on the smallest one; a network's
operations are those that torchvision states; a gradient is taken as three forward passes. `--tflops` is what one GPU
sustains in float32, which is the reader's to measure: an assumption, like `--cores` beside each GPU for the codecs,
whose time an image is measured here.
"""

import argparse
import tempfile
import time
from collections import Counter

import torch
import torchvision

from igpaths.metrics.estimators import png_bytes
from igpaths.models import BEST_KNOWN as STUDY_A
from igstudy.engine import store
from igstudy.engine.parameters import Parameters
from igstudy.engine.runs import run
from igstudy.engine.units import plan
from igstudy.tasks.objects import scene

GRADIENTS = ("completeness", "compression")
PATHS = ("straight", "blur", "guided")
SHARD = 256
SECONDS_AN_HOUR, TERA = 3600, 1e12


def counted(folder: str) -> tuple[Counter[str], int]:
    """The evaluations of one image by measure, and the bytes of its rows."""
    study = Parameters(
        models=("objects/mobilenet",),
        images=1,
        paths=PATHS,
        metrics=("completeness", "insertion", "information", "compression"),
        protocols=("igpaths",),
        threads=1,
        results=folder,
    )
    assert not run(study).failures
    (unit,) = plan(study)
    counts: Counter[str] = Counter()
    for name, file in unit.files.items():
        counts[name.split(".")[1]] += store.facts(file)["evaluations"]
    return counts, sum(file.stat().st_size for file in unit.files.values())


def encoding() -> float:
    """Core seconds that PNG takes for one image of 224 pixels a side."""
    images = torch.stack([scene(i).image for i in range(16)])
    images = torch.nn.functional.interpolate(images, size=224, mode="bilinear")
    began = time.process_time()
    png_bytes(images, images)
    return (time.process_time() - began) / len(images)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=35000)
    parser.add_argument("--tflops", type=float, default=20, help="float32 operations that a GPU sustains, in 10^12/s")
    parser.add_argument("--cores", type=int, default=16, help="cores beside each GPU")
    parser.add_argument("--workers", type=int, default=8, help="GPUs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        counts, size = counted(folder)
    gradients = sum(counts[name] for name in GRADIENTS)
    forwards = counts.total() - gradients
    weights = {name: next(iter(torchvision.models.get_model_weights(name))) for name in STUDY_A}
    operations = {name: 2e9 * entry.meta["_ops"] for name, entry in weights.items()}
    everything = options.images * (3 * gradients + forwards) * sum(operations.values())
    gpu = everything / (options.tflops * TERA) / SECONDS_AN_HOUR
    encodings = options.images * len(STUDY_A) * counts["information"]
    codec = encodings * encoding() / SECONDS_AN_HOUR
    files = len(STUDY_A) * -(-options.images // SHARD)
    print(f"an image of a network: {gradients} gradients, {forwards} forward evaluations, ", end="")
    print(f"{counts['information']} encodings")
    print(f"10 networks, {options.images} images: {options.images * 10 * gradients:.3g} gradients, ", end="")
    print(f"{options.images * 10 * forwards:.3g} forward evaluations, {everything:.2g} operations")
    print(f"at {options.tflops:g} TFLOP/s a GPU: {gpu:.0f} GPU hours; PNG: {codec:.0f} core hours")
    print(f"{options.workers} workers with {options.cores} cores: {gpu / options.workers:.0f} hours of GPUs, ", end="")
    print(f"{codec / options.workers / options.cores:.0f} hours of codecs")
    print(f"store: at most {options.images * 10 * size / 2**30:.0f} GiB, {files} units of {SHARD} images")


if __name__ == "__main__":
    main()
