"""Study A's printed rows: which stand out, and what they look like beside ours; changed rows turn the words round."""

import pandas as pd
import pytest

from igstudy.evidence.statistics import Estimate
from igstudy.evidence.tables import printed

PRINTED = printed.over_neighbours()
PAIRS = ["ResNet152V2 / ResNet101V2", "VGG19 / VGG16"]


def changed(**cells):
    """The paper's table with some of its two odd rows' values in the place of its own."""
    table = PRINTED.copy()
    for column, values in cells.items():
        table.loc[PAIRS, column.replace("_", " ")] = values
    return table


def test_the_rows_of_the_paper_that_stand_out():
    assert printed.standing_out(PRINTED) == PAIRS
    words = printed.in_words(PRINTED)
    assert words.startswith(
        "2 rows stand out, ResNet152V2 / ResNet101V2 and VGG19 / VGG16: Blur IG changes by a factor of"
    )
    assert "alike in shortcuts and in confidence, which cannot explain this" in words
    assert "(Guided IG of ResNet101V2 / ResNet50V2, whose confidence is 1.78 times its neighbour's)." in words


def test_a_row_stands_out_in_either_direction_and_by_more_than_the_factor():
    assert printed.standing_out(changed(Blur_IG=[0.4, 1.9])) == PAIRS[:1]
    assert printed.in_words(changed(Blur_IG=[0.4, 1.9])).startswith("One row stands out, ResNet152V2")
    assert printed.in_words(changed(Blur_IG=[1.1, 0.9])).startswith("No row stands out: the largest change")
    assert "In the other rows" not in printed.in_words(PRINTED.loc[PAIRS])


def test_what_differs_within_a_pair_may_explain_it():
    assert "alike in shortcuts, which" in printed.in_words(changed(confidence=[1.0, 1.5]))
    other = changed().rename(index={PAIRS[1]: "ResNet50V2 / VGG16"})
    assert "alike in confidence, which" in printed.in_words(other)
    both = changed(confidence=[1.0, 1.5]).rename(index={PAIRS[1]: "ResNet50V2 / VGG16"})
    assert "alike" not in printed.in_words(both)


def ratios(networks):
    """Ratios of our networks, alike for every method and sign."""
    keys = [(name, method, sign) for name in networks for method in printed.METHODS for sign in ("signed", "absolute")]
    return pd.Series({key: Estimate(networks[key[0]], 0, 9, 5) for key in keys}, dtype=object).rename_axis(
        ["network", "method", "sign"]
    )


@pytest.mark.parametrize(("odd", "named"), [(PAIRS, 4), (PAIRS[1:], 2), ([], 0)])
def test_few_lines_stand_for_all_networks(odd, named):
    found = printed.pattern(ratios({"vgg": 0.2, "resnet": 0.3, "densenet": 0.7, "mobilenet_v2": 0.5}), odd)
    for panel in found.values():
        assert (
            panel["signed"]
            == panel["by magnitude"]
            == {
                "ours: ImageNet networks": Estimate(0.5, 0.5, 0.5, 1),
                "ours: small networks": Estimate(0.3, 0.2, 0.7, 3),
            }
        )
        *names, others = panel["Study A"]
        assert len(names) == named
        assert others == f"Study A: the other {10 - named}"
    if odd:
        vgg16 = found["Blur IG"]["Study A"]["Study A: VGG16"]
        assert vgg16.value == pytest.approx(0.039 / 0.231)
