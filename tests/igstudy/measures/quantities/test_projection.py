"""The projection point of IDGI: exact on a linear function, second order in the step on a smooth one."""

import torch

import igpaths as ig
from igstudy.measures.quantities import projections
from problems import BASELINE, Constant, Exponential, Linear, classifier, images

ZEROS = torch.zeros(2, dtype=torch.int64)


def test_a_linear_function_is_projected_exactly():
    x, function = images(), Linear()
    result = projections(classifier(function), x, ZEROS, path=ig.Straight(BASELINE), steps=(4,))[4]
    assert float(result.residual.max()) < 1e-12
    change = ((x - BASELINE).flatten(1) @ function.w).abs() / 4
    expected = (change / function.w.norm()).view(-1, 1).expand(2, 4)
    torch.testing.assert_close(result.length, expected, rtol=1e-10, atol=0)


def test_the_residual_is_of_second_order_in_the_step():
    steps = (16, 32, 64, 128)
    result = projections(classifier(Exponential()), images(), ZEROS, path=ig.Straight(BASELINE), steps=steps)
    residual = torch.stack([result[n].residual.mean() for n in steps]).log2()
    length = torch.stack([result[n].length.mean() for n in steps]).log2()
    assert float((torch.diff(residual) + 2).abs().max()) < 0.2
    assert float((torch.diff(length) + 1).abs().max()) < 0.2


def test_batch_size_does_not_matter():
    path, x, targets = ig.Straight(BASELINE), images(5), torch.zeros(5, dtype=torch.int64)
    small, large = (
        projections(classifier(Exponential()), x, targets, path=path, steps=(2, 4), batch_size=size) for size in (2, 8)
    )
    for n in (2, 4):
        for name in ("length", "change", "residual"):
            torch.testing.assert_close(getattr(small[n], name), getattr(large[n], name), rtol=0, atol=1e-12)


def test_a_constant_function_is_not_moved():
    result = projections(classifier(Constant()), images(), ZEROS, path=ig.Straight(), steps=(2,))[2]
    assert float(result.length.max()) == float(result.residual.max()) == 0
