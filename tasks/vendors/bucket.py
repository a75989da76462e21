"""A partner with whom files are exchanged through an S3 bucket or a shared folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasks.domain.incoming import Hint, MalformedRecordError, Parsed
from tasks.domain.outgoing import Capabilities, VendorContext
from tasks.vendors._bucket.options import MAX_TASKS, Options
from tasks.vendors._bucket.parsing import parse

if TYPE_CHECKING:
    from tasks.vendors._bucket.account import BucketAccount


@dataclass(frozen=True)
class Bucket(Options):
    """The vendor; its options are those of `Options`.

    Tasks are laid into ``<batch>/tasks-00000.jsonl`` and so on, results are found in
    ``<batch>/results/``; docs/vendors/bucket.md has the protocol.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What it can do: cancel, extend and decide only where the partner has agreed to."""
        return Capabilities(
            max_tasks=MAX_TASKS,
            prelabels=True,
            extend="extend" in self.accepts,
            cancel="cancel" in self.accepts,
            decide="decide" in self.accepts,
        )

    def connect(self, context: VendorContext) -> "BucketAccount":
        """Open the campaign's account; touches nothing."""
        from tasks.vendors._bucket.account import BucketAccount

        return BucketAccount(self, context)

    def parse(self, record: Mapping[str, Any]) -> Parsed:
        """Understand one row of a file of results.

        Raises
        ------
        tasks.domain.incoming.MalformedRecordError
            It says which file and line, and what is amiss.
        """
        return parse(record, self)

    def parse_event(self, headers: Mapping[str, str], body: bytes) -> Hint:
        """Raise a `MalformedRecordError`: a bucket sends no webhooks."""
        raise MalformedRecordError("a bucket sends no webhooks")
