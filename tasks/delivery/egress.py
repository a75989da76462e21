"""What left the house: the bytes themselves, kept before they leave.

The ledger says where each body went and what its digest is. round/egress.jsonl holds them all, so
that it can be said years later what a vendor was shown.
"""

import base64
from collections.abc import Mapping
from typing import Any

from tasks.domain import digests, state
from tasks.domain.entries import Entry
from tasks.domain.files import canonical_json
from tasks.domain.outgoing import Outgoing
from tasks.domain.ports import Ledger


def recorder(ledger: Ledger, round_number: int, where: Mapping[str, Any]) -> Outgoing:
    """Make what a vendor tells of bytes that are about to leave; `where` has batch and vendor."""

    def record(target: str, content: bytes) -> None:
        body = {**where, "target": target, "digest": ledger.keep(content), "bytes": len(content)}
        ledger.record(round_number, "egress", body)

    return record


def lines(ledger: Ledger, round_number: int) -> list[str]:
    """Write the manifest of a round: one line for each body that left."""
    left = state.of_kind(ledger.entries(), "egress", round_number)
    return [_line(ledger, entry) for entry in left]


def _line(ledger: Ledger, entry: Entry) -> str:
    content = ledger.kept(entry.body["digest"])
    return canonical_json({**entry.body, **_content(content)})


def _content(content: bytes | None) -> dict[str, Any]:
    if content is None:
        return {"lost": True}
    try:
        return {"content": content.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


def body(line: Mapping[str, Any]) -> bytes:
    """Read back the bytes of a line of the manifest."""
    if "content" in line:
        return str(line["content"]).encode()
    return base64.b64decode(line.get("base64", ""))


def is_sound(line: Mapping[str, Any]) -> bool:
    """Whether a line of the manifest holds what its digest says."""
    return bool(digests.of_bytes(body(line)).sha256 == line["digest"])
