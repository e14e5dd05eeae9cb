"""Workers: as many as asked for, with the environment that torch needs, again when one dies; and what is refused."""

import os
import signal
import socket
import sys
import time
from types import SimpleNamespace

import distributed
import pytest
import torch

from igstudy.engine import scheduler
from igstudy.engine.parameters import Parameters
from igstudy.engine.scheduler import Workers, connect, environment, worker_device
from igstudy.engine.schema import ParameterError

# What workers are given must not belong to this module, which they cannot import: functions within tests.


@pytest.fixture(scope="module")
def client():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")  # of whoever starts the study; its workers have their own
        patch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
        with connect("local:2", threads=2) as workers:
            yield workers.client


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
        with connect("local:1", threads=1) as workers:
            pid = workers.client.submit(os.getpid).result()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert os.environ | {"__DASK_PARENT_PID": str(os.getpid())} == before
    assert capfd.readouterr() == ("", "")


def test_an_error_inside_stops_the_workers_too():
    pids = []

    def interrupted():
        with connect("local:1", threads=1) as workers:
            pids.append(workers.client.submit(os.getpid).result())
            workers.client.submit(time.sleep, 60)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_a_running_scheduler_is_used_and_left_running(client):
    address = client.scheduler.address
    with connect(address, threads=1) as other:
        assert {*other.client.run(os.getpid)} == {*client.run(os.getpid)}
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


def test_what_takes_a_connection_and_never_answers_is_refused_soon(monkeypatch):
    monkeypatch.setattr(scheduler, "ANSWER", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = "tcp://{}:{}".format(*silent.getsockname())
        with pytest.raises(ParameterError, match=f"^scheduler {address}: nobody answers there within 1 s"):
            connect(address, threads=1).__enter__()


def test_tls_without_its_keys_is_refused():
    with pytest.raises(ParameterError, match=r"^scheduler tls://127\.0\.0\.1:1: name the keys in Dask's config"):
        connect("tls://127.0.0.1:1", threads=1).__enter__()


def test_a_scheduler_that_goes_away_is_the_message():
    def lost():
        raise OSError("closed")

    client = SimpleNamespace(nthreads=lost)
    with pytest.raises(
        ParameterError, match=r"^scheduler tcp://a:1: it answers no more \(closed\); what is computed is"
    ):
        Workers(client, "tcp://a:1", "00:00:01", "", []).count()


def test_a_running_scheduler_without_workers_ends_the_run_in_time(monkeypatch, capfd):
    monkeypatch.setattr(scheduler, "NOTE", 0.4)
    monkeypatch.setattr(scheduler, "WAIT", "00:00:01")
    with distributed.LocalCluster(n_workers=0, dashboard_address=None, processes=False) as cluster:
        address = cluster.scheduler_address
        with pytest.raises(ParameterError, match=f"^scheduler {address}: no worker within 00:00:01; start workers for"):
            connect(address, threads=1).__enter__()
    first, *_ = capfd.readouterr().err.splitlines()
    line = f"scheduler {address}: no worker for 0 s, the run ends after 00:00:01; start workers for it"
    assert first == line


@pytest.mark.parametrize(
    "given", ["local", "local:", "local:0", "local:two", "http://host:80", "cluster:", "pbs:a.yaml", "dask"]
)
def test_a_malformed_scheduler_is_refused(given):
    with pytest.raises(ParameterError, match=f"^scheduler: given '{given}'; allowed: nothing, local:N, tcp://"):
        Parameters(scheduler=given)


def test_without_dask_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ParameterError, match=r"^scheduler local:2 needs Dask: pip install 'igpaths\[cluster\]'$"):
        connect("local:2", threads=1).__enter__()
