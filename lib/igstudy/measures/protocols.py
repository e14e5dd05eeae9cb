"""Protocols: the named, frozen sets of choices that a number was made with, as ``protocols.yaml`` lists them.

No result is shown without the name of its protocol. A choice that a protocol does not make is None.
"""

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

from igpaths.metrics.curves import TENTHS, TWENTY_FOURTHS
from igpaths.metrics.reveal import TWENTIETHS

STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, kw_only=True, config=STRICT)
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
    options : the path's other choices, by name.
    """

    start: tuple[str | float, ...]
    points: int
    first: float
    last: float
    coarse: Literal["shared", "from the start", "from the end"]
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


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Insertion:
    """Insertion: the canvases, the shares of pixels revealed, and the forms of the score."""

    canvases: tuple[str, ...] = ("black",)
    shares: tuple[float, ...] = TWENTIETHS
    scores: tuple[str, ...] = ("probability", "probability ratio")
    area: str = "trapezoid"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Information:
    """SIC and AIC."""

    canvas: str  # "photograph, σ = 20": blurred at full size, then resized as the image is; "seeds": of 1 % of it
    shares: tuple[float, ...] = TWENTY_FOURTHS  # of the pixels revealed
    estimators: tuple[tuple[str, str], ...]  # of information, each "normalised" from the canvas to the image, or "raw"
    points: int = 100  # of the grid in [0, 1); (1, 1) is added
    monotone: bool = True  # the score is its running maximum
    sic: str = "median"  # how images are averaged
    aic: str = "mean"
    dropped: str = "together"  # an image without SIC or AIC counts for neither; "each": for its own curve alone
    confidence: float | None = None  # the least probability of an image that counts


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Compression:
    """Stability under JPEG: Pillow's quality at full size, the step count, how maps are normalised and compared."""

    normalisations: tuple[str, ...]
    comparisons: tuple[str, ...] = ()
    quality: int = 75
    qualities: tuple[int, ...] = ()  # of the measure of that name
    steps: int = 128
    pooled: str = "-log10 of the mean squared error over pixels and images"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class StepSensitivity:
    """The metric at the finest step count minus that at the coarsest."""

    finest: int = 128
    coarsest: int = 8


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Split:
    """How Split IG is measured (Study B, Tables 1–3)."""

    name: str  # of the protocol
    baseline: str  # of the straight path
    at: Literal["start", "end", "both"]  # where a segment's gradient is taken, as in `igpaths.IG`
    steps: int = 200
    psi: tuple[float, ...] = (0.9, 0.95, 0.99)
    crossing: Literal["left", "right"]  # the part that has the segment which crosses ψ
    images: Literal["gain over 5", "correct"]  # F(x) − F(x') > 5 in logits; or classified rightly, and F(x) > F(x')
    output: Literal["probability", "logit"] = "logit"  # the score that is explained

    @property
    def source(self) -> str:
        """The name of its walk, which splits of one baseline, N and score share."""
        return f"split-{self.baseline}-{self.steps}" + ("" if self.output == "logit" else f"-{self.output}")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Ablation:
    """ABPC: the canvas, the shares ablated between none and all, the scores, and whether Study B's clips apply."""

    scores: tuple[str, ...]
    clip: tuple[bool, ...]
    canvas: str = "mean"
    shares: tuple[float, ...] = TENTHS


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Noise:
    """Max-sensitivity: uniform samples in ±radius of normalised space; α* is found anew in each."""

    samples: int = 10
    radius: float = 0.05
    norm: int = 2


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Protocol:
    """One column of the table of protocols; what its authors' code does, row by row."""

    name: str  # by which results have their labels
    images: str  # which images count
    preparation: str  # from photograph to network
    outputs: tuple[str, ...]  # the scores F that are explained
    straight: Walk | None = None
    blur: Walk | None = None
    guided: tuple[Walk, ...] = ()
    ranking: tuple[str, ...] = ()  # how colours are summed into a ranking map, each way a column of its own
    stored: str = "float32"  # the precision in which the ranking map is kept
    insertion: Insertion | None = None
    information: Information | None = None
    compression: Compression | None = None
    step_sensitivity: StepSensitivity | None = None
    split: tuple[Split, ...] = ()
    ablation: Ablation | None = None
    noise: Noise | None = None


_NAMED = yaml.safe_load(Path(__file__).with_name("protocols.yaml").read_text(encoding="utf-8"))
PROTOCOLS = TypeAdapter(dict[str, Protocol]).validate_python({name: {"name": name, **_NAMED[name]} for name in _NAMED})
STUDY_A, STUDY_B, IGPATHS, PAIR = PROTOCOLS.values()
SPLIT = STUDY_B.split + IGPATHS.split
POINTS = 128  # of Study A's walks


def table(*protocols: Protocol) -> dict[str, dict[str, str]]:
    """The choices in words: for each protocol its row's text by row, "–" where it does not choose."""
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
