"""What a campaign's vendors need confirmed before they are spoken with."""

from dataclasses import replace
from pathlib import Path

from tasks import campaign as at
from tasks import registry
from tasks.delivery import legs
from tasks.domain import digests
from tasks.domain.files import canonical_json
from tasks.domain.needs import PLUGIN, Need
from tasks.params import Params
from tasks.trust import guard

SECTIONS = {legs.FIRST: "vendor", legs.FALLBACK: "collect.fallback"}
LETTERS = 16
"""Of the digest of a vendor's options."""


def of_leg(params: Params, leg: int) -> list[Need]:
    """List what the vendor of a leg needs; nothing if nobody is asked on it."""
    given = legs.asked(params, leg)
    if given is None:
        return []
    section = f"{at.PARAMS} {SECTIONS[legs.whose(leg)]}"
    vendor = registry.build("vendors", given.name, given.options)
    if not hasattr(vendor, "needs"):
        return [_of_silent(given.name, given.options, section)]
    return [replace(one, field=f"{section}.options.{one.field}") for one in vendor.needs()]


def require(params: Params, leg: int, root: Path) -> None:
    """Raise an `UntrustedError` unless all that a leg's vendor needs was confirmed."""
    for need in of_leg(params, leg):
        guard.require(need, root)


def _of_silent(name: str, options: dict[str, object], section: str) -> Need:
    """Make the need of a vendor that does not say what it needs: itself, with its options."""
    digest = digests.of_bytes(canonical_json(options).encode()).sha256[:LETTERS]
    return Need(f"{PLUGIN}{name}/{digest}", field=f"{section}.name")
