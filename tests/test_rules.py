"""The rules by themselves: keys, weights and errors; what they sum to is tested with the walk."""

import pytest
import torch

import igpaths as ig
from problems import classifier, images, small_network


def test_rules_are_values():
    assert ig.IG() == ig.IG("start")
    assert {ig.IG(): 1}[ig.IG()] == 1
    assert ig.Left(ig.IG(), 0.9) == ig.Left(ig.IG(), psi=0.9)
    assert len({ig.Left(ig.IG(), 0.9), ig.Right(ig.IG(), 0.9), ig.Left(ig.IDGI(), 0.9)}) == 3


def test_the_trapezoid_is_the_mean_of_both_ends():
    net, x = classifier(small_network()), images(shape=(3, 12, 10))
    (segment, *_) = ig.walk(net, x, torch.tensor([0, 1]), path=ig.Blur(3.0), steps=(2,))
    start, end, both = (ig.IG(at).credit(segment) for at in ("start", "end", "both"))
    torch.testing.assert_close(both, (start + end) / 2, rtol=0, atol=1e-15)


def test_a_segments_idgi_credit_has_one_sign():
    net, x = classifier(small_network(), "probability"), images(4, shape=(3, 12, 10))
    for segment in ig.walk(net, x, torch.arange(4), path=ig.Straight(), steps=(4,)):
        signed = ig.IDGI().credit(segment) * segment.score_change.view(-1, 1, 1, 1)
        assert float(signed.min()) >= 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ig.IG("middle"), "at is 'middle'; it must be one of start, end, both"),
        (lambda: ig.IDGI("both"), "at is 'both'; it must be one of start, end"),
        (lambda: ig.Left(ig.IG(), 1.0), r"psi must be in \(0, 1\), got 1.0"),
        (lambda: ig.Right(ig.Left(ig.IG(), 0.5), 0.5), "Right splits IG, IDGI or a control, got Left"),
        (lambda: ig.Left(ig.IG(), 0.5, "both"), "crossing is 'both'; it must be one of left, right"),
    ],
)
def test_bad_rules_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
