"""Patchiness and roughness: waves, whose answers are known, and noise."""

import math

import pytest
import torch

from igstudy.measures.quantities import patchiness, roughness
from problems import generator

SIDE, SIGMA = 96, 2.0
PLACE = torch.arange(SIDE, dtype=torch.float64) + 0.5
NOISE = torch.randn(3, SIDE, SIDE, dtype=torch.float64, generator=generator())


def wave(down: int, across: int) -> torch.Tensor:
    """A cosine that mirroring at the edges continues, so that a blur changes nothing but its height."""
    return torch.cos(torch.pi * down * PLACE / SIDE).view(-1, 1) * torch.cos(torch.pi * across * PLACE / SIDE)


@pytest.mark.parametrize(("down", "across"), [(1, 0), (0, 12), (12, 12), (24, 5), (60, 90)])
def test_a_blur_takes_of_a_wave_what_its_response_says(down, across):
    response = math.exp(-((SIGMA * math.pi / SIDE) ** 2) * (down**2 + across**2) / 2)
    assert float(roughness(wave(down, across), sigma=SIGMA)) == pytest.approx(1 - response**2, abs=1e-6)


def test_noise_loses_all_but_the_energy_of_the_gaussian_itself():
    kept = 1 / (4 * math.pi * SIGMA**2)  # Σ of the squared weights
    torch.testing.assert_close(
        roughness(NOISE), torch.full((3,), 1 - kept).double(), rtol=0, atol=6e-3
    )  # mirroring keeps more at the edges


def test_noise_has_no_patches_and_what_is_blurred_has():
    assert float(patchiness(NOISE).abs().max()) < 0.05
    low = sum(wave(i, j) for i in range(4) for j in range(4))
    assert float(patchiness(low)) > 0.9
    assert float(patchiness(NOISE[0] + 0.1 * low)) < float(patchiness(NOISE[0] + low))


@pytest.mark.parametrize("lag", [2, 4, 6])
def test_stripes_meet_themselves_again_after_their_period(lag):
    along = torch.cos(torch.pi * PLACE / lag)  # half a period wide
    both = torch.cos(torch.pi * (PLACE.view(-1, 1) + PLACE) / lag)
    assert float(patchiness(both, lag=lag)) == pytest.approx(-1)
    assert float(patchiness(both, lag=2 * lag)) == pytest.approx(1)
    assert float(patchiness(along.expand(SIDE, SIDE), lag=lag)) == pytest.approx(0)  # 1 down, −1 across


@pytest.mark.parametrize("measure", [patchiness, roughness])
def test_neither_depends_on_a_maps_scale_its_mean_or_its_neighbours(measure):
    whole = measure(NOISE)
    for changed in (3 * NOISE, -NOISE, NOISE + 5):
        torch.testing.assert_close(measure(changed), whole, rtol=0, atol=1e-10)
    torch.testing.assert_close(measure(NOISE[1]), whole[1], rtol=0, atol=1e-12)
    torch.testing.assert_close(measure(NOISE.view(1, 3, SIDE, SIDE))[0], whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize("measure", [patchiness, roughness])
def test_a_constant_map_has_neither(measure):
    assert bool(measure(torch.ones(2, 16, 16)).isnan().all())


def test_bad_input_is_refused_with_what_was_given():
    for measure in (patchiness, roughness):
        with pytest.raises(ValueError, match="NaN or infinite"):
            measure(torch.full((1, 1, 16, 16), torch.nan))
    for lag in (0, 16):
        with pytest.raises(ValueError, match=f"lag must be from 1 to less than the maps' side, got {lag}"):
            patchiness(torch.rand(16, 20), lag=lag)
