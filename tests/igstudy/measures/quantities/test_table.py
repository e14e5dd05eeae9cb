"""The table of metrics that captions, axes and the protocol page take their words from."""

import pytest

from igstudy.measures.quantities import METRICS


def test_no_two_metrics_share_a_label():
    assert len({metric.label for metric in METRICS.values()}) == len(METRICS) > 30


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_an_entry_is_complete(metric):
    assert metric.better in {"higher", "lower", "neither"}
    assert metric.low < metric.high
    assert metric.of in {"ranking map", "attribution", "two maps", "two parts"}
    assert metric.label.strip() == metric.label != ""
    assert metric.symbol
    assert metric.source


@pytest.mark.parametrize(
    ("name", "arrow"), [("insertion", "insertion ↑"), ("deletion", "deletion ↓"), ("alpha*", "α*"), ("MAE", "MAE ↓")]
)
def test_the_arrow_points_where_better_is(name, arrow):
    assert METRICS[name].arrow == arrow
