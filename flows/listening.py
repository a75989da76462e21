"""Listening for the webhooks of a campaign's vendor."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rich.console import Console

from tasks import registry
from tasks.domain.errors import CapabilityMissingError, ParamsError
from tasks.work import Work

if TYPE_CHECKING:
    from flows.seals import Scheme, Seal


@dataclass(frozen=True)
class Door:
    """How `labelloop serve` listens for webhooks.

    Attributes
    ----------
    address : str
        ``host:port``.
    secret_env : str
        The name of the secret.
    scheme : str or None
        hmac, hmac-timestamp or header; None for header where labelloop registers the webhook
        itself, and else hmac-timestamp.
    header : str or None
        The header of the signature or secret; None for the scheme's usual one.
    url : str or None
        Where the vendor reaches it, if labelloop tells the vendor; None for the address itself.
    """

    address: str
    secret_env: str
    scheme: "Scheme | None" = None
    header: str | None = None
    url: str | None = None

    def seal(self, *, subscribes: bool) -> "Seal":
        """Make what tells genuine events from others.

        Raises
        ------
        ParamsError
            The vendor cannot sign, or the secret is too short.
        VendorAuthError
            There is no secret.
        """
        from flows import seals

        scheme: Scheme = self.scheme or ("header" if subscribes else "hmac-timestamp")
        if subscribes and scheme != "header":
            fix = "leave it out, or say header"
            raise ParamsError("the vendor cannot sign", where="--webhook-scheme", fix=fix)
        return seals.seal(scheme, self.header or seals.HEADERS[scheme], self.secret_env)

    def public(self, address: str, vendor: str) -> str:
        """Give the address that the vendor posts to.

        Raises
        ------
        ParamsError
            It is no address that anybody could post to.
        """
        if self.url is None:
            if urlsplit(address).hostname in ("0.0.0.0", "::"):  # noqa: S104 # not bound here
                fix = "give the address that the vendor can reach"
                raise ParamsError(
                    "is needed beside such --webhooks", where="--webhook-url", fix=fix
                )
            return f"{address}/webhooks/{vendor}"
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            fix = "give it as https://host/path, without a password"
            raise ParamsError(f"{self.url!r} is no address", where="--webhook-url", fix=fix)
        return self.url


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
    from flows import hints, webhooks
    from flows.door import is_loopback, opened
    from flows.secrets import offer_blocks

    name = work.params.vendor.name
    vendor = registry.build("vendors", name, work.params.vendor.options)
    if not vendor.capabilities.events:
        fix = "leave --webhooks out: the schedule finds every answer"
        raise CapabilityMissingError("has no webhooks", where=f"vendor {name}", fix=fix)
    offer_blocks()
    subscribes = vendor.capabilities.subscribe
    seal = door.seal(subscribes=subscribes)
    with hints.looking(hints.through_prefect(deployment)) as wake:
        app = webhooks.app(name, vendor.parse_event, seal, wake)
        with opened(app, door.address) as address:
            console.print(f"webhooks: POST {address}/webhooks/{name}", highlight=False)
            if not is_loopback(door.address):
                console.print("other machines can reach that, without TLS: see docs/waiting.md")
            with ExitStack() as stack:
                if subscribes:
                    url = door.public(address, name)
                    stack.enter_context(_subscribed(work, url, seal.header, door, console))
                yield


@contextmanager
def _subscribed(work: Work, url: str, header: str, door: Door, console: Console) -> Iterator[None]:
    """Have the vendor post to an address for a block's time: open batches now, new ones later."""
    from tasks import actions
    from tasks.delivery import hooks

    root = work.campaign.root
    hooks.announce(url, header, door.secret_env)
    try:
        _tell(console, actions.subscribe(root)["missed"])
        console.print(f"the vendor is told to post to {url}", highlight=False)
        yield
        _tell(console, actions.unsubscribe(root)["missed"])
    finally:
        hooks.withdraw()


def _tell(console: Console, missed: list[str]) -> None:
    for line in missed:
        console.print(line, style="yellow", markup=False, highlight=False)
