"""Several images and folders: one picture each, whatever they are called, one table, and one load of the network."""

import csv
import shutil
from pathlib import Path

import pytest
from PIL import Image
from torchvision.transforms.functional import to_pil_image

import hostile
import igpaths as ig
from igpaths.__main__ import main
from igpaths.folders import find_images, name_pictures
from igstudy.tasks import models, objects

MODEL = "objects/mobilenet"
COLUMNS = (
    "image,model,target,predicted,probability,output,path,baseline,rule,steps,completeness_gap,insertion,"
    "score_change,alpha_star,evaluations,seconds"
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder with photographs of every name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IGPATHS_DATA", raising=False)
    scene = to_pil_image(objects.scene(2).image)
    for name in ("a.jpg", "a.png", "photos/cat/img 000.jpg", "photos/hünd/img 000.jpg", "photos/B.PNG"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        scene.save(name)
    for name in ("photos/labels.csv", "photos/.hidden.jpg", "photos/.git/x.jpg"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("no image")
    return tmp_path


def explain(*arguments):
    return main(["explain", *map(str, arguments), "--model", MODEL, "--steps", "2"])


def pictures(below="maps"):
    return {str(file.relative_to(below)) for file in Path(below).rglob("*.png")}


def test_a_picture_for_each_image_and_one_table(capsys):
    assert (
        explain("a.jpg", "photos", "a.png", "--rule", "ig", "--rule", "idgi", "--path", "straight", "--path", "blur")
        == 0
    )
    assert pictures() == {
        "a-map.png", "a.png-map.png", "B-map.png", "cat/img 000-map.png", "hünd/img 000-map.png",
    }  # fmt: skip
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines()[0] == "a.jpg"
    assert out.splitlines()[-1] == str(Path("maps/maps.csv"))
    table = Path("maps/maps.csv").read_text(encoding="utf-8")
    assert table.splitlines()[0] == COLUMNS
    rows = list(csv.DictReader(table.splitlines()))
    assert len(rows) == 5 * 4
    assert [*dict.fromkeys(row["image"] for row in rows)] == [
        *("a.jpg", "photos/B.PNG", "photos/cat/img 000.jpg", "photos/hünd/img 000.jpg", "a.png")
    ]
    found = ig.explain("a.png", model=MODEL, steps=2, paths="blur", rules="idgi")
    row = rows[-1]
    assert (row["path"], row["rule"], row["target"]) == ("blur", "idgi", found.target)
    assert float(row["insertion"]) == pytest.approx(float(found.insertion[0, 0]))


def test_the_network_is_loaded_once(monkeypatch):
    loaded, load = [], models.load
    monkeypatch.setattr(models, "load", lambda *arguments, **options: loaded.append(1) or load(*arguments, **options))
    assert explain("a.jpg", "photos") == 0
    assert loaded == [1]


def test_other_folders_and_another_table():
    assert explain("photos/cat", "--out", "new/ördner", "--table", "tables/t 1.csv") == 0
    assert pictures("new/ördner") == {"img 000-map.png"}
    assert Path("tables/t 1.csv").read_text().count("\n") == 2
    assert explain("a.jpg", "--out", "one.png", "--table", "one.csv") == 0
    assert Path("one.csv").read_text().splitlines()[1].startswith(f"a.jpg,{MODEL},triangle,triangle,")


def test_what_cannot_be_read_is_reported_and_skipped(capsys, folder):
    Path("photos/cat/broken.jpg").write_text("hello")
    assert explain("photos", "none.jpg", "a.jpg") == 1
    out, err = capsys.readouterr()
    broken, missing = err.splitlines()
    assert broken.startswith(f"error: {Path('photos/cat/broken.jpg')}: broken.jpg cannot be read: ")
    assert missing.startswith("error: none.jpg: image is 'none.jpg'; there is no such file")
    assert out.endswith(f"a-map.png\n{Path('maps/maps.csv')}\n")
    assert pictures() == {"a-map.png", "B-map.png", "cat/img 000-map.png", "hünd/img 000-map.png"}


def test_nothing_that_can_be_read_leaves_no_table(capsys):
    assert explain("none.jpg", "nothing.jpg") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("error: ") == 2
    assert not Path("maps").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a.jpg", "empty"), "error: image is 'empty'; it is a folder without images (*.jpeg, *.jpg, "),
        (("photos", "--out", "a", "--out", "b"), "error: out is a, b; of several images it must be one folder"),
        (("photos", "--out", "x.png"), "error: out is x.png; of several images it must be one folder"),
        (("photos", "--out", "photos/labels.csv"), "of several images it must be one folder"),
        (("photos", "--path", "curved"), "error: path is 'curved'; it must be one of straight"),
        (("photos", "--target", "cat"), "error: target is 'cat'; it must be a class's name (disk, "),
    ],
)  # fmt: skip
def test_what_is_refused_for_all_of_them(capsys, arguments, message):
    Path("empty").mkdir()
    assert explain(*arguments) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1
    assert not Path("maps").exists()


def test_a_folder_again_does_not_explain_its_own_maps():
    assert explain(".") == 0
    first = pictures()
    assert len(first) == 5
    assert explain(".") == 0
    assert pictures() == first


def test_no_picture_takes_the_name_of_another_or_of_an_image(folder):
    shutil.copytree("photos", "more")
    shutil.copy("a.png", "A.PNG")
    shutil.copy("a.png", "a-map.png")
    given = [Path(each) for each in ("photos", "more", "a.jpg", "a.png", "A.PNG", "a-map.png", "a.jpg")]
    named = name_pictures(given, Path())
    assert len(named) == 10
    targets = {str(each).casefold() for each in named.values()}
    assert len(targets) == 10
    assert not targets & {str(each).casefold() for each in named}
    assert named[Path("more/cat/img 000.jpg")] == Path("cat/img 000.jpg-map.png")
    assert named[Path("a.jpg")] == Path("a.jpg-map.png")
    assert named[Path("A.PNG")] == Path("A.PNG-2-map.png")


def test_every_picture_lies_in_the_folder_whatever_its_image_is_called(folder):
    for name in (*hostile.NAMES, "..jpg", "...", "-x"):
        shutil.copy("a.png", Path("photos") / f"{name.replace('/', '.')}.png")
    (folder / "photos/out").symlink_to(folder)
    (folder / "photos/loop.png").symlink_to("loop.png")
    given = [Path("photos/../photos"), Path("photos/../a.jpg"), folder / "a.png", Path("photos/loop.png")]
    pictures = [each.resolve() for each in name_pictures(given, Path("maps")).values()]
    assert len(set(pictures)) == 3 + len(hostile.NAMES) + 1 + 3  # two are hidden
    assert all(folder / "maps" in each.parents for each in pictures)


def test_what_is_found_is_written_before_it_is_printed(monkeypatch):
    def closed(*_, **options):
        if options.get("sep"):
            raise BrokenPipeError

    monkeypatch.setattr("builtins.print", closed)
    assert explain("a.jpg", "a.png") == 1
    assert pictures() == {"a-map.png"}
    assert Path("maps/maps.csv").read_text().count("\n") == 2


def test_an_image_counts_once(folder):
    given = [Path("photos/cat"), Path("photos"), folder / "photos/B.PNG"]
    assert [*find_images(given, without=Path("maps"))] == [
        *map(Path, ("photos/cat/img 000.jpg", "photos/B.PNG", "photos/hünd/img 000.jpg"))
    ]


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (700, 20), (176, 176)])
def test_images_of_any_size(size):
    Image.new("RGB", size, (200, 30, 30)).save("sized.png")
    assert explain("sized.png", "a.jpg") == 0
    assert pictures() == {"sized-map.png", "a-map.png"}
