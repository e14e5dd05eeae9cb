"""How the benchmarks time: contestants take turns, and ratios are those of one round."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import bench.__main__ as bench
import pandas as pd
import pytest
from bench import book, faults
from bench.__main__ import NAMES
from bench.studies import rows, same
from bench.timing import ROUNDS, interleaved, ratio

from igstudy.engine import store
from studies import photographs, study

ROOT = Path(__file__).parents[1]


def test_contestants_take_turns_and_the_first_round_does_not_count():
    turns = []
    seconds = interleaved({name: lambda name=name: turns.append(name) for name in "ab"}, rounds=3)
    assert turns == ["a", "b"] * 4
    assert [len(each) for each in seconds.values()] == [3, 3]


def test_a_ratio_is_taken_round_by_round():
    seconds = {"slow": [2.0, 30.0, 4.0], "fast": [1.0, 10.0, 4.0]}
    assert ratio(seconds, of="slow", to="fast") == {"ratio": 2, "least": 1, "most": 3, "rounds": 3}


def test_five_rounds_or_more():
    assert ROUNDS >= 5


def test_one_that_fails_does_not_stop_the_others(monkeypatch, tmp_path, capsys):
    def refuse(device):
        raise ImportError("no such peer")

    for name, run in (("broken", refuse), ("sound", lambda device: [{"ratio": 2.0}])):
        monkeypatch.setitem(sys.modules, f"bench.{name}", SimpleNamespace(run=run, __doc__="A question."))
    monkeypatch.setattr(bench, "NAMES", ("broken", "sound"))
    monkeypatch.setattr(bench, "RESULTS", tmp_path)
    monkeypatch.setattr(sys, "argv", ["bench"])
    with pytest.raises(SystemExit, match="not measured: broken"):
        bench.main()
    assert "no such peer" in capsys.readouterr().err
    assert [file.name for file in tmp_path.glob("*/*")] == ["sound.json"]


CHAPTER = """---
file_format: mystnb
---

# A page

```{code-cell} ipython3
sum(range(10**7))
```
"""


def test_a_book_has_a_row_for_each_chapter_and_each_phase(monkeypatch, tmp_path):
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: one\n")
    (tmp_path / "one.md").write_text(CHAPTER)
    (tmp_path / "few.yaml").write_text("images: 1\n")
    built = []
    for name in ("build", "check", "of_published"):
        monkeypatch.setattr(book, name, lambda *arguments, name=name: built.append(name))
    monkeypatch.chdir(tmp_path)
    rows = list(book.measured(tmp_path, Path("few.yaml"), "cpu"))
    assert [row["phase"] for row in rows] == ["one", "all chapters", "HTML", "check", "verdicts"]
    assert built == ["build", "check", "of_published"]
    assert all(row["processor seconds"] > 0 for row in rows[:2])
    assert rows[0]["seconds"] < rows[1]["seconds"]


def test_every_fault_has_a_row_for_what_must_hold(monkeypatch, tmp_path):
    def forbidden(whole):
        raise subprocess.CalledProcessError(32, "mount")

    def seen(whole):
        return {"the unbroken run is there": len(rows(whole)) == 4, "it never rains": False}

    monkeypatch.setattr(faults, "FAULTS", {"rain": seen, "snow": forbidden, "a lock": faults.make_read_only})
    chosen = study(photographs(tmp_path / "photos", 2), images=2, shard=1, metrics=("insertion",), paths=("straight",))
    found = {(row["what happened"], row["what must hold"]): row["held"] for row in faults.run("cpu", study=chosen)}
    assert found.pop(("rain", "the unbroken run is there"))
    assert found.pop(("rain", "it never rains")) is False
    assert {what for what, _ in found} == {"snow", "a lock"}
    assert found.pop(("snow", "not tried: Command 'mount' returned non-zero exit status 32.")) is None
    assert list(found.values()) in ([True], [None])  # None where nothing may be mounted


def test_rows_are_compared_without_their_dates_and_to_the_last_bit(tmp_path):
    def stored(name, value, date):
        chosen = study(photographs(tmp_path / "photos", 2), results=str(tmp_path / name))
        frame = pd.DataFrame([dict.fromkeys(store.COLUMNS) | {"value": value}])
        store.write(chosen.store / "part-1.parquet", [frame], {"date": date})
        return chosen

    assert same(stored("a", 0.5, "today"), stored("b", 0.5, "tomorrow"))
    assert not same(stored("a", 0.5, "today"), stored("c", 0.5000000000000001, "today"))


STUB = """#!/bin/sh
case "$*" in
    *find_spec*quantus*) exit 1 ;;
    *find_spec*) exit 0 ;;
    *walk*) exit 3 ;;
    *) echo "ran: $*" ;;
esac
"""


def test_the_script_for_a_gpu_says_what_is_missing_and_goes_on_after_what_fails(tmp_path):
    python = tmp_path / "python"
    python.write_text(STUB)
    python.chmod(0o755)
    command = ["bash", str(ROOT / "bench/gpu.sh")]
    done = subprocess.run(
        command, env=os.environ | {"DEVICE": "cpu", "PYTHON": str(python)}, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr == "failed: walk (3)\n"
    assert "== metrics: left out, for there is no quantus\n" in done.stdout
    ran = [line.split()[-1] for line in done.stdout.splitlines() if line.startswith("ran: -m bench")]
    assert ran == ["grid", "information", "end_to_end"]


def test_its_stages_take_less_than_eight_minutes_together():
    limits = re.findall(r'&& stage (?:\w+|"[^"]+") (\d+) ', (ROOT / "bench/gpu.sh").read_text())
    assert len(limits) == 7
    assert sum(map(int, limits)) < 8 * 60


@pytest.mark.parametrize("file", sorted(ROOT.glob("results/bench/*/*.json")), ids=lambda file: file.stem)
def test_committed_results_say_what_was_measured_and_on_what(file):
    report = json.loads(file.read_text(encoding="utf-8"))
    assert file.stem in NAMES
    assert report["question"]
    assert {"processor", "device", "cores", "versions", "commit"} <= report["machine"].keys()
    assert report["rows"]
    assert all(row.get("rounds", ROUNDS) >= ROUNDS for row in report["rows"])
