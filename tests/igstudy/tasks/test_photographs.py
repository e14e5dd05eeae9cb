"""Photographs with their labels: those that packages ship, samples of a collection, and labels as a model's classes."""

from collections import Counter
from dataclasses import replace
from importlib.util import find_spec as spec_of
from pathlib import Path

import numpy as np
import pytest
import yaml

from igpaths.models import load_model
from igpaths.models.photographs import open_photograph
from igstudy.tasks import photographs
from igstudy.tasks.photographs import SHIPPED, Collection, Photograph, find_classes, shipped
from strangers import refused
from studies import picture, small

FACTS = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
NAMED = replace(small(), classes=("Egyptian cat, tabby", "espresso", "palace", "crane", "crane"))
SOME = tuple(Photograph(Path(f"{label}{i}"), f"{label}{i}", label) for label in "abcd" for i in range(ord(label) - 96))
HERE = Collection(SOME, "here", {})


@pytest.fixture
def unread():
    """The shipped photographs are read anew, before and after."""
    shipped.cache_clear()
    yield
    shipped.cache_clear()


class TestShipped:
    def test_each_is_there_and_cut_as_listed(self):
        there = shipped()
        assert [each.name for each in there.photographs] == ["cat", "coffee", "camera", "motorcycle", "tower"]
        assert not there.shuffled
        for each in there.photographs:
            left, upper, right, lower = FACTS[each.name]["crop"]
            assert each.open().size == (right - left, lower - upper)
            assert right - left == lower - upper >= 300  # a square, which no network's preparation cuts further

    def test_each_has_an_author_a_source_and_a_licence(self):
        assert all(facts[name] for facts in FACTS.values() for name in ("author", "source", "licence"))

    def test_the_default_network_and_torchvisions_know_every_label(self):
        labels = {each.label for each in shipped().photographs}
        own = find_classes(shipped(), load_model("installed/efficientnet_lite0"))
        assert own[0].keys() == labels
        from torchvision.models import ResNet18_Weights

        categories = tuple(ResNet18_Weights.IMAGENET1K_V1.meta["categories"])
        assert find_classes(shipped(), replace(NAMED, classes=categories))[0] == own[0]

    @pytest.mark.usefixtures("unread")
    def test_a_package_that_is_missing(self, monkeypatch):
        monkeypatch.setattr(photographs, "find_spec", lambda name: None if name == "sklearn" else spec_of(name))
        refused(shipped, "photograph 'tower' is in the package sklearn: pip install 'igpaths[photographs]'")

    @pytest.mark.usefixtures("unread")
    def test_another_file_under_the_name(self, monkeypatch, tmp_path):
        other = {"cat": FACTS["cat"] | {"sha256": "0" * 64}}
        (tmp_path / "listed.yaml").write_text(yaml.safe_dump(other))
        monkeypatch.setattr(photographs, "SHIPPED", tmp_path / "listed.yaml")
        refused(shipped, "photograph 'cat'", "chelsea.png is another file than the one listed in")


class TestSample:
    def test_one_of_each_label_before_a_second(self):
        for count in range(1, 11):
            found = Counter(each.label for each in HERE.sample(count))
            assert sum(found.values()) == count
            # No label has two fewer than another unless it has no photograph left.
            assert all(
                found[label] == most or found[label] >= max(found.values()) - 1 for most, label in enumerate("abcd", 1)
            )

    def test_seeded_and_nested(self):
        orders = [HERE.sample(10, seed=seed) for seed in range(8)]
        assert len(set(orders)) > 4
        assert all(set(order) == set(SOME) for order in orders)
        assert HERE.sample(6, seed=5) == orders[5][:6]

    def test_more_than_there_are(self):
        assert len(HERE.sample(99)) == 10

    def test_errors(self):
        refused(lambda: HERE.sample(0), "got count 0 and seed 0")
        refused(lambda: HERE.sample(1, seed=-1), "got count 1 and seed -1")

    def test_a_collection_in_its_own_order(self):
        assert replace(HERE, shuffled=False).sample(3, seed=7) == SOME[:3]


class TestClasses:
    def labelled(self, *labels, **options):
        classes = options.pop("classes", dict.fromkeys(labels))
        return Collection(tuple(Photograph(Path(), label, label) for label in labels), "here", classes, **options)

    def test_a_list_goes_before_the_models_names(self):
        names = {"espresso": "espresso", "tea": "tea"}
        there = self.labelled("espresso", classes=names, listed=True)
        assert find_classes(there, NAMED) == ({"espresso": 0, "tea": 1}, ("espresso", "tea"))

    def test_the_models_names_go_before_the_folders_order(self):
        there = self.labelled("palace", "Egyptian cat", "1")
        assert find_classes(there, NAMED) == ({"palace": 2, "Egyptian cat": 0, "1": 1}, NAMED.classes)

    def test_the_folders_order_is_that_of_a_model_without_names(self):
        there = self.labelled("a", "b", classes={"a": "a", "b": "b"})
        assert find_classes(there, small()) == ({"a": 0, "b": 1}, ("a", "b"))

    def test_no_label_needs_no_class(self):
        assert find_classes(self.labelled("", classes={}), small()) == ({}, ())

    def test_errors(self):
        refused(
            lambda: find_classes(self.labelled("expresso"), NAMED),
            "label of here is no class",
            "espresso",
            "classes.txt",
        )
        refused(lambda: find_classes(self.labelled("crane"), NAMED), "the name of classes 3, 4")
        refused(
            lambda: find_classes(self.labelled("a", classes={}), small()), "names no classes, which the labels of here"
        )


def test_a_photograph_that_cannot_be_read_has_its_whole_name(tmp_path):
    (tmp_path / "a b.png").write_text("no image")
    refused(Photograph(tmp_path / "a b.png", "ein Käfer/a b.png").open, "ein Käfer/a b.png cannot be read")
    picture().save(tmp_path / "a b.png")
    whole = Photograph(tmp_path / "a b.png", "a b.png")
    part = replace(whole, crop=(2, 3, 12, 9)).open()
    assert np.array_equal(part, np.asarray(open_photograph(whole.path))[3:9, 2:12])
