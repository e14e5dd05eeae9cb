"""The store: files that are whole or not there, and errors that say what is allowed."""

import errno
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from igstudy.engine import store

ROW = {
    **{"protocol": "igpaths", "network": "vgg", "image": "scene-1", "photograph": "moon", "material": "brick"},
    **{
        "path": "straight",
        "method": "IG",
        "steps": 4,
        "sign": "signed",
        "metric": "insertion",
        "variant": "black",
        "value": 0.1,
    },
    **{"curve": [0.0, 0.5], "map": None, "left_out": ""},
}


def frame(*values):
    return pd.DataFrame([ROW | {"value": value} for value in values], columns=list(store.COLUMNS))


def test_what_is_written_is_read(tmp_path):
    files = [tmp_path / "a" / "x-1.parquet", tmp_path / "b" / "y-2.parquet"]
    store.write(files[0], [frame(1.0), frame(2.0)], {"unit": "one"})
    store.write(files[1], [], {"unit": "two"})
    found = store.read(files)
    assert tuple(found.columns) == store.COLUMNS
    assert found["value"].tolist() == [1, 2]
    assert found["curve"][0].tolist() == [0, 0.5]
    assert [store.facts(file) for file in files] == [{"unit": "one"}, {"unit": "two"}]


def test_nothing_read_is_an_empty_table():
    assert store.read([]).shape == (0, len(store.COLUMNS))


def test_other_versions_of_a_part_are_seen(tmp_path):
    for name in ("straight.a.igpaths-1", "straight.a.igpaths-2", "straight.b.igpaths-1", "straight-grey.a.igpaths-1"):
        store.write(tmp_path / f"{name}.parquet", [frame(1.0)], {})
    others = store.superseded(tmp_path / "straight.a.igpaths-1.parquet")
    assert [path.name for path in others] == ["straight.a.igpaths-2.parquet"]


@pytest.mark.parametrize("when", ["writing", "renaming"])
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, monkeypatch, when):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*((pq, "write_table") if when == "writing" else (type(tmp_path), "replace")), full)
    with pytest.raises(store.StoreError, match=f"results: {tmp_path} cannot be written: .*No space left on device"):
        store.write(tmp_path / "x-1.parquet", [frame(1.0)], {})
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(pq, "write_table", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.write(tmp_path / "x-1.parquet", [frame(1.0)], {})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_refused_before_anything_runs(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(store.StoreError, match=r"results: given '.*taken/here'; allowed: a folder that can be written"):
        store.prepare(tmp_path / "taken" / "here")
    store.prepare(tmp_path / "new" / "folder")
    assert list((tmp_path / "new" / "folder").iterdir()) == []


def middle(file):
    """Its rows scrambled, its end whole."""
    content = bytearray(file.read_bytes())
    content[40:80] = bytes(255 - byte for byte in content[40:80])
    file.write_bytes(content)


def other_columns(file):
    pq.write_table(pa.table({"value": [1.0]}), file)


def folder(file):
    file.unlink()
    file.mkdir()
    (file / "inside").touch()


DAMAGE = {
    "cut": lambda file: file.write_bytes(file.read_bytes()[:40]),
    "empty": lambda file: file.write_bytes(b""),
    "zeros": lambda file: file.write_bytes(bytes(file.stat().st_size)),
    "text": lambda file: file.write_text("PAR1 no Parquet PAR1"),
    "other columns": other_columns,
    "a folder": folder,
}
INSIDE = {"middle": middle, "without its beginning": lambda file: file.write_bytes(file.read_bytes()[40:])}


@pytest.mark.parametrize("kind", [*DAMAGE, *INSIDE])
def test_a_damaged_file_is_named_and_set_aside(tmp_path, kind):
    file = tmp_path / "x-1.parquet"
    for number in (1, 2):
        store.write(file, [frame(*range(50))], {"unit": "one"})
        (DAMAGE | INSIDE)[kind](file)
        with pytest.raises(store.DamagedError, match=f"results: {file} is damaged, set aside as x-1.*; python -m") as e:
            store.read([file])
        assert "\n" not in str(e.value)
        assert not file.exists()
        assert (tmp_path / f"x-1.parquet.{number}.damaged").exists()
    assert store.superseded(file) == []


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_files_are_found_without_reading_rows(tmp_path, kind):
    files = [tmp_path / f"x-{number}.parquet" for number in range(3)]
    for file in files[:2]:
        store.write(file, [frame(1.0)], {})
    DAMAGE[kind](files[0])
    (line,) = store.set_aside_damaged(files)
    assert line.startswith(f"results: {files[0]} is damaged")
    assert [file.exists() for file in files] == [False, True, False]
    assert store.set_aside_damaged(files) == []


def test_no_byte_of_a_value_changes_unseen(tmp_path):
    file = tmp_path / "x-1.parquet"
    store.write(file, [frame(*np.random.default_rng(0).random(200))], {})
    values = pq.read_metadata(file).row_group(0).column(store.COLUMNS.index("value"))
    content = bytearray(file.read_bytes())
    content[values.data_page_offset - 1] ^= 1  # the last byte of the dictionary of values
    file.write_bytes(content)
    with pytest.raises(store.DamagedError, match="CRC checksum"):
        store.read([file])


def test_a_file_that_the_system_does_not_give_is_not_set_aside(tmp_path, monkeypatch):
    def denied(*arguments, **options):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    file = tmp_path / "x-1.parquet"
    store.write(file, [frame(1.0)], {})
    monkeypatch.setattr(pq, "read_schema", denied)
    with pytest.raises(store.StoreError, match=f"results: {file} cannot be read: .*Permission denied"):
        store.set_aside_damaged([file])
    assert list(tmp_path.iterdir()) == [file]


def test_a_damaged_file_of_a_store_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    def read_only(*arguments):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    file = tmp_path / "x-1.parquet"
    file.touch()
    monkeypatch.setattr(type(tmp_path), "rename", read_only)
    with pytest.raises(store.StoreError, match=f"results: {file} is damaged .* cannot be set aside: .*Read-only"):
        store.set_aside_damaged([file])


def test_columns_can_be_left_out(tmp_path):
    file = tmp_path / "x-1.parquet"
    store.write(file, [frame(1.0)], {})
    assert list(store.read([file], columns=["image", "value"]).columns) == ["image", "value"]


class TestClaims:
    """Of a folder, by processes: each test starts another one."""

    HOLDER = (
        "import sys, time; from pathlib import Path; from igstudy.engine import store\n"
        "with store.claimed(Path(sys.argv[1]), wait=True) as is_free:\n"
        "    print(is_free, flush=True); time.sleep(60)"
    )

    @pytest.fixture
    def holder(self, tmp_path):
        command = [sys.executable, "-c", self.HOLDER, str(tmp_path / "unit")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "True\n"
            yield process
            process.kill()

    def test_a_folder_is_claimed_by_one_alone(self, holder, tmp_path):
        with store.claimed(tmp_path / "unit", wait=False) as is_free:
            assert not is_free
        with store.claimed(tmp_path / "another", wait=False) as is_free:
            assert is_free

    def test_who_dies_leaves_no_claim(self, holder, tmp_path):
        holder.kill()
        with store.claimed(tmp_path / "unit", wait=True) as is_free:
            assert is_free

    def test_a_folder_that_cannot_be_made_is_named(self, tmp_path):
        (tmp_path / "file").touch()
        with (
            pytest.raises(store.StoreError, match="file/unit cannot be written"),
            store.claimed(tmp_path / "file" / "unit", wait=False),
        ):
            pass


def test_a_file_that_lacks_a_column_is_no_file_of_the_stores(tmp_path):
    """Its values would be missing without a word."""
    file = tmp_path / "steps=7" / "x-1.parquet"
    store.write(file, [frame(1.0)], {})
    assert store.read([file])["steps"].tolist() == [4]
    pq.write_table(pq.read_table(file, partitioning=None).drop_columns(["left_out"]), file)
    with pytest.raises(store.StoreError, match=f"results: {file} is damaged, set aside as"):
        store.read([file])
