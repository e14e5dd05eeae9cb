"""Folders of photographs: ImageNet's form, and those that people have, whole and broken."""

import os
import re
from unicodedata import normalize

import pytest

from igpaths.models import ENVIRONMENT
from igstudy.tasks.folders import read_folder
from strangers import refused
from studies import OWN_CLASSES, WNIDS, own_folder, photographs, picture

FORMS = ("val", "folders", "csv", "none")


def read(folder, *, imagenet=False):
    return read_folder(folder, imagenet=imagenet)


class TestOwn:
    @pytest.mark.parametrize("form", FORMS)
    def test_every_form_has_its_photographs_with_their_labels(self, tmp_path, form):
        there = read(own_folder(tmp_path, form))
        assert len({each.name for each in there.photographs}) == 6
        for each in there.photographs:
            number = int(re.search(r"Foto (\d)", each.name)[1])
            assert each.open().size == (20 + 13 * number, 70 - 9 * number)
            assert each.label == ("" if form == "none" else OWN_CLASSES[number % 3])
        assert tuple(there.classes.values()) == (() if form == "none" else OWN_CLASSES)
        assert not there.listed

    def test_class_folders_have_the_order_of_torchvisions_image_folder(self, tmp_path):
        from torchvision.datasets import ImageFolder

        for name in ("b", "B", "a 10", "a 9", "äh", "Zoo", "_x", "n01440764"):
            (tmp_path / name).mkdir()
            picture().save(tmp_path / name / "1.png")
        assert list(read(tmp_path).classes) == ImageFolder(tmp_path).classes

    @pytest.mark.parametrize("form", ["val", "folders", "csv"])
    def test_a_list_of_classes_decides_their_order(self, tmp_path, form):
        names = ["Über Katze", "Einhorn", *OWN_CLASSES[:2]]
        folder = own_folder(tmp_path, form)
        (folder / "classes.txt").write_bytes(("\ufeff" + "\r\n".join(names) + "\r\n\r\n").encode())
        there = read(folder)
        assert list(there.classes) == names
        assert there.listed

    def test_a_name_in_another_spelling_of_unicode_is_the_same_label(self, tmp_path):
        apart = normalize("NFD", OWN_CLASSES[1])
        assert apart != OWN_CLASSES[1]
        folder = own_folder(tmp_path, "folders")
        (folder / OWN_CLASSES[1]).rename(folder / apart)
        (folder / "classes.txt").write_text("\n".join(OWN_CLASSES), encoding="utf-8")
        assert {each.label for each in read(folder).photographs} == set(OWN_CLASSES)

    def test_a_list_may_leave_images_out_and_have_more_columns(self, tmp_path):
        folder = own_folder(tmp_path, "none")
        (folder / "labels.csv").write_text('by,label,file\nme,"a, b",Foto 0 schön.PNG\n', encoding="utf-8")
        (only,) = read(folder).photographs
        assert (only.name, only.label) == ("Foto 0 schön.PNG", "a, b")

    def test_hidden_and_other_files_do_not_count(self, tmp_path):
        folder = own_folder(tmp_path, "folders")
        (folder / OWN_CLASSES[0] / "._a.jpg").write_text("what a Mac leaves")
        (folder / ".cache").mkdir()
        (folder / "notes.txt").write_text("none of this")
        (folder / "weights").mkdir()
        assert len(read(folder).photographs) == 6
        assert list(read(folder).classes) == list(OWN_CLASSES)

    def test_what_only_has_the_name_of_an_image_does_not_count(self, tmp_path):
        folder = own_folder(tmp_path / "data", "none")
        os.mkfifo(folder / "pipe.jpg")
        (folder / "folder.jpg").mkdir()
        (folder / "zeros.jpg").symlink_to("/dev/zero")
        (folder / "loop.jpg").symlink_to("loop.jpg")
        (folder / "gone.jpg").symlink_to("nowhere.jpg")
        assert len(read(folder).photographs) == 6

    def test_a_photograph_elsewhere_counts_by_its_link(self, tmp_path):
        folder = own_folder(tmp_path / "data", "folders")
        picture(7).save(tmp_path / "elsewhere.png")
        (folder / OWN_CLASSES[0] / "link.png").symlink_to(tmp_path / "elsewhere.png")
        assert len(read(folder).photographs) == 7

    def test_names_that_are_no_text_are_shown_by_their_bytes(self, tmp_path):
        folder = own_folder(tmp_path, "folders")
        bad = os.fsencode(folder) + b"/K\xfcken"
        os.mkdir(bad)
        picture().save(os.fsdecode(bad + b"/\xe4.png"))
        (last,) = [each for each in read(folder).photographs if each.label not in OWN_CLASSES]
        assert (last.name, last.label) == ("K\\udcfcken/\\udce4.png", "K\\udcfcken")
        assert last.open().size == picture().size

    def test_the_environment_names_a_folder(self, tmp_path, monkeypatch):
        monkeypatch.setenv(ENVIRONMENT, str(own_folder(tmp_path, "none")))
        assert len(read("").photographs) == 6


class TestRefused:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("file;label\nFoto 0 schön.PNG;a\n", "its first line must be 'file,label'"),
            ("", "its first line must be 'file,label'"),
            ("file,label\nmissing.png,a\n", "line 2: 'missing.png', 'a' is not an image of"),
            ("file,label\nFoto 0 schön.PNG\n", "line 2: 'Foto 0 schön.PNG', '' is not an image of"),
            ("file,label\nFoto 0 schön.PNG,a\nFoto 0 schön.PNG,b\n", "line 3: 'Foto 0 schön.PNG', 'b' is not"),
            ("file,label\n", "has no image"),
            ("file,label\n../outside.png,a\n", "line 2: '../outside.png', 'a' is not an image of"),
            ("file,label\n{outside},a\n", "outside.png', 'a' is not an image of"),
            ("file,label\na/../../outside.png,a\n", "line 2: 'a/../../outside.png', 'a' is not an image of"),
            (f"file,label\n{'x' * 300}.png,a\n", "…, 'a' is not an image of"),
            (f'file,label\n"{"x" * 200_000}', "labels.csv is no CSV file: field larger than field limit (131072)"),
        ],
    )
    def test_a_list_of_labels(self, tmp_path, text, words):
        folder = own_folder(tmp_path / "data", "csv")
        (folder / "a").mkdir()
        picture().save(tmp_path / "outside.png")
        (folder / "labels.csv").write_text(text.replace("{outside}", str(tmp_path / "outside.png")), encoding="utf-8")
        refused(lambda: read(folder), words)

    def test_what_is_not_utf8(self, tmp_path):
        folder = own_folder(tmp_path, "folders")
        (folder / "classes.txt").write_bytes("\n".join(OWN_CLASSES).encode("latin-1"))
        refused(lambda: read(folder), "classes.txt is not text in UTF-8")

    def test_a_label_that_the_list_of_classes_lacks(self, tmp_path):
        folder = own_folder(tmp_path, "val")
        (folder / "classes.txt").write_text("\n".join(OWN_CLASSES[:2]), encoding="utf-8")
        refused(lambda: read(folder), "classes.txt does not list 'Über Katze', a label of", "val")

    def test_a_class_that_is_listed_twice(self, tmp_path):
        folder = own_folder(tmp_path, "val")
        (folder / "classes.txt").write_text("\n".join(["crane", *OWN_CLASSES, "crane"]), encoding="utf-8")
        refused(lambda: read(folder), "classes.txt lists 'crane' twice")

    def test_images_beside_class_folders(self, tmp_path):
        folder = own_folder(tmp_path, "folders")
        picture().save(folder / "stray.png")
        refused(
            lambda: read(folder), "has images beside class folders, such as 'stray.png'; it must have class folders"
        )

    @pytest.mark.parametrize("inside", ["", "train/cat", "val"])
    def test_no_image(self, tmp_path, inside):
        (tmp_path / inside).mkdir(parents=True, exist_ok=True)
        (tmp_path / inside / "notes.txt").write_text("no image")
        refused(lambda: read(tmp_path), "has no image (.jpeg, .jpg", "it must have class folders with images, or")

    def test_no_folder(self, monkeypatch):
        monkeypatch.delenv(ENVIRONMENT, raising=False)
        refused(lambda: read(""), "class folders", "the parameter data or the environment variable IGPATHS_DATA")
        refused(lambda: read("/nowhere/at/all"), "data is '/nowhere/at/all'", "there is no such folder")


class TestImagenet:
    def test_order_label_and_suffix(self, tmp_path):
        folder = photographs(tmp_path / "data")
        picture().save(folder / "val" / WNIDS[0] / "b.PNG")
        picture().save(folder / "val" / WNIDS[0] / "a.jpg")
        (folder / "val" / WNIDS[0] / "notes.txt").write_text("not a photograph")
        there = read(folder, imagenet=True)
        names = [each.path.name for each in there.photographs]
        assert names[:5] == ["a.jpg", "b.PNG", f"{WNIDS[0]}_0.png", f"{WNIDS[0]}_5.png", f"{WNIDS[1]}_1.png"]
        assert all(each.label == each.path.parent.name for each in there.photographs)
        assert list(there.classes.items())[:2] == [(WNIDS[0], "name of 1"), (WNIDS[1], "name of 2")]

    def test_errors(self, tmp_path):
        def message(*words):
            refused(lambda: read(tmp_path, imagenet=True), *words)

        message("there is no list of synsets at", "synsets.txt; without one, set task: folder")
        (tmp_path / "synsets.txt").write_text(f"{WNIDS[0]}\ttench\n")
        message("has no folder val/")
        (tmp_path / "val").mkdir()
        message("has no synset folders")
        (tmp_path / "val" / WNIDS[0]).mkdir()
        message("no image in them")
        (tmp_path / "val" / WNIDS[1]).mkdir()
        message(f"1 folders that are no synset of the list, such as '{WNIDS[1]}'")

    def test_no_folder(self, monkeypatch):
        monkeypatch.delenv(ENVIRONMENT, raising=False)
        refused(lambda: read("", imagenet=True), "val/<wnid>/*.JPEG and synsets.txt", "IGPATHS_DATA")
