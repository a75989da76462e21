"""Webhooks that labelloop registers itself, at vendors that let it (`Subscriber` in the ports).

They are hints to look now, and nothing depends on them. What is registered is written down nowhere
but at the vendor: registering looks what is there, so it may be repeated at any time, and after a
process died anywhere. The address and the name of the secret come from the environment of the
process that listens, which those that it starts inherit.
"""

import os
from collections.abc import Iterator
from typing import cast

from tasks.delivery import legs
from tasks.delivery.desk import Desk, Desks
from tasks.delivery.legs import Sent
from tasks.domain import crash, state
from tasks.domain.errors import BatchDeletedError, UserError, VendorError
from tasks.domain.outgoing import Webhook
from tasks.domain.ports import Subscriber
from tasks.domain.secrets import secret
from tasks.params import Params

URL, HEADER, SECRET = (f"LABELLOOP_WEBHOOK_{name}" for name in ("URL", "HEADER", "SECRET_ENV"))
"""Variables that say where events go, in which header the secret is, and what it is named."""


def announce(url: str, header: str, secret_env: str) -> None:
    """Say to this process, and to those that it starts, where the vendor's events go."""
    os.environ |= {URL: url, HEADER: header, SECRET: secret_env}


def withdraw() -> None:
    """Take back what was announced."""
    for name in (URL, HEADER, SECRET):
        os.environ.pop(name, None)


def announced() -> Webhook | None:
    """Give the webhook that vendors should be told of; None if nobody listens.

    Raises
    ------
    VendorAuthError
        There is no such secret.
    """
    url = os.environ.get(URL)
    if not url:
        return None
    return Webhook(url, os.environ[HEADER], secret(os.environ[SECRET]))


def subscribe(entries: state.Entries, params: Params, desks: Desks) -> list[str]:
    """Register the webhook for all open batches; give what went wrong and will be tried again.

    Raises
    ------
    VendorRefusedError
        The vendor refuses it; a person can mend that.
    """
    hook = announced()
    missed: list[str] = []
    for sent in _open(entries, params) if hook else ():
        try:
            with desks(sent.leg) as desk, crash.guarded(f"vendor:subscribe:{sent.batch}"):
                if hook and desk.capabilities.subscribe:
                    cast(Subscriber, desk.account).subscribe(sent.reference, hook)
        except BatchDeletedError:
            # The look says so, and what can be done.
            continue
        except VendorError as error:
            if isinstance(error, UserError):
                raise
            missed.append(f"webhook of batch {sent.batch}: {error}")
    return missed


def unsubscribe(entries: state.Entries, params: Params, desks: Desks) -> list[str]:
    """Remove the webhook of all open batches; give what went wrong."""
    missed: list[str] = []
    for sent in _open(entries, params):
        try:
            with desks(sent.leg) as desk:
                remove(desk, sent)
        except VendorError as error:
            missed.append(f"webhook of batch {sent.batch}: {error}")
    return missed


def remove(desk: Desk, sent: Sent) -> None:
    """Remove the webhook of one batch, if its vendor was told of one."""
    hook = announced() if desk.capabilities.subscribe else None
    if hook:
        with crash.guarded(f"vendor:unsubscribe:{sent.batch}"):
            cast(Subscriber, desk.account).unsubscribe(sent.reference, hook)


def _open(entries: state.Entries, params: Params) -> Iterator[Sent]:
    """List the batches of the vendor that is listened to, while something of them may come."""
    for sent in legs.watched(entries):
        if sent.vendor == params.vendor.name and legs.is_asked(params, sent):
            yield sent
