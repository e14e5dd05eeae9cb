"""Where the maps of a study come from: its paths by name with the rules that read them, and the controls.

A source is walked once for an image; every metric of every map reads that walk.
"""

import warnings
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from igpaths import methods
from igpaths.arguments import NotFinite
from igpaths.attributions import Attributions, attribute
from igpaths.classifier import Classifier
from igpaths.methods import Method
from igpaths.paths import Blur, Guided, Path, Placed, Straight
from igpaths.rules import IDG, IDGI, IG, Gradient, Left, Part, Right, Rule, SquaredGradients, TotalVariation
from igstudy.measures.ladder import UNSIGNED, MeanGradient, SquaredCredit
from igstudy.measures.protocols import POINTS, STUDY_A, Protocol
from igstudy.measures.study_a import Strided, Without

Rules = dict[str, Rule | Part]
METHODS = methods.METHODS | {
    "straight-grey": Method("IG, grey", lambda baseline: Straight("mean"), baseline="mean"),
    "straight-white": Method("IG, white", lambda baseline: Straight("white"), baseline="white"),
    "straight-blurred": Method("IG, blurred", lambda baseline: Straight("blur"), baseline="blur"),
    "straight-farthest": Method("IG, farthest", lambda baseline: Straight("max-distance"), baseline="max-distance"),
    "straight-placed": Method("IG, placed", lambda baseline: Placed(Straight(baseline))),
    "blur-tangent": Method("Blur IG, tangent", lambda baseline: Blur(increment="tangent"), baseline="blur"),
    "guided-free": Method("Guided IG, free", lambda baseline: Guided(baseline, fraction=0.5, max_distance=1.0)),
}
PATHS = {name: method.path("black") for name, method in METHODS.items()}
LABELS = {name: method.label for name, method in METHODS.items()}
# The rules that a study may rank pixels by: those of the library, and the other rungs of the ladder with their formulas
LADDER: dict[str, tuple[str, Rule]] = {
    "squared-credits": ("Σ (g Δx)²", SquaredCredit(IG("both"))),
    "gradients": ("Σ g", MeanGradient()),
    "gradient-variation": ("Σ |g|", TotalVariation(MeanGradient())),
    "squared-gradients": ("Σ g²", SquaredGradients()),
}
RULES: Rules = {name: make(0.9) for name, make in methods.RULES.items()} | {n: rule for n, (_, rule) in LADDER.items()}
SUMS = {"left sum": IG("start"), "right sum": IG("end")}  # of interest for completeness, not for ranking pixels
# The walks of study-a, with the ends at which its IG and its IDGI take their gradients. Its n blurred points, with no
# segment before the first, are those of n segments without their start: IG("end") sums over the points, and IDGI over
# the segments between them.
OF_STUDY_A: dict[str, tuple[Path, IG, IDGI | Without]] = {
    "straight": (Strided(Straight("black"), points=POINTS), IG("end"), IDGI("start")),
    "blur": (Blur(increment="tangent"), IG("end"), Without(IDGI("end"), "first")),
    "guided": (Guided("black", 0.5, 1.0, units="normalised"), IG("start"), Without(IDGI("start"), "last")),
}
APART = (
    *(Straight, Blur, Placed, Strided, Guided, IG, IDGI, IDG, TotalVariation, Gradient, SquaredGradients, Left, Right),
    *(Without, MeanGradient, SquaredCredit),
)


@dataclass(frozen=True)
class Source:
    """One walk of every image, and the rules that read it."""

    name: str  # of the path, as in the parameters; "controls" for the maps that need no walk
    output: str  # the score that is explained, "probability" or "logit"
    path: Path | None = None  # None for the controls
    steps: tuple[int, ...] = ()
    ranked: Rules = field(default_factory=dict)  # by method, the rules whose maps rank pixels
    others: Rules = field(default_factory=dict)  # by method, the rules that are read for other reasons
    protocol: str = ""  # "study-a" for its own walks, which no other protocol reads, as it reads no others

    def serves(self, protocol: Protocol) -> bool:
        """Whether a protocol reads this source: study-a walks of its own, all others the same; any the controls."""
        return self.path is None or self.protocol == (protocol.name if protocol.name == STUDY_A.name else "")

    @property
    def rules(self) -> Rules:
        return self.ranked | self.others


def on_path(name: str, *, output: str, steps: tuple[int, ...], rules: tuple[str, ...] = ("ig", "idgi")) -> Source:
    """The source of one of `PATHS` with some of `RULES`, and on the straight path the controls that its walk gives."""
    method = METHODS[name]
    ranked = {labelled(name, rule): RULES[rule] for rule in rules}
    if name == "straight":
        ranked |= {"gradient": Gradient(), "Σ g²": SquaredGradients()}
    others: Rules = {f"{method.label}, {end}": rule for end, rule in SUMS.items()}
    return Source(name, output, PATHS[name], steps, ranked, others)


def labelled(path: str, rule: str) -> str:
    """The method of a path and one of `RULES`: "Blur IG + IDGI", "Blur IG, Σ g²"; "Σ g²" on the straight path."""
    if rule in methods.RULES:
        return METHODS[path].labelled(rule)
    formula = LADDER[rule][0]
    return formula if path == "straight" else f"{LABELS[path]}, {formula}"


def is_unsigned(rule: Rule | Part) -> bool:
    """Whether a rule's maps are 0 or more everywhere, so that they rank pixels in one way only."""
    return isinstance(rule, UNSIGNED)


def is_complete(rule: Rule | Part) -> bool:
    """Whether a rule's map should sum to a change of score."""
    return isinstance(rule, IG | IDGI | Part)


def of_study_a(name: str, *, steps: tuple[int, ...]) -> Source:
    """The source of one of `OF_STUDY_A`, which explains the probability; its methods keep their labels."""
    path, ig, idgi = OF_STUDY_A[name]
    method = METHODS[name]
    ranked: Rules = {method.labelled("ig"): ig, method.labelled("idgi"): idgi}
    return Source(f"{name}-{STUDY_A.name}", "probability", path, steps, ranked, protocol=STUDY_A.name)


def controls(*, output: str) -> Source:
    """Edges and random maps, which need no walk."""
    return Source("controls", output)


def splits(protocols: tuple[Protocol, ...]) -> list[Source]:
    """The sources of Split IG: a straight path for each baseline, step count and score that a protocol asks for."""
    by_name: dict[str, Source] = {}
    for split in (split for protocol in protocols for split in protocol.split):
        own = Source(split.source, split.output, Straight(split.baseline), (split.steps,))
        for whole in (IG(split.at), IDGI(), SquaredGradients()):
            parts = [part(whole, psi, split.crossing) for psi in split.psi for part in (Left, Right)]
            by_name.setdefault(split.source, own).others.update({repr(rule): rule for rule in (whole, *parts)})
    return list(by_name.values())


def explain(source: Source, *question: Any, batch_size: int) -> Attributions | None:
    """Walk a source's path with all its rules for a network, images and targets; None for the controls."""
    if source.path is None:
        return None
    rules = source.rules.values()
    return attribute_any(*question, path=source.path, rules=rules, steps=source.steps, batch_size=batch_size)


def by_method(
    net: Classifier, images: Tensor, targets: Tensor, *paths: str, steps: int, batch_size: int
) -> dict[str, Tensor]:
    """The attributions (B, C, H, W) of every method and control on these paths, by its label: a walk for each path."""
    found: dict[str, Tensor] = {}
    for path in paths:
        source = on_path(path, output=str(net.output), steps=(steps,))
        maps = attribute_any(
            net, images, targets, path=source.path, rules=source.ranked.values(), steps=steps, batch_size=batch_size
        )
        found |= {name: maps[rule] for name, rule in source.ranked.items()}
    return found


def attribute_any(net: Classifier, images: Tensor, targets: Tensor, **options: Any) -> Attributions:
    """`igpaths.attribute` of images that may leave [0, 1]; the engine itself names scores that are not finite."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotFinite)
        return attribute(net, images, targets, check=False, **options)


def are_finite(walked: Attributions) -> Tensor:
    """Which images (B,) have finite scores and maps, on the CPU; a GPU is waited for once."""
    values = [*walked.scores.values(), *walked.maps.values()]
    return torch.stack([value.flatten(1).isfinite().all(1) for value in values]).all(0).cpu()
