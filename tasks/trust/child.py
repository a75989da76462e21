"""The process that works with a stranger's data: ``python -m tasks.trust.child``.

Started by `tasks.trust.confined` only. It reads a line of JSON that names a function, calls it, and
writes a line of JSON that says how it went.
"""

import importlib
import json
import os
import sys
from typing import Any, BinaryIO

from tasks.domain import following
from tasks.domain.errors import LabelloopError
from tasks.trust.limits import Limits


def main(limits: Limits, parent: int) -> None:
    """Serve until nobody asks any more."""
    asked, answers = _pipes()
    following.follow(parent)
    limits.enforce()
    answers.write(b"ready\n")
    for line in asked:
        request = json.loads(line)
        limits.begin()
        answers.write(answer(request["function"], request["arguments"]).encode() + b"\n")


def answer(function: str, arguments: list[Any]) -> str:
    """Call a function, and say in JSON how it went."""
    module, _, name = function.partition(":")
    try:
        result = getattr(importlib.import_module(module), name)(*arguments)
        return json.dumps({"result": result})
    except LabelloopError as error:
        kind = type(error).__name__
        said = {"error": kind, "what": error.what, "where": error.where, "fix": error.fix}
        return json.dumps(said)
    except MemoryError:
        return json.dumps({"memory": True})
    except Exception as error:  # noqa: BLE001 - a stranger's data can break any library in any way
        return json.dumps({"error": "DataError", "what": f"cannot be worked with ({_told(error)})"})


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take the pipes for what is said here; what libraries print goes nowhere."""
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for end in (0, 1, 2):
        os.dup2(nowhere, end)
    return asked, answers


if __name__ == "__main__":
    main(Limits(**json.loads(sys.argv[1])), int(sys.argv[2]))
