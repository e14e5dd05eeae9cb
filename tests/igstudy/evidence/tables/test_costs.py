"""What benchmarks found, from their files to tables, bars and a sentence."""

import json

import pandas as pd
import pytest

from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables.costs import distances, in_seconds, in_words, largest, read_tables, shown, spans

MACHINE = {"processor": "abacus", "device": "CPU", "cores": 2, "commit": "abc"}


def walk(network, path, ratio, walk="batch 16"):
    written = {f"as written{name}": ratio / 2 for name in ("", ", least", ", most")}
    own = {"ratio": ratio, "least": ratio - 0.125, "most": ratio + 0.125, "rounds": 5}
    return {"network": network, "path": path, "walk": walk} | own | written


ROWS = [walk("a", path, ratio) for path, ratio in (("straight", 1.5), ("blur", 1.375), ("guided", 0.875))]
ROWS += [walk("a", "straight", 1.2, "batch 32")]


@pytest.fixture
def folder(tmp_path):
    for device, rows in (("one", ROWS), ("two", ROWS[:1])):
        (tmp_path / device).mkdir()
        report = {"machine": MACHINE, "date": "2026-01-02T03:04:05", "rows": rows}
        (tmp_path / device / "walk.json").write_text(json.dumps(report))
    return tmp_path


def test_every_device_has_its_rows_and_its_machine(folder):
    tables = read_tables(folder)
    assert tables["machines"]["folder"].tolist() == ["one", "two"]
    assert tables["walk"]["device"].tolist() == ["one"] * 4 + ["two"]
    assert tables["machines"][["benchmark", "cores", "date"]].to_numpy().tolist() == [["walk", 2, "2026-01-02"]] * 2


def test_a_bar_has_the_least_and_the_most_of_its_turns():
    rows = pd.DataFrame(ROWS[:2])
    assert spans(rows, ["x", "y"]) == {"x": Estimate(1.5, 1.375, 1.625, 5), "y": Estimate(1.375, 1.25, 1.5, 5)}
    seconds = pd.DataFrame([{"seconds": 2, "from": 1, "to": 3}])
    assert spans(seconds, ["z"], ["seconds", "from", "to"]) == {"z": Estimate(2, 1, 3, 1)}


def test_the_best_batch_counts_and_is_put_into_words():
    panels = distances(pd.DataFrame(ROWS))
    assert list(panels["a"]["folded"]) == ["straight", "blur", "guided"]
    assert panels["a"]["folded"]["straight"].value == 1.5
    assert panels["a"]["as written"]["straight"].value == 0.75
    assert in_words(panels).endswith("as it was written: 1.50 on a (1.38 to 1.62).")


def test_the_seconds_of_one_image_are_told_for_each_path():
    rates = {("mobilenet_v2", "straight"): 258, ("mobilenet_v1", "straight"): 129, ("mobilenet_v2", "blur"): 43}
    rates |= {("mobilenet_v1", "blur"): 43, ("resnet", "straight"): 1, ("resnet", "blur"): 1}  # of small images
    walks = pd.DataFrame([{"network": n, "path": path, "gradients/s": rate} for (n, path), rate in rates.items()])
    grid = pd.DataFrame([
        {"task": task, "images": images, "network": "mobilenet_v2", "seconds": seconds}
        for task, images, seconds in (("grid", 1, 9.0), ("guided", 4, 8.0), ("guided", 1, 2.25))
    ])  # fmt: skip
    assert in_seconds(walks, grid, MACHINE) == (
        "On 2 cores (abacus), one image of 224 px takes 0.5 to 1.0 s by a straight walk of 128 steps and 3.0 s by a "
        "blurred one (2 ImageNet networks), and 2.2 s by a guided one (mobilenet_v2)."
    )
    assert "was not measured" in in_seconds(walks, grid[:2], MACHINE)
    assert "was not measured" in in_seconds(walks[walks["network"] == "resnet"], grid, MACHINE)


def test_devices_are_shown_where_there_are_several(folder):
    table = read_tables(folder)["walk"]
    assert "Device" in shown(table, ["network", "ratio"], "A caption.").to_html()
    alone = shown(table[table["device"] == "one"], ["network", "ratio"], "A caption.").to_html()
    assert "Device" not in alone
    assert "A caption." in alone


@pytest.mark.parametrize(
    ("codecs", "words"),
    [(5.6, "codecs (5.6), walks (1.5), rows (0.2)"), (0.1, "walks (1.5), rows (0.2), codecs (0.1)")],
)
def test_the_largest_parts_of_a_unit_are_named(codecs, words):
    seconds = {"total": 9, "network": 7, "rows": 0.2, "walks": 1.5, "codecs": codecs, "keys": 0.01}
    unit = pd.DataFrame({"part": list(seconds), "of": "an image", "core seconds now": list(seconds.values())})
    assert largest(unit).endswith(f"now are {words}.")
