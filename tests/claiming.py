"""Claims of our own and rows that are planted for a claim, to see that the answers follow from them."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from igstudy.evidence import results
from igstudy.evidence.claims import KINDS, LOGARITHMIC, Claim, Quantity, Side, claims
from igstudy.evidence.deciding import Verdict, verdict
from igstudy.evidence.kinds import IMAGENET, ONES
from igstudy.evidence.results import VALUES

IMAGES = 12
NOISE = np.linspace(-0.01, 0.01, IMAGES)  # of mean 0
NETWORKS = ONES[IMAGENET][:5]
METHODS = ("IG", "Blur IG", "Guided IG", "Σ g²")
STEPS = {"coarsest": 8, "finest": 128}
CLAIMS = {claim.id: claim for claim in claims()}
NOTHING = pd.DataFrame(columns=[*VALUES, "study"])
UNTESTED = {name: verdict(claim, NOTHING) for name, claim in CLAIMS.items()}


def planted(quantity: Quantity, values: Sequence[float], *, network: str = "vgg", **changes: object) -> pd.DataFrame:
    """Rows of a quantity at its last step count, a value an image."""
    last = quantity.steps[-1]
    names = [f"{i:03d}" for i in range(len(values))]
    own = {name: getattr(quantity, name) for name in ("protocol", "method", "metric", "variant", "sign")}
    own |= {"network": network, "path": "straight", "steps": STEPS.get(str(last), last), "material": "", "left_out": ""}
    frame = pd.DataFrame({"image": names, "photograph": names, "value": np.asarray(values, dtype=float)})
    return frame.assign(**(own | changes))[VALUES]


def of_side(
    side: Side, effects: float | Sequence[float], *, networks: Iterable[str] = NETWORKS, noise: np.ndarray = NOISE
) -> pd.DataFrame:
    """Rows of which every comparison's effect is as asked on every network, up to the images' noise.

    Effects are in the unit of the estimates, the logarithm of a ratio; one for all comparisons, or one for each.
    """
    found = {}
    every = np.broadcast_to(effects, len(side.comparisons))
    for comparison, effect in zip(side.comparisons, every, strict=True):
        for place, quantity in enumerate(comparison):
            values = effect + noise if place == 0 else np.zeros(len(noise))
            for network in networks:
                found[quantity, network] = list(_of(side.kind, quantity, values, network))
    return pd.concat([rows for each in found.values() for rows in each], ignore_index=True)


def _of(kind: str, quantity: Quantity, values: np.ndarray, network: str) -> Iterable[pd.DataFrame]:
    if kind == "exponent":
        for steps in (8, 32, 128):
            yield planted(quantity, -(float(steps) ** -values), network=network, steps=steps)
        return
    yield planted(quantity, 10**values if kind in LOGARITHMIC else values, network=network)
    if len(quantity.steps) > 1:
        first = quantity.steps[0]
        yield planted(quantity, np.zeros(len(values)), network=network, steps=STEPS.get(str(first), first))


def a_side(
    kind: str, low: float, high: float = np.inf, *, comparisons: int = 1, metric: str = "insertion", **changes: object
) -> Side:
    """A side of our own, whose comparisons have a method each; its quantities differ by their variants."""
    letters = "abcd"[: len(KINDS[kind])]
    terms = {"protocol": "igpaths", "metric": metric, "sign": "absolute", "steps": ("finest",)}
    each = [
        tuple(Quantity(**(terms | {"method": method, "variant": letter} | changes)) for letter in letters)
        for method in METHODS[:comparisons]
    ]
    return Side(by="", kind=kind, statistic="", low=low, high=high, comparisons=each)


def a_claim(side: Side, *, agree: str = "all", networks: Sequence[str] = (), changed: Sequence[Side] = ()) -> Claim:
    """A claim of our own, of which no paper prints anything."""
    texts = dict.fromkeys(("id", "place", "claim", "quote", "why"), "a text") | {"paper": "A", "chapter": "02-idgi"}
    return Claim(**texts, agree=agree, networks=networks, original=side, changed=changed)


def word(claim: Claim, rows: pd.DataFrame, kind: str = IMAGENET) -> str:
    """The answer of rows to a claim on one kind of network."""
    return verdict(claim, rows).original[kind].word


def found(
    name: str, before: float | None, after: float | None = None, *, networks: Iterable[str] = NETWORKS
) -> Verdict:
    """The verdict of a claim whose effects are these shares of the published ones; None for a side without rows."""
    claim, printed = CLAIMS[name], UNTESTED[name].published
    sides = zip(claim.sides, (before, after), strict=False)
    rows = [of_side(side, share * printed, networks=networks) for side, share in sides if share is not None]
    return verdict(claim, pd.concat(rows))


def bounded(name: str, level: float) -> Verdict:
    """The verdict where every comparison lies so far within a claim's one bound, or beyond it."""
    side = CLAIMS[name].original
    inside = side.low + level if np.isfinite(side.low) else side.high - level
    return verdict(CLAIMS[name], of_side(side, inside))


def publish(rows: pd.DataFrame, project: Path, *, name: str = "small") -> None:
    """Publish rows as a study of a project's book."""
    folder = project / "results" / name
    folder.mkdir(parents=True)
    parameters = {"models": ["objects/vgg"], "images": IMAGES, "protocols": ["study-a"], "task": "objects"}
    facts = {"from": "2020-01-01T", "to": "2020-01-02T", "device": "abacus", "commit": "0123abc"}
    facts |= {"seconds": 5400, "evaluations": 1234, "parameters": parameters | {"output": "probability", "skip": 2}}
    facts["inputs"] = {
        "weights": {"objects/vgg": "0123456789abcdef" * 4},
        "sha256": "fedcba9876543210" * 4,
        "images": 5,
    }
    with results._writer(folder / "values.parquet", VALUES) as writer:
        writer.write_table(results._compact(rows, writer.schema))
    (folder / "provenance.json").write_text(json.dumps(facts))
    (folder / "summary.parquet").touch()
