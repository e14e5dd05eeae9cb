"""The store: files that are whole or not there, and errors that say what is allowed."""

import errno
import os

import pandas as pd
import pyarrow.parquet as pq
import pytest

from igstudy.engine import store

ROW = {
    **{"protocol": "igpaths", "network": "vgg", "image": "scene-1", "photograph": "moon", "path": "straight"},
    **{"method": "IG", "steps": 4, "sign": "signed", "metric": "insertion", "variant": "black", "value": 0.1},
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


def test_a_damaged_file_is_named(tmp_path):
    file = tmp_path / "x-1.parquet"
    store.write(file, [frame(1.0)], {})
    file.write_bytes(file.read_bytes()[:40])
    for reading in (lambda: store.read([file]), lambda: store.facts(file)):
        with pytest.raises(store.StoreError, match=f"results: {file} is damaged, delete it and run again"):
            reading()


def test_columns_can_be_left_out(tmp_path):
    file = tmp_path / "x-1.parquet"
    store.write(file, [frame(1.0)], {})
    assert list(store.read([file], columns=["image", "value"]).columns) == ["image", "value"]


def test_a_file_that_lacks_a_column_is_no_file_of_the_stores(tmp_path):
    """Its values would be missing without a word."""
    file = tmp_path / "steps=7" / "x-1.parquet"
    store.write(file, [frame(1.0)], {})
    assert store.read([file])["steps"].tolist() == [4]
    pq.write_table(pq.read_table(file, partitioning=None).drop_columns(["left_out"]), file)
    with pytest.raises(store.StoreError, match=f"results: {file} is damaged, delete it and run again"):
        store.read([file])
