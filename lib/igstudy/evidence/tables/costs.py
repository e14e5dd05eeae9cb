"""What benchmarks found, as the page on speed shows it: tables by benchmark, bars with the least and the most."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.io.formats.style import Styler

from igpaths.texts import amount
from igstudy.evidence.amounts import span
from igstudy.evidence.kinds import IMAGENET, kind_of
from igstudy.evidence.statistics import Estimate

FACTS = ("processor", "device", "cores", "commit")
SPAN = ("ratio", "least", "most")
STEPS = 128  # of the walks that are timed on a CPU


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """The rows of each benchmark in folder/DEVICE/NAME.json, of all devices, by its name; "machines" says what ran."""
    reports = [(file, json.loads(file.read_text(encoding="utf-8"))) for file in sorted(folder.glob("*/*.json"))]
    found: dict[str, list[pd.DataFrame]] = {}
    for file, report in reports:
        found.setdefault(file.stem, []).append(pd.DataFrame(report["rows"]).assign(device=file.parent.name))
    machines = [
        {"benchmark": file.stem, "folder": file.parent.name}
        | {fact: report["machine"][fact] for fact in FACTS}
        | {"date": report["date"][:10]}
        for file, report in reports
    ]
    return {name: pd.concat(tables) for name, tables in found.items()} | {"machines": pd.DataFrame(machines)}


def spans(rows: pd.DataFrame, names: Iterable[str], of: Sequence[str] = SPAN) -> dict[str, Estimate]:
    """A number of each row by name, from the least to the most of its turns; `of` are the columns of the three."""
    numbers = rows[list(of)].astype(float).to_numpy().tolist()
    turns = rows["rounds"] if "rounds" in rows else [1] * len(rows)
    return {
        name: Estimate(value, least, most, int(n))
        for name, (value, least, most), n in zip(names, numbers, turns, strict=True)
    }


def distances(walks: pd.DataFrame) -> dict[str, dict[str, dict[str, Estimate]]]:
    """By network, folded and as it was written, and path: the walk's gradients a second over the bare loop's."""
    best = walks.sort_values("ratio").groupby(["network", "path"], sort=False).tail(1).set_index("path")
    written = [f"as written{each}" for each in ("", ", least", ", most")]
    panels = {}
    for network in walks["network"].unique():
        rows = best[best["network"] == network].loc[["straight", "blur", "guided"]]
        panels[network] = {"folded": spans(rows, rows.index), "as written": spans(rows, rows.index, written)}
    return panels


def in_seconds(walks: pd.DataFrame, grid: pd.DataFrame, machine: Mapping[str, Any]) -> str:
    """How many seconds one image takes along each path on ImageNet networks: a sentence.

    Straight and blurred walks fill a batch with points of any image, so an image alone has their speed. The batch of a
    guided walk is its images, so its seconds are those of a run of one.
    """
    own = walks[walks["network"].map(kind_of) == IMAGENET]
    alone = grid[(grid["task"] == "guided") & (grid["images"] == 1)]
    if own.empty or alone.empty:
        return "How many seconds one image takes was not measured."
    seconds = ((STEPS + 1) / own["gradients/s"]).groupby(own["path"])
    straight, blur = (span(seconds.get_group(path), ".1f") for path in ("straight", "blur"))
    guided, networks = alone.iloc[0], amount(own["network"].nunique(), "ImageNet network")
    return (
        f"On {machine['cores']} cores ({machine['processor']}), one image of 224 px takes {straight} s by a straight "
        f"walk of {STEPS} steps and {blur} s by a blurred one ({networks}), and "
        f"{guided['seconds']:.1f} s by a guided one ({guided['network']})."
    )


def in_words(panels: Mapping[str, Mapping[str, Mapping[str, Estimate]]]) -> str:
    """What the straight walks of `distances` say, in a sentence."""
    numbers = {network: series["folded"]["straight"] for network, series in panels.items()}
    each = "; ".join(f"{of.value:.2f} on {name} ({of.low:.2f} to {of.high:.2f})" for name, of in numbers.items())
    return (
        "A straight walk of 128 steps that credits four rules computes gradients at these multiples of the speed of a "
        f"bare loop over the network as it was written: {each}."
    )


def largest(unit: pd.DataFrame, most: int = 3) -> str:
    """Which parts of a unit besides its network take the most core seconds now: a sentence."""
    own = unit[~unit["part"].str.startswith(("total", "network")) & (unit["of"] == "an image")]
    seconds = own.set_index("part")["core seconds now"].sort_values(ascending=False)[:most]
    parts = ", ".join(f"{part} ({value:.2g})" for part, value in seconds.items())
    return f"The parts that take the most core seconds of an image now are {parts}."


def shown(table: pd.DataFrame, columns: Sequence[str], caption: str) -> Styler:
    """Some columns of a table under a caption, with the device where there are several."""
    several: list[Any] = ["device"] if "device" not in columns and table["device"].nunique() > 1 else []
    chosen = table[[*several, *columns]].dropna(axis="columns", how="all")
    named = chosen.rename(columns=lambda name: name[:1].upper() + name[1:])
    return named.style.format(precision=2, na_rep="–").hide(axis="index").set_caption(caption)
