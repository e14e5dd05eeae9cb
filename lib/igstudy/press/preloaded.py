"""What the server of the chapters' processes imports first: its environment, whoever has started it.

Python has one fork server for a process, which may have been started by other code than ours, without our variables.
"""

import os

VARIABLES = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # a kernel's own, which Matplotlib reads once
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # of pyarrow's allocator
} | dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
os.environ.update(VARIABLES)
