"""What a study found, in sizes fit for a repository: per-image values, their averages, and their provenance.

<study>/values.parquet   every value of every image, without curves and maps; or why it is not counted
<study>/summary.parquet  n, average and 95 % interval of each method, step count, sign, metric and variant
<study>/provenance.json  parameters, digests of weights and images, commit, versions, device, time, evaluations, notes

The studies of the book lie in results/. Verdicts rest on those of `OF_THE_BOOK`, and on none of `EXPLORATORY`.
Those of a reader lie in _build/published/.

Rows are sorted and their names kept as numbers of a dictionary, so that names cost next to nothing. Values have 12 bits
of mantissa: each is off by 1/8,192 of itself at most, far below what an interval shows.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from igpaths.texts import amount, read_text
from igstudy.engine import store
from igstudy.engine.inputs import inputs
from igstudy.engine.parameters import Parameters, read
from igstudy.engine.runs import there
from igstudy.engine.schema import refusal
from igstudy.engine.units import plan
from igstudy.evidence.inference import clustered
from igstudy.evidence.names import EXPLORATORY, OF_THE_BOOK, is_confirming
from igstudy.evidence.tables.quality import AVERAGES, ways
from igstudy.tasks.objects import material

BITS = 12
FILES = ("values.parquet", "summary.parquet", "provenance.json")
GROUPS = ["metric", "variant", "protocol", "network", "path", "method", "sign", "steps"]
ESTIMATE = ["value", "low", "high"]
VALUES = [name for name in store.COLUMNS if name not in ("curve", "map")]
SUMMARY = [*GROUPS, "statistic", "n", *ESTIMATE]
TYPES = {"steps": pa.int32(), "n": pa.int32()} | dict.fromkeys(ESTIMATE, pa.float32())  # all else are names


def publish(study: Parameters, folder: Path) -> list[Path]:
    """Write the results of a study that has run into `folder`, and return the files.

    Those of before stay as they are until the new ones are whole.

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
        raise ValueError(f"{missing} of {amount(parts, 'part')} not computed yet: python -m igstudy run computes them")
    store.prepare(folder)
    with TemporaryDirectory(prefix=".", dir=folder) as unfinished:
        new = [Path(unfinished, name) for name in FILES]
        with _writer(new[0], VALUES) as values, _writer(new[1], SUMMARY) as averages:
            for model in study.models:  # one at a time, for a large study does not fit into memory
                its = [file for unit in units if unit.model == model for file in unit.files.values()]
                found = store.read(its, columns=VALUES)
                found = found[found["metric"] != "map"]
                for writer, frame in ((values, found), (averages, summary(found))):
                    # In parts, so that a reader passes over those without the metrics that it asks for.
                    writer.write_table(_compact(frame, writer.schema), row_group_size=2**17)
        ran = merged([store.facts(file) for file in there(units)])
        facts = {"parameters": study.as_dict(), "inputs": inputs(study), **ran}
        new[2].write_text(json.dumps(facts, indent=1) + "\n")
        (folder / FILES[2]).unlink(missing_ok=True)  # without which the others are not read
        return [file.replace(folder / file.name) for file in new]


def published(
    *names: str, output: str = "probability", metrics: Sequence[str] = (), superseded: bool = False
) -> pd.DataFrame:
    """The values of published studies that explain `output`: of all that verdicts rest on, or of those that are named.

    A name that is none of the book's is a reader's own study. The column "study" says which. A value that several
    studies hold is there once, from the first of them by name; what the confirmation measured of a path on a network is
    there from it alone, unless the rows that it takes the place of, ``superseded``, are asked for.
    Names are categories, for there may be millions of rows: those of the ``metrics`` alone are quicker to read.
    ValueError for a name that is not there.

    Examples
    --------
    >>> from igstudy.evidence.results import published
    >>> published(metrics=("insertion",)).columns[:4].tolist()
    ['protocol', 'network', 'image', 'photograph']
    """
    there = {
        name: folder
        for name, folder in _folders().items()
        # Of no other study of a reader's, which may be damaged.
        if name in (names or OF_THE_BOOK) and _facts(folder)["parameters"]["output"] == output
    }
    for name in names:
        if name not in there:
            others = [other for other, folder in _folders().items() if _facts(folder)["parameters"]["output"] == output]
            allowed = ", ".join(others) or "none, for none is published"
            raise refusal(f"published study of the {output}", name, allowed, others)
    chosen = names or list(there)
    wanted = [("metric", "in", list(metrics))] if metrics else None
    tables = []
    for name in chosen:
        table = pq.read_table(there[name] / "values.parquet", filters=wanted)
        if "material" not in table.column_names:  # published before rows said it
            table = table.add_column(VALUES.index("material"), "material", _materials(table["image"]))
        tables.append(table.append_column("study", _repeated(name, len(table))))
    if not tables:
        return pd.DataFrame(columns=[*VALUES, "study"])
    rows = pa.concat_tables(tables).to_pandas()
    rows["value"] = rows["value"].astype(float)
    if not names and not superseded:
        rows = _unsuperseded(rows)
    return rows if len(tables) == 1 else rows[~rows.duplicated([*GROUPS, "image"])]


def _unsuperseded(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without those of photographs that had been seen, where the confirmation measured the same on a network.

    Photographs of both would make one estimate, of which only half had been decided beforehand.
    """
    quantity = rows.groupby(["protocol", "metric", "variant", "network", "path"], sort=False, observed=True).ngroup()
    confirming = rows["study"].map(is_confirming).astype(bool)
    return rows[confirming | ~quantity.isin(quantity[confirming])]


def studies() -> dict[str, dict[str, Any]]:
    """The provenance, by name, of every published study that verdicts rest on."""
    return {name: _facts(folder) for name, folder in _folders().items() if name in OF_THE_BOOK}


def explored() -> list[str]:
    """The names of the exploratory studies that are published."""
    return [name for name in _folders() if name in EXPLORATORY]


def shelf(name: str, *, of_the_book: bool) -> Path:
    """The folder of a published study: below results/ for one of the book, below _build/published/ for a reader's."""
    return Parameters(results="results" if of_the_book else "_build/published").store / name


def check_of_the_book(study: Parameters, name: str) -> None:
    """Raise `ParameterError` unless this is the book's study of that name, as its own file has it, wherever it runs."""
    of_the_book = (*OF_THE_BOOK, *EXPLORATORY)
    own = read(f"params/{name}.yaml") if name in of_the_book else None
    if own is None or own != replace(study, scheduler=own.scheduler):
        words = f"params/NAME.yaml as it is, NAME being a study of the book: {', '.join(of_the_book)}"
        raise refusal("study for the book", name, words, of_the_book)


def _folders() -> dict[str, Path]:
    """Every published study by its name: those of the book, and a reader's of other names."""
    book = {name: shelf(name, of_the_book=True) for name in (*OF_THE_BOOK, *EXPLORATORY)}
    own = sorted(path.parent for path in shelf("", of_the_book=False).glob("*/values.parquet"))
    every = book | {folder.name: folder for folder in own if folder.name not in book}
    return {name: folder for name, folder in sorted(every.items()) if all((folder / file).is_file() for file in FILES)}


def _facts(folder: Path) -> dict[str, Any]:
    file = folder / "provenance.json"
    try:
        facts = dict(json.loads(read_text(file)))
        dict(facts["parameters"])["output"]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{file} is damaged: {error}") from error
    return facts


def _materials(images: pa.ChunkedArray) -> pa.DictionaryArray:
    """What fills the objects of images by their names: a scene's number tells it; "" of photographs."""
    images = images.unify_dictionaries().combine_chunks()
    scenes = [re.fullmatch(r"scene-(\d+)", name) for name in images.dictionary.to_pylist()]
    of_each = [material(int(scene[1])) if scene else "" for scene in scenes]
    names = sorted(set(of_each))
    codes = np.array([names.index(name) for name in of_each], dtype=np.int32)
    return pa.DictionaryArray.from_arrays(codes[images.indices.to_numpy()], pa.array(names, pa.string()))


def _repeated(name: str, times: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(np.zeros(times, dtype=np.int32), pa.array([name], pa.string()))


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

    Intervals are those of `inference.clustered`, by the photographs that scenes share.
    """
    lines = []
    for group, part in found[found["left_out"] == ""].groupby(GROUPS, sort=False):
        statistic = AVERAGES.get(str(group[0]), "mean")
        e = clustered(part["value"], ways=ways(part), statistic=statistic)
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
