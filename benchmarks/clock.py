"""Seconds by component, measured around functions that are somebody else's."""

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

LEARNING = "training and scoring"
"""The component that is no overhead."""


class Clock:
    """Books every moment on one component: the innermost that is being measured.

    Attributes
    ----------
    seconds : dict of str to float
        By component.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._now = now
        self._since = 0.0
        self._within: list[str] = []

    @contextmanager
    def on(self, component: str) -> Iterator[None]:
        """Book what happens inside on `component`, but for what is measured within it."""
        self._book()
        self._within.append(component)
        try:
            yield
        finally:
            self._book()
            self._within.pop()

    def _book(self) -> None:
        now = self._now()
        if self._within:
            self.seconds[self._within[-1]] += now - self._since
        self._since = now

    @contextmanager
    def around(self, component: str, owner: Any, *names: str) -> Iterator[None]:
        """Book the calls of an object's functions on `component`, as long as this lasts."""
        with ExitStack() as stack:
            for name in names:
                timed = self._timed(component, getattr(owner, name))
                stack.enter_context(mock.patch.object(owner, name, timed))
            yield

    def _timed(self, component: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            with self.on(component):
                return function(*arguments, **named)

        return call
