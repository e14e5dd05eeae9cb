"""The claims of both papers and of this book, as ``claims.yaml`` holds them: what is claimed, and what decides it.

The head of the file explains every field. An entry has one side under the paper's own protocol, and one for each choice
that is then changed. `igstudy.evidence.deciding` gives the answers.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, fields
from hashlib import sha256
from itertools import chain, product
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, Field

from igpaths.metrics.stability import NORMALISATIONS
from igstudy.engine.schema import allowed, check_keys, one_of, refusal, schema, within
from igstudy.evidence.papers import QUANTITIES
from igstudy.evidence.tables.quality import CONTROLS
from igstudy.measures.comparing import COMPARISONS
from igstudy.measures.describing import LOCALIZATION
from igstudy.measures.protocols import PROTOCOLS, SPLIT
from igstudy.measures.sources import LABELS, LADDER, RULES, SUMS, labelled

FILE = Path(__file__).with_name("claims.yaml")
# What is computed of an image's quantities a, b, …: their sum with these weights, of their logarithms for a ratio
KINDS: dict[str, tuple[int, ...]] = {
    "level": (1,),
    "difference": (1, -1),
    "contrast": (1, -1, -1, 1),
    "ratio": (1, -1),
    "ratio of ratios": (1, -1, -1, 1),
    "exponent": (1,),
}
LOGARITHMIC = ("ratio", "ratio of ratios")
STATISTICS = ("", "mean", "median", "mean size")  # over images; "" for the metric's own
AGREE = {"all": 1.0, "most": 2 / 3, "half": 1 / 2, "some": 0.0, "never": 1.0}  # of the comparisons
SOURCES = {"A": "Singhi and Kumari", "B": "Miglani et al.", "C": "this book"}
CHAPTERS = (
    "01-path-methods", "02-idgi", "03-idgi-vs-its-baselines", "04-step-size", "05-numerical-stability", "06-split-ig",
    "07-split-ig-quality", "08-softmax-or-logit", "09-which-map",
)  # fmt: skip

# What a study's rows can be asked for.
METHODS = {
    *(f"{label}, {end}" for label in LABELS.values() for end in SUMS),
    *(labelled(path, rule) for path in LABELS for rule in RULES),
    *(*(formula for formula, _ in LADDER.values()), *CONTROLS),
    *("IDGI", "Left", "Right", "Full", "Left + IDGI", "Full + IDGI", "Window", "Grad-CAM", "Grad-CAM, logit"),
}
METRICS = {
    *("completeness gap", "score change", "last segment", "late movement", "projection"),
    *("insertion", "insertion ratio", "insertion normalised", "deletion", "SIC", "AIC", "ABPC", "max-sensitivity"),
    *("class sensitivity", "share on the likelier object", "likeness to edges", "patchiness", "roughness"),
    *("uncancelled", "gradient norm ratio", "gradient follows slope", "sum of Left", "dropped terms"),
    *(f"JPEG {name}" for name in (*NORMALISATIONS, *COMPARISONS)),
    *(f"{what} {name}" for what in ("noise", "rounding", "device") for name in ("change", "cosine")),
    *("sanity spearman", "sanity SSIM", *QUANTITIES, *LOCALIZATION),
}
NAMES = {"protocol": {*PROTOCOLS, *(split.name for split in SPLIT)}, "method": METHODS, "metric": METRICS}
SELECTORS = ("protocol", "method", "metric", "variant", "sign", "steps")
LETTERS = ("a", "b", "c", "d")
BOUNDS = ("above", "below", "within")
TERMS = ("kind", "statistic", "each", *LETTERS, *BOUNDS, *SELECTORS)  # of a side
Text = Annotated[str, Field(min_length=1), allowed("a text")]


@schema
class Quantity:
    """Rows of the store, one for each image; two `steps` are for the change from one to the other."""

    protocol: str
    method: str
    metric: str
    variant: str
    sign: str
    steps: Annotated[tuple[int | str, ...], BeforeValidator(lambda n: n if isinstance(n, list | tuple) else (n,))]


Comparison = tuple[Quantity, ...]  # as many as the kind has weights


@schema
class Side:
    """How a claim is decided under the paper's protocol, or after one choice is changed."""

    by: str  # the change in words; "" under the paper's own protocol
    kind: Annotated[str, one_of(tuple(KINDS))]
    statistic: Annotated[str, one_of(STATISTICS)]
    low: float  # between which an average must lie
    high: float
    comparisons: tuple[Comparison, ...]

    @property
    def null(self) -> float | None:
        """The value of no effect, where the claim's one bound is at it; None where the bound says how large."""
        bound = self.high if self.low == -math.inf else self.low
        one_sided = math.isinf(self.low) or math.isinf(self.high)
        nothing = 1.0 if self.kind in LOGARITHMIC else 0.0
        return nothing if one_sided and bound == nothing and self.kind not in ("level", "exponent") else None


@schema
class Claim:
    """One claim; the fields are those of `claims.yaml`, where `networks` is empty for all that were measured."""

    _: KW_ONLY
    id: Text
    paper: Text
    place: Text
    claim: Text
    quote: Text
    chapter: Annotated[str, one_of(CHAPTERS)]
    why: Text
    agree: Annotated[str, one_of(tuple(AGREE))]
    networks: tuple[str, ...] = ()
    needs: str = ""
    original: Side
    changed: tuple[Side, ...] = ()

    @property
    def sides(self) -> tuple[Side, ...]:
        return (self.original, *self.changed)

    @property
    def quantities(self) -> Iterator[Quantity]:
        """All that it asks of the rows."""
        return chain.from_iterable(chain.from_iterable(side.comparisons for side in self.sides))


def digest(file: Path = FILE) -> str:
    """The SHA-256 of the claims' file, whatever its line ends, by which a reader knows that no claim has changed."""
    return sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def claims(file: Path = FILE) -> tuple[Claim, ...]:
    """All claims, in the file's order.

    ParameterError for a key, kind, bound, chapter, protocol, metric or method that there is not, a missing text and
    an id that is there twice. A claim that says what it `needs` may name metrics and methods that are to come.
    """
    whole = yaml.safe_load(file.read_text(encoding="utf-8"))
    found = tuple(_claim(entry, whole["defaults"]) for entry in whole["claims"])
    ids = [claim.id for claim in found]
    for name in ids:
        if ids.count(name) > 1:
            raise refusal("id", name, "each id once")
    return found


def _claim(entry: Mapping[str, Any], defaults: Mapping[str, Any]) -> Claim:
    with within(f"claim {entry.get('id', '?')}"):
        names = [each.name for each in fields(Claim)]
        check_keys(entry, (*names, "changes", *TERMS))
        if entry.get("paper") not in defaults:
            raise refusal("paper", entry.get("paper"), ", ".join(defaults))
        terms, needs = _merged(defaults[entry["paper"]], entry), entry.get("needs", "")
        changed = []
        for change in terms.get("changes", ()):
            with within("changes"):
                check_keys(change, ("by", *TERMS))
                if not change.get("by"):
                    raise refusal("by", change.get("by"), "a text")
                kept = {key: value for key, value in terms.items() if key not in BOUNDS or not {*BOUNDS} & {*change}}
                changed.append(_side(_merged(kept, change), needs=needs))
        texts = {name: entry[name] for name in names if name in entry}
        return Claim(**texts, original=_side(terms, needs=needs), changed=tuple(changed))


def _side(terms: Mapping[str, Any], *, needs: str) -> Side:
    """A side from all that is said about it."""
    each, kind = terms.get("each", ()), terms.get("kind")
    with within("each"):
        for change in chain(*each):
            check_keys(change, (*SELECTORS, *LETTERS))
    bounds = [key for key in BOUNDS if key in terms]
    if len(bounds) != 1:
        raise refusal("bounds", bounds, f"one of {', '.join(BOUNDS)}")
    bound = terms[bounds[0]]
    low, high = {"above": (bound, math.inf), "below": (-math.inf, bound), "within": bound}[bounds[0]]
    letters = LETTERS[: len(KINDS.get(str(kind), ()))]
    comparisons = [tuple(_quantity(_merged(terms, *c), letter) for letter in letters) for c in product(*each)]
    values: dict[str, Any] = {"kind": kind, "low": low, "high": high, "comparisons": comparisons}
    side = Side(**values, by=terms.get("by", ""), statistic=terms.get("statistic", ""))
    for quantity in chain(*side.comparisons):
        for key, known in NAMES.items():
            if getattr(quantity, key) not in known and not (needs and key != "protocol"):
                raise refusal(key, getattr(quantity, key), ", ".join(sorted(known)), sorted(known))
    return side


def _quantity(terms: Mapping[str, Any], letter: str) -> Quantity:
    with within(letter):
        return Quantity(**{key: terms[key] for key in SELECTORS if key in terms} | terms.get(letter, {}))


def _merged(*terms: Mapping[str, Any]) -> dict[str, Any]:
    """The terms on top of each other, the later ones above; what is said of a quantity is merged within it."""
    found: dict[str, Any] = {}
    for each in terms:
        found |= {key: {**found.get(key, {}), **value} if key in LETTERS else value for key, value in each.items()}
    return found
