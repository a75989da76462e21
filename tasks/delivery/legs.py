"""A round's two legs: the vendor that is asked, and the fallback for what it did not answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.delivery import keys
from tasks.domain import state
from tasks.domain.entries import Entry
from tasks.domain.outgoing import Reference
from tasks.params import FallbackParams, Params, VendorParams

FIRST, FALLBACK = 1, 2


@dataclass(frozen=True)
class Sent:
    """A batch that a vendor has, or has in part."""

    batch: str
    leg: int
    round: int
    vendor: str
    reference: Reference

    @property
    def where(self) -> dict[str, Any]:
        """Name it, for lines and entries."""
        return {"batch": self.batch, "leg": self.leg, "vendor": self.vendor}


def asked(params: Params, leg: int) -> VendorParams | FallbackParams | None:
    """Say whom params.yaml now asks on a leg; None if nobody."""
    return params.vendor if leg == FIRST else params.collect.fallback


def is_asked(params: Params, sent: Sent) -> bool:
    """Whether params.yaml still says how to speak with the vendor that has a batch."""
    given = asked(params, sent.leg)
    return given is not None and given.name == sent.vendor


def current(entries: tuple[Entry, ...], round_number: int) -> int:
    """Say which leg an open round is in."""
    given_up = state.last(entries, "cancelled", round_number)
    return FALLBACK if given_up and given_up.body["resend"] else FIRST


def is_sent(entries: tuple[Entry, ...], round_number: int, leg: int) -> bool:
    """Whether a leg's batch is with its vendor, whole."""
    found = state.of_kind(entries, "batch_sent", round_number)
    return any(entry.body["leg"] == leg for entry in found)


def made(entries: tuple[Entry, ...]) -> list[Sent]:
    """List all batches that vendors were asked to make, oldest first."""
    return [
        Sent(
            entry.body["batch"],
            entry.body["leg"],
            entry.round,
            entry.body["vendor"],
            entry.body["reference"],
        )
        for entry in state.of_kind(entries, "batch_made")
    ]


def watched(entries: tuple[Entry, ...]) -> list[Sent]:
    """List the batches that may still bring something, oldest first."""
    closed = {entry.body["batch"] for entry in state.of_kind(entries, "batch_closed")}
    return [one for one in made(entries) if one.batch not in closed]


def resent(task: Mapping[str, Any], missing: int, vendor: str, price: float) -> dict[str, Any]:
    """Make the row (`tasks.domain.tables.SENT`) that asks the fallback for what is missing."""
    return {
        **task,
        "key": keys.resent_key(task["key"]),
        "copy": task["copy"] + task["copies"],
        "copies": missing,
        "leg": FALLBACK,
        "vendor": vendor,
        "price": price,
        "withdrawn": 0,
        "rejected": False,
    }
