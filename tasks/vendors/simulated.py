"""A vendor whose annotators are simulated, for trying out campaigns whose classes are known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasks.domain.incoming import Hint, Parsed
from tasks.domain.outgoing import Capabilities, VendorContext
from tasks.vendors._simulated import parsing
from tasks.vendors._simulated.options import Options

if TYPE_CHECKING:
    from tasks.vendors._simulated.account import SimulatedAccount


@dataclass(frozen=True)
class Simulated(Options):
    """The vendor; its options are those of `Options`."""

    @property
    def capabilities(self) -> Capabilities:
        """Everything; no task can have more answers than there are annotators."""
        return Capabilities(
            max_tasks=500,
            max_copies=self.annotators,
            prelabels=True,
            extend=True,
            cancel=True,
            decide=True,
            events=True,
        )

    def connect(self, context: VendorContext) -> "SimulatedAccount":
        """Open the campaign's account; touches nothing."""
        from tasks.vendors._simulated.account import SimulatedAccount

        return SimulatedAccount(self, context)

    def parse(self, record: Mapping[str, Any]) -> Parsed:
        """Understand one record.

        Raises
        ------
        tasks.domain.incoming.MalformedRecordError
            A field is missing, or not of its type.
        """
        return parsing.parse(record)

    def parse_event(self, headers: Mapping[str, str], body: bytes) -> Hint:
        """Understand an event: a JSON object whose ``batch`` is the name of one.

        Raises
        ------
        tasks.domain.incoming.MalformedRecordError
            It is not of that form.
        """
        return parsing.parse_event(body)
