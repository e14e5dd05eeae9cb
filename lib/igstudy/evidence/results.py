"""What a study found, in sizes fit for a repository: per-image values, their averages, and their provenance.

results/<study>/values.parquet   every value of every image, without curves and maps; or why it is not counted
results/<study>/summary.parquet  n, average and 95 % interval of each method, step count, sign, metric and variant
results/<study>/provenance.json  parameters, commit, versions, device, threads, time, evaluations, notes

Rows are sorted and their names kept as numbers of a dictionary, so that names cost next to nothing. Values have 12 bits
of mantissa: each is off by 1/8,192 of itself at most, far below what an interval shows.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from igstudy.engine import store
from igstudy.engine.parameters import Parameters
from igstudy.engine.runs import there
from igstudy.engine.schema import refusal
from igstudy.engine.units import plan
from igstudy.evidence.statistics import bootstrap
from igstudy.evidence.tables.quality import AVERAGES

BITS = 12
APART = ("photographs", "folder")  # the tasks of a few examples, and of a reader's own photographs, bear on no claim
GROUPS = ["metric", "variant", "protocol", "network", "path", "method", "sign", "steps"]
ESTIMATE = ["value", "low", "high"]
VALUES = [name for name in store.COLUMNS if name not in ("curve", "map")]
SUMMARY = [*GROUPS, "statistic", "n", *ESTIMATE]
TYPES = {"steps": pa.int32(), "n": pa.int32()} | dict.fromkeys(ESTIMATE, pa.float32())  # all else are names


def publish(study: Parameters, folder: Path) -> list[Path]:
    """Write the results of a study that has run into `folder`, and return the files.

    Raises
    ------
    ValueError
        Where the study has not run to its end: half of it would pass for the whole.
    StoreError
        Where the folder cannot be written.

    Examples
    --------
    >>> from igstudy.engine.runs import run
    >>> from igstudy.evidence.results import publish
    >>> run(study).failures
    ()
    >>> [file.name for file in publish(study, study.store / "published")]
    ['values.parquet', 'summary.parquet', 'provenance.json']
    """
    units = plan(study)
    missing = sum(len(unit.missing) for unit in units)
    if missing:
        parts = sum(len(unit.files) for unit in units)
        raise ValueError(f"{missing} of {parts} parts are not computed yet: python -m igstudy run computes them")
    store.prepare(folder)
    files = [folder / name for name in ("values.parquet", "summary.parquet", "provenance.json")]
    with _writer(files[0], VALUES) as values, _writer(files[1], SUMMARY) as averages:
        for model in study.models:  # one at a time, for a large study does not fit into memory
            its = [file for unit in units if unit.model == model for file in unit.files.values()]
            found = store.read(its, columns=VALUES)
            found = found[found["metric"] != "map"]
            for writer, frame in ((values, found), (averages, summary(found))):
                # In parts, so that a reader passes over those without the metrics that it asks for.
                writer.write_table(_compact(frame, writer.schema), row_group_size=2**17)
    facts = merged([store.facts(file) for file in there(units)])
    files[2].write_text(json.dumps({"parameters": study.as_dict(), **facts}, indent=1, ensure_ascii=False) + "\n")
    return files


def published(*names: str, output: str = "probability", metrics: Sequence[str] = ()) -> pd.DataFrame:
    """The values of published studies that explain `output`, of all that `studies` has or of those that are named.

    The column "study" says which. A value that several studies hold is there once, from the first of them by name.
    Names are categories, for there may be millions of rows: those of the ``metrics`` alone are quicker to read.
    ValueError for a name that is not there.

    Examples
    --------
    >>> from igstudy.evidence.results import published
    >>> published(metrics=("insertion",)).columns[:4].tolist()
    ['protocol', 'network', 'image', 'photograph']
    """
    there = [name for name, facts in _stored().items() if facts["parameters"]["output"] == output]
    for name in names:
        if name not in there:
            allowed = ", ".join(there) or "none, for none is published"
            raise refusal(f"published study of the {output}", name, allowed, there)
    chosen = names or [name for name in there if name in studies()]
    wanted = [("metric", "in", list(metrics))] if metrics else None
    tables = []
    for name in chosen:
        table = pq.read_table(_folder() / name / "values.parquet", filters=wanted)
        tables.append(table.append_column("study", pa.array([name] * len(table), pa.string()).dictionary_encode()))
    if not tables:
        return pd.DataFrame(columns=[*VALUES, "study"])
    rows = pa.concat_tables(tables).to_pandas()
    rows["value"] = rows["value"].astype(float)
    return rows if len(tables) == 1 else rows[~rows.duplicated([*GROUPS, "image"])]


def studies() -> dict[str, dict[str, Any]]:
    """The provenance, by name, of every published study that bears on the claims: of scenes, or in ImageNet's form."""
    return {name: facts for name, facts in _stored().items() if facts["parameters"]["task"] not in APART}


def _stored() -> dict[str, dict[str, Any]]:
    files = sorted(_folder().glob("*/values.parquet"))
    return {file.parent.name: json.loads(file.with_name("provenance.json").read_text("utf-8")) for file in files}


def _folder() -> Path:
    return Parameters(results="results").store


def _writer(file: Path, columns: Sequence[str]) -> pq.ParquetWriter:
    names = [name for name in columns if name not in TYPES]
    schema = pa.schema([(name, TYPES.get(name, pa.dictionary(pa.int32(), pa.string()))) for name in columns])
    options = {"compression": "zstd", "compression_level": 19, "use_dictionary": names}
    split = {name: "BYTE_STREAM_SPLIT" for name in columns if name in ESTIMATE}  # the cut bits lie together
    return pq.ParquetWriter(file, schema, column_encoding=split, **options)


def _compact(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """The rows, sorted and cut."""
    cut = {name: shortened(frame[name]) for name in ESTIMATE if name in frame}
    ordered = frame.assign(**cut).astype(dict.fromkeys(GROUPS, "category")).sort_values(GROUPS, kind="stable")
    return pa.Table.from_pandas(ordered, schema=schema, preserve_index=False)


def shortened(values: pd.Series) -> np.ndarray:
    """Values to `BITS` bits of mantissa."""
    mantissa, exponent = np.frexp(values.to_numpy())
    return np.ldexp(np.round(np.ldexp(mantissa, BITS + 1)), exponent - BITS - 1)


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """n, average and 95 % interval over the counted images of every group: the median of SIC, the mean of all else.

    Intervals resample photographs, which scenes share.
    """
    lines = []
    for group, part in found[found["left_out"] == ""].groupby(GROUPS, sort=False):
        statistic = AVERAGES.get(str(group[0]), "mean")
        e = bootstrap(part["value"], statistic=statistic, clusters=tuple(part["photograph"]))
        lines.append((*group, statistic, e.n, e.value, e.low, e.high))
    return pd.DataFrame(lines, columns=SUMMARY)


def merged(facts: list[dict[str, Any]]) -> dict[str, Any]:
    """The provenance of many files: what they agree on as it is, what differs as the list of all that there is."""
    found: dict[str, Any] = {}
    for name in ("commit", "versions", "device", "threads", "precision"):
        different = list({json.dumps(each[name]): each[name] for each in facts}.values())
        found[name] = different[0] if len(different) == 1 else different
    dates = sorted(each["date"] for each in facts)
    found |= {"from": dates[0], "to": dates[-1]}
    found |= {name: sum(each[name] for each in facts) for name in ("seconds", "evaluations")}
    return found | {"notes": sorted({note for each in facts for note in each["notes"]})}
