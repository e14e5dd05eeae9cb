"""Chapters' processes: forked from a server of one thread, each a process of its own, and none outlives its parent."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from igstudy.press import kernels

STARTED = """
import os, time
from igstudy.press import kernels

def main():
    arguments = ["-f", os.path.abspath("connection.json"), "--log-level=ERROR"]
    forked = kernels.Forked(arguments, os.getcwd(), dict(os.environ))
    print(forked.pid, flush=True)
    time.sleep(600)

if __name__ == "__main__":
    main()
"""


def _serve(answer, cwd, variables):
    """What a chapter's process finds where it is forked, in place of a kernel."""
    tasks = len(os.listdir(f"/proc/{os.getppid()}/task"))
    loaded = [name for name in ("torch", "timm", "igstudy.press.look") if name in sys.modules]
    Path(answer[0]).write_text(f"{tasks} {loaded}")
    time.sleep(600 if answer[1:] else 0)


@pytest.fixture
def forked(tmp_path, monkeypatch):
    """Fork `_serve` in place of a kernel; returns the process, and the file of its answer."""
    monkeypatch.setattr(kernels, "_serve", _serve)

    def fork(*more):
        answer = tmp_path / "answer"
        return kernels.Forked([str(answer), *more], tmp_path, dict(os.environ)), answer

    return fork


def test_the_server_has_one_thread_and_has_imported_what_chapters_import(forked):
    process, answer = forked()
    assert process.wait() == process.poll() == 0
    assert answer.read_text() == "1 ['torch', 'timm', 'igstudy.press.look']"


def test_the_server_has_its_own_environment_whoever_has_started_it(tmp_path):
    code = """
import os
from multiprocessing import forkserver
from pathlib import Path
from igstudy.press import kernels

def serve(arguments, cwd, variables):
    import matplotlib
    tasks = len(os.listdir(f"/proc/{os.getppid()}/task"))
    Path(arguments[0]).write_text(f"{tasks} {matplotlib.rcParams['backend']}")

if __name__ == "__main__":
    forkserver.ensure_running()  # as other code would, without any variables
    kernels._serve = serve
    kernels.Forked(["answer"], os.getcwd(), dict(os.environ)).wait()
"""
    (tmp_path / "other.py").write_text(code)
    plain = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    subprocess.run([sys.executable, "other.py"], cwd=tmp_path, env=plain, check=True)
    assert (tmp_path / "answer").read_text() == "1 module://matplotlib_inline.backend_inline"


def test_a_process_that_is_killed_is_known_to_have_died(forked):
    process, _ = forked("wait")
    assert process.poll() is None
    process.kill()
    assert process.wait() == process.poll() == -signal.SIGKILL
    process.terminate()  # which asks nothing of a process that is not there


def wait_until(met):
    end = time.monotonic() + 120
    while not met() and time.monotonic() < end:
        time.sleep(0.1)
    return met()


def test_a_kernel_ends_when_the_process_that_started_it_was_killed(tmp_path):
    (tmp_path / "started.py").write_text(STARTED)
    parent = subprocess.Popen([sys.executable, "started.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    kernel = Path("/proc", parent.stdout.readline().strip())
    assert wait_until((tmp_path / "connection.json").exists)
    parent.kill()
    parent.communicate()
    assert wait_until(lambda: not kernel.exists())
