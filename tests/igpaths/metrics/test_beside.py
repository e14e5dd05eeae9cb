"""Codecs run beside the network: never too far behind it, and what they refuse is said."""

import threading

import pytest
import torch

from igpaths.metrics.beside import AHEAD, Beside, in_turn

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def cores(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2 * torch.get_num_threads())


def test_codecs_wait_in_a_thread_and_all_else_is_computed_here():
    revealed = torch.rand(2, 3, 8, 8)
    where = []

    def estimate(seen, images):
        where.append((threading.current_thread() is threading.main_thread(), seen.dtype))
        return seen.double().mean((1, 2, 3))

    with Beside(CPU) as beside:
        found = {name: beside.start(name, estimate, revealed, revealed)() for name in ("ms-ssim", "png")}
    assert where == [(True, torch.float32), (False, torch.uint8)]
    torch.testing.assert_close(found["png"] / 255, found["ms-ssim"], rtol=0, atol=1e-2)


def test_codecs_do_not_take_the_cores_of_the_network(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2 * torch.get_num_threads() - 1)
    where = []
    with Beside(CPU) as beside:
        beside.start("png", lambda seen, images: where.append(threading.current_thread()), torch.rand(1, 3, 8, 8), None)
    assert where == [threading.main_thread()]


def test_what_a_codec_raises_is_raised():
    def refuse(seen, images):
        raise ValueError("no such file")

    with Beside(CPU) as beside, pytest.raises(ValueError, match="no such file"):
        beside.start("webp", refuse, torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 8))()


def test_numbers_come_in_turn_and_few_are_under_way():
    under_way, most = set(), []

    def start(i):
        under_way.add(i)
        most.append(len(under_way))

        def wait():
            under_way.remove(i)
            return torch.tensor(i)

        return wait

    assert [int(each) for each in in_turn(start(i) for i in range(9))] == list(range(9))
    assert max(most) == AHEAD + 1
    assert not under_way
