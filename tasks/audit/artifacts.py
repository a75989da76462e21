"""Where MLflow reads and writes files: judged each time, since servers and databases say where."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Refusal = Callable[[str], None]
"""Raises if files may not be read or written at an address."""

_refusal: ContextVar[Refusal | None] = ContextVar("refusal", default=None)


@contextmanager
def watched(refuse: Refusal) -> Iterator[None]:
    """Have every address of files judged that MLflow opens meanwhile."""
    _stand_before_repositories()
    token = _refusal.set(refuse)
    try:
        yield
    finally:
        _refusal.reset(token)


class Watched:
    """Makes what MLflow makes for a scheme of addresses, once the address was judged.

    Parameters
    ----------
    make : callable
        MLflow's own.
    """

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, artifact_uri: str, *arguments: Any, **named: Any) -> Any:
        """Make it."""
        if refuse := _refusal.get():
            refuse(artifact_uri)
        return self._make(artifact_uri, *arguments, **named)


def _stand_before_repositories() -> None:
    from mlflow.store.artifact import artifact_repository_registry as library

    makers: dict[str, Any] = library.get_registered_artifact_repositories()
    for scheme, make in makers.items():
        if not isinstance(make, Watched):
            makers[scheme] = Watched(make)
