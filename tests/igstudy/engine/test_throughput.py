"""How long a walk takes here: without what the first walk alone pays for."""

import time

import igpaths as ig
from igstudy.engine import throughput
from problems import classifier, images, small_network


def test_a_walk_is_timed_after_another_that_warms_up(monkeypatch):
    calls = []

    def attribute(*arguments, **options):
        time.sleep(0 if calls else 0.5)
        calls.append(options)
        return ig.attribute(*arguments, **options)

    monkeypatch.setattr(throughput, "attribute", attribute)
    options = {"path": ig.Straight(), "rules": ig.IG(), "steps": 2}
    began = time.perf_counter()
    spent = throughput.walk_seconds(classifier(small_network()), images(shape=(3, 12, 10)), [0, 1], **options)
    assert calls == [options, options]
    assert 0 < spent <= time.perf_counter() - began - 0.5
