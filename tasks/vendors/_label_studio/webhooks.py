"""Registering webhooks: one for each project, since the server knows no others.

The secret is in the body of the request and in what the server says of its webhooks. So neither is
kept, and no message quotes it. Events are asked for without payload, which would carry the
project's own token.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tasks.domain.errors import OutcomeUnknownError, VendorError
from tasks.domain.outgoing import Webhook
from tasks.vendors._label_studio.server import Server

ACTIONS = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED")
"""What changes answers."""


def subscribe(server: Server, project: int, hook: Webhook) -> None:
    """Have events of a project sent to an address, once.

    Whoever registers looks first, and looks again afterwards: of two processes that register at the
    same time, both keep the webhook of the lowest number and delete the other.

    Raises
    ------
    OutcomeUnknownError
        It may be registered; begin again.
    """
    wanted = _wanted(hook)
    with _discreet(hook):
        if not _ours(server, project, hook):
            server.make_webhook({"project": project, **wanted})
        ours = _ours(server, project, hook)
        if not ours:
            what = "made a webhook and does not list it"
            raise OutcomeUnknownError(what, where=f"project {project}", fix="look again")
        for extra in ours[1:]:
            server.delete_webhook(extra["id"])
        if any(ours[0].get(name) != value for name, value in _told(wanted).items()):
            server.change_webhook(ours[0]["id"], wanted)


def unsubscribe(server: Server, project: int, hook: Webhook) -> None:
    """Have no more events of a project sent to an address; it need not be registered."""
    with _discreet(hook):
        for one in _ours(server, project, hook):
            server.delete_webhook(one["id"])


def _ours(server: Server, project: int, hook: Webhook) -> list[dict[str, Any]]:
    found = [one for one in server.webhooks(project) if one.get("url") == hook.url]
    return sorted(found, key=lambda one: int(one["id"]))


def _wanted(hook: Webhook) -> dict[str, Any]:
    return {
        "url": hook.url,
        "headers": {hook.header: hook.secret},
        "send_payload": False,
        "send_for_all_actions": False,
        "actions": list(ACTIONS),
        "is_active": True,
    }


def _told(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the actions: the server lists them in an order of its own."""
    return {name: value for name, value in wanted.items() if name != "actions"}


@contextmanager
def _discreet(hook: Webhook) -> Iterator[None]:
    """Let no error out that quotes the secret from a server's own words."""
    try:
        yield
    except VendorError as error:
        error.what = error.what.replace(hook.secret, "(the secret)")
        error.args = (error.what,)
        raise
