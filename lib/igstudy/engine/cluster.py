"""Jobs of Slurm, PBS or LSF, each with one worker, as a YAML file describes them; these three keys are required:

    workers: 4        # jobs
    time: 04:00:00    # of a job; one that ends is replaced
    cores: 8          # of a job

The book's page "Run it yourself" has a table of all keys.
"""

import asyncio
import logging
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, field, fields
from inspect import signature
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from tqdm import tqdm

from igstudy.engine.parameters import Positive
from igstudy.engine.plain_yaml import read_yaml
from igstudy.engine.schema import ParameterError, allowed, check_keys, one_of, refusal, schema, within

ANSWER, AGAIN = 60, 30  # seconds that a command of the cluster has, and until a job that was refused is tried again
CANCEL = 30  # seconds that the command has that ends a job, less than the whole has to stop
Time = Annotated[str, Field(pattern=r"^(\d+-)?\d+:\d\d:\d\d$"), allowed("hh:mm:ss")]
Memory = Annotated[str, Field(pattern=r"^([1-9]\d*[KMGT])?$"), allowed("a number with K, M, G or T, such as 32G")]
Lines = Annotated[tuple[str, ...], allowed("a list of shell lines")]
Directive = Annotated[str, Field(pattern=r"^[^#\n]+$")]
KINDS = {  # the class, what its directives begin with, the directive for a GPU, and the files of what a job prints
    "slurm": ("SLURMCluster", "#SBATCH", "--gres=gpu:1", "{logs}/{name}-%J.{end}"),
    "pbs": ("PBSCluster", "#PBS", "", "{logs}/"),
    "lsf": ("LSFCluster", "#BSUB", '-gpu "num=1"', "{logs}/{name}-%J.{end}"),
}
KEYS = {  # for what dask-jobqueue calls otherwise, or has in more than one way
    **{"walltime": "time", "job_cpu": "cores", "ncpus": "cores", "job_mem": "memory", "mem": "memory"},
    **{"project": "account", "job_extra_directives": "directives", "job_extra": "directives", "job_name": "name"},
    **{"job_directives_skip": "skip", "header_skip": "skip", "job_script_prologue": "prologue"},
    **{"env_extra": "prologue", "log_directory": "logs", "n_workers": "workers"},
}
OURS = {  # a worker does one unit at a time, and a file holds no objects
    *("self", "scheduler", "processes", "extra", "job_cls", "loop", "silence_logs", "asynchronous", "scheduler_cls"),
    *("dashboard_address", "host"),  # which dask-jobqueue wants within `scheduler_options`
}


@schema
class Cluster:
    """Jobs of one worker each: the keys of the file. A value that is not allowed raises `ParameterError`."""

    _: KW_ONLY
    workers: Positive
    time: Time
    cores: Positive
    kind: Annotated[str, one_of(tuple(KINDS))] = "slurm"
    memory: Memory = ""
    gpus: Annotated[int, Field(ge=0, le=1), allowed("0 or 1, for a worker uses one GPU")] = 0
    queue: str = ""
    account: str = ""
    directives: Annotated[
        tuple[Directive, ...], allowed("a list of lines such as --qos=long, without #SBATCH, #PBS or #BSUB")
    ] = ()
    skip: Annotated[tuple[str, ...], allowed("a list of words, such as --cpus-per-task")] = ()
    prologue: Lines = ()
    epilogue: Lines = ()
    python: str = sys.executable
    interface: str = ""
    local_directory: str = ""
    logs: str = "_build/jobs"
    name: Annotated[str, Field(pattern=r"^[\w.-]+$"), allowed("letters, digits and any of _ . -")] = "igpaths"
    shebang: str = ""
    wait: Time = "24:00:00"
    options: Annotated[dict[str, Any], allowed("lines 'keyword: value'")] = field(default_factory=dict)


def read_cluster(path: str | Path) -> Cluster:
    """The jobs that the YAML file `path` describes; raises `ParameterError` where it is missing or malformed."""
    path = Path(os.path.expanduser(path))
    try:
        # Scalars stay text, for YAML would make 12:00:00 a number; what dask-jobqueue is passed must be numbers
        values = read_yaml(path, texts=True)
        if isinstance(values, dict) and "options" in values:
            values["options"] = read_yaml(path)["options"]
    except (OSError, ValueError) as error:
        raise ParameterError(str(error)) from error
    with within(path):
        if not isinstance(values, dict):
            names = ", ".join(field.name for field in fields(Cluster))
            raise refusal("keys", values, f"lines 'key: value' with the keys {names}")
        return Cluster(**values)


def seconds(time: str) -> int:
    """How long hh:mm:ss is, before which d- may stand."""
    days, _, clock = time.rpartition("-")
    hours, minutes, rest = map(int, clock.split(":"))
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + rest


def job_script(cluster: Cluster, exported: Mapping[str, str]) -> str:
    """What the cluster is given for each job, apart from the scheduler's address and the worker's name.

    Parameters
    ----------
    exported : environment variables of the worker.

    ParameterError for an option that dask-jobqueue does not take.
    """
    _, *jobs = _classes(cluster)
    known = _parameters(jobs) - {"security"}  # of which a job is given what the whole cluster makes
    words = {name: value for name, value in _words(cluster, exported).items() if name in known}
    with _refusing():
        return jobs[0]("SCHEDULER", name="NAME", **words).job_script()


def start_cluster(cluster: Cluster, exported: Mapping[str, str], refused: list[str], **options: Any) -> Any:
    """The dask-jobqueue cluster whose jobs are submitted from here on, each again when it ends, until it is closed.

    Parameters
    ----------
    exported : environment variables of the workers.
    refused : is given the cluster's words for each job that it does not take.
    options : of Dask's scheduler.

    ParameterError for an option that dask-jobqueue does not take, and where Slurm would refuse the job.
    """
    if cluster.kind == "slurm":
        _call(["sbatch", "--test-only"], job_script(cluster, exported))
    kind, job, _ = _classes(cluster)
    words = _words(cluster, exported)
    with _refusing():  # what comes later is in futures and in `refused`, and the log would be alarms at stopping
        words["scheduler_options"] = {**options, **words.get("scheduler_options", {})}
        made = kind(**words, job_cls=_recording(job, refused), silence_logs=logging.CRITICAL)
    made.scale(jobs=cluster.workers)
    made.adapt(minimum=cluster.workers, maximum=cluster.workers, interval=f"{AGAIN}s")  # replaces jobs that ended
    return made


@contextmanager
def _refusing() -> Iterator[None]:
    """Make whatever dask-jobqueue raises for its keywords a `ParameterError`."""
    try:
        yield
    except Exception as error:
        raise ParameterError(f"dask-jobqueue: {error}") from error


def _classes(cluster: Cluster) -> tuple[Any, Any, Any]:
    """The classes of the cluster, of its jobs, and of all jobs. Their import would have Ctrl-C end Python with 0."""
    handler = signal.getsignal(signal.SIGINT)
    import dask_jobqueue
    from dask_jobqueue.core import Job

    signal.signal(signal.SIGINT, handler)
    kind = getattr(dask_jobqueue, KINDS[cluster.kind][0])
    return kind, kind.job_cls, Job


def _parameters(classes: Sequence[Any]) -> set[str]:
    every = [each for one in classes for each in signature(one.__init__).parameters.values()]
    return {each.name for each in every if each.kind is not each.VAR_KEYWORD}


def _recording(job: Any, refused: list[str]) -> type:
    """The class of jobs, with refusals written down and tried again, where Dask would log them and forget the job."""
    from distributed.core import Status

    async def submit(self: Any, file: str) -> str:
        piped = getattr(self, "use_stdin", False)  # as LSF likes it
        command = [self.submit_command] if piped else [self.submit_command, file]
        return await asyncio.to_thread(_call, command, Path(file).read_text() if piped else "")

    async def start(self: Any) -> None:
        try:
            await job.start(self)
        except ValueError as error:
            refused.append(" ".join(str(error).split()))
            self.status = Status.running  # as `_adapt` of Dask's must find it
            asyncio.get_running_loop().call_later(AGAIN, lambda: self._cluster().workers.pop(self.name, None))

    async def close(self: Any) -> None:
        cancel = [*shlex.split(self.cancel_command), str(self.job_id)]
        try:
            if self.job_id:  # a status other than 0 is that of a job that has ended
                await asyncio.to_thread(subprocess.run, cancel, capture_output=True, timeout=CANCEL)
        except (OSError, subprocess.TimeoutExpired) as error:  # all that was computed is there
            words = str(error) if isinstance(error, OSError) else f"no answer within {CANCEL} s"
            tqdm.write(f"job {self.job_id}: {self.cancel_command} fails: {words}; cancel it yourself", file=sys.stderr)
        self.status = Status.closed

    return type(job.__name__, (job,), {"_submit_job": submit, "start": start, "close": close})


def _call(command: Sequence[str], script: str) -> str:
    """What a command of the cluster prints for a job; `ParameterError` with its own words where it fails."""
    try:
        done = subprocess.run(
            command, input=script, encoding="utf-8", errors="replace", capture_output=True, check=True, timeout=ANSWER
        )
    except (OSError, subprocess.SubprocessError) as error:
        words = getattr(error, "stderr", None) or getattr(error, "stdout", None) or str(error)
        raise ParameterError(f"{command[0]} fails: {words.strip()}") from error
    return done.stdout


def _words(cluster: Cluster, exported: Mapping[str, str]) -> dict[str, Any]:
    """The keywords of dask-jobqueue's class; `ParameterError` for options that it does not take."""
    _, mark, gpu, printed = KINDS[cluster.kind]
    skip = [*cluster.skip]
    if not cluster.memory:
        skip += ["#SBATCH --mem=", "#BSUB -M 0"]  # which dask-jobqueue would write all the same
    logs = os.path.abspath(os.path.expandvars(os.path.expanduser(cluster.logs)))
    os.makedirs(logs, exist_ok=True)
    lines = [f"-{end[0]} {_quoted(printed.format(logs=logs, name=cluster.name, end=end))}" for end in ("err", "out")]
    lines += [gpu] * (cluster.gpus if gpu else 0)
    at_home = cluster.kind == "pbs"  # where its jobs start
    epilogue = "\n".join(cluster.epilogue)
    python = _quoted(_placed(cluster.python))
    if cluster.python == sys.executable:  # whose folder may have a dollar in its name, which is no variable
        python = python.replace("$", r"\$")
    return {
        **_resources(cluster),
        "job_name": cluster.name,
        "queue": cluster.queue or None,
        "cores": 1,  # as Dask understands it: units at a time
        "processes": 1,
        "memory": 0,  # no limit of Dask's, which would kill workers
        "job_directives_skip": skip,
        "job_extra_directives": [
            *(line for line in lines if not any(word in f"{mark} {line}" for word in skip)),
            *cluster.directives,
        ],
        "job_script_prologue": [
            *(['cd "$PBS_O_WORKDIR"'] if at_home else []),
            *cluster.prologue,
            *(f"export {name}={value}" for name, value in exported.items()),
            *([f"trap {shlex.quote(epilogue)} EXIT"] if epilogue else []),
        ],
        "python": python,
        "interface": cluster.interface or None,
        "local_directory": _quoted(_placed(cluster.local_directory)) if cluster.local_directory else None,
        "shebang": cluster.shebang or None,
        **_options(cluster),
    }


def _resources(cluster: Cluster) -> dict[str, Any]:
    """The keywords that each kind has for itself."""
    account, cores, memory = cluster.account or None, cluster.cores, cluster.memory
    minutes, rest = divmod(seconds(cluster.time), 60)
    if cluster.kind == "lsf":
        hours, minutes = divmod(minutes + (rest > 0), 60)
        size = int(memory[:-1]) * 1000 ** (1 + "KMGT".index(memory[-1])) if memory else 0
        return {"project": account, "walltime": f"{hours:02}:{minutes:02}", "ncpus": cores, "mem": size}
    clock = f"{minutes // 60:02}:{minutes % 60:02}:{rest:02}"
    if cluster.kind == "pbs":
        chunk = f"select=1:ncpus={cores}" + (f":mem={memory.lower()}b" if memory else "") + ":ngpus=1" * cluster.gpus
        return {"account": account, "walltime": clock, "resource_spec": chunk}
    return {"account": account, "walltime": clock, "job_cpu": cores, "job_mem": memory}


def _options(cluster: Cluster) -> dict[str, Any]:
    """The file's options, all of which dask-jobqueue takes and no key of the file stands for."""
    keys = {field.name: field.name for field in fields(Cluster)} | KEYS
    known = _parameters(_classes(cluster)) - OURS - {*keys}
    with within("options"):
        for name in cluster.options:
            if name in keys:
                raise refusal("keyword", name, f"{keys[name]!r} beside options in its place")
        check_keys(cluster.options, sorted(known), "unknown keyword")
    return cluster.options


def _placed(path: str) -> str:
    """The path as it is found from every folder; the name of a program, and what begins with a variable, stay."""
    path = os.path.expanduser(path)
    return os.path.abspath(path) if "/" in path and not path.startswith("$") else path


def _quoted(path: str) -> str:
    """For a shell that puts in variables, and for a directive."""
    return '"' + re.sub(r'(["`\\])', r"\\\1", path) + '"'
