"""The processes of chapters: Jupyter kernels that are forked from a server, which has imported what chapters import.

To import torch and all that stands on it takes seconds, as long as a short chapter computes. Python's own fork server
does it once for all chapters. It has one thread and computes nothing, so that what is forked from it is as good as new.
"""

import os
import signal
from collections.abc import Sequence
from multiprocessing import get_context, parent_process
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from threading import Thread
from typing import Any

from ipykernel.kernelspec import make_ipkernel_cmd
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from igstudy.engine.scheduler import environment, exported

SERVER = get_context("forkserver")
PRELOADED = [
    "igstudy.press.preloaded",  # first, for it sets the server's environment
    "timm",  # before all else, for its progress bars look for IPython and would warn that this one has no widgets
    *("ipykernel.kernelapp", "matplotlib.pyplot", "myst_nb", "pandas", "scipy.stats", "skimage.metrics", "torchvision"),
    *("igpaths.plots", "igstudy.evidence.findings", "igstudy.evidence.tables.beside", "igstudy.press.look", __name__),
]
SERVER.set_forkserver_preload(PRELOADED)


def start_server() -> None:
    """Start to import what chapters need, if that has not begun, and do not wait for it."""
    with exported(environment(1)):
        ensure_running()


class OwnKernel(AsyncKernelManager):
    """The kernel of this environment, whatever a page's header names and whatever is installed under that name."""

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(argv=make_ipkernel_cmd(), display_name="Python 3", language="python")

    async def _async_launch_kernel(self, kernel_cmd: list[str], **options: Any) -> None:
        """Fork the kernel, where the class would start a program; what the provisioner is told of it is the same."""
        arguments = kernel_cmd[3:]  # after Python, -m and the launcher
        provisioner: Any = self.provisioner
        provisioner.process = Forked(arguments, options.get("cwd") or Path.cwd(), options["env"])
        provisioner.pid = provisioner.process.pid
        self._reconcile_connection_info(provisioner.connection_info)


class Forked:
    """A forked kernel, with the methods of `subprocess.Popen` that its provisioner calls."""

    stdin = stdout = stderr = None

    def __init__(self, arguments: Sequence[str], cwd: Path, variables: dict[str, str]) -> None:
        start_server()
        self._process = SERVER.Process(target=_serve, args=(arguments, cwd, variables))
        self._process.start()
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.pid and self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _serve(arguments: Sequence[str], cwd: Path, variables: dict[str, str]) -> None:
    """Be a kernel until it is shut down, in the forked process."""
    import torch
    from ipykernel.kernelapp import IPKernelApp

    from igstudy.engine import provenance

    Thread(target=_end_with_parent, daemon=True).start()
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(cwd)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1))  # the server has one
    provenance.mark_start()
    IPKernelApp.launch_instance([*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"])


def _end_with_parent() -> None:
    """End when the process that asked for the kernel has ended, however it did."""
    parent = parent_process()
    assert parent
    parent.join()
    os._exit(1)
