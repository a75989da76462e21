"""A vendor whose annotators are simulated, for trying out campaigns whose classes are known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasks.domain.ports import RawAnswer, VendorContext
from tasks.vendors._simulated_options import Options
from tasks.vendors._simulated_parsing import parse

if TYPE_CHECKING:
    from tasks.vendors._simulated_account import SimulatedAccount


@dataclass(frozen=True)
class Simulated(Options):
    """The vendor; its options are those of `Options`."""

    def connect(self, context: VendorContext) -> "SimulatedAccount":
        """Open the campaign's account; touches nothing."""
        from tasks.vendors._simulated_account import SimulatedAccount

        return SimulatedAccount(self, context)

    def parse(self, record: Mapping[str, Any]) -> RawAnswer:
        """Understand one record.

        Raises
        ------
        tasks.domain.ports.MalformedRecordError
            A field is missing, or not of its type.
        """
        return parse(record)
