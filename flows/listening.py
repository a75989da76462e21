"""Listening for the webhooks of a campaign's vendor."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console

from tasks import registry
from tasks.domain.errors import CapabilityMissingError
from tasks.work import Work

if TYPE_CHECKING:
    from flows.seals import Scheme


@dataclass(frozen=True)
class Door:
    """How `labelloop serve` listens for webhooks.

    Attributes
    ----------
    address : str
        ``host:port``.
    secret_env : str
        The name of the secret.
    scheme : str
        hmac, hmac-timestamp or header.
    header : str or None
        The header of the signature or secret; None for the scheme's usual one.
    """

    address: str
    secret_env: str
    scheme: "Scheme" = "hmac"
    header: str | None = None

    @property
    def header_name(self) -> str:
        """The header to look at."""
        from flows.seals import HEADERS

        return self.header or HEADERS[self.scheme]


@contextmanager
def listening(work: Work, door: Door | None, deployment: str, console: Console) -> Iterator[None]:
    """Listen for a block's time; every genuine event leads to a run of the deployment.

    Raises
    ------
    CapabilityMissingError
        The vendor has no webhooks.
    ParamsError
        The address cannot be listened on, or the secret is too short.
    VendorAuthError
        There is no secret.
    """
    if door is None:
        yield
        return
    from flows import hints, seals, webhooks
    from flows.door import is_loopback, opened
    from flows.secrets import offer_blocks

    name = work.params.vendor.name
    vendor = registry.build("vendors", name, work.params.vendor.options)
    if not vendor.capabilities.events:
        fix = "leave --webhooks out: the schedule finds every answer"
        raise CapabilityMissingError("has no webhooks", where=f"vendor {name}", fix=fix)
    offer_blocks()
    seal = seals.seal(door.scheme, door.header_name, door.secret_env)
    with hints.looking(hints.through_prefect(deployment)) as wake:
        app = webhooks.app(name, vendor.parse_event, seal, wake)
        with opened(app, door.address) as address:
            console.print(f"webhooks: POST {address}/webhooks/{name}", highlight=False)
            if not is_loopback(door.address):
                console.print("other machines can reach that, without TLS: see docs/waiting.md")
            yield
