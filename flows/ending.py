"""Ending by SIGTERM in as good an order as by Ctrl-C."""

import signal


class Terminated(BaseException):
    """Somebody sent SIGTERM.

    No `KeyboardInterrupt`: the command line's own library ends that with an exit code of its own.
    """


def on_sigterm() -> None:
    """Have SIGTERM raise `Terminated` in the main thread from now on."""
    signal.signal(signal.SIGTERM, _terminate)


def _terminate(*_: object) -> None:
    raise Terminated
