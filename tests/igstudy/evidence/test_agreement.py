"""How far published values are from those that are computed again."""

import numpy as np
import pandas as pd
import pytest

from igstudy.evidence.agreement import SAME, compare, in_short, in_words, record, recorded
from igstudy.evidence.results import GROUPS


def row(image, value, *, path="straight", left_out="", photograph="", method="IG"):
    keys = dict.fromkeys(GROUPS, "") | {"metric": "insertion", "path": path, "method": method, "steps": 8}
    return keys | {"image": image, "photograph": photograph, "value": value, "left_out": left_out}


def table(*rows):
    return pd.DataFrame(rows)


KNOWN = table(*(row(name, value) for name, value in zip("abcde", (0.1, 0.3, 0.5, 0.7, 0.9), strict=True)))
SPREAD = float(np.std([0.1, 0.3, 0.5, 0.7, 0.9], ddof=1))


@pytest.mark.parametrize(("moved", "same"), [(0.0, 2), (0.9 * SAME * SPREAD, 2), (1.1 * SAME * SPREAD, 1)])
def test_the_same_is_within_a_share_of_the_spread_of_all_images(moved, same):
    found = compare(KNOWN, table(row("a", 0.1), row("b", 0.3 - moved)))
    assert found.images == ("a", "b")
    assert found.counts(guided=False) == (same, 2)
    assert found.counts(guided=True) == (0, 0)
    cut = 0.3 * 2**-12  # which publishing may have cut off
    np.testing.assert_allclose(sorted(found.differences["difference"]), [0, max(0, moved - cut) / SPREAD], atol=1e-12)


def test_guided_paths_are_told_apart():
    known = pd.concat([KNOWN, table(row("a", 0.2, path="guided"), row("b", 0.3, path="guided"))])
    found = compare(known, table(row("a", 0.1), row("a", 0.9, path="guided")))
    assert (found.counts(guided=False), found.counts(guided=True)) == ((1, 1), (0, 1))
    assert "0 of 1 value of guided paths the same" in in_words(found)


def test_a_value_that_is_not_computed_is_lost_and_a_new_one_does_not_count():
    found = compare(KNOWN, table(row("a", 0.1, method="Σ g²")))
    assert (found.counts(guided=False), found.lost) == ((0, 0), 1)
    assert "1 published value of these not computed" in in_words(found)


def test_a_check_of_some_networks_and_paths_loses_none_of_the_others():
    known = pd.concat([KNOWN, KNOWN.assign(network="other"), KNOWN.assign(path="blur"), KNOWN.assign(steps=4)])
    found = compare(known, table(row("a", 0.1)))
    assert (found.counts(guided=False), found.lost) == ((1, 1), 0)


@pytest.mark.parametrize(("left_out", "counts"), [("wrong class", (0, 0)), ("", (0, 1))])
def test_what_both_leave_out_does_not_count_and_what_one_leaves_out_differs(left_out, counts):
    known = pd.concat([KNOWN, table(row("f", np.nan, left_out="wrong class"))])
    found = compare(known, table(row("f", np.nan if left_out else 0.1, left_out=left_out)))
    assert found.counts(guided=False) == counts


def test_values_without_any_spread_are_the_same_only_if_equal_to_the_published_digits():
    known = table(*(row(name, 1.0) for name in "abc"))
    assert compare(known, table(row("a", 0.99999), row("b", 1.001))).counts(guided=False) == (1, 2)


def test_another_image_of_the_same_name_is_refused():
    known = table(row("scene-00000", 0.1, photograph="brick"), row("scene-00001", 0.2, photograph="moon"))
    with pytest.raises(ValueError, match=r"^scene-00000 is another image by now: on brick when published, on rays"):
        compare(known, table(row("scene-00000", 0.1, photograph="rays")))


def test_no_image_of_both_is_refused():
    with pytest.raises(ValueError, match=r"^none of these images is published: z$"):
        compare(KNOWN, table(row("z", 0.1)))


def test_what_is_recorded_is_told_in_a_few_words(tmp_path):
    assert recorded(tmp_path) is None
    record(compare(KNOWN, table(row("a", 0.1), row("b", 0.9))), tmp_path, device="cpu")
    assert in_short(recorded(tmp_path)).startswith("1 of 2 values the same (2 images, ")
