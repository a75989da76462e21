"""A vendor for people who have a spreadsheet: CSV files out, CSV files in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasks.domain.incoming import Hint, MalformedRecordError, Parsed
from tasks.domain.outgoing import Capabilities, VendorContext
from tasks.vendors._files.options import MOST_TASKS, Options
from tasks.vendors._files.records import parse

if TYPE_CHECKING:
    from tasks.vendors._files.account import FilesAccount


@dataclass(frozen=True)
class Files(Options):
    """The vendor; its options are those of `Options`."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return Capabilities(max_tasks=MOST_TASKS, cancel=True)

    def connect(self, context: VendorContext) -> "FilesAccount":
        """Open the campaign's account; touches nothing."""
        from tasks.vendors._files.account import FilesAccount

        return FilesAccount(self, context)

    def parse(self, record: Mapping[str, Any]) -> Parsed:
        """Understand one record: all answers to one task, or a row that cannot be read.

        Raises
        ------
        tasks.domain.incoming.MalformedRecordError
            It says which file, row and column, and what to do.
        """
        return parse(record)

    def parse_event(self, headers: Mapping[str, str], body: bytes) -> Hint:
        """Raise a `MalformedRecordError`: files send no webhooks."""
        raise MalformedRecordError("files send no webhooks")
