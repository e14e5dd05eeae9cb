"""A process of the project's own keeps the memory that it frees, and spins only briefly."""

import os
import subprocess
import sys

import pytest

from igpaths.process import KEEPING, WAITING

FAULTS = """
import resource, sys, threading
from igpaths.process import settle
settle() if sys.argv[1] == "settled" else None
import torch

def work():
    for count in range(20):
        if count == 4:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        a = torch.ones(12_000_000)
        b = a + 1
        del a, b
    print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 16)

thread = threading.Thread(target=work)
thread.start() if sys.argv[2] == "thread" else work()
"""


def output(code, *arguments, **variables):
    plain = {name: value for name, value in os.environ.items() if name not in (*KEEPING, *WAITING)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=plain | variables, capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(sys.platform != "linux", reason="other C libraries than glibc have no such setting")
@pytest.mark.parametrize("where", ["main", "thread"])
def test_a_settled_process_keeps_the_pages_that_it_frees(where):
    settled, plain = (float(output(FAULTS, how, where)) for how in ("settled", "plain"))
    assert settled < plain / 4


def test_what_the_user_has_set_stays():
    code = (
        "import os; from igpaths.process import *; settle(); print(*[os.environ.get(n) for n in (*WAITING, *KEEPING)])"
    )
    assert output(code).split() == ["None", "1000", "2147483647", "2147483647", "1"]
    passive = output(code, OMP_WAIT_POLICY="passive", MALLOC_ARENA_MAX="4")
    assert passive.split() == ["passive", "None", "None", "None", "4"]
