"""Workers for the units of a study: processes of this machine, a running Dask scheduler, or jobs of Slurm.

The parameter ``scheduler`` is "local:4" for four processes here, "tcp://host:8786" (or tls) for a scheduler that runs
already, or "slurm:cluster.yaml" for jobs that such a file describes; the upper four keys are required:

    workers: 4                # jobs, of one worker each
    time: 04:00:00            # of a job; one that ends is replaced
    cores: 8                  # of a job
    memory: 32G               # of a job, as sbatch writes it
    gpus: 1                   # of a job: one, or none by default
    queue: gpu                # the partition; without it, as without the account, the cluster's default
    account: physics
    prologue: [module load cuda, source .venv/bin/activate]  # shell lines before the worker starts
    python: .venv/bin/python  # by default the one that runs the study
    logs: _build/slurm        # folder of what the jobs print
"""

import logging
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import KW_ONLY, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import torch
from pydantic import Field

from igstudy.engine.parameters import Positive
from igstudy.engine.plain_yaml import read_yaml
from igstudy.engine.schema import ParameterError, allowed, refusal, schema, within

if TYPE_CHECKING:
    from distributed import Client

ANSWER, END = 5, 60  # seconds that a running scheduler has to answer, and that sbatch has, or workers to stop


@schema
class Slurm:
    """Jobs of one worker each: the keys of the file above. A value that is not allowed raises `ParameterError`."""

    _: KW_ONLY
    workers: Positive
    time: Annotated[str, Field(pattern=r"^(\d+-)?\d+:\d\d:\d\d$"), allowed("hh:mm:ss")]
    cores: Positive
    memory: Annotated[str, Field(pattern=r"^[1-9]\d*[KMGT]$"), allowed("a number with K, M, G or T, such as 32G")]
    gpus: Annotated[int, Field(ge=0, le=1), allowed("0 or 1, for a worker uses one GPU")] = 0
    queue: str = ""
    account: str = ""
    prologue: Annotated[tuple[str, ...], allowed("a list of shell lines")] = ()
    python: str = sys.executable
    logs: str = "_build/slurm"


def read_slurm(path: str | Path) -> Slurm:
    """The jobs that the YAML file `path` describes; raises `ParameterError` where it is missing or malformed."""
    try:
        # Scalars stay text, for YAML would make 12:00:00 a number
        values = read_yaml(path, texts=True)
    except (OSError, ValueError) as error:
        raise ParameterError(str(error)) from error
    with within(path):
        if not isinstance(values, dict):
            names = ", ".join(field.name for field in fields(Slurm))
            raise refusal("keys", values, f"lines 'key: value' with the keys {names}")
        return Slurm(**values)


@contextmanager
def connect(scheduler: str, *, threads: int) -> Iterator["Client"]:
    """A client of workers that do one unit at a time; those that it started stop on leaving.

    A worker that dies is replaced, and its unit is done again.

    Parameters
    ----------
    scheduler : one of the module's, as `igstudy.engine.parameters` checks it.
    threads : of torch and BLAS in each worker; those of a running scheduler stay as they were started.

    ParameterError without Dask, where nobody answers, for a malformed file, and where sbatch refuses.
    """
    kind, _, rest = scheduler.partition(":")
    try:
        from distributed import Client, LocalCluster

        jobqueue = _jobqueue() if kind == "slurm" else None
    except ImportError as error:
        raise ParameterError(f"scheduler {scheduler} needs Dask: pip install 'igpaths[cluster]'") from error
    options = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}  # None would be port 8787 on every interface
    with ExitStack() as stack:
        where: Any = scheduler
        if kind == "local":
            stack.enter_context(_exported(environment(threads)))
            where = LocalCluster(
                n_workers=int(rest),
                threads_per_worker=1,
                processes=True,
                memory_limit=0,
                scheduler_kwargs=options,
                silence_logs=logging.CRITICAL,  # futures have the errors; below are alarms at stopping busy processes
            )
            stack.callback(where.close, END)
        elif jobqueue:
            slurm = read_slurm(rest)
            _try(job_script(slurm, threads=threads), file=rest)
            where = jobqueue.SLURMCluster(**_job(slurm, threads), scheduler_options=options, silence_logs="warning")
            stack.callback(where.close, END)
            where.scale(jobs=slurm.workers)
            where.adapt(minimum=slurm.workers, maximum=slurm.workers, interval="30s")  # replaces jobs that ended
        try:
            client = Client(where, timeout=ANSWER if where is scheduler else END, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ParameterError(f"scheduler {scheduler}: nobody answers there within {ANSWER} s: {error}") from error
        stack.enter_context(client)
        if crowded := [name for name, threads in client.nthreads().items() if threads != 1]:
            # Threads of torch are set for a whole process, so it can do one unit at a time.
            raise ParameterError(f"scheduler {scheduler}: start its workers with --nthreads 1; {crowded[0]} has more")
        yield client


def job_script(slurm: Slurm, *, threads: int) -> str:
    """What sbatch is given for each job, apart from the scheduler's address and the worker's name."""
    return _jobqueue().SLURMJob("SCHEDULER", name="NAME", **_job(slurm, threads)).job_script()


def _jobqueue() -> Any:
    """The module for Slurm. Its import would make Ctrl-C end Python as if all had gone well."""
    handler = signal.getsignal(signal.SIGINT)
    from dask_jobqueue import slurm

    signal.signal(signal.SIGINT, handler)
    return slurm


def _job(slurm: Slurm, threads: int) -> dict[str, Any]:
    return {
        "job_name": "igpaths",
        "queue": slurm.queue or None,
        "account": slurm.account or None,
        "walltime": slurm.time,
        "job_cpu": slurm.cores,
        "cores": 1,  # as Dask understands it: units at a time
        "processes": 1,
        "job_mem": slurm.memory,
        "memory": 0,  # no limit of Dask's, which would kill workers
        "job_extra_directives": ["--gres=gpu:1"] * slurm.gpus,
        "job_script_prologue": [*slurm.prologue, *(f"export {k}={v}" for k, v in environment(threads).items())],
        "python": shlex.quote(slurm.python),
        "log_directory": slurm.logs,
    }


def _try(script: str, *, file: str) -> None:
    """Raise `ParameterError` where Slurm would refuse the job, which Dask would only write to the log."""
    command = ["sbatch", "--test-only"]
    try:
        subprocess.run(command, input=script, text=True, capture_output=True, check=True, timeout=END)
    except (OSError, subprocess.SubprocessError) as error:
        raise ParameterError(f"{file}: sbatch fails: {getattr(error, 'stderr', None) or error}") from error


def environment(threads: int) -> dict[str, str]:
    """A worker's: Dask would set one thread, sample its stack, and have glibc hand freed memory to the kernel."""
    counts = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    kept = dict.fromkeys(("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"), str(2**34))
    return counts | kept | {"DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"}


@contextmanager
def _exported(values: dict[str, str]) -> Iterator[None]:
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
    gpus = torch.cuda.device_count()
    return f"cuda:{int(number[0]) % gpus}" if number and gpus else device
