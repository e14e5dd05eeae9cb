"""The filled-in canvas: what is shown stays, what is hidden follows it, and scikit-image's inpainting is no better."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.data import cat
from skimage.restoration import inpaint_biharmonic
from skimage.transform import resize

from igpaths.metrics.ranking import random_maps
from igstudy.measures.quantities import Filled
from problems import images


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 19), st.integers(1, 23), st.floats(0, 1), st.integers(0, 99))
def test_what_is_shown_stays_and_what_is_hidden_lies_between_its_extremes(height, width, share, seed):
    x = images(2, seed=seed, shape=(3, height, width))
    shown = random_maps(3, (height, width), seed=seed) < share
    which = torch.tensor([0, 1, 1])
    seen = Filled().under(x)(which, shown)
    assert seen.shape == (3, 3, height, width)
    for own, known, image in zip(seen, shown, x[which], strict=True):
        torch.testing.assert_close(own[:, known], image[:, known], rtol=0, atol=0)
        if known.any():
            low, high = image[:, known].amin(1), image[:, known].amax(1)
            assert bool((own.flatten(1) >= low[:, None] - 1e-12).all())
            assert bool((own.flatten(1) <= high[:, None] + 1e-12).all())


def test_of_nothing_it_is_grey_and_of_one_colour_it_is_that_colour():
    x = images(1, shape=(3, 8, 8))
    nothing = torch.zeros(1, 8, 8, dtype=torch.bool)
    assert torch.equal(Filled().under(x)(torch.tensor([0]), nothing), torch.full_like(x, 0.5))
    flat, one = torch.full_like(x, 0.3), nothing.clone()
    one[0, 3, 5] = True
    torch.testing.assert_close(Filled().under(flat)(torch.tensor([0]), one), flat, rtol=0, atol=1e-15)


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_on_a_photograph_it_is_about_as_near_as_biharmonic_inpainting(share):
    picture = resize(cat(), (48, 48), anti_aliasing=True)
    shown = random_maps(1, (48, 48), seed=1) < share
    x = torch.from_numpy(picture).permute(2, 0, 1)[None]
    ours = Filled().under(x)(torch.tensor([0]), shown)[0].permute(1, 2, 0).numpy()
    theirs = inpaint_biharmonic(picture, ~shown[0].numpy(), channel_axis=-1)
    errors = [float(np.abs(each - picture).mean()) for each in (ours, theirs, np.full_like(picture, picture.mean()))]
    assert errors[0] < 1.5 * errors[1]
    assert errors[0] < 0.5 * errors[2]
