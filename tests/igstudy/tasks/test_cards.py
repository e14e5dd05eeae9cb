"""The table of the shipped networks' cards."""

import pandas as pd

from igstudy.tasks.cards import cards, table
from igstudy.tasks.models import networks


def card(accuracy, ring, recipe=None):
    facts = {"parameters": 1234, "recipe": {"epochs": 3} | (recipe or {}), "architecture": "Layers."}
    return facts | {"accuracy": accuracy, "accuracy_of_each_class": {"disk": 0.9, "ring": ring}}


def test_networks_that_differ_by_their_seed_alone_are_one_row():
    found = table(
        pd.Series({"a-0": card(0.91, 0.99), "a-1": card(0.88, 0.7), "b": card(0.95, 0.5, {"label_smoothing": 0.1})})
    )
    assert list(found.index) == ["a", "b"]
    assert list(found["seeds"]) == [2, 1]
    assert list(found["accuracy"]) == ["88.0% to 91.0%", "95.0%"]
    assert list(found["hardest class"]) == ["ring", "ring"]  # a's mean is 0.845 against 0.9
    assert list(found["recipe"]) == ["plain", "modern"]
    assert found.loc["a", "parameters"] == "1,234"


def test_every_shipped_network_has_a_row():
    assert table(cards())["seeds"].sum() == len(networks())
