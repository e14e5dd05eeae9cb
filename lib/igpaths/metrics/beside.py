"""Codecs beside the network: while it answers to one batch, the images of the batches before are written as files.

On a CPU that needs cores for both. Where torch's threads have all of them, the network's would wait for each other
whenever a codec has the core of one, and both together take longer than one after the other.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

import torch
from torch import Tensor

from igpaths.metrics.canvases import in_bytes
from igpaths.metrics.estimators import CODECS, Estimator

AHEAD = 2  # batches that the network may be ahead of the codecs, which bounds the memory


class Beside:
    """A thread that waits for codecs, which have threads of their own, while its owner goes on with the network."""

    def __init__(self, device: torch.device) -> None:
        self.stream = torch.cuda.current_stream(device) if device.type == "cuda" else None
        self.has_cores = device.type != "cpu" or 2 * torch.get_num_threads() <= (os.cpu_count() or 1)
        self.thread = ThreadPoolExecutor(1)

    def __enter__(self) -> "Beside":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.thread.shutdown(cancel_futures=True)

    def start(self, name: str, estimate: Estimator, revealed: Tensor, images: Tensor) -> Callable[[], Tensor]:
        """Start an estimate, a codec's in the thread and any other here; what comes back waits for its numbers (P,)."""
        if name not in CODECS or not self.has_cores:
            numbers = estimate(revealed, images)
            return lambda: numbers
        # On a CPU the thread is spared torch's products, for which it would start threads beside the network's
        revealed = revealed if self.stream else in_bytes(revealed)

        def wait() -> Tensor:
            with torch.cuda.stream(self.stream):  # on which the pixels are computed
                return estimate(revealed, images)

        return self.thread.submit(wait).result


def in_turn(started: Iterable[Callable[[], Tensor]]) -> Iterator[Tensor]:
    """What each of the started waits for, in their order; at most `AHEAD` more are started before one is waited for."""
    waiting: deque[Callable[[], Tensor]] = deque()
    for each in started:
        waiting.append(each)
        if len(waiting) > AHEAD:
            yield waiting.popleft()()
    yield from (each() for each in waiting)
