"""How far the values of a published study are from those that this version of the library computes on this machine.

A few of the study's images are computed again, and each of their values is compared with the published one. Differences
are in standard deviations of the metric over all images and methods of a network, beside which rounding is small. A
guided path follows the rounding of its gradients, so its values are told apart from all others.

<study>/agreement.json  how many values are the same, at which commit and on which device
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from igpaths.texts import amount, read_text
from igstudy.engine.parameters import Parameters
from igstudy.engine.provenance import commit, device_name
from igstudy.engine.runs import measured
from igstudy.evidence.results import BITS, GROUPS, published

SAME = 0.05  # standard deviations within which two values count as the same
FILE = "agreement.json"
KEYS = [*GROUPS, "image"]
SPREAD = ["metric", "variant", "protocol", "network"]


@dataclass(frozen=True)
class Agreement:
    """The values of a published study beside those of a few of its images computed again."""

    images: tuple[str, ...]  # that were computed again
    differences: pd.DataFrame  # a row for each value: KEYS, and "difference" in standard deviations, at least 0
    lost: int  # values of these images, networks, paths, protocols and steps that are published and were not computed

    def counts(self, *, guided: bool) -> tuple[int, int]:
        """How many values of guided paths, or of all else, are the same, and how many there are."""
        chosen = self.differences["path"].str.startswith("guided") == guided
        same = self.differences["difference"][chosen] <= SAME
        return int(same.sum()), len(same)


def recompute(study: Parameters, name: str, *, images: int) -> Agreement:
    """Compute the first images of a study again, or take them from the store, and compare them with what is published.

    Parameters
    ----------
    study : as it was published under this `name`, but for where and how it runs.
    images : of each network, at least 1.

    Raises
    ------
    ValueError
        Where no such study is published, or where its images are others by now.
    StudyError
        Where a part could not be computed.
    """
    known = published(name, output=study.output)
    return compare(known, measured(replace(study, images=min(images, study.images))))


def compare(known: pd.DataFrame, found: pd.DataFrame) -> Agreement:
    """Compare the values of a whole study, `known`, with those `found` of some of its images.

    A value that only one of them leaves out differs by infinity. Values that were not published do not count.
    ValueError where no image is of both, or where the background of an image is another one.
    """
    texts = dict.fromkeys([*KEYS, "photograph"], str)
    known, found = (rows[rows["metric"] != "map"].astype(texts) for rows in (known, found))
    counted = known[known["left_out"] == ""]
    spread = counted.groupby(SPREAD)["value"].agg("std").rename("spread").reset_index()
    images = tuple(sorted(found["image"].unique()))
    own = known[known["image"].isin(images)]
    for part in ("network", "path", "protocol", "steps"):  # of which a check may take some
        own = own[own[part].isin(found[part].unique())]
    if own.empty:
        raise ValueError(f"none of these images is published: {', '.join(images)}")
    both = own.merge(found, on=KEYS, how="left", suffixes=("", " found"), indicator="origin").merge(spread, on=SPREAD)
    is_lost = both["origin"] == "left_only"
    both = both[~is_lost]
    if len(moved := both[both["photograph"] != both["photograph found"]]):
        was, now = moved.iloc[0][["photograph", "photograph found"]]
        raise ValueError(f"{moved['image'].iloc[0]} is another image by now: on {was} when published, on {now} today")
    is_out, is_out_now = both["left_out"] != "", both["left_out found"] != ""
    kept = both["value"].abs() * 2.0**-BITS  # of a published value there are so many bits
    apart = ((both["value"] - both["value found"]).abs() - kept).clip(lower=0)
    difference = np.where(apart == 0, 0.0, apart / both["spread"].where(both["spread"] > 0))
    both["difference"] = np.where(is_out != is_out_now, np.inf, np.nan_to_num(difference, nan=np.inf))
    return Agreement(images, both.loc[~(is_out & is_out_now), [*KEYS, "difference"]], int(is_lost.sum()))


def in_words(found: Agreement) -> str:
    """How many values are the same, and the ten of no guided path that differ most, if any differ."""
    images, values = amount(len(found.images), "image"), "of straight and blurred paths, splits and controls"
    lines = [f"{images} computed again; values within {SAME:g} standard deviations count as the same"]
    for guided, what in ((False, values), (True, "of guided paths")):
        same, every = found.counts(guided=guided)
        lines += [f"{same:,} of {amount(format(every, ','), 'value')} {what} the same"] if every else []
    if found.lost:
        lines.append(f"{amount(found.lost, 'published value')} of these not computed")
    others = found.differences[~found.differences["path"].str.startswith("guided")]
    most = others[others["difference"] > SAME].nlargest(10, "difference")
    return "\n".join([*lines, *([most.to_string(index=False)] if len(most) else [])])


def record(found: Agreement, folder: Path, *, device: str) -> Path:
    """Write beside a published study how many of its values are the same, and return the file."""
    same = {"others": found.counts(guided=False), "guided": found.counts(guided=True)}
    where = {"commit": commit(), "device": device_name(device), "date": datetime.now(UTC).isoformat(timespec="seconds")}
    file = folder / FILE
    file.write_text(json.dumps({"images": len(found.images), **same, "lost": found.lost, **where}, indent=1) + "\n")
    return file


def recorded(folder: Path) -> dict[str, Any] | None:
    """What is recorded of a published study: the counts, and where it was computed; None where nothing is."""
    file = folder / FILE
    return dict(json.loads(read_text(file))) if file.is_file() else None


def in_short(facts: dict[str, Any]) -> str:
    """What is recorded of one study, for the cell of a table."""
    (same, every), (guided, of_guided) = facts["others"], facts["guided"]
    parts = [f"{same:,} of {every:,} values the same"] if every else []
    parts += [f"{guided:,} of {of_guided:,} of guided paths"] if of_guided else []
    parts += [f"{facts['lost']:,} not computed"] if facts["lost"] else []
    return f"{', '.join(parts)} ({amount(facts['images'], 'image')}, {facts['device']}, at {facts['commit']})"
