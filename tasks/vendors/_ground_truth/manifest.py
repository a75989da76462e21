"""Input manifests: one line of JSON for each item, written by us and read by us and by AWS."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.domain.errors import RejectedItemError, VendorRefusedError
from tasks.domain.files import canonical_json
from tasks.domain.outgoing import FieldKind, Task
from tasks.vendors._ground_truth.lambdas import Shown
from tasks.vendors._ground_truth.names import MAX_COPIES

LINE = 100_000
"""Characters that Ground Truth takes in one line."""
PICTURE = 1024


@dataclass(frozen=True)
class Manifest:
    """What one job is to do.

    Attributes
    ----------
    number : int
        Its place among the manifests of the batch, from 0.
    copies : int
        Answers for each item.
    keys : tuple of str
        Line by line.
    digest : str
        SHA-256 of its bytes.
    """

    number: int
    copies: int
    keys: tuple[str, ...]
    digest: str


def shown_as(fields: Mapping[str, FieldKind]) -> Shown:
    """Say which of Ground Truth's pages shows these fields."""
    return "image" if "image" in fields.values() else "text"


def lines(
    tasks: Sequence[Task], fields: Mapping[str, FieldKind], *, own_page: bool
) -> dict[str, str]:
    """Make the line of each task, without its end, by its key.

    Parameters
    ----------
    own_page : bool
        Whether the user's own page shows them, which finds the payload as ``payload``.

    Raises
    ------
    RejectedItemError
        Ground Truth could not take some.
    """
    made, reasons = {}, {}
    for task in tasks:
        try:
            made[task.key] = _line(task, fields, own_page=own_page)
        except ValueError as error:
            reasons[task.key] = str(error)
    if reasons:
        raise RejectedItemError(reasons, where="Ground Truth")
    return made


def read(number: int, content: bytes, where: str) -> Manifest:
    """Read a manifest that `lines` has made.

    Raises
    ------
    VendorRefusedError
        Somebody has changed it.
    """
    try:
        rows = [json.loads(line) for line in content.decode().removesuffix("\n").split("\n")]
        (copies,) = {int(row["copies"]) for row in rows}
        keys = tuple(str(row["key"]) for row in rows)
        return Manifest(number, copies, keys, hashlib.sha256(content).hexdigest())
    except (ValueError, KeyError, TypeError):
        what = "is no manifest that labelloop has written"
        raise VendorRefusedError(what, where=where, fix="restore it") from None


def _line(task: Task, fields: Mapping[str, FieldKind], *, own_page: bool) -> str:
    if not 1 <= task.copies <= MAX_COPIES:
        raise ValueError(f"it wants {task.copies} answers; Ground Truth has 1 to {MAX_COPIES}")
    row: dict[str, Any] = {
        "copies": task.copies,
        "item_id": task.item_id,
        "key": task.key,
        **_source(task.payload, fields),
        # One field is whole in the source; several are only told there.
        **({"payload": dict(task.payload)} if own_page or len(fields) > 1 else {}),
    }
    line = _one_line(_encodable(canonical_json(row)))
    if len(line) > LINE:
        raise ValueError(f"its line has {len(line)} characters; Ground Truth takes {LINE}")
    return line


def _source(payload: Mapping[str, Any], fields: Mapping[str, FieldKind]) -> dict[str, str]:
    if missing := [name for name in fields if name not in payload]:
        raise ValueError(f"it has no field {missing[0]!r}")
    if shown_as(fields) == "image":
        (name,) = [name for name, kind in fields.items() if kind == "image"]
        return {"source-ref": _picture(payload[name], name)}
    texts = {name: _text(payload[name]) for name in fields}
    text = _joined(texts)
    if not text.strip():
        raise ValueError("there is nothing to show of it")
    return {"source": text}


def _picture(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value.startswith("s3://") or len(value) > PICTURE:
        raise ValueError(f"{name!r} is no s3:// address of a picture")
    return value


def _joined(texts: Mapping[str, str]) -> str:
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "\n".join(f"{name}: {text}" for name, text in texts.items())


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else canonical_json(value)


def _one_line(line: str) -> str:
    # Some readers end a line at these too.
    for end in ("\u0085", "\u2028", "\u2029"):
        line = line.replace(end, f"\\u{ord(end):04x}")
    return line


def _encodable(line: str) -> str:
    try:
        line.encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half a character, which is no UTF-8") from None
    return line
