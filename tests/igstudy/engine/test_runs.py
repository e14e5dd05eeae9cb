"""The engine: every part computed once, whatever stops it, and the same tables however it is run."""

import errno
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

import igpaths as ig
from igpaths.metrics import absolute_map, area, insertion, signed_map
from igstudy.engine import computing, store
from igstudy.engine import runs as engine
from igstudy.engine.runs import kept_maps, measured, rows, run
from igstudy.engine.subjects import subjects
from igstudy.engine.units import plan
from igstudy.measures import MEASURES
from igstudy.measures.protocols import PROTOCOLS
from igstudy.measures.sources import explain, of_study_a
from studies import QUICK, WNIDS, photographs, study

TESTS = Path(__file__).parents[2]
LIBRARY = Path(ig.__file__).parents[1]
KEYS = [name for name in store.COLUMNS if name not in ("value", "curve", "map", "left_out")]


@pytest.fixture
def folder(tmp_path):
    return photographs(tmp_path / "photos")


def same(one, other):
    """Two tables are the same to the last bit, their rows in any order."""
    one, other = (frame.sort_values(KEYS).reset_index(drop=True) for frame in (one, other))
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    return True


def computed(chosen):
    """What a run computed: (first image, part) of each."""
    before = {(unit.model, unit.start, name) for unit in plan(chosen) for name in unit.missing}
    done = run(chosen)
    assert done.computed == len(before)
    assert not done.failures
    return {(start, name) for _, start, name in before}


# The command line in a process that kills itself in the middle of a write
MORTAL = """
import itertools, os, runpy, signal
from pathlib import Path

writes, replace = itertools.count(), Path.replace

def replace_or_die(self, target):
    if self.suffix == ".part" and next(writes) == int(os.environ["STUDIES_WRITES"]):
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)

Path.replace = replace_or_die
runpy.run_module("igstudy", run_name="__main__", alter_sys=True)
"""


def command(name, chosen, *, library=LIBRARY, main=None, preexec_fn=None, **variables):
    """The command line on a study, as a process."""
    lines = "".join(f"{key}: {value!r}\n" for key, value in chosen.as_dict().items())
    file = chosen.folder / "params.yaml"
    file.write_text(lines)
    paths = os.pathsep.join([str(library), str(TESTS), *sys.path])
    environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"} | variables
    return subprocess.Popen(
        [sys.executable, *(["-c", main] if main else ["-m", "igstudy"]), name, str(file)],
        env=environment,
        cwd=chosen.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=preexec_fn,
    )


class TestTables:
    def test_rows_hold_what_the_library_finds(self, folder):
        chosen = study(folder, metrics=("insertion", "completeness"), paths=("straight",), images=3, shard=2)
        found = measured(chosen)
        (subject,) = subjects(chosen, output="probability")
        for piece in (slice(0, 2), slice(2, 3)):  # the shards
            maps = ig.attribute(
                subject.net, subject.images[piece], subject.targets[piece],
                path=ig.Straight("black"), rules=(ig.IG("both"), ig.IDGI()), steps=(2, 4),
            )  # fmt: skip
            for method, rule in (("IG", ig.IG("both")), ("IG + IDGI", ig.IDGI())):
                for n in (2, 4):
                    own = found[(found["method"] == method) & (found["steps"] == n)].set_index("image")
                    at = own.loc[list(subject.names[piece])]
                    gap = at[at["metric"] == "completeness gap"]["value"].to_numpy()
                    np.testing.assert_allclose(gap, maps.completeness_gap[rule, n].double(), atol=1e-7)
                    stack = absolute_map(maps[rule, n])[:, None]
                    r = insertion(subject.net, subject.images[piece], subject.targets[piece], stack, canvas="black")
                    kept = at[(at["metric"] == "insertion") & (at["variant"] == "black, 21 counts")]
                    kept = kept[kept["sign"] == "absolute"]
                    np.testing.assert_allclose(kept["value"], area(r.shares, r.probability)[:, 0], rtol=1e-6)
                    np.testing.assert_allclose(np.stack(kept["curve"]), r.probability[:, 0].float(), rtol=1e-5)

    def test_every_image_has_every_row_once_and_reasons(self, folder):
        found = measured(study(folder))
        assert not found.duplicated(KEYS).any()
        assert found["image"].nunique() == 6
        assert set(found["left_out"]) <= {"", "misclassified"}
        assert "misclassified" in set(found["left_out"])

    def test_shards_and_their_order_do_not_move_random_maps(self, folder):
        def control(shard):
            found = measured(study(folder, metrics=("insertion",), paths=("straight",), shard=shard))
            return found[found["method"] == "random"].sort_values(KEYS)["value"].to_numpy()

        np.testing.assert_allclose(control(6), control(2), rtol=1e-6)

    def test_maps_are_kept_of_the_first_images_alone(self, folder):
        chosen = study(folder, metrics=("completeness",), paths=("straight",), maps=5)
        maps = kept_maps(measured(chosen))
        (subject,) = subjects(chosen, output="probability")
        assert {image for _, image, _ in maps} == set(subject.names[:5])
        exact = ig.attribute(
            subject.net,
            subject.images[4:5],
            subject.targets[4:5],
            path=ig.Straight("black"),
            rules=(ig.IDGI(),),
            steps=(4,),
        )[ig.IDGI(), 4][0]
        torch.testing.assert_close(
            maps["small", subject.names[4], "IG + IDGI"], exact, rtol=2e-3, atol=1e-3 * float(exact.abs().max())
        )

    def test_an_objects_study_measures_where_the_object_is(self, tmp_path):
        chosen = study(
            tmp_path, task="objects", models=("objects/mobilenet",), images=1, steps=(2,), paths=("straight",),
            metrics=("localization", "classes", "information"),
        )  # fmt: skip
        found = measured(chosen)
        assert {"energy inside", "MAE", "class sensitivity", "SIC", "AIC"} <= set(found["metric"])
        sensitivity = found[(found["metric"] == "class sensitivity") & (found["method"] == "random")]
        assert sensitivity["value"].tolist() == [0.5]

    def test_study_a_beside_igpaths(self, tmp_path, monkeypatch):
        for name in ("study-a", "igpaths"):  # one point of each information curve, which take most of the time
            of_few = replace(PROTOCOLS[name].information, shares=(0.5,))
            monkeypatch.setitem(PROTOCOLS, name, replace(PROTOCOLS[name], information=of_few))
        chosen = study(
            tmp_path, task="objects", models=("objects/mobilenet",), images=2, steps=(2, 4),
            metrics=("completeness", "insertion", "information", "compression"), protocols=("study-a", "igpaths"),
        )  # fmt: skip
        parts = dict(list(measured(chosen).groupby("protocol")))
        paths = ("straight", "blur", "guided")
        assert set(parts["study-a"]["path"]) == {"controls", *(f"{path}-study-a" for path in paths)}
        assert set(parts["igpaths"]["path"]) == {"controls", *paths}
        methods = {f"{name}{idgi}" for name in ("IG", "Blur IG", "Guided IG") for idgi in ("", " + IDGI")}
        assert set(parts["study-a"]["method"]) == {*methods, "edges", "random"} < set(parts["igpaths"]["method"])
        assert set(parts["study-a"]["sign"]) == {"signed", "absolute", "none"}
        assert set(parts["study-a"]["variant"]) == {"black, 21 counts", "black, 6 counts", "png", "ms-ssim, raw", ""}
        assert set(parts["study-a"]["metric"]) == {"insertion", "insertion ratio", "SIC", "AIC", "JPEG signed sum"}
        (subject,) = subjects(chosen, output="probability")
        source = of_study_a("straight", steps=(2, 4))
        maps = explain(source, subject.net, subject.images, subject.targets, batch_size=chosen.batch_size)
        kept = parts["study-a"].query("metric == 'insertion' and variant == 'black, 21 counts' and sign == 'signed'")
        for (method, rule), n in itertools.product(source.ranked.items(), (2, 4)):
            stack = signed_map(maps[rule, n]).half()[:, None]
            r = insertion(subject.net, subject.images, subject.targets, stack, canvas="black")
            own = kept[(kept["method"] == method) & (kept["steps"] == n)].set_index("image").loc[list(subject.names)]
            np.testing.assert_allclose(own["value"], area(r.shares, r.probability)[:, 0], rtol=1e-6)


class TestAgain:
    def test_what_is_there_is_not_computed_again(self, folder):
        chosen = study(folder)
        first = run(chosen)
        assert (first.units, first.finished) == (2, 0)
        assert first.evaluations > 0
        again = run(chosen)
        assert (again.finished, again.computed, again.evaluations) == (2, 0, 0)

    def test_more_images_add_shards(self, folder):
        run(study(folder, images=4))
        assert {start for start, _ in computed(study(folder, images=6))} == {4}

    def test_what_is_skipped_is_another_part_of_the_same_study(self, folder):
        whole = measured(study(folder))  # six photographs in shards of four
        parts = [study(folder, images=count, skip=skip) for count, skip in ((4, 0), (2, 4))]
        assert [unit.files for part in parts for unit in plan(part)] == [unit.files for unit in plan(study(folder))]
        found = pd.concat([measured(part) for part in parts], ignore_index=True)
        pd.testing.assert_frame_equal(found.sort_values(KEYS), whole.sort_values(KEYS), check_like=False)
        assert [len(each.images) for each in subjects(parts[1], output="probability")] == [2]

    def test_another_metric_adds_itself(self, folder):
        run(study(folder))
        added = computed(study(folder, metrics=(*QUICK, "perturbation")))
        assert {name.split(".")[1] for _, name in added} == {"perturbation"}
        assert len(added) == 2 * 6  # units, and three paths, the controls, and Split IG from black and from grey

    def test_study_a_adds_walks_of_its_own_and_touches_no_other(self, folder):
        chosen = study(folder, metrics=("insertion", "compression"))
        before = measured(chosen)
        added = {name for _, name in computed(replace(chosen, protocols=("study-a", "igpaths")))}
        paths = ("straight-study-a", "blur-study-a", "guided-study-a", "controls")
        assert added == {f"{path}.{metric}.study-a" for path in paths for metric in ("insertion", "compression")}
        both = rows(replace(chosen, protocols=("study-a", "igpaths")))
        assert same(both[both["protocol"] == "igpaths"], before)

    def test_steps_touch_all_but_controls_and_split_ig(self, folder):
        chosen = study(folder, metrics=(*QUICK, "split"))
        run(chosen)
        changed = {name for _, name in computed(replace(chosen, steps=(4,)))}
        assert {name.split(".")[0] for name in changed} == {"straight", "blur", "guided"}
        assert len(changed) == 3 * len(QUICK)

    def test_one_pixel_touches_its_shard(self, folder):
        chosen = study(folder)
        run(chosen)
        name = next(rows(chosen).query("image != ''")["image"].unique()[i] for i in [5])
        path = folder / "val" / name
        pixels = np.array(Image.open(path))
        pixels[0, 0, 0] ^= 1
        Image.fromarray(pixels).save(path)
        changed = computed(chosen)
        assert {start for start, _ in changed} == {4}
        assert len(changed) == len(QUICK) * 4 - 1  # the controls have no completeness

    def test_one_weight_touches_all_of_its_network(self, folder, monkeypatch):
        chosen = study(folder)
        before = measured(chosen)
        monkeypatch.setenv("STUDIES_WEIGHT", "1e-6")
        assert len(computed(chosen)) == 2 * (len(QUICK) * 4 - 1)
        monkeypatch.delenv("STUDIES_WEIGHT")
        assert same(rows(chosen), before)  # what the other weight made is not shown

    def test_seed_threads_and_batches_belong_to_the_result(self, folder):
        chosen = study(folder)
        all_files = {file for unit in plan(chosen) for file in unit.files.values()}
        for change in ({"seed": 1}, {"threads": 2}, {"batch_size": 8}, {"output": "logit"}):
            files = {file for unit in plan(replace(chosen, **change)) for file in unit.files.values()}
            shared = files & all_files
            assert all(file.name.startswith("controls.") for file in shared) if "output" in change else not shared
        others = {file for unit in plan(replace(chosen, scheduler="local:2")) for file in unit.files.values()}
        assert others == all_files

    def test_the_score_belongs_to_what_explains_beside_the_controls_and_the_pool_to_what_draws_references(self, folder):
        chosen = study(folder, metrics=("insertion", "peers", "rivals"))
        parts = [f"controls.{name}.igpaths" for name in chosen.metrics]

        def files(**changes):
            unit = plan(replace(chosen, **changes))[0]
            return [unit.files[part] for part in parts]

        before = files()
        assert [one == other for one, other in zip(before, files(output="logit"), strict=True)] == [True, False, False]
        first = {*measured(replace(chosen, metrics=("insertion",), images=4))["image"]}  # those of the unit
        names = {str(path.relative_to(folder / "val")): path for path in (folder / "val").rglob("*.png")}
        path = next(path for name, path in names.items() if name not in first)
        path.write_bytes(path.read_bytes() + b" ")
        assert [one == other for one, other in zip(before, files(), strict=True)] == [True, True, False]


def test_code_that_is_changed_recomputes_what_it_touches(folder):
    """The library is copied and edited, and the study run again by a process of its own."""
    library = folder / "lib"
    for package in ("igpaths", "igstudy"):
        shutil.copytree(LIBRARY / package, library / package, ignore=shutil.ignore_patterns("__pycache__", "weights"))
    chosen = study(folder, images=4)

    def computed_after(module, old, new):
        file = library / module
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")
        process = command("run", chosen, library=library)
        said, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        return int(re.search(r"(\d+) parts computed", said)[1])

    everything = len(QUICK) * 4 - 1  # the controls have no completeness
    assert run(chosen).computed == everything  # by this process, of the library as it is
    assert computed_after("igpaths/rules.py", '"""The segment\'s signed credit', '"""Its signed credit') == 0
    assert computed_after("igpaths/rules.py", "direction.square_()", "direction.square()") == everything - 2
    change = "((scale(x) - scale(y)) ** 2)", "(scale(x) - scale(y)).square()"
    assert computed_after("igpaths/metrics/stability.py", *change) == 4
    assert computed_after("igpaths/paths/lines.py", "return spread(segment.end", "return 1 * spread(segment.end") == 3


class TestKilled:
    def test_a_rerun_goes_on_and_ends_with_the_same_tables(self, folder):
        chosen = study(folder, shard=1, paths=("straight", "blur"))
        whole = measured(replace(chosen, results=str(folder / "unbroken")))
        kept = []
        for writes in (1, 3, 6):  # parts that a run writes before it is killed while it writes the next one
            process = command("run", chosen, main=MORTAL, STUDIES_WRITES=str(writes))
            process.communicate()
            assert process.returncode == -signal.SIGKILL
            files = {
                file: file.stat().st_mtime_ns for unit in plan(chosen) for file in unit.files.values() if file.exists()
            }
            assert len(files) == (len(kept[-1]) if kept else 0) + writes
            assert kept == [] or kept[-1].items() <= files.items()  # none was written a second time
            kept.append(files)
        found = measured(chosen)
        files = {file: file.stat().st_mtime_ns for unit in plan(chosen) for file in unit.files.values()}
        assert kept[-1].items() < files.items()
        assert same(found, whole)

    def test_an_interruption_says_how_to_go_on_and_leaves_a_clean_store(self, folder):
        chosen = study(folder, images=6, shard=1, steps=(2, 32))
        # A shell starts what it runs in the background deaf to Ctrl-C, and processes inherit it
        process = command("run", chosen, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        while not any(chosen.store.rglob("*.parquet")):
            time.sleep(0.02)
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "interrupted: computed parts are kept in" in said
        assert "Traceback" not in said
        assert {file.suffix for file in chosen.store.rglob("*") if file.is_file()} == {".parquet"}
        assert not run(chosen).failures

    def test_two_runs_at_once_share_the_work(self, folder):
        chosen = study(folder, shard=1)
        both = [command("run", chosen) for _ in range(2)]
        said = [process.communicate(timeout=300) for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        counts = [int(re.search(r"(\d+) parts computed", out)[1]) for out, _ in said]
        assert sum(counts) == sum(len(unit.files) for unit in plan(chosen))  # none is computed twice
        again = run(chosen)
        assert again.computed == 0
        assert same(rows(chosen), measured(replace(chosen, results=str(folder / "alone"))))


@pytest.mark.parametrize("scheduler", ["", "local:2"])
def test_the_bar_moves_with_each_part_of_a_unit(folder, monkeypatch, scheduler):
    seen = list[float]()

    class Bar(engine.tqdm):
        def update(self, n=1):
            super().update(n)
            seen.append(self.n)

    monkeypatch.setattr(engine, "tqdm", Bar)
    chosen = study(folder, images=4, shard=2, paths=("straight",), metrics=("completeness", "insertion"))
    chosen = replace(chosen, scheduler=scheduler)
    parts = [len(unit.files) for unit in plan(chosen)]
    run(chosen)
    assert len(seen) == sum(parts) + 2  # and the end of each unit
    assert seen == sorted(seen)
    assert seen[0] == 2 / parts[0]
    assert seen[-1] == pytest.approx(4)
    assert seen[-1] <= 4


def test_the_bar_counts_a_unit_whole_whose_parts_fail(folder, monkeypatch, capfd):
    chosen = study(folder, images=2, paths=("straight",), metrics=("completeness",))
    monkeypatch.setattr(computing.store, "write", lambda *_: 1 / 0)
    assert run(chosen).failures
    assert "100%" in capfd.readouterr().err


class TestWorkers:
    def test_two_workers_end_with_the_same_tables(self, folder):
        chosen = study(folder, shard=1)
        spread = replace(chosen, scheduler="local:2", results=str(folder / "spread"))
        done = run(spread)
        assert (done.units, done.failures) == (6, ())
        assert same(rows(spread), measured(chosen))

    def test_the_unit_of_a_worker_that_dies_is_done_again(self, folder, monkeypatch):
        grave = folder / "grave"
        monkeypatch.setenv("STUDIES_GRAVE", str(grave))
        monkeypatch.setenv("STUDIES_PLANNER", str(os.getpid()))  # which runs each network once, for its key
        chosen = study(folder, models=("module:studies.mortal",), shard=2, scheduler="local:2")
        done = run(chosen)
        assert grave.exists()
        assert (done.units, done.failures) == (3, ())
        assert same(rows(chosen), measured(replace(chosen, scheduler="", results=str(folder / "alone"))))

    def test_a_store_that_workers_cannot_write_stops_the_run(self, folder):
        chosen = study(folder, scheduler="local:1")
        chosen.store.mkdir()
        (chosen.store / "imagenet").write_text("in the way")
        with pytest.raises(store.StoreError, match="cannot be written"):
            run(chosen)


class TestFaults:
    def test_a_photograph_that_cannot_be_read_is_skipped_and_named(self, folder, capfd):
        damaged = sorted((folder / "val" / WNIDS[1]).iterdir())[0]
        damaged.write_bytes(damaged.read_bytes()[:200])
        done = run(study(folder))
        assert not done.failures
        assert any(damaged.name in note and "skipped" in note for note in done.notes)
        assert damaged.name in capfd.readouterr().err
        assert damaged.name not in " ".join(rows(study(folder))["image"].unique())
        assert rows(study(folder))["image"].nunique() == 5

    def test_a_shard_of_unreadable_photographs_is_empty_and_the_others_go_on(self, folder):
        chosen = study(folder, shard=1)
        damaged = sorted((folder / "val" / WNIDS[2]).iterdir())[0]
        damaged.write_text("no picture")
        done = run(chosen)
        assert not done.failures
        assert rows(chosen)["image"].nunique() == 5
        assert run(chosen).computed == 0
        notes = [note for u in plan(chosen) for f in u.files.values() for note in store.facts(f)["notes"]]
        assert any(damaged.name in note for note in notes)

    def test_scores_that_are_not_finite_are_named_and_left_out_of_nothing_else(self, folder, monkeypatch):
        own = PROTOCOLS["igpaths"]
        once = replace(own.noise, samples=1)  # each sample walks every path again
        short = tuple(replace(split, steps=8) for split in own.split)
        monkeypatch.setitem(PROTOCOLS, "igpaths", replace(own, noise=once, split=short))
        white = sorted((folder / "val" / WNIDS[0]).iterdir())[0]
        Image.new("RGB", (48, 48), (255, 255, 255)).save(white)
        chosen = study(
            folder, models=("module:studies.fussy",), metrics=(*QUICK, "perturbation", "sensitivity", "split")
        )
        done = run(chosen)
        assert not done.failures
        assert any(white.name in note and "not finite" in note for note in done.notes)
        found = rows(chosen)
        its = found[found["image"].str.endswith(white.name)]
        walked = its[its["path"] != "controls"]
        assert set(walked["left_out"]) == {"not finite"}
        assert walked["value"].isna().all()
        good = found[~found["image"].str.endswith(white.name)]
        assert "not finite" not in set(good["left_out"])
        healthy = replace(chosen, models=("module:studies.small",))  # the same weights, and an answer for everything
        other = measured(healthy)
        other = other[other["image"].isin(good["image"])].assign(network="fussy")
        one, two = (frame.sort_values(KEYS)["value"].to_numpy() for frame in (good, other))
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6)

    def test_too_little_memory_halves_the_batch_and_says_so(self, folder):
        chosen = study(folder, models=("module:studies.greedy",), batch_size=8, paths=("straight",))
        chosen = replace(chosen, metrics=("insertion", "completeness"))
        done = run(chosen)
        assert not done.failures
        assert any("out of memory; the batch is 2 from here on" in note for note in done.notes)
        facts = store.facts(next(iter(plan(chosen)[0].files.values())))
        assert facts["parameters"]["batch_size"] == 2
        assert any("out of memory" in note for note in facts["notes"])
        assert rows(chosen)["image"].nunique() == 6

    def test_memory_that_does_not_suffice_for_one_is_a_failure_of_the_unit(self, folder, monkeypatch):
        def never(*arguments):
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

        monkeypatch.setattr(computing, "_compute", never)
        done = run(study(folder))
        assert len(done.failures) == 2
        assert "can't allocate memory" in done.failures[0]

    def test_a_measure_that_fails_is_reported_and_the_others_are_kept(self, folder, monkeypatch):
        def broken(sample, protocol):
            raise ZeroDivisionError("no such luck")

        broken.__module__, broken.__qualname__ = "igstudy.measures.revealing", "reveal"
        monkeypatch.setitem(MEASURES, "insertion", replace(MEASURES["insertion"], rows=broken))
        done = run(study(folder, images=4))
        assert len(done.failures) == 4  # three paths and the controls
        assert all("insertion.igpaths: ZeroDivisionError: no such luck" in line for line in done.failures)
        with pytest.raises(engine.StudyError, match="no such luck"):
            measured(study(folder, images=4))
        monkeypatch.undo()
        again = computed(study(folder, images=4))
        assert {name.split(".")[1] for _, name in again} == {"insertion"}

    def test_a_full_disk_stops_the_run_with_a_clear_error(self, folder, monkeypatch):
        def full(*arguments, **options):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(pq, "write_table", full)
        with pytest.raises(store.StoreError, match="cannot be written: .*No space left on device"):
            run(study(folder))

    def test_a_worker_of_another_version_is_refused(self, folder):
        (first, *_) = plan(study(folder))
        with pytest.raises(ValueError, match="this worker runs another version of igpaths"):
            computing.compute(study(folder), replace(first, library="another"))

    def test_a_unit_that_fails_does_not_stop_the_others(self, folder, monkeypatch):
        attempt = computing._compute

        def unlucky(study, unit, *rest):
            if unit.start == 0:
                raise ArithmeticError("no such luck")
            return attempt(study, unit, *rest)

        monkeypatch.setattr(computing, "_compute", unlucky)
        done = run(study(folder))
        assert done.failures == ("module:studies.small, images 0 to 3: ArithmeticError: no such luck",)
        assert done.computed == len(QUICK) * 4 - 1

    def test_a_network_with_other_classes_than_the_photographs_is_refused(self, folder):
        (folder / "synsets.txt").write_text("".join(f"n{i:08d}\tname\n" for i in range(1, 10)))
        done = run(study(folder))
        assert len(done.failures) == 2
        message = "ValueError: model is 'module:studies.small'; its network has 5 outputs for 9 classes"
        assert all(message in line for line in done.failures)

    def test_photographs_that_prepare_has_normalised_are_refused(self, folder):
        done = run(study(folder, models=("module:studies.normalised",)))
        assert done.computed == 0
        assert all("'module:studies.normalised'; its prepare turns n0000000" in line for line in done.failures)
        assert all("must be a float tensor" in line for line in done.failures)
