"""How a process of the project's own waits and keeps memory, unless the user has set it by environment variables.

Beside other work torch's threads spin in vain: each waits for one that has no core. And glibc hands freed memory back
to the kernel, which clears every page of the next batch again: a gradient then takes up to twice as long.
"""

import ctypes
import os

WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")  # of GNU's OpenMP, which reads them when torch is loaded
SPINS = "1000"
# Of glibc, each with mallopt's number for a process that already runs. Arenas of other threads never keep memory.
KEEPING = {
    "MALLOC_TRIM_THRESHOLD_": (-1, 2**31 - 1),
    "MALLOC_MMAP_THRESHOLD_": (-3, 2**31 - 1),
    "MALLOC_ARENA_MAX": (-8, 1),
}


def settle() -> None:
    """Have this process, and those that it starts, spin only briefly and keep the memory that they free.

    What the user has set in the environment stays. Threads that torch has started already wait as they did.
    """
    if not set(WAITING) & os.environ.keys():
        os.environ["GOMP_SPINCOUNT"] = SPINS
    if set(KEEPING) & os.environ.keys():
        return
    os.environ |= {name: str(value) for name, (_, value) in KEEPING.items()}
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library than glibc
        return
    for number, value in KEEPING.values():
        mallopt(number, value)
