"""Processes that Prefect starts for `labelloop serve` end when it does, even by SIGKILL."""

import os

from tasks.domain import following

STARTER = "LABELLOOP_STARTER"
"""The environment variable that holds the process id of the `labelloop serve` above."""


def offer() -> None:
    """Let processes that this one starts know whom to follow."""
    os.environ[STARTER] = str(os.getpid())


def follow() -> None:
    """End this process when the one that started it has ended, if that asked for it."""
    starter = int(os.environ.get(STARTER, os.getpid()))
    if starter != os.getpid():
        following.follow(starter)
