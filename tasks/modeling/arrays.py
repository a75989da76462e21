"""Arrays in a model's archive: as long as they say, before numpy makes room for them."""

import io
import math
from collections.abc import Mapping
from typing import Any

from numpy.lib import format as npy

from tasks.modeling.broken import BrokenModelError, demand

KINDS = "biufU"
"""numpy's types without pointers: numbers and characters."""
VERSION = (1, 0)


def check(name: Any, files: Mapping[str, bytes]) -> int:
    """Check an array that a model asks for; gives the length of its file.

    Raises
    ------
    BrokenModelError
        It is not there, is of objects, or is longer or shorter than it says.
    """
    demand(isinstance(name, str) and name in files, "it asks for a file that it does not have")
    content = files[name]
    source = io.BytesIO(content)
    try:
        demand(npy.read_magic(source) == VERSION, "an array in it is of another version")
        shape, _, kind = npy.read_array_header_1_0(source)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        raise BrokenModelError("an array in it cannot be read") from None
    demand(kind.kind in KINDS and kind.subdtype is None, "an array in it is not of numbers")
    left = len(content) - source.tell()
    # A side of any length costs nothing beside one of none, until somebody counts along it.
    demand(all(0 <= side <= max(left, 1) for side in shape), "an array in it lies about its sides")
    demand(math.prod(shape) * kind.itemsize == left, "an array in it lies about its length")
    return len(content)
