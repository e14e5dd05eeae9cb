"""Workers for the units of a study: processes of this machine, a running Dask scheduler, or jobs of a cluster.

The parameter ``scheduler`` is "local:4" for four processes here, "tcp://host:8786" (or tls) for a scheduler that runs
already, or "cluster:cluster.yaml" for jobs of Slurm, PBS or LSF that such a file describes (`igstudy.engine.cluster`).
"""

import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from igpaths.process import KEEPING, WAITING
from igstudy.engine.cluster import read_cluster, seconds, start_cluster
from igstudy.engine.schema import ParameterError, within

if TYPE_CHECKING:
    from distributed import Client, Future

ANSWER, END = 5, 60  # seconds that a running scheduler has to answer, and workers to stop
NOTE = 30  # seconds without a worker, after which the run says that it waits
WAIT = "00:10:00"  # without a worker, before the run gives up; a cluster's file has its own


@dataclass(frozen=True)
class Workers:
    """Those of a client, which may go and come; a run without any ends with a `ParameterError`, in time."""

    client: "Client"
    scheduler: str  # the parameter
    wait: str  # hh:mm:ss without any, before the run gives up
    advice: str  # what to do about it
    refused: list[str]  # what the cluster says of jobs that it does not take

    def done(self, futures: Iterable["Future[Any]"]) -> Iterator["Future[Any]"]:
        """The futures, each as soon as it is done."""
        from distributed import as_completed

        coming = as_completed(futures, loop=self.client.loop)
        while not coming.is_empty():
            self.attend(coming.has_ready)
            yield next(coming)

    def attend(self, ready: Callable[[], bool]) -> None:
        """Come back as soon as it is ready; say on stderr when there is no worker for it, and end after the limit."""
        seen, note = time.monotonic(), NOTE
        while not ready():
            if self.count():
                seen, note = time.monotonic(), NOTE
            elif (waited := time.monotonic() - seen) > seconds(self.wait):
                words = "; ".join([f"no worker within {self.wait}", *self.refused[-1:]])
                raise ParameterError(f"scheduler {self.scheduler}: {words}; {self.advice}")
            elif waited > note:
                words = f"no worker for {waited:.0f} s, the run ends after {self.wait}"
                tqdm.write(f"scheduler {self.scheduler}: {words}; {self.advice}", file=sys.stderr)
                note *= 2
            time.sleep(0.1)

    def count(self) -> int:
        """How many there are; `ParameterError` where the scheduler has gone."""
        try:
            return len(self.client.nthreads())
        except OSError as error:
            words = f"it answers no more ({error}); what is computed is kept, and the same command goes on"
            raise ParameterError(f"scheduler {self.scheduler}: {words}") from error


@contextmanager
def connect(scheduler: str, *, threads: int) -> Iterator[Workers]:
    """Workers that do one unit at a time, one of which is there; those that it started stop on leaving.

    A worker that dies is replaced, and its unit is done again.

    Parameters
    ----------
    scheduler : one of the module's, as `igstudy.engine.parameters` checks it.
    threads : of torch and BLAS in each worker; those of a running scheduler stay as they were started.

    ParameterError without Dask, where nobody answers, for a malformed file, where the cluster refuses a job, and where
    no worker comes.
    """
    kind, _, rest = scheduler.partition(":")
    options: Any = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}  # None would be 8787 on every interface
    refused: list[str] = []
    wait, advice = WAIT, "start workers for it"
    where: Any = scheduler
    with ExitStack() as stack:
        try:
            from distributed import Client, LocalCluster, Security

            if kind == "tls" and not Security().get_connection_args("client")["ssl_context"]:
                words = "name the keys in Dask's configuration, distributed.comm.tls"
                raise ParameterError(f"scheduler {scheduler}: {words}")
            if kind == "local":
                stack.enter_context(exported(environment(threads)))
                where = LocalCluster(
                    n_workers=int(rest),
                    threads_per_worker=1,
                    processes=True,
                    memory_limit=0,
                    scheduler_kwargs=options,
                    silence_logs=logging.CRITICAL,  # futures have the errors; below are alarms at stopping busy ones
                )
            elif kind in ("cluster", "slurm"):
                cluster = read_cluster(rest)
                wait, advice = cluster.wait, f"see what the jobs print in {cluster.logs}, or set `wait` in {rest}"
                with within(rest):
                    where = start_cluster(cluster, environment(threads), refused, **options)
        except ImportError as error:
            raise ParameterError(f"scheduler {scheduler} needs Dask: pip install 'igpaths[cluster]'") from error
        if where is not scheduler:
            stack.callback(where.close, END)
        try:
            limit = ANSWER if where is scheduler else END
            client = _in_time(Client, limit)(where, timeout=limit, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ParameterError(f"scheduler {scheduler}: nobody answers there within {ANSWER} s: {error}") from error
        stack.enter_context(client)
        if refused:  # Dask has submitted all jobs by now
            raise ParameterError(f"{rest}: {refused[0]}")
        workers = Workers(client, scheduler, wait, advice, refused)
        workers.attend(lambda: workers.count() > 0)
        if crowded := [name for name, threads in client.nthreads().items() if threads != 1]:
            # Threads of torch are set for a whole process, so it can do one unit at a time.
            raise ParameterError(f"scheduler {scheduler}: start its workers with --nthreads 1; {crowded[0]} has more")
        yield workers


def _in_time(client: type["Client"], limit: float) -> type["Client"]:
    """The class of clients, which does not wait for ever for what takes a connection and never says a word."""

    def start(self: Any, **options: Any) -> None:
        client.start(self, callback_timeout=limit + 1, **options)

    return type(client.__name__, (client,), {"start": start})


def environment(threads: int) -> dict[str, str]:
    """A worker's: Dask would set one thread, sample its stack, and have glibc hand freed memory to the kernel."""
    counts = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    kept = {name: str(value) for name, (_, value) in KEEPING.items()}
    kept |= {name: os.environ[name] for name in WAITING if name in os.environ}
    return counts | kept | {"DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"}


@contextmanager
def exported(values: dict[str, str]) -> Iterator[None]:
    """Export what workers inherit; Dask prefers it to its own configuration, which it would leave exported."""
    before = {name: os.environ.get(name) for name in (*values, "PYTHONHASHSEED")}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ.update({name: value} if value is not None else {})


def worker_device(device: str) -> str:
    """Where a unit runs: "cuda" within a worker is the GPU of the worker's number, modulo the GPUs that it sees."""
    distributed = sys.modules.get("distributed")
    if distributed is None or device != "cuda":
        return device
    try:
        number = re.search(r"\d+$", str(distributed.get_worker().name))
    except ValueError:  # outside of a worker
        return device
    import torch  # by now a worker has it; who starts a kernel does not need it

    gpus = torch.cuda.device_count()
    return f"cuda:{int(number[0]) % gpus}" if number and gpus else device
