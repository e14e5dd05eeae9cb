"""How far a sum is from complete: planted gaps turn each sentence round."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from igstudy.evidence.kinds import SMALL
from igstudy.evidence.tables import sums
from igstudy.measures.sources import LABELS

STEPS = (8, 128)
NOTHING = sums.relative_gaps(pd.DataFrame(columns=[*sums.KEYS, "method", "metric", "value"]))


def planted(values, *, networks=("vgg", "mobilenet_v2")):
    """Rows where a (path, sum) has a gap in per cent at each step count, alike on every network."""
    lines = []
    for network, image, n in product(networks, ("0", "1", "2"), STEPS):
        for path in sums.PATHS:
            same = {"network": network, "image": image, "path": path, "steps": n}
            lines.append(same | {"metric": "score change", "method": LABELS[path], "value": -2.0})
            for name, end in sums.SUMS.items():
                value = values.get((path, name), (50, 10))[STEPS.index(n)]
                lines.append(same | {"metric": "completeness gap", "method": LABELS[path] + end, "value": value / 50})
    return pd.DataFrame(lines)


def gaps(values, **options):
    return sums.relative_gaps(planted(values, **options))


def lines(values, **options):
    return sums.by_kind(gaps(values, **options))


def test_a_gap_is_relative_to_the_change_of_score():
    found = lines({("blur", "left"): (30, 20)})
    np.testing.assert_allclose(found[SMALL, "blur", "left"], (30, 20))
    np.testing.assert_allclose(sums.of_sum(gaps({}), "blur", "right").loc["vgg"], (50, 10))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({8: 4.9, 16: 1.0}, "8 steps"),
        ({8: 4.9, 16: 6.0, 32: 1.0}, "32 steps"),
        ({8: 9.0, 16: 5.0}, "more than 16 steps"),
    ],
)
def test_steps_are_enough_from_where_the_gap_stays_small(line, words):
    assert sums.enough(pd.Series(line)) == words


def test_a_sentence_names_the_steps_of_each_path():
    found = lines({("blur", "trapezoid"): (20, 6), ("straight", "trapezoid"): (1, 1), ("guided", "trapezoid"): (9, 2)})
    assert sums.steps_in_words(found).endswith(
        " On the median ImageNet network the trapezoid comes within 5 % of the change of score in 8 steps on the "
        "straight path, more than 128 steps on the blur path and 128 steps on the guided path."
    )


def test_the_table_has_a_row_for_each_path_and_kind():
    rows = planted({("guided", "right"): (9, 7)}, networks=("vgg",))
    own = sums.relative_gaps(rows)
    table = sums.table(sums.by_kind(own)).splitlines()
    assert len(table) == 5
    assert table[-1] == "| Guided | small | 10.0 % | 7.0 % | 10.0 % | more than 128 steps |"
    assert sums.introduction(sums.by_kind(own), own, rows) == (
        "At 128 steps the median network misses this share of the change of score, on small networks (1 network, 3 "
        "images each):"
    )


def test_a_median_is_of_the_same_images_at_every_step_count():
    rows = planted({("blur", "left"): (30, 20)}, networks=("vgg",))
    more = rows[(rows["steps"] == 128) & (rows["path"] == "blur")]
    more = pd.concat([more.assign(image=f"new {i}", value=more["value"] * (i + 2)) for i in range(9)])
    pd.testing.assert_frame_equal(sums.of_shared_images(pd.concat([rows, more])), rows)


def test_step_counts_that_differ_between_rows_are_said():
    found = {key: line.loc[:8] if key[1] == "guided" else line for key, line in lines({}).items()}
    rows = planted({}, networks=("vgg", "mobilenet_v2"))
    assert sums.introduction(found, sums.relative_gaps(rows), rows).startswith(
        "At the most steps that were tried (8 to 128) the median network "
    )


def test_a_line_is_of_the_same_networks_at_every_step_count():
    rows = planted({}, networks=("vgg", "resnet", "densenet", "inception", "mobilenet"))
    whole = gaps({("straight", "trapezoid"): (20, 3)}, networks=("vgg", "resnet"))
    more = gaps({("straight", "trapezoid"): (20, 90)}, networks=("densenet", "inception", "mobilenet"))
    more[8] = np.nan  # these three were walked at 128 steps alone
    own = pd.concat([whole, more])
    found = sums.by_kind(own)
    np.testing.assert_allclose(found[SMALL, "straight", "trapezoid"], (20, 3))
    assert "in 128 steps on the straight path" in sums.steps_in_words(found)
    assert "| Straight | small | 10.0 % | 10.0 % | 3.0 % | 128 steps |" in sums.table(found)
    assert "on small networks (2 networks, 3 images each):" in sums.introduction(found, own, rows)
    some = own.index.get_level_values("path") != "straight"
    own.loc[some, 8] = 50.0
    assert "on small networks (2 to 5 networks, 3 images each):" in sums.introduction(found, own, rows)


def test_without_results_it_is_said_that_they_are_needed():
    assert sums.by_kind(NOTHING) == {}
    assert sums.table({}) == "This needs published results, and there are none here."
    assert "needs published results" in sums.steps_in_words({})
    assert [sums.introduction({}, NOTHING, pd.DataFrame()), sums.of_guided({}), sums.nearest({})] == ["", "", ""]
    assert sums.advice({}).startswith("Compare")


@pytest.mark.parametrize(
    ("ends", "words"), [((60, 230), "does not fall"), ((60, 60), "does not fall"), ((60, 5), "falls")]
)
def test_whether_more_steps_help_guided_ig_is_said_as_it_is(ends, words):
    sentence = sums.of_guided(lines({("guided", "left"): ends}))
    assert f"that sum {words} with more steps: it is 60 % at 8 steps and {ends[1]} % at 128." in sentence


@pytest.mark.parametrize(
    ("trapezoids", "words", "advice"),
    [
        ((1, 1, 1), "in every row", "Take the trapezoid"),
        ((1, 1, 30), "in 4 of the 6 rows", "Take the trapezoid"),
        ((30, 30, 1), "in 2 of the 6 rows", "Compare"),
        ((30, 30, 30), "in 0 of the 6 rows", "Compare"),
    ],
)
def test_the_sum_is_advised_that_comes_nearest(trapezoids, words, advice):
    found = lines({(path, "trapezoid"): (50, end) for path, end in zip(sums.PATHS, trapezoids, strict=True)})
    assert words in sums.nearest(found)
    assert sums.advice(found).startswith(advice)


@pytest.mark.parametrize(
    ("tangent", "words"),
    [(1.0, "does not tell"), (0.81, "does not tell"), (0.5, "favours the tangent"), (2.0, "favours the difference")],
)
def test_completeness_favours_the_increment_with_the_smaller_gap(tangent, words):
    sentence = sums.of_increments(1.0, tangent)
    assert words in sentence
    assert ("does not make it better" in sentence) == ("tangent." in sentence)
