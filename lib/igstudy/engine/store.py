"""The store: one Parquet file for each part of each unit of work, written whole or not at all.

    <results>/<task>/<model>/<first image>-<after the last>/<path>.<measure>.<protocol>-<key>.parquet

The key is a digest of all that the part depends on, so a file whose name is asked for is never stale, several studies
share one store, and what another version of the code made lies beside it unread. Each file carries the provenance of
its unit. Of two runs at once only one is at a unit, which it has claimed; where the file system knows no claims they
at worst compute a part twice, and the second file replaces the first in one step.

A file that is damaged is never counted nor read over: it is renamed to <its name>.<number>.damaged.
"""

import fcntl
import json
import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

# A row is one value of one image. `curve` holds a short curve instead, `map` a saliency map in half precision.
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("protocol", "network", "image", "photograph", "material", "path", "method")),
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


class DamagedError(StoreError):
    """A file of the store that is not as it was written. It has been set aside, so that its part is missing."""


def prepare(folder: Path) -> None:
    """Make the store's folder; `StoreError` where no file can be written there, before anything is computed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / f".{uuid.uuid4().hex}"
        trial.write_bytes(b"")
        trial.unlink()
    except OSError as error:
        raise StoreError(f"results: given {str(folder)!r}; allowed: a folder that can be written ({error})") from error


@contextmanager
def claimed(folder: Path, *, wait: bool) -> Iterator[bool]:
    """Whether no other process has claimed the folder: this one then has, until it leaves or dies.

    With `wait` it begins when the other one has left. StoreError where the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise StoreError(f"results: {folder} cannot be written: {error}") from error
    is_free = True
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            is_free = False
        except OSError:  # a file system that knows no claims
            pass
        yield is_free
    finally:
        os.close(opened)  # which gives the claim back


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
                pq.write_table(table, file, compression="zstd", write_page_checksum=True)
                file.flush()
                os.fsync(file.fileno())  # else a power cut could leave an empty file under the final name
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"results: {path.parent} cannot be written: {error}") from error


def read(paths: Iterable[Path], *, columns: Sequence[str] = COLUMNS) -> pd.DataFrame:
    """The rows of all these files, one after the other; `DamagedError` or `StoreError` where one cannot be read."""
    schema = pa.schema([SCHEMA.field(name) for name in columns])
    tables = []
    for path in paths:
        facts(path)  # which Parquet's reader would not miss
        with _named(path):
            # A folder such as steps=3 would otherwise be read as a column
            options = {"partitioning": None, "page_checksum_verification": True}
            tables.append(pq.read_table(path, columns=list(columns), **options))
    return (pa.concat_tables(tables) if tables else schema.empty_table()).to_pandas()


def facts(path: Path) -> dict[str, Any]:
    """The provenance of one file; `DamagedError` or `StoreError` where it cannot be read."""
    with _named(path):
        schema = pq.read_schema(path)
        if not schema.equals(SCHEMA):
            raise ValueError(f"its columns are {', '.join(schema.names)}")
        return dict(json.loads(schema.metadata[PROVENANCE]))


def set_aside_damaged(paths: Iterable[Path]) -> list[str]:
    """A line for each of these files that is there and damaged, and is now renamed.

    Only a file's end is read, in a tenth of a millisecond: damage before it is found by `read`.
    """
    lines = []
    for path in paths:
        try:
            if path.exists():
                facts(path)
        except DamagedError as error:
            lines.append(str(error))
    return lines


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Errors with the name of the file, which is set aside unless it is the system that does not give it."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, MemoryError) or getattr(error, "errno", None):
            raise StoreError(f"results: {path} cannot be read: {error}") from error
        aside = next(each for n in count(1) if not (each := path.with_name(f"{path.name}.{n}.damaged")).exists())
        why = " ".join(str(error).split())
        try:
            with suppress(FileNotFoundError):  # another run was quicker
                path.rename(aside)
        except OSError as reason:
            raise StoreError(f"results: {path} is damaged ({why}) and cannot be set aside: {reason}") from error
        remedy = "python -m igstudy run computes its part again"
        raise DamagedError(f"results: {path} is damaged, set aside as {aside.name}; {remedy} ({why})") from error


def superseded(path: Path) -> list[Path]:
    """What other versions or parameters made of the same part of the same unit."""
    part = path.stem.rpartition("-")[0]
    return [other for other in path.parent.glob(f"{part}-*.parquet") if other != path]
