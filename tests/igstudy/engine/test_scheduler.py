"""Workers: as many as asked for, with the environment that torch needs, again when one dies; and what is refused."""

import os
import signal
import socket
import sys
import time
from types import SimpleNamespace

import dask
import distributed
import pytest
import torch

from igstudy.engine import scheduler
from igstudy.engine.parameters import Parameters
from igstudy.engine.scheduler import Slurm, connect, environment, job_script, read_slurm, worker_device
from igstudy.engine.schema import ParameterError

YAML = """\
workers: 2
time: 12:00:00
cores: 8
memory: 32G
gpus: 1
queue: gpu
account: physics
prologue:
  - module load cuda
  - source .venv/bin/activate
python: /opt/my python/bin/python
logs: {logs}
"""
SCRIPT = """\
#!/usr/bin/env bash

#SBATCH -J igpaths
#SBATCH -e {logs}/igpaths-%J.err
#SBATCH -o {logs}/igpaths-%J.out
#SBATCH -p gpu
#SBATCH -A physics
#SBATCH -n 1
#SBATCH --cpus-per-task=8
#SBATCH --mem=32G
#SBATCH -t 12:00:00
#SBATCH --gres=gpu:1
module load cuda
source .venv/bin/activate
export OMP_NUM_THREADS=4
export MKL_NUM_THREADS=4
export OPENBLAS_NUM_THREADS=4
export MALLOC_TRIM_THRESHOLD_=17179869184
export MALLOC_MMAP_THRESHOLD_=17179869184
export DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED=False
'/opt/my python/bin/python' -m distributed.cli.dask_worker SCHEDULER --name NAME --nthreads 1 --memory-limit 0.0B \
--nanny --death-timeout 60
"""
REQUIRED = "workers: 1\ntime: 01:00:00\ncores: 1\nmemory: 2G\n"

# What workers are given must not belong to this module, which they cannot import: functions within tests.


@pytest.fixture(scope="module")
def client():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")  # of whoever starts the study; its workers have their own
        patch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
        with connect("local:2", threads=2) as client:
            yield client


def test_local_workers_are_processes_that_do_one_unit_at_a_time(client):
    pids = {*client.run(os.getpid).values()}
    assert len(pids - {os.getpid()}) == 2
    assert [*client.nthreads().values()] == [1, 1]
    assert [worker["memory_limit"] for worker in client.scheduler_info()["workers"].values()] == [0, 0]


def test_workers_have_the_environment_that_torch_needs(client):
    def seen():
        return dict(os.environ), torch.get_num_threads()

    for variables, threads in client.run(seen).values():
        assert environment(2).items() <= variables.items()
        assert threads == 2


def test_each_local_worker_has_its_own_gpu(client):
    def device(gpus):
        torch.cuda.device_count = lambda: gpus
        return worker_device("cuda")

    here = [client.submit(device, 2, workers=[address], pure=False) for address in client.nthreads()]
    assert {*client.gather(here)} == {"cuda:0", "cuda:1"}


def test_the_unit_of_a_worker_that_dies_is_done_again(client, tmp_path):
    died = tmp_path / "died"

    def mortal():
        if not died.exists():
            died.write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
        return os.getpid()

    assert client.submit(mortal).result(timeout=30) != int(died.read_text())
    client.wait_for_workers(2, timeout=30)  # another in its place, with the environment that it had
    assert [variables["OMP_NUM_THREADS"] for variables in client.run(lambda: dict(os.environ)).values()] == ["2", "2"]


@pytest.mark.parametrize(
    ("name", "gpus", "given", "expected"),
    [
        (3, 2, "cuda", "cuda:1"),
        ("SLURMCluster-5", 1, "cuda", "cuda:0"),
        ("tcp://10.0.0.1:40003", 2, "cuda", "cuda:1"),
        ("alice", 2, "cuda", "cuda"),
        (3, 0, "cuda", "cuda"),
        (3, 2, "cuda:0", "cuda:0"),
        (3, 2, "cpu", "cpu"),
    ],
)
def test_a_worker_takes_the_gpu_of_its_number(name, gpus, given, expected, monkeypatch):
    monkeypatch.setattr(distributed, "get_worker", lambda: SimpleNamespace(name=name))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    assert worker_device(given) == expected


def test_outside_of_a_worker_the_device_is_the_one_given(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert worker_device("cuda") == "cuda"
    monkeypatch.delitem(sys.modules, "distributed")
    assert worker_device("cuda") == "cuda"


def test_leaving_stops_the_workers_and_says_nothing(capfd, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = os.environ | {"__DASK_PARENT_PID": str(os.getpid())}
    with socket.socket() as dashboard:  # Dask's port for it is taken
        dashboard.bind(("", 8787))
        with connect("local:1", threads=1) as client:
            pid = client.submit(os.getpid).result()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert os.environ | {"__DASK_PARENT_PID": str(os.getpid())} == before
    assert capfd.readouterr() == ("", "")


def test_an_error_inside_stops_the_workers_too():
    pids = []

    def interrupted():
        with connect("local:1", threads=1) as client:
            pids.append(client.submit(os.getpid).result())
            client.submit(time.sleep, 60)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_a_running_scheduler_is_used_and_left_running(client):
    address = client.scheduler.address
    with connect(address, threads=1) as other:
        assert {*other.run(os.getpid)} == {*client.run(os.getpid)}
    assert len(client.run(os.getpid)) == 2


def test_an_address_where_nobody_listens_is_refused_soon(monkeypatch):
    monkeypatch.setattr(scheduler, "ANSWER", 2)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        address = "tcp://{}:{}".format(*taken.getsockname())
        started = time.monotonic()
        with pytest.raises(ParameterError, match=f"^scheduler {address}: nobody answers there within 2 s"):
            connect(address, threads=1).__enter__()
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("given", ["local", "local:", "local:0", "local:two", "http://host:80", "slurm:", "dask"])
def test_a_malformed_scheduler_is_refused(given):
    with pytest.raises(ParameterError, match=f"^scheduler: given '{given}'; allowed: nothing, local:N, tcp://"):
        Parameters(scheduler=given)


def test_without_dask_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ParameterError, match=r"^scheduler local:2 needs Dask: pip install 'igpaths\[cluster\]'$"):
        connect("local:2", threads=1).__enter__()


def test_a_job_of_slurm_is_as_its_file_says(tmp_path):
    path = tmp_path / "cluster.yaml"
    path.write_text(YAML.format(logs=tmp_path))
    script = job_script(read_slurm(path), threads=4)
    assert script.splitlines() == SCRIPT.format(logs=tmp_path).splitlines()


def test_ctrl_c_stays_an_interruption(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("dask_jobqueue")]:
        monkeypatch.delitem(sys.modules, name)
    before = signal.getsignal(signal.SIGINT)
    job_script(Slurm(workers=1, time="01:00:00", cores=1, memory="2G", logs=str(tmp_path)), threads=1)
    assert "dask_jobqueue" in sys.modules
    assert signal.getsignal(signal.SIGINT) is before


def test_what_the_file_leaves_out_is_left_to_the_cluster(tmp_path):
    path = tmp_path / "cluster.yaml"
    path.write_text(f"{REQUIRED}logs: {tmp_path}\n")
    slurm = read_slurm(path)
    assert slurm == Slurm(workers=1, time="01:00:00", cores=1, memory="2G", logs=str(tmp_path))
    lines = job_script(slurm, threads=1).splitlines()
    assert not [line for line in lines if line.startswith(("#SBATCH -p", "#SBATCH -A", "#SBATCH --gres"))]
    assert lines[-1].startswith(f"{sys.executable} -m distributed.cli.dask_worker")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (REQUIRED + "que: gpu", "unknown key: given 'que'; allowed: workers, time, .*; nearest: queue"),
        ("workers: 2", "time: given None; allowed: a value"),
        ("", "keys: given .*; allowed: lines 'key: value' with the keys workers, time, cores, memory"),
        ("[1", "while parsing"),
        (REQUIRED + "workers: none", "workers: given 'none'; allowed: an integer, at least 1"),
        (REQUIRED + "cores: 0", "cores: given '0'; allowed: an integer, at least 1"),
        (REQUIRED + "time: 2h", "time: given '2h'; allowed: hh:mm:ss"),
        (REQUIRED + "memory: 32 GB", "memory: given '32 GB'; allowed: a number with K, M, G or T, such as 32G"),
        (REQUIRED + "gpus: 2", "gpus: given '2'; allowed: 0 or 1, for a worker uses one GPU"),
        (REQUIRED + "prologue: source activate", "prologue: given 'source activate'; allowed: a list of shell lines"),
    ],
)
def test_a_bad_file_is_refused(text, message, tmp_path):
    path = tmp_path / "cluster.yaml"
    path.write_text(text)
    with pytest.raises(ParameterError, match=f"^{path}: {message}"):
        read_slurm(path)


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(ParameterError, match=r"cluster\.yaml: .*No such file"):
        connect(f"slurm:{tmp_path}/cluster.yaml", threads=1).__enter__()


class TestSlurm:
    """With an sbatch that starts the job here."""

    @pytest.fixture
    def cluster(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        path = tmp_path / "cluster.yaml"
        path.write_text(f"{REQUIRED}logs: {tmp_path}\n")
        with dask.config.set({"jobqueue.slurm.interface": "lo"}):
            yield f"slurm:{path}"

    def command(self, folder, name, text):
        (folder / name).write_text(f"#!/bin/bash\ncd {folder}\n{text}\n")
        (folder / name).chmod(0o755)

    def test_jobs_are_submitted_and_cancelled(self, cluster, tmp_path):
        start = 'cp "$1" job.sh; setsid bash job.sh &>job.log & echo "Submitted batch job $!"'
        self.command(tmp_path, "sbatch", f'[ "$1" = --test-only ] && exec cat >tested.sh\n{start}')
        self.command(tmp_path, "scancel", 'kill -- "-$1"; echo "$1" >cancelled')
        with connect(cluster, threads=2) as client:
            threads, group = client.submit(lambda: (torch.get_num_threads(), os.getpgid(0))).result(timeout=30)
        assert threads == 2
        assert int((tmp_path / "cancelled").read_text()) == group
        assert "#SBATCH -t 01:00:00" in (tmp_path / "tested.sh").read_text()

    def test_what_sbatch_refuses_is_said_before_anything_starts(self, cluster, tmp_path):
        self.command(tmp_path, "sbatch", "echo 'sbatch: error: Invalid account' >&2; exit 1")
        with pytest.raises(ParameterError, match=r"cluster\.yaml: sbatch fails: sbatch: error: Invalid account"):
            connect(cluster, threads=1).__enter__()

    def test_without_sbatch_the_error_says_so(self, cluster, monkeypatch):
        monkeypatch.setenv("PATH", "")
        with pytest.raises(ParameterError, match="sbatch fails: .*No such file or directory: 'sbatch'"):
            connect(cluster, threads=1).__enter__()
