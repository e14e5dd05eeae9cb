"""Digests of a study's inputs are those that anyone with the same files gets."""

import hashlib
import subprocess
from dataclasses import replace

from igpaths.models import load_model
from igstudy.engine.inputs import inputs
from igstudy.engine.parameters import Parameters
from studies import photographs, study

OBJECTS = Parameters(models=("objects/mobilenet", "objects/vgg"), images=4)


def test_photographs_have_the_digest_of_sha256sum(tmp_path):
    folder = photographs(tmp_path / "photos")
    found = inputs(study(folder))
    alone = tmp_path / "alone"
    alone.mkdir()
    for file in folder.glob("val/*/*.png"):
        (alone / file.name).write_bytes(file.read_bytes())
    said = subprocess.run("sha256sum * | sha256sum", shell=True, cwd=alone, capture_output=True, text=True, check=True)
    assert (found["sha256"], found["images"]) == (said.stdout.split()[0], 6)


def test_only_the_photographs_of_the_study_count(tmp_path):
    folder = photographs(tmp_path / "photos")
    whole = study(folder)
    parts = [replace(whole, images=2, skip=skip) for skip in (0, 2)]
    assert [inputs(part)["images"] for part in parts] == [2, 2]
    assert len({inputs(each)["sha256"] for each in (whole, *parts)}) == 3


def test_weights_are_told_apart_and_are_those_of_the_tensors():
    found = inputs(OBJECTS)["weights"]
    assert list(found) == ["objects/mobilenet", "objects/vgg"]
    assert len(set(found.values())) == 2
    network = load_model("objects/vgg").network
    hashed = hashlib.sha256()
    for name, tensor in sorted([*network.named_parameters(), *network.named_buffers()]):
        hashed.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode() + tensor.detach().numpy().tobytes())
    assert found["objects/vgg"] == hashed.hexdigest()


def test_scenes_are_told_apart_by_their_numbers():
    every = [OBJECTS, replace(OBJECTS, images=5), replace(OBJECTS, skip=4), replace(OBJECTS, seed=1)]
    every += [replace(OBJECTS, backgrounds=8)]
    assert len({inputs(each)["sha256"] for each in every}) == len(every)
