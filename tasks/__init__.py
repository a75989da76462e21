"""The stages of a labeling round and everything they are made of."""

import os
from pathlib import Path

__version__ = "0.1.0"


def _pin_arithmetic() -> None:
    """Make sums come out the same on every machine, before any library that adds is imported.

    BLAS on several threads, or with the kernels of another processor, adds in another order, and
    the last bits of a model differ.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    processor = Path("/proc/cpuinfo")
    if processor.exists() and " avx2 " in processor.read_text():
        os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")


_pin_arithmetic()
