"""Where the maps of a study come from: its paths by name with the rules that read them, and the controls.

A source is walked once for an image; every metric of every map reads that walk.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from igpaths.classifier import Classifier
from igpaths.paths import Blur, Guided, Path, Placed, Straight, Strided
from igpaths.rules import IDGI, IG, Gradient, Left, Right, Rule, SquaredGradients
from igpaths.walks import Attributions, fold
from igstudy.measures.protocols import POINTS, STUDY_A, Protocol

PATHS: dict[str, Path] = {
    "straight": Straight("black"),
    "straight-grey": Straight("mean"),
    "straight-placed": Placed(Straight("black")),
    "blur": Blur(),
    "blur-placed": Placed(Blur()),
    "blur-tangent": Blur(increment="tangent"),
    "guided": Guided("black"),
    "guided-free": Guided("black", fraction=0.5, max_distance=1.0),
}
LABELS = {
    "straight": "IG",
    "straight-grey": "IG, grey",
    "straight-placed": "IG, placed",
    "blur": "Blur IG",
    "blur-placed": "Blur IG, placed",
    "blur-tangent": "Blur IG, tangent",
    "guided": "Guided IG",
    "guided-free": "Guided IG, free",
}
SUMS = {"left sum": IG("start"), "right sum": IG("end")}  # of interest for completeness, not for ranking pixels
# The walks of study-a, with the ends at which its IG and its IDGI take their gradients. Its n blurred points, with no
# segment before the first, are those of n segments without their start: IG("end") sums over the points, and IDGI over
# the segments between them.
OF_STUDY_A: dict[str, tuple[Path, IG, IDGI]] = {
    "straight": (Strided(Straight("black"), points=POINTS), IG("end"), IDGI("start")),
    "blur": (Blur(increment="tangent"), IG("end"), IDGI("end", without="first")),
    "guided": (Guided("black", 0.5, 1.0, units="normalised"), IG("start"), IDGI("start", without="last")),
}
APART = (Straight, Blur, Placed, Strided, Guided, IG, IDGI, Gradient, SquaredGradients, Left, Right)


@dataclass(frozen=True)
class Source:
    """One walk of every image, and the rules that read it.

    Attributes
    ----------
    name : of the path, as in the parameters; "controls" for the maps that need no walk.
    output : the score that is explained, "probability" or "logit".
    path : None for the controls.
    steps : the step counts of the walk.
    ranked : by method, the rules whose maps rank pixels.
    others : by method, the rules that are read for other reasons.
    protocol : "study-a" for its own walks, which no other protocol reads, as it reads no others; else empty.
    """

    name: str
    output: str
    path: Path | None = None
    steps: tuple[int, ...] = ()
    ranked: dict[str, Rule] = field(default_factory=dict)
    others: dict[str, Rule] = field(default_factory=dict)
    protocol: str = ""

    def serves(self, protocol: Protocol) -> bool:
        """Whether a protocol reads this source: study-a walks of its own, all others the same; any the controls."""
        return self.path is None or self.protocol == (protocol.name if protocol.name == STUDY_A.name else "")

    @property
    def rules(self) -> dict[str, Rule]:
        return self.ranked | self.others


def on_path(name: str, *, output: str, steps: tuple[int, ...]) -> Source:
    """The source of one of `PATHS`: IG and IDGI, and on the straight path the controls that its walk gives."""
    label = LABELS[name]
    ranked: dict[str, Rule] = {label: IG("both"), f"{label} + IDGI": IDGI()}
    if name == "straight":
        ranked |= {"gradient": Gradient(), "Σ g²": SquaredGradients()}
    others: dict[str, Rule] = {f"{label}, {name}": rule for name, rule in SUMS.items()}
    return Source(name, output, PATHS[name], steps, ranked, others)


def of_study_a(name: str, *, steps: tuple[int, ...]) -> Source:
    """The source of one of `OF_STUDY_A`, which explains the probability; its methods keep their labels."""
    path, ig, idgi = OF_STUDY_A[name]
    ranked: dict[str, Rule] = {LABELS[name]: ig, f"{LABELS[name]} + IDGI": idgi}
    return Source(f"{name}-{STUDY_A.name}", "probability", path, steps, ranked, protocol=STUDY_A.name)


def controls(*, output: str) -> Source:
    """Edges and random maps, which need no walk."""
    return Source("controls", output)


def splits(protocols: tuple[Protocol, ...]) -> list[Source]:
    """The sources of Split IG: a straight path for each baseline, step count and score that a protocol asks."""
    asked = [split for protocol in protocols for split in protocol.split]
    found = []
    for name in dict.fromkeys(split.source for split in asked):
        sharing = [split for split in asked if split.source == name]
        rules: dict[str, Rule] = {}
        for split in sharing:
            for whole in (IG(split.at), IDGI(), SquaredGradients()):
                parts = [part(whole, psi, split.crossing) for psi in split.psi for part in (Left, Right)]
                rules |= {repr(rule): rule for rule in (whole, *parts)}
        one = sharing[0]
        found.append(Source(name, one.output, Straight(one.baseline), (one.steps,), {}, rules))
    return found


def explain(
    source: Source, net: Classifier, images: Tensor, targets: Tensor, *, batch_size: int
) -> Attributions | None:
    """Walk a source's path with all its rules; None for the controls."""
    if source.path is None:
        return None
    rules = tuple(source.rules.values())
    return fold(net, images, targets, path=source.path, rules=rules, steps=source.steps, batch_size=batch_size)


def finite(walked: Attributions) -> Tensor:
    """Which images (B,) have finite scores and maps."""
    values = [*walked.scores.values(), *walked.maps.values()]
    return torch.stack([value.flatten(1).isfinite().all(1).cpu() for value in values]).all(0)
