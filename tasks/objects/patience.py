"""Trying again what may be done twice."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from tasks.domain.errors import ThrottledError, TransientError, VendorError

WAIT_SECONDS = 0.2
"""At most before the second try; twice as long before each one after it."""
LONGEST = 30.0
"""The most seconds that one pause takes, whatever a server asks for."""
PASSING: tuple[type[VendorError], ...] = (TransientError, ThrottledError)

T = TypeVar("T")


def patiently(
    tries: int, call: Callable[[], T], kinds: tuple[type[VendorError], ...] = PASSING
) -> T:
    """Call until it succeeds, at most so often; raise the last error.

    Parameters
    ----------
    tries : int
        In all.
    call : callable
        Does no harm if it is done twice.
    kinds : tuple of types
        Errors after which it is called again.
    """
    retrying = Retrying(
        retry=retry_if_exception_type(kinds),
        stop=stop_after_attempt(tries),
        wait=_pause,
        reraise=True,
    )
    return retrying(call)


def translated(
    call: Callable[[], T],
    foreign: tuple[type[Exception], ...],
    told: Callable[[Exception], VendorError],
) -> Callable[[], T]:
    """Give a call that raises what is told of each foreign error, instead of it."""

    def translating() -> T:
        try:
            return call()
        except foreign as error:
            raise told(error) from error

    return translating


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, ThrottledError) else None
    usual = wait_random_exponential(multiplier=WAIT_SECONDS, max=LONGEST)(state)
    return max(usual, min(asked or 0.0, LONGEST))
