"""Products with all their bits: no setting of the process reaches them, and all are put back. Copies of networks."""

import threading
from functools import partial

import pytest
import torch
from torch import nn

from igpaths.gaussian import blur
from igpaths.modules import copy_frozen, products

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def settings():
    before = torch.get_float32_matmul_precision()
    yield
    torch.set_float32_matmul_precision(before)


def error():
    """How far a float32 product is off, relative to the largest number in it."""
    a = torch.randn(64, 64, generator=torch.Generator().manual_seed(0))
    exact = a.double() @ a.double()
    return float(((a @ a) - exact).abs().max() / exact.abs().max())


@pytest.mark.parametrize("precision", ["highest", "high", "medium"])
def test_a_product_has_all_its_bits(precision):
    torch.set_float32_matmul_precision(precision)
    with products(CPU):
        assert error() < 1e-6
    assert torch.get_float32_matmul_precision() == precision


def test_autocast_does_not_reach_it():
    with torch.autocast("cpu", torch.bfloat16):
        assert error() > 1e-4
        with products(CPU):
            assert error() < 1e-6
        assert error() > 1e-4


def test_threads_leave_the_setting_as_it_was():
    torch.set_float32_matmul_precision("medium")
    before = torch.backends.mkldnn.matmul.fp32_precision
    inside, leave = threading.Event(), threading.Event()

    def stay():
        with products(CPU):
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=stay)
    with products(CPU):
        thread.start()
        assert inside.wait(10)
    # The other thread is still inside, so its products keep all their bits.
    assert torch.backends.mkldnn.matmul.fp32_precision == "ieee"
    leave.set()
    thread.join()
    assert torch.backends.mkldnn.matmul.fp32_precision == before


def test_an_error_leaves_the_setting_as_it_was():
    before = torch.backends.mkldnn.matmul.fp32_precision
    with pytest.raises(RuntimeError, match="inside"), products(CPU):
        raise RuntimeError("inside")
    assert torch.backends.mkldnn.matmul.fp32_precision == before


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_a_blur_is_float32_or_more(dtype):
    x = torch.rand(2, 4, 9, 7, generator=torch.Generator().manual_seed(0)).to(dtype)
    with torch.autocast("cpu", torch.bfloat16):
        blurred = blur(x, 2.0)
    assert blurred.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    torch.testing.assert_close(blurred.double(), blur(x.double(), 2.0), rtol=0, atol=1e-6)


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_a_network_without_weights_is_refused(device):
    """Each copy of a lazy layer would draw its own."""
    with torch.device(device):
        network = nn.Sequential(nn.Flatten(), (nn.LazyLinear if device == "cpu" else partial(nn.Linear, 3))(3))
    with pytest.raises(ValueError, match=r"^the network has no weights yet, such as '1.weight': load them, or [^\n]*$"):
        copy_frozen(network)
