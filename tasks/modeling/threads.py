"""One thread for linear algebra: sums over threads are added in an order that varies."""

from typing import Any

from threadpoolctl import threadpool_limits


def one_thread() -> Any:
    """Hold BLAS and OpenMP to one thread inside a ``with``."""
    return threadpool_limits(limits=1)
