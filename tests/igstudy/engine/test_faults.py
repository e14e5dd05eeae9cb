"""What happens to studies: damaged files, a small disk, clocks that are set back, packages that are upgraded."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import igpaths as ig
from igstudy import commands
from igstudy.engine import provenance, runs, store
from igstudy.engine.runs import measured, rows, run
from igstudy.engine.units import plan
from igstudy.evidence.results import publish
from studies import photographs, study

TESTS = Path(__file__).parents[2]
LIBRARY = Path(ig.__file__).parents[1]


@pytest.fixture
def chosen(tmp_path):
    return study(photographs(tmp_path / "photos", 2), images=2, shard=1, paths=("straight",), steps=(2,))


def files(chosen):
    return [file for unit in plan(chosen) for file in unit.files.values()]


def scramble(file):
    """Other bytes among the rows of a file, whose end stays whole."""
    content = file.read_bytes()
    file.write_bytes(content[:60] + bytes(255 - byte for byte in content[60:90]) + content[90:])


class TestDamaged:
    def test_what_is_damaged_is_named_and_computed_again(self, chosen, caplog):
        before, (first, second, third, *others) = measured(chosen), files(chosen)
        first.write_bytes(first.read_bytes()[:-9])
        second.write_bytes(b"")
        third.unlink()
        third.mkdir()
        times = [file.stat().st_mtime_ns for file in others]
        done = run(chosen)
        assert (done.computed, done.failures) == (3, ())
        assert [f"{file} is damaged, set aside as" in caplog.text for file in (first, second, third)] == [True] * 3
        assert [file.stat().st_mtime_ns for file in others] == times
        pd.testing.assert_frame_equal(rows(chosen), before, check_exact=True)
        assert len(list(chosen.store.rglob("*.damaged"))) == 3
        assert run(chosen).computed == 0

    @pytest.mark.parametrize("command", [commands.status, commands.table])
    def test_it_is_not_counted(self, chosen, command, caplog, capsys):
        measured(chosen)
        files(chosen)[0].write_bytes(b"no Parquet")
        command(chosen)
        assert "is damaged, set aside as" in caplog.text
        assert "1 of 2 units" in capsys.readouterr().out

    def test_it_is_not_published(self, chosen, tmp_path):
        measured(chosen)
        files(chosen)[0].write_bytes(b"no Parquet")
        with pytest.raises(ValueError, match="1 of 10 parts not computed yet: python -m igstudy run"):
            publish(chosen, tmp_path / "published")

    def test_what_is_damaged_inside_is_found_when_it_is_read(self, chosen):
        before = measured(chosen)
        scramble(files(chosen)[0])
        assert run(chosen).computed == 0
        with pytest.raises(store.DamagedError, match="python -m igstudy run computes its part again"):
            rows(chosen)
        assert run(chosen).computed == 1
        pd.testing.assert_frame_equal(rows(chosen), before, check_exact=True)


def test_a_disk_with_too_little_room_is_said_in_a_line_and_the_run_goes_on_later(chosen):
    """A limit on the size of files stands for the disk's, in a process of its own."""
    file = chosen.folder / "params.yaml"
    file.write_text(json.dumps(chosen.as_dict()), encoding="utf-8")

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))

    done = subprocess.run(
        [sys.executable, "-m", "igstudy", "run", str(file)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(LIBRARY), str(TESTS), *sys.path])},
        cwd=chosen.folder,
        capture_output=True,
        text=True,
        preexec_fn=limit,
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: results: ")
    assert "cannot be written: [Errno 27] File too large" in last
    assert [each for each in chosen.store.rglob("*") if each.is_file()] == []
    assert run(chosen).computed == len(files(chosen))


def test_a_store_that_cannot_be_written_is_said_before_anything_is_planned(tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setattr(runs, "plan", lambda study: pytest.fail("planned first"))
    with pytest.raises(store.StoreError, match="allowed: a folder that can be written"):
        run(study(photographs(tmp_path / "photos", 2), results=str(tmp_path / "taken" / "here")))


@pytest.mark.parametrize("days", [-400, 400])
def test_clocks_decide_nothing(chosen, days):
    before, moved = measured(chosen), time.time() + days * 24 * 3600
    for file in (*chosen.folder.rglob("*.png"), *files(chosen)[1:]):
        os.utime(file, (moved, moved))
    files(chosen)[0].unlink()
    assert run(chosen).computed == 1
    pd.testing.assert_frame_equal(rows(chosen), before, check_exact=True)


def test_another_version_of_torch_computes_everything_again_beside_the_old(chosen, monkeypatch, capsys):
    measured(chosen)
    old, version = files(chosen), provenance.version
    monkeypatch.setattr(provenance, "version", lambda name: "99.0" if name == "torch" else version(name))
    assert commands.table(chosen) == 1
    assert "nothing is there yet" in capsys.readouterr().out
    assert run(chosen).computed == len(old)
    assert all(file.exists() for file in old)
    assert commands.status(chosen) == 0
    assert f"not shown: {len(old)} files of other versions or parameters" in capsys.readouterr().out
