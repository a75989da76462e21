"""Sums that come out the same in every process, whatever its environment says.

Several threads add in another order than one does, and so do the instructions of another processor;
then the last bits of a model differ. How many threads there are and which instructions are used is
read from the environment when the libraries are loaded.
"""

import os
import sys
import warnings
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
KERNELS = ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES")
AVX2 = {
    "OPENBLAS_CORETYPE": "Haswell",
    # All that numpy has beyond AVX2: processors of one generation do not even agree on it.
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}
"""The instructions that nearly all x86 processors in use have."""


def pin() -> None:
    """Decide how sums are made by all libraries that are loaded from now on.

    Warns
    -----
    RuntimeWarning
        numpy is loaded already and uses other instructions, which cannot be changed any more.
    """
    for name in KERNELS:
        os.environ.pop(name, None)
    wanted = AVX2 if _has_avx2() else {}
    os.environ.update(dict.fromkeys(THREADS, "1") | {"MKL_CBWR": "COMPATIBLE"} | wanted)
    if "numpy" in sys.modules and wanted and (there := _other_kernels(wanted["OPENBLAS_CORETYPE"])):
        warnings.warn(
            f"numpy was imported before labelloop and adds with {there}, not with AVX2: what is "
            "computed may differ in the last bits from what other processes compute; import "
            "labelloop's `tasks` before numpy",
            RuntimeWarning,
            stacklevel=3,
        )


def one_thread() -> AbstractContextManager[Any]:
    """Hold the libraries that are loaded to one thread inside a ``with``."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(limits=1)
    return limits


@cache
def in_force() -> dict[str, Any]:
    """Say how sums are made in this process.

    Returns
    -------
    dict
        ``blas``: the libraries for linear algebra, with versions and kernels; ``simd``: the
        instructions that numpy uses where there is a choice; ``threads``: at most.
    """
    import sklearn.utils._openmp_helpers  # noqa: F401 - both are imported for what they load
    from threadpoolctl import threadpool_info

    with one_thread():
        pools = threadpool_info()
    blas = {_named(pool) for pool in pools if pool["user_api"] == "blas"}
    threads = max((pool["num_threads"] for pool in pools), default=1)
    return {"blas": sorted(blas), "simd": _simd(), "threads": threads}


def _named(pool: dict[str, Any]) -> str:
    parts = (pool["internal_api"], pool["version"], pool.get("architecture"))
    return " ".join(str(part) for part in parts if part)


def _simd() -> list[str]:
    from numpy._core import _multiarray_umath as core  # type: ignore[attr-defined]

    return [name for name in core.__cpu_dispatch__ if core.__cpu_features__[name]]


def _other_kernels(wanted: str) -> str:
    from threadpoolctl import threadpool_info

    there = {pool.get("architecture") for pool in threadpool_info() if "architecture" in pool}
    other = there - {wanted, None}
    beyond = set(_simd()) & set(AVX2["NPY_DISABLE_CPU_FEATURES"].split())
    return ", ".join(sorted(map(str, other | beyond)))


def _has_avx2() -> bool:
    processor = Path("/proc/cpuinfo")
    return processor.exists() and " avx2 " in processor.read_text()
