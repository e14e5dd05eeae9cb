"""The table of a study's numbers, against rows whose averages are known."""

import io

import pandas as pd

from igstudy.evidence.tables.overview import left_out, overview

ROWS = """
image protocol path     method    sign     steps metric           variant     value left_out
a     igpaths  straight IG        signed   8     completeness_gap -           .1    -
b     igpaths  straight IG        signed   8     completeness_gap -           .3    -
a     igpaths  straight IG        signed   8     insertion        black,_21_counts .5 -
b     igpaths  straight IG        signed   8     insertion        black,_21_counts .9 misclassified
a     igpaths  straight IG        signed   8     insertion        black,_6_counts  .7 -
a     igpaths  straight IG        absolute 8     insertion        black,_21_counts .25 -
a     igpaths  straight IG        absolute 4     insertion        black,_21_counts .125 -
a     igpaths  controls edges     none     0     insertion        black,_21_counts .0625 -
a     igpaths  blur     Blur_IG   signed   8     insertion        black,_21_counts .75 -
a     igpaths  blur     Blur_IG   signed   8     AIC              png         .5    -
"""


def rows():
    table = pd.read_csv(io.StringIO(ROWS), sep=r"\s+", keep_default_na=False)
    words = table.columns.drop(["steps", "value"])
    return table.assign(**{name: table[name].replace("-", "").str.replace("_", " ") for name in words})


def cells(text):
    """The numbers of each line, by its last words before them."""
    found = {}
    for line in text.splitlines()[3:]:
        *words, a, b, c, n, gap, m = line.split()
        found[" ".join(words)] = (a, b, c, n, gap, m)
    return found


def test_a_line_for_each_method_and_sign_with_a_column_for_each_step_count():
    text = overview(rows())
    assert text.splitlines()[1].split() == ["steps", "0", "4", "8", "n", "8", "n"]
    assert cells(text) == {
        "igpaths straight IG signed": ("–", "–", "0.5", "1", "0.2", "2"),
        "absolute": ("–", "0.125", "0.25", "1", "–", "–"),
        "controls edges none": ("0.0625", "–", "–", "1", "–", "–"),
        "blur Blur IG signed": ("–", "–", "0.75", "1", "–", "–"),
    }


def test_of_one_metric_alone():
    its = rows()[rows()["metric"] != "insertion"]
    assert "insertion" not in overview(its)
    assert overview(its).splitlines()[-1].split()[-2:] == ["0.2", "2"]


def test_no_number_at_all():
    assert overview(rows()[:0]).startswith("no image counts for insertion or completeness")
    assert overview(rows().assign(left_out="misclassified")).startswith("no image counts")


def test_what_is_left_out_is_counted_by_image():
    assert left_out(rows()) == "2 images, of which left out: 1 misclassified (igpaths)"
    assert left_out(rows()[:1]) == "1 image"
