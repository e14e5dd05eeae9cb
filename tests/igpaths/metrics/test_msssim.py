"""MS-SSIM: agreement with pytorch-msssim 1.0.0, exact ones, symmetry, range and errors."""

import io
from importlib.metadata import version

import numpy as np
import pytest
import pytorch_msssim
import skimage.data
import torch
from PIL import Image, ImageFilter

from igpaths.metrics import ms_ssim
from problems import generator

DTYPES = [torch.float32, torch.float64]


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, dtype=torch.float64, generator=generator(seed))


def tensor(photograph: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(photograph)).permute(2, 0, 1).double() / 255


def cut(name: str) -> Image.Image:
    """One of scikit-image's photographs, reduced to 192 × 177 pixels."""
    return Image.fromarray(getattr(skimage.data, name)()).resize((192, 177), Image.Resampling.BICUBIC)


def compressed(photograph: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    photograph.save(file, format="jpeg", quality=quality)
    return Image.open(file)


@pytest.fixture(scope="module")
def pairs():
    """Photographs, and what may have become of them: two batches of one shape."""
    originals, altered = [], []
    for name, radius, quality in (("astronaut", 1, 10), ("chelsea", 3, 40), ("coffee", 9, 90)):
        photograph = cut(name)
        image = tensor(photograph)
        noisy = (image + 0.1 * torch.randn(image.shape, dtype=image.dtype, generator=generator())).clamp(0, 1)
        masked = torch.where(noise(1, *image.shape[1:]) < 0.3, image, image.mean((1, 2), keepdim=True))
        blurred = tensor(photograph.filter(ImageFilter.GaussianBlur(radius)))
        for other in (blurred, tensor(compressed(photograph, quality)), noisy, masked, 1 - image):
            originals.append(image)
            altered.append(other)
    return torch.stack(originals), torch.stack(altered)


def peer(a, b, win=None):
    return pytorch_msssim.ms_ssim(a, b, data_range=1, size_average=False, win=win)


def test_the_peer_is_the_one_named_above():
    assert version("pytorch-msssim") == "1.0.0"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [(161, 161), (162, 175), (161, 224), (201, 163)])
def test_random_pairs_agree_with_the_peer(size, dtype):
    a, other = noise(2, 3, *size).to(dtype), noise(2, 3, *size, seed=1).to(dtype)
    b = a + torch.tensor([0.1, 0.6], dtype=dtype).view(2, 1, 1, 1) * (other - a)
    torch.testing.assert_close(ms_ssim(a, b), peer(a, b), rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_photographs_agree_with_the_peer(pairs, dtype):
    a, b = (batch.to(dtype) for batch in pairs)
    values = ms_ssim(a, b)
    torch.testing.assert_close(values, peer(a, b), rtol=0, atol=1e-5)
    assert values.dtype == dtype
    assert values[4::5].tolist() == [0, 0, 0]  # the negatives: their contrast is the opposite
    assert float(values.max()) > 0.95


def test_in_float64_all_that_differs_from_the_peer_is_its_window_in_float32(pairs):
    offsets = torch.arange(-5, 6, dtype=torch.float64)
    window = torch.exp(-(offsets**2) / (2 * 1.5**2))
    window = (window / window.sum()).expand(3, 1, 1, 11)
    a, b = noise(3, 3, 162, 175), noise(3, 3, 162, 175, seed=1)  # unrelated, where a factor near 0 magnifies it
    for x, y in ((a, b), (pairs[0][::3], pairs[1][::3])):
        torch.testing.assert_close(ms_ssim(x, y), peer(x, y, window), rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_image_with_itself_is_exactly_one(pairs, dtype):
    grey = torch.full((1, 3, 177, 192), 0.3, dtype=torch.float64)
    images = torch.cat([pairs[0][::5], pairs[1][::2], noise(1, 3, 177, 192), grey, 0 * grey, 0 * grey + 1]).to(dtype)
    assert ms_ssim(images, images.clone()).tolist() == [1.0] * len(images)


@pytest.mark.parametrize("dtype", DTYPES)
def test_it_is_symmetric(pairs, dtype):
    a, b = (batch.to(dtype) for batch in pairs)
    assert torch.equal(ms_ssim(a, b), ms_ssim(b, a))


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_value_leaves_the_unit_interval(dtype):
    a = torch.cat([noise(1, 3, 164, 176), noise(1, 3, 1, 1, seed=5).expand(1, 3, 164, 176)]).to(dtype)
    ripple = torch.randn(2, 3, 164, 176, dtype=dtype, generator=generator())
    for size in (1e-7, 1e-6, 1e-5, 1e-4, 1e-2, 1.0):  # where it is small, rounding may pass 1
        values = ms_ssim(a, (a + size * ripple).clamp(0, 1))
        assert bool(((values >= 0) & (values <= 1)).all())


def test_more_blur_is_less_alike():
    photograph = cut("astronaut")
    blurred = torch.stack([tensor(photograph.filter(ImageFilter.GaussianBlur(r))) for r in (0, 1, 2, 4, 8, 16)])
    values = ms_ssim(tensor(photograph).expand_as(blurred), blurred)
    assert values[0] == 1
    assert bool((values.diff() < 0).all())


def test_one_by_one_is_as_all_together(pairs):
    a, b = (batch[3:9] for batch in pairs)
    alone = torch.cat([ms_ssim(a[i : i + 1], b[i : i + 1]) for i in range(len(a))])
    torch.testing.assert_close(ms_ssim(a, b), alone, rtol=0, atol=1e-12)


def test_images_that_are_too_small_or_differ_in_shape_are_refused():
    large = torch.zeros(2, 3, 161, 200)
    assert ms_ssim(large, large).tolist() == [1, 1]
    small = torch.zeros(2, 3, 200, 160)
    with pytest.raises(ValueError, match=r"at least 161 pixels a side for its five scales, got \(200, 160\)"):
        ms_ssim(small, small)
    with pytest.raises(ValueError, match=r"of one shape, got \(2, 3, 161, 200\), \(1, 3, 161, 200\)"):
        ms_ssim(large, large[:1])
    with pytest.raises(ValueError, match=r"of one shape, got \(3, 161, 200\), \(3, 161, 200\)"):
        ms_ssim(large[0], large[0])


def test_no_setting_of_the_process_reaches_it(pairs):
    a, b = (batch[:4].float() for batch in pairs)
    expected, before = ms_ssim(a, b), torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        with torch.autocast("cpu", torch.bfloat16):
            found = ms_ssim(a, b)
    finally:
        torch.set_float32_matmul_precision(before)
    assert torch.equal(found, expected)


def test_half_precision_is_measured_in_full(pairs):
    for dtype in (torch.bfloat16, torch.float16):
        a, b = (batch[:2].to(dtype) for batch in pairs)
        assert torch.equal(ms_ssim(a, b), ms_ssim(a.float(), b.float()))


def test_what_is_kept_in_inference_mode_serves_outside():
    a = noise(1, 1, 163, 187)  # a size that no other test has, so that its matrices are made here
    with torch.inference_mode():
        ms_ssim(a, a)
    (gradient,) = torch.autograd.grad(ms_ssim(a.requires_grad_(), a.detach() / 2).sum(), a)
    assert bool(gradient.isfinite().all())


def test_images_outside_the_unit_range_are_refused():
    a = noise(1, 3, 161, 161)
    with pytest.raises(ValueError, match=r"b must lie in \[0, 1\] for MS-SSIM; got \[.*, 2[0-9.]*\]$"):
        ms_ssim(a, a * 255)
