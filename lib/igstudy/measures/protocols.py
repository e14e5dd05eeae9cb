"""Protocols: the named, frozen sets of choices that a number was made with.

`STUDY_A` and `STUDY_B` do what the authors' code does and stand beside the papers' numbers; `IGPATHS` is ours and
carries the verdicts; `PAIR` is the information curve of the PAIR library. No result is shown without the name of its
protocol. A choice that a protocol does not make is None.
"""

from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from igpaths.metrics.curves import TENTHS, TWENTY_FOURTHS
from igpaths.metrics.reveal import TWENTIETHS


@dataclass(frozen=True)
class Walk:
    """Where a path's points lie, and which end of a segment each rule reads.

    Attributes
    ----------
    start : the straight or guided path's baselines x', or the σ in pixels where a blurred path starts.
    points : of the finest walk, both ends counted if it has both.
    first, last : α of the finest walk's first and last point.
    coarse : "shared": N steps are N segments from x' to x, of the finest walk's points; "from the start": N steps are
        every (points / N)-th point from the first on, so that coarse walks stop short of x; "from the end": the same
        from the last point back.
    ig, idgi : the end of a segment where the rule takes its gradient, as in `igpaths.IG`.
    options : what else the path is told.
    """

    start: tuple[str | float, ...]
    points: int
    first: float
    last: float
    coarse: str
    ig: str
    idgi: str
    options: tuple[tuple[str, str | float], ...] = ()

    def alphas(self, steps: int) -> tuple[float, ...]:
        """α of the points that `steps` steps visit."""
        if self.coarse == "shared":
            return tuple(i / steps for i in range(steps + 1))
        gap, stride = (self.last - self.first) / (self.points - 1), self.points // steps
        if self.coarse == "from the end":
            return tuple(self.last - gap * i for i in range(0, self.points, stride))[::-1]
        return tuple(self.first + gap * i for i in range(0, self.points, stride))


@dataclass(frozen=True)
class Insertion:
    """Insertion: the canvases, the shares of pixels revealed, and the forms of the score."""

    canvases: tuple[str, ...] = ("black",)
    shares: tuple[float, ...] = TWENTIETHS
    scores: tuple[str, ...] = ("probability", "probability ratio")
    area: str = "trapezoid"


@dataclass(frozen=True)
class Information:
    """SIC and AIC.

    Attributes
    ----------
    canvas : "photograph, σ = 20": blurred at full size with that many pixels, then resized as the image is; "seeds":
        `igpaths.metrics.Seeds` from a random 1 % of the pixels.
    shares : of the pixels revealed.
    estimators : of information, each "normalised" from the canvas to the image, or "raw".
    points : of the grid in [0, 1); (1, 1) is added.
    monotone : whether the score is its running maximum.
    sic, aic : how images are averaged.
    dropped : "together": an image that has no SIC or no AIC counts for neither; "each": for its own curve alone.
    confidence : the least probability of an image that counts, or None.
    """

    canvas: str
    shares: tuple[float, ...]
    estimators: tuple[tuple[str, str], ...]
    points: int = 100
    monotone: bool = True
    sic: str = "median"
    aic: str = "mean"
    dropped: str = "together"
    confidence: float | None = None


@dataclass(frozen=True)
class Compression:
    """Stability under JPEG: Pillow's quality at full size, the step count, how maps are normalised and compared.

    `qualities` are those of the measure of that name.
    """

    normalisations: tuple[str, ...]
    comparisons: tuple[str, ...] = ()
    quality: int = 75
    qualities: tuple[int, ...] = ()
    steps: int = 128
    pooled: str = "-log10 of the mean squared error over pixels and images"


@dataclass(frozen=True)
class StepSensitivity:
    """The metric at the finest step count minus that at the coarsest."""

    finest: int = 128
    coarsest: int = 8


@dataclass(frozen=True)
class Split:
    """How Split IG is measured (Study B, Tables 1–3).

    Attributes
    ----------
    name, baseline : of the protocol, and of the straight path.
    at : where a segment's gradient is taken, as in `igpaths.IG`.
    steps : N.
    psi : the shares ψ.
    crossing : which part has the segment that crosses ψ, as in `igpaths.Left`.
    images : "gain over 5": F(x) − F(x') > 5 in logits, whether classified rightly or not; "correct": classified
        rightly, and F(x) > F(x').
    output : the score that is explained.
    """

    name: str
    baseline: str
    at: str
    steps: int
    psi: tuple[float, ...]
    crossing: str
    images: str
    output: str = "logit"

    @property
    def source(self) -> str:
        """The name of its walk, which splits of one baseline, N and score share."""
        return f"split-{self.baseline}-{self.steps}" + ("" if self.output == "logit" else f"-{self.output}")


@dataclass(frozen=True)
class Ablation:
    """ABPC: the canvas, the shares ablated between none and all, the scores, and whether Study B's clips apply."""

    scores: tuple[str, ...]
    clip: tuple[bool, ...]
    canvas: str = "mean"
    shares: tuple[float, ...] = TENTHS


@dataclass(frozen=True)
class Noise:
    """Max-sensitivity: uniform samples in ±radius of normalised space; α* is found anew in each."""

    samples: int = 10
    radius: float = 0.05
    norm: int = 2


@dataclass(frozen=True)
class Protocol:
    """One column of the table of protocols; what its authors' code does, row by row.

    Attributes
    ----------
    name : by which results are labelled.
    images : which images count.
    preparation : from photograph to network.
    outputs : the scores F that are explained.
    straight, blur, guided : the walks.
    ranking : how colours are summed into a ranking map, each way a column of its own.
    stored : the precision in which the ranking map is kept.
    insertion, information, compression, step_sensitivity, split, ablation, noise : the metrics.

    Examples
    --------
    >>> from igstudy.measures.protocols import PROTOCOLS
    >>> list(PROTOCOLS)
    ['study-a', 'study-b', 'igpaths', 'pair']
    >>> PROTOCOLS["pair"].information.points, PROTOCOLS["study-b"].noise.samples
    (1000, 10)
    """

    name: str
    images: str
    preparation: str
    outputs: tuple[str, ...]
    straight: Walk | None = None
    blur: Walk | None = None
    guided: tuple[Walk, ...] = ()
    ranking: tuple[str, ...] = ()
    stored: str = "float32"
    insertion: Insertion | None = None
    information: Information | None = None
    compression: Compression | None = None
    step_sensitivity: StepSensitivity | None = None
    split: tuple[Split, ...] = ()
    ablation: Ablation | None = None
    noise: Noise | None = None


PHOTOGRAPH = "photograph, σ = 20"
PSI = (0.9, 0.95, 0.99)
POINTS = 128  # of Study A's walks
TANGENT = (("padding", "reflect"), ("increment", "tangent"))
FREE = (("fraction", 0.5), ("max_distance", 1.0))
GUIDED_CODE = (("gradients", "in normalised units"), ("IDGI", "without the last segment"))
NARROW = (("fraction", 0.25), ("max_distance", 0.02))  # of the method's authors
ESTIMATORS = (
    *((name, "normalised") for name in ("png", "ms-ssim", "webp", "entropy")),
    ("ms-ssim", "raw"),
)

STUDY_A = Protocol(
    name="study-a",
    images="correct",
    preparation="256 → 224; V2 weights 232 → 224; Inception 342 → 299",
    outputs=("probability",),
    straight=Walk(("black",), POINTS, 0, 1, "from the start", "end", "start"),
    # σ = 50 i/128 for i from 127 to 0: the fully blurred image is left out.
    blur=Walk((50.0,), POINTS, 1 / POINTS, 1, "from the end", "end", "end", (*TANGENT, ("IDGI", "n − 1 segments"))),
    # The points at which it takes gradients: the last step leads from there to the image.
    guided=(Walk(("black",), POINTS, 0, 1 - 1 / POINTS, "from the start", "start", "start", (*FREE, *GUIDED_CODE)),),
    ranking=("signed",),
    stored="float16",
    insertion=Insertion(),
    information=Information(PHOTOGRAPH, TWENTY_FOURTHS, (("png", "normalised"), ("ms-ssim", "raw")), confidence=0.8),
    compression=Compression(("signed sum",)),
    step_sensitivity=StepSensitivity(),
)

STUDY_B = Protocol(
    name="study-b",
    images="gain over 5",
    preparation="256 → 224",
    outputs=("logit",),
    straight=Walk(("mean",), 200, 1 / 200, 1, "from the start", "end", "start"),
    ranking=("signed",),
    split=(Split("study-b", "mean", "end", 200, PSI, "right", "gain over 5"),),
    ablation=Ablation(("logit",), (True,)),
    noise=Noise(),
)

IGPATHS = Protocol(
    name="igpaths",
    images="correct",
    preparation="the weights' own",
    outputs=("probability", "logit"),
    straight=Walk(("black", "mean"), 129, 0, 1, "shared", "both", "start"),
    blur=Walk((50.0,), 129, 0, 1, "shared", "both", "start", (("padding", "reflect"), ("increment", "difference"))),
    guided=tuple(Walk(("black",), 129, 0, 1, "shared", "both", "start", options) for options in (NARROW, FREE)),
    ranking=("signed", "absolute"),
    insertion=Insertion(canvases=("black", "mean", "blur")),
    information=Information(PHOTOGRAPH, TWENTY_FOURTHS, ESTIMATORS),
    compression=Compression(("raw", "signed sum", "L1"), ("cosine", "spearman"), qualities=(30, 50, 75, 85, 95)),
    step_sensitivity=StepSensitivity(),
    split=(
        Split("igpaths, grey", "mean", "both", 200, PSI, "left", "correct"),
        Split("igpaths, grey", "mean", "both", 200, PSI, "left", "correct", "probability"),
        Split("igpaths, black", "black", "both", 200, PSI, "left", "correct"),
    ),
    ablation=Ablation(("logit", "probability"), (True, False)),
    noise=Noise(),
)

PAIR = Protocol(
    name="pair",
    images="p ≥ 0.8",
    preparation="the caller's",
    outputs=("probability",),
    information=Information(
        canvas="seeds",
        shares=(0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.10, 0.13, 0.21, 0.34, 0.5, 0.75),
        estimators=(("webp", "normalised"),),
        points=1000,
        dropped="each",
        confidence=0.8,
    ),
)

PROTOCOLS = {protocol.name: protocol for protocol in (STUDY_A, STUDY_B, IGPATHS, PAIR)}
SPLIT = STUDY_B.split + IGPATHS.split


def table(*protocols: Protocol) -> dict[str, dict[str, str]]:
    """The choices in words: for each protocol its row's text by row, "–" where it does not choose.

    Examples
    --------
    >>> from igstudy.measures.protocols import PROTOCOLS, table
    >>> table(PROTOCOLS["study-a"], PROTOCOLS["study-b"])["study-b"]["noise"]
    'samples 10; radius 0.05; norm 2'
    """
    rows = [field.name for field in fields(Protocol) if field.name != "name"]
    return {p.name: {row.replace("_", " "): _words(getattr(p, row)) for row in rows} for p in protocols}


def _words(choice: Any) -> str:
    if is_dataclass(choice):
        parts = {field.name: getattr(choice, field.name) for field in fields(choice)}
        return "; ".join(f"{name.replace('_', ' ')} {_words(value)}" for name, value in parts.items() if value != ())
    if isinstance(choice, tuple):
        if len(choice) > 5 and all(isinstance(value, float) for value in choice):
            return f"{len(choice)} from {choice[0]:g} to {choice[-1]:g}"
        words = [" ".join(map(_words, each)) if isinstance(each, tuple) else _words(each) for each in choice]
        return (" | " if choice and is_dataclass(choice[0]) else ", ").join(words) or "–"
    if isinstance(choice, bool):
        return "yes" if choice else "no"
    return "–" if choice is None else f"{choice:.3g}" if isinstance(choice, float) else str(choice)
