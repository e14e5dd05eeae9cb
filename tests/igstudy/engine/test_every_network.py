"""Study A's kinds of network and one of the reader's own go through the engine: the paths, rules and metrics."""

from dataclasses import replace

import pytest
import torch

from igstudy.engine import fingerprint, units
from igstudy.engine.runs import kept_maps, measured
from igstudy.measures import MEASURES, costing, rivalling
from igstudy.measures.protocols import IGPATHS, PAIR, STUDY_B
from igstudy.measures.sources import PATHS
from studies import of_study_a, photographs, study

HALF = (0.5,)
# One count, one canvas, one sample of noise and few steps: everything is asked, as seldom as can be.
SMALLEST = {
    "igpaths": replace(
        IGPATHS,
        ranking=("signed",),
        insertion=replace(IGPATHS.insertion, canvases=("mean",), shares=HALF),
        information=replace(IGPATHS.information, shares=HALF),
        ablation=replace(IGPATHS.ablation, shares=HALF),
        noise=replace(IGPATHS.noise, samples=1),
        split=tuple(replace(split, steps=2) for split in IGPATHS.split[1:]),
    ),
    "study-b": replace(STUDY_B, noise=replace(STUDY_B.noise, samples=1), split=(replace(STUDY_B.split[0], steps=2),)),
    "pair": replace(PAIR, information=replace(PAIR.information, shares=(0.05,))),  # the more, the longer to fill in
}
METRICS = {
    *("completeness gap", "score change", "last segment", "projection", "insertion", "insertion ratio", "SIC", "AIC"),
    *("ABPC", "JPEG raw", "JPEG L1", "JPEG cosine", "max-sensitivity", "L2 ratio", "alpha*", "map"),
}


# Of each of Study A's kinds the smallest, MobileNetV2 by its name below: the others differ in depth alone, and the
# library's own tests build all ten
KINDS = ("densenet121", "inception_v3", "resnet50", "vgg16")

STEPS = {"COUNTS": (2, 4), "OF_ITS_OWN": (2, 4), "GRADIENTS": (4,), "REFERENCE": 8}

# Many walks of each image, and the same walks as all others: asked of one small network alone.
REPEATED = (
    *("temperature", "qualities", "noise", "rounding", "parting", "taming", "devices", "cost", "quadrature"),
    *("sanity", "metric-sanity", "rivals", *(name for name in MEASURES if name.startswith("smooth-"))),
)


def everything(folder, model, monkeypatch, *, images, without=REPEATED, **changes):
    """The rows of a study of so many photographs that asks for all there is."""
    for name, protocol in SMALLEST.items():
        monkeypatch.setitem(units.PROTOCOLS, name, protocol)
    for name, counts in STEPS.items():
        monkeypatch.setattr(costing, name, counts)
    for name in ("BUDGET", "REFERENCES"):
        monkeypatch.setattr(rivalling, name, 2)
    metrics = [name for name, measure in MEASURES.items() if not measure.task and name not in without]
    choices = {"paths": ("straight", "blur", "guided"), "protocols": ("igpaths",)} | changes
    found = measured(study(folder, models=(model,), images=images, steps=(1,), metrics=metrics, maps=1, **choices))
    assert set(found["metric"]) >= METRICS
    assert found.groupby("metric")["image"].nunique().drop("map").eq(images).all()
    assert "not finite" not in set(found["left_out"])
    return found


@pytest.mark.parametrize("name", KINDS)
def test_a_network_of_study_a_on_small_photographs(name, tmp_path, monkeypatch):
    # A network that torchvision knows by its name is not asked what it does, which takes as long as all the rest
    monkeypatch.setattr(fingerprint, "behaviour", lambda model, size: [])
    folder = photographs(tmp_path / "photos", 1, classes=1000)
    found = everything(folder, f"module:studies.{name}", monkeypatch, images=1)
    assert {tuple(each.shape) for each in kept_maps(found).values()} == {(3, 161, 161)}


def test_a_network_by_its_name_with_its_own_transforms(tmp_path, monkeypatch):
    torch.save(of_study_a("mobilenet_v2").network.state_dict(), tmp_path / "weights.pt")
    name = f"torchvision/mobilenet_v2:IMAGENET1K_V2@{tmp_path / 'weights.pt'}"
    found = everything(photographs(tmp_path / "photos", 1, classes=1000), name, monkeypatch, images=1)
    assert {tuple(each.shape) for each in kept_maps(found).values()} == {(3, 224, 224)}


def test_a_network_of_the_readers_own_on_every_path(tmp_path, monkeypatch):
    folder = photographs(tmp_path / "photos", 1)
    chosen = {"paths": tuple(PATHS), "protocols": tuple(SMALLEST)}
    found = everything(folder, "module:studies.large", monkeypatch, images=1, without=(), **chosen)
    assert set(found["protocol"]) == {"igpaths", "igpaths, grey", "igpaths, black", "study-b", "pair"}
    assert {*PATHS, "controls", "split-black-2", "split-mean-2", "split-mean-2-probability"} == set(found["path"])
