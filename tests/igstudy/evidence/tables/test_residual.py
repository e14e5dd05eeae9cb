"""IDGI's step: planted orders turn each sentence round."""

import numpy as np
import pandas as pd
import pytest

from igstudy.evidence.kinds import CONTROL, IMAGENET, SMALL
from igstudy.evidence.tables import residual

STEPS = (8, 32, 128)
NETWORKS = {SMALL: "vgg", IMAGENET: "mobilenet_v2", CONTROL: "squeezenet1_1"}
COLUMNS = ["metric", "path", "variant", "network", "image", "steps", "value"]


def lines(**orders):
    """Length and miss that fall with these orders, on a network of each kind: {"length": {kind: order}}."""
    rows = [
        ("projection", "straight", variant, NETWORKS[kind], f"{i}", n, 4.0 * float(n) ** -order)
        for variant, own in orders.items()
        for kind, order in own.items()
        for n in STEPS
        for i in range(3)
    ]
    other = [("projection", "blur", "length", "vgg", "0", 8, 99.0)]
    return residual.by_kind(residual.medians(pd.DataFrame([*rows, *other], columns=COLUMNS)))


def test_the_miss_is_in_per_cent_and_the_order_is_the_planted_one():
    found = lines(length={SMALL: 0.5}, miss={SMALL: 1})
    assert set(found) == {("length", SMALL), ("miss", SMALL)}
    np.testing.assert_allclose(found["miss", SMALL], [50, 12.5, 3.125])
    np.testing.assert_allclose(residual.order(found["length", SMALL]), 0.5)
    assert residual.miss_in_words(found) == (
        "As a share of the score's movement, that step misses by 50 % at 8 steps and 3 % at 128 steps (small networks)."
    )


@pytest.mark.parametrize(
    ("small", "imagenet", "words"),
    [
        (0.8, 0.9, "falls with more steps, as Study A reasons"),
        (
            0.8,
            -0.1,
            "falls with more steps on small networks alone, although Study A reasons that it should everywhere",
        ),
        (-0.2, -0.1, "does not fall with more steps, although Study A reasons that it should"),
    ],
)
def test_whether_the_step_shrinks_is_said_as_it_is(small, imagenet, words):
    found = residual.orders_in_words(lines(length={SMALL: small, IMAGENET: imagenet}, miss={IMAGENET: 0.6}))
    assert f"The length $c$ {words}: its order is {small:.2f} on small networks and {imagenet:.2f}" in found
    assert found.endswith("would have order 1. It has order 0.60 on ImageNet networks.")


@pytest.mark.parametrize(
    ("order", "words", "other"),
    [
        (1.0, "falls about as fast as on a smooth function", "well below 1"),
        (0.8, "falls about as fast as on a smooth function", "well below 1"),
        (0.7, "falls with more steps, as Study A reads step size, but slowly", "near 1"),
        (-0.1, "does not fall with more steps, against Study A's reading", "near 1"),
    ],
)
def test_what_would_change_our_mind_depends_on_what_was_found(order, words, other):
    found = residual.mind(lines(miss={IMAGENET: order, SMALL: 0.1}))
    assert found.startswith(f"The residual {words}")
    assert f"An order {other}, the order of a smooth function" in found


def test_a_network_of_fewer_step_counts_does_not_change_an_order():
    sweeps = {"mobilenet_v1": STEPS, "mobilenet_v2": (*STEPS, 64), "efficientnet_lite2": (64, 128)}
    rows = [
        ("projection", "straight", variant, network, "0", n, (99.0 if network == "efficientnet_lite2" else 4.0) / n)
        for variant in residual.SHARES
        for network, steps in sweeps.items()
        for n in steps
    ]
    found = residual.by_kind(residual.medians(pd.DataFrame(rows, columns=COLUMNS)))
    assert found["length", IMAGENET].index.tolist() == list(STEPS)
    np.testing.assert_allclose([residual.order(line) for line in found.values()], 1)


def test_one_step_count_has_no_order():
    alone = {key: line.iloc[-1:] for key, line in lines(length={SMALL: 1}, miss={SMALL: 1}).items()}
    assert np.isnan(residual.order(alone["miss", SMALL]))
    assert "needs published results" in residual.orders_in_words(alone)


def test_without_results_it_is_said_that_they_are_needed():
    found = residual.by_kind(residual.medians(pd.DataFrame(columns=COLUMNS)))
    assert found == {}
    assert "published results" in residual.miss_in_words(found)
    assert "needs published results" in residual.orders_in_words(found)
    assert residual.mind(found).startswith("The residual's order on ImageNet networks would decide")
