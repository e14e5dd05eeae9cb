"""The store: one Parquet file for each part of each unit of work, written whole or not at all.

    <results>/<task>/<model>/<first image>-<after the last>/<path>.<measure>.<protocol>-<key>.parquet

The key is a digest of all that the part depends on, so a file whose name is asked for is never stale, several studies
share one store, and what another version of the code made lies beside it unread. Each file carries the provenance of
its unit. Two runs at once at worst compute a part twice: the second file replaces the first in one step.
"""

import json
import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

# A row is one value of one image. `curve` holds a short curve instead, `map` a saliency map in half precision.
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("protocol", "network", "image", "photograph", "path", "method")),
        ("steps", pa.int32()),
        *((name, pa.string()) for name in ("sign", "metric", "variant")),
        ("value", pa.float64()),
        ("curve", pa.list_(pa.float32())),
        ("map", pa.binary()),
        ("left_out", pa.string()),
    ]
)
COLUMNS = tuple(SCHEMA.names)
PROVENANCE = b"provenance"


class StoreError(OSError):
    """A store that cannot be written (no rights, no room, no folder), or a file of it that cannot be read."""


def prepare(folder: Path) -> None:
    """Make the store's folder; `StoreError` where no file can be written there, before anything is computed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / f".{uuid.uuid4().hex}"
        trial.write_bytes(b"")
        trial.unlink()
    except OSError as error:
        raise StoreError(f"results: given {str(folder)!r}; allowed: a folder that can be written ({error})") from error


def write(path: Path, frames: Iterable[pd.DataFrame], facts: dict[str, Any]) -> None:
    """Write a part's rows with its provenance, so that the file is there whole or not at all.

    StoreError where the disk is full or the folder cannot be written; nothing is left behind.
    """
    tables = [pa.Table.from_pandas(frame, schema=SCHEMA, preserve_index=False) for frame in frames]
    table = pa.concat_tables(tables) if tables else SCHEMA.empty_table()
    table = table.replace_schema_metadata({PROVENANCE: json.dumps(facts)})
    temporary = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                pq.write_table(table, file, compression="zstd")
                file.flush()
                os.fsync(file.fileno())  # else a power cut could leave an empty file under the final name
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"results: {path.parent} cannot be written: {error}") from error


def read(paths: Iterable[Path], *, columns: Sequence[str] = COLUMNS) -> pd.DataFrame:
    """The rows of all these files, one after the other; `StoreError` where one is damaged."""
    schema = pa.schema([SCHEMA.field(name) for name in columns])
    tables = []
    for path in paths:
        with _named(path):
            table = pq.read_table(path, columns=list(columns), partitioning=None)
            tables.append(table.select(list(columns)).cast(schema))  # a KeyError where a column is not there
    return (pa.concat_tables(tables) if tables else schema.empty_table()).to_pandas()


def facts(path: Path) -> dict[str, Any]:
    """The provenance of one file; `StoreError` where it is damaged."""
    with _named(path):
        return dict(json.loads(pq.read_schema(path).metadata[PROVENANCE]))


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"results: {path} is damaged, delete it and run again: {error}") from error


def superseded(path: Path) -> list[Path]:
    """What other versions or parameters made of the same part of the same unit."""
    part = path.stem.rpartition("-")[0]
    return [other for other in path.parent.glob(f"{part}-*.parquet") if other != path]
