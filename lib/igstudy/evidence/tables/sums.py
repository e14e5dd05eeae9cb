"""How far the sum of a path is from complete: the gap by path, sum and step count, and what it says, in sentences."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from igpaths.texts import amount
from igstudy.evidence import kinds
from igstudy.evidence.tables.steps import in_common
from igstudy.measures.sources import LABELS

PATHS = ("straight", "blur", "guided")
SUMS = {"left": ", left sum", "right": ", right sum", "trapezoid": ""}  # and how their methods are called
KEYS = ["network", "image", "path", "steps"]
KINDS = (kinds.SMALL, kinds.IMAGENET)
CLOSE = 5  # in per cent of the change of score: a sum that misses less is near enough
ALIKE = 0.8  # two gaps of which the smaller is at least so much of the larger
UNKNOWN = "This needs published results, and there are none here"
Lines = Mapping[tuple[str, str, str], pd.Series]


def of_shared_images(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the images with the most step counts of their network and path: a median is then of the same ones."""
    own = [rows[key].astype(str) for key in ("network", "path")]
    counts = rows.groupby([*own, rows["image"].astype(str)])["steps"].transform("nunique")
    return rows[counts == counts.groupby(own).transform("max")]


def relative_gaps(rows: pd.DataFrame) -> pd.DataFrame:
    """The median image's |gap| in per cent of |F(x) − F(x')|: network, path and method down, step counts across."""
    rows = rows.astype(dict.fromkeys(("network", "image", "path", "method"), str))
    change = rows[rows["metric"] == "score change"].set_index(KEYS)["value"].rename("change")
    gaps = rows[rows["metric"] == "completeness gap"].join(change, on=KEYS)
    share = 100 * (gaps["value"] / gaps["change"]).abs()
    return share.groupby([gaps[key] for key in ("network", "path", "method", "steps")]).median().unstack("steps")


def of_sum(gaps: pd.DataFrame, path: str, name: str) -> pd.DataFrame:
    """The gaps of one sum along one path: a network a row, a step count a column."""
    by_path, by_method = (gaps.index.get_level_values(level) for level in ("path", "method"))
    return gaps[(by_path == path) & (by_method == LABELS[path] + SUMS[name])].droplevel(["path", "method"])


def by_kind(gaps: pd.DataFrame) -> dict[tuple[str, str, str], pd.Series]:
    """The median network's gap by step count, by kind of network, path and sum; without those not measured."""
    return {key: own.median() for key, own in _of_kinds(gaps).items()}


def _of_kinds(gaps: pd.DataFrame) -> dict[tuple[str, str, str], pd.DataFrame]:
    """The gaps `in_common` of the networks of a kind, by kind, path and sum; without those not measured."""
    found = dict[tuple[str, str, str], pd.DataFrame]()
    for kind in KINDS:
        its = gaps[gaps.index.get_level_values("network").isin(kinds.ONES[kind])]
        own = {(kind, path, name): in_common(of_sum(its, path, name)) for path in PATHS for name in SUMS}
        found |= {key: table for key, table in own.items() if len(table)}
    return found


def enough(line: pd.Series) -> str:
    """The first step count from which on a gap stays `CLOSE`, in words."""
    below = [n for n in line.index if (line.loc[n:] < CLOSE).all()]
    return amount(below[0], "step") if below else f"more than {line.index[-1]} steps"


def steps_in_words(lines: Lines) -> str:
    """How many steps the trapezoid takes on each path, on the median network of each kind: a sentence a kind."""
    sentences = []
    for kind in KINDS:
        own = {path: lines[kind, path, "trapezoid"] for path in PATHS if (kind, path, "trapezoid") in lines}
        if own:
            parts = _listed([f"{enough(line)} on the {path} path" for path, line in own.items()])
            near = f"the trapezoid comes within {CLOSE} % of the change of score in {parts}"
            sentences.append(f"On the median {kind} network {near}.")
    return " ".join(sentences) or "How many steps a sum takes needs published results, and there are none here."


def table(lines: Lines) -> str:
    """The gaps at the finest step count in Markdown, a row a path and a kind of network."""
    if not lines:
        return f"{UNKNOWN}."
    rows = [["path", "network", *(f"{name}{' sum' if name != 'trapezoid' else ''}" for name in SUMS)]]
    rows[0].append(f"to stay below {CLOSE} % the trapezoid takes")
    rows.append(["---"] * len(rows[0]))
    for path in PATHS:
        for kind in KINDS:
            own = {name: lines[kind, path, name] for name in SUMS if (kind, path, name) in lines}
            if own:
                cells = [f"{own[name].iloc[-1]:.1f} %" if name in own else "–" for name in SUMS]
                rows.append([path.capitalize(), kind, *cells, enough(own["trapezoid"]) if "trapezoid" in own else "–"])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def introduction(lines: Lines, gaps: pd.DataFrame, rows: pd.DataFrame) -> str:
    """What the `table` shows, of how many networks and of how many images of each: a sentence; "" without any."""
    if not lines:
        return ""
    names = rows["network"].astype(str)
    images = rows["image"].astype(str).groupby([names, rows["path"].astype(str)]).nunique()
    parts = []
    for kind in KINDS:
        tables = {path: own for (of, path, _), own in _of_kinds(gaps).items() if of == kind}
        if tables:
            each = [int(images[name, path]) for path, own in tables.items() for name in own.index]
            sizes = f"{_range([len(own) for own in tables.values()], 'network')}, {_range(each, 'image')} each"
            parts.append(f"on {kinds.WORDS[kind]} ({sizes})")
    ends = sorted({line.index[-1] for line in lines.values()})
    at = f"{amount(ends[0], 'step')}" if len(ends) == 1 else f"the most steps that were tried ({ends[0]} to {ends[-1]})"
    return f"At {at} the median network misses this share of the change of score, {_listed(parts)}:"


def _range(sizes: Collection[int], noun: str) -> str:
    """How many there are of something, from the fewest to the most."""
    fewest, most = min(sizes), max(sizes)
    return amount(most, noun) if fewest == most else f"{fewest} to {amount(most, noun)}"


def of_guided(lines: Lines) -> str:
    """How the left sum, by which Guided IG is published, fares on ImageNet networks with more steps: a sentence."""
    line = lines.get((kinds.IMAGENET, "guided", "left"))
    if line is None or len(line) < 2:
        return ""
    first, last = line.iloc[0], line.iloc[-1]
    words = "does not fall" if last >= first else "falls"
    ends = f"it is {first:.0f} % at {amount(line.index[0], 'step')} and {last:.0f} % at {line.index[-1]}"
    return f"On ImageNet networks the gap of that sum {words} with more steps: {ends}."


def nearest(lines: Lines) -> str:
    """How often the trapezoid comes nearest of the three sums at the finest step count: a sentence."""
    won, rows = _won(lines)
    if not rows:
        return ""
    if won == rows:
        return "The trapezoid misses the least in every row."
    return f"The trapezoid misses the least in {won} of the {rows} rows."


def advice(lines: Lines) -> str:
    """Whether to take the trapezoid, which costs no gradient more than the other two sums of its walk."""
    won, rows = _won(lines)
    reason = "which costs no gradient more"
    if 2 * won > rows:
        return f"Take the trapezoid, {reason} and comes nearest in {won} of {rows} rows above"
    return f"Compare the left and the right sum with the trapezoid, {reason}"


def _won(lines: Lines) -> tuple[int, int]:
    """In how many rows of the `table` the trapezoid misses the least, and of how many."""
    ends = {key: line.iloc[-1] for key, line in lines.items()}
    rows = [[ends[kind, path, name] for name in SUMS] for kind in KINDS for path in PATHS
            if all((kind, path, name) in ends for name in SUMS)]  # fmt: skip
    return sum(own[-1] == min(own) for own in rows), len(rows)


def of_increments(difference: float, tangent: float) -> str:
    """What the gaps of Blur IG's two increments say of them: a sentence or two."""
    if min(difference, tangent) >= ALIKE * max(difference, tangent):
        return "There completeness does not tell the two apart."
    if difference < tangent:
        return "There completeness favours the difference."
    return (
        "There completeness favours the tangent. That alone does not make it better: leaving a segment out can also "
        "close a gap, where the sum is too large."
    )


def _listed(parts: Sequence[str]) -> str:
    *others, last = parts
    return f"{', '.join(others)} and {last}" if others else last
