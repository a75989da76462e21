"""A round's legs: each is one attempt to have a batch answered, at one vendor.

Legs with odd numbers are the campaign's vendor's, those with even numbers its fallback's. Leg 1 is
the whole batch. What the vendor did not answer by the deadline may go to the fallback, on the next
leg; what is missing of a batch that was deleted at its vendor may be asked of the same vendor
again, two legs later.
"""

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


def whose(leg: int) -> int:
    """Say whether a leg is the campaign's vendor's (`FIRST`) or its fallback's (`FALLBACK`)."""
    return FIRST if leg % 2 else FALLBACK


def asked(params: Params, leg: int) -> VendorParams | FallbackParams | None:
    """Say whom params.yaml now asks on a leg; None if nobody."""
    return params.vendor if whose(leg) == FIRST else params.collect.fallback


def is_asked(params: Params, sent: Sent) -> bool:
    """Whether params.yaml still says how to speak with the vendor that has a batch."""
    given = asked(params, sent.leg)
    return given is not None and given.name == sent.vendor


def current(entries: tuple[Entry, ...], round_number: int) -> int:
    """Say which leg an open round is in."""
    leg = FIRST
    for entry in entries:
        if entry.round == round_number and entry.body.get("resend"):
            if entry.kind == "cancelled":
                leg = fallback_after(entry.body["leg"])
            elif entry.kind == "batch_lost":
                leg = again_after(entry.body["leg"])
    return leg


def fallback_after(leg: int) -> int:
    """Give the leg on which the fallback is asked for what a vendor's leg did not answer."""
    return leg + 1


def again_after(leg: int) -> int:
    """Give the leg on which the same vendor is asked again."""
    return leg + 2


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
    over = closed | lost(entries)
    return [one for one in made(entries) if one.batch not in over]


def lost(entries: tuple[Entry, ...]) -> set[str]:
    """Name the batches that were deleted at their vendor, once somebody decided what to do."""
    return {entry.body["batch"] for entry in state.of_kind(entries, "batch_lost")}


def resent(
    task: Mapping[str, Any], missing: int, leg: int, vendor: str, price: float
) -> dict[str, Any]:
    """Make the row (`tasks.domain.tables.SENT`) that asks on a leg for what is missing."""
    return {
        **task,
        "key": keys.resent_key(task["key"], task["leg"], leg),
        "copy": task["copy"] + task["copies"],
        "copies": missing,
        "leg": leg,
        "vendor": vendor,
        "price": price,
        "withdrawn": 0,
        "rejected": False,
    }
