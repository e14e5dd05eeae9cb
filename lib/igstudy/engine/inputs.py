"""What a study's networks and images are, in digests that a reader with the same public files gets as well."""

import hashlib
from typing import Any

from igpaths.models import load_model
from igstudy.engine import fingerprint
from igstudy.engine.parameters import Parameters
from igstudy.tasks.images import collection


def inputs(study: Parameters) -> dict[str, Any]:
    """The SHA-256 of each network's weights by the model's name, and of all images together, with their number.

    That of photographs is of the lines "SHA-256  name" in the order of the names, as ``sha256sum * | sha256sum`` makes
    it in a folder that holds them alone. Of scenes, which are drawn, it is that of their code and numbers.

    ValueError or OSError where a model or the folder of photographs cannot be read.
    """
    there = collection(study.task, study.data)
    models = {name: load_model(name, data=study.data) for name in study.models}
    found: dict[str, Any] = {"weights": {name: fingerprint.weights(model) for name, model in models.items()}}
    if there is None:
        return found | {"images": study.images, "sha256": _scenes(study)}
    chosen = there.sample(study.skip + study.images, seed=study.seed)[study.skip :]
    digests = {each.path.name: hashlib.sha256(each.path.read_bytes()).hexdigest() for each in chosen}
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return found | {"images": len(chosen), "sha256": hashlib.sha256(lines.encode()).hexdigest()}


def _scenes(study: Parameters) -> str:
    return fingerprint.scenes(study.skip, study.images, study.seed, study.backgrounds)
