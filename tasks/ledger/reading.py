"""An entry as it is read: whoever wrote it, it names only files, tags and rounds of a campaign."""

from collections.abc import Mapping
from typing import Any

from tasks import campaign as at
from tasks.domain import entries, intake
from tasks.domain.entries import Entry, tag_of
from tasks.domain.errors import DataError, LedgerError

LISTS = {
    "stage": ("inputs", "outputs"),
    "snapshot": ("files",),
    "round_opened": ("base", "intake"),
    intake.ADDED: ("files",),
    intake.IMPORTED: ("files",),
}
"""The entries that name files, and the keys under which they give their digests."""
NEEDED = {
    "stage": ("stage", "inputs", "outputs"),
    "snapshot": ("files", "tag"),
    "round_closed": ("tag",),
}
"""What such an entry must say, so that nobody has to ask whether it does."""


def parse(content: bytes, where: str) -> Entry:
    """Read an entry from its bytes, and refuse what could lead out of the campaign.

    Raises
    ------
    LedgerError
        It is no entry; or it names a path that no stage declares, a digest that is none, or a tag
        that is not its round's.
    """
    entry = entries.parse(content, where)
    missing = [name for name in NEEDED.get(entry.kind, ()) if name not in entry.body]
    if missing:
        raise LedgerError(f"is a {entry.kind} that does not say its {missing[0]}", where=where)
    if entry.kind == "stage" and not isinstance(entry.body["stage"], str):
        raise LedgerError("is of a stage without a name", where=where)
    if "tag" in NEEDED.get(entry.kind, ()) and entry.body["tag"] != tag_of(entry.round):
        what = f"names {str(entry.body['tag'])[:80]!r} as the tag of round {entry.round}"
        raise LedgerError(what, where=where)
    for name in LISTS.get(entry.kind, ()):
        _refuse_foreign(entry.body.get(name, {}), where)
    if entry.kind in (intake.ADDED, intake.IMPORTED):
        _refuse_another(entry.body, where)
    return entry


def _refuse_foreign(files: Any, where: str) -> None:
    if not isinstance(files, dict):
        raise LedgerError("does not list files by their paths", where=where)
    try:
        at.refuse_foreign(files)
    except DataError as error:
        raise LedgerError(f"names {error.where}, which {error.what}", where=where) from None


def _refuse_another(body: Mapping[str, Any], where: str) -> None:
    """Refuse a file or folder that came in and is not what the files lie in."""
    path, files = str(body.get("path")), body.get("files", {})
    inside = all(file == path or file.startswith(f"{path}/") for file in files)
    if not files or not inside or not at.BROUGHT.fullmatch(path):
        raise LedgerError("does not say which file came in", where=where)
