"""A vendor in the hands of a test: its annotators, its house, and the wire to it.

Who brings a vendor brings a world for it: a subclass of `World` in which the vendor is real, or as
near to it as can be had, and can be told what happens. What cannot happen there raises
`CannotHappenError`, and the laws that need it are listed with their reason in `World.exempt`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

from tasks.domain.outgoing import FieldKind, Outgoing, Reference, Webhook
from tasks.domain.ports import Account, Vendor

CLASSES = ("ash", "birch", "cedar")
PRICE = 0.25
CAMPAIGN = "trees"
FIELDS: Mapping[str, FieldKind] = {"note": "text", "height": "value"}
"""What the laws' tasks show."""
ITEMS = tuple(f"item-{number:04d}" for number in range(1200))
"""All items that a law may send; item n is of the class ``CLASSES[n % 3]``."""

Trouble = Literal[
    "down",
    "cut_before",
    "timeout_after",
    "cut_response",
    "throttled",
    "server_error",
    "error_body",
]
"""How a call goes wrong.

down: nobody answers, nothing was taken. cut_before: the connection breaks before the server has
the whole request. timeout_after: the server does it and its reply does not come. cut_response: the
server does it and the reply breaks off in the middle. throttled: 429 with Retry-After, not done.
server_error: 500 or 503, not done, but the client cannot know. error_body: an error status whose
body looks like that of success.
"""


class CannotHappenError(Exception):
    """The thing that a law asks for cannot happen at this vendor."""


class World(ABC):
    """One vendor, its annotators, and one empty account.

    Attributes
    ----------
    vendor : Vendor
    exempt : mapping of str to str
        Names of laws (of the test functions, without ``test_``) that cannot apply, and why. A name
        may end with one parameter: ``making_a_batch_that_goes_wrong_makes_one[down]``.
    secrets : tuple of str
        Tokens and passwords that are in use now; none may be stored anywhere.
    """

    vendor: Vendor
    exempt: Mapping[str, str] = {}
    secrets: tuple[str, ...] = ()

    @abstractmethod
    def connect(self, outgoing: Outgoing | None = None) -> Account:
        """Connect anew, as a process that starts does, for `CAMPAIGN`, `CLASSES` and `PRICE`."""

    # The annotators. `annotator` is any name; the world gives each name one real annotator.

    @abstractmethod
    def answer(self, reference: Reference, key: str, annotator: str, label: str) -> None:
        """Let an annotator answer a task; `label` may be one that is no class."""

    def edit(self, reference: Reference, key: str, annotator: str, label: str) -> None:
        """Let an annotator change the answer given before."""
        raise CannotHappenError

    def delete(self, reference: Reference, key: str, annotator: str) -> None:
        """Delete an answer."""
        raise CannotHappenError

    def skip(self, reference: Reference, key: str, annotator: str) -> None:
        """Let an annotator decline a task."""
        raise CannotHappenError

    def leave_empty(self, reference: Reference, key: str, annotator: str) -> None:
        """Let an annotator submit without choosing a class."""
        raise CannotHappenError

    def expire(self, reference: Reference, key: str) -> None:
        """Let a task end without the answers that are missing."""
        raise CannotHappenError

    @abstractmethod
    def pass_time(self) -> None:
        """Let all that happened become visible to `fetch`, as a moment's wait does elsewhere."""

    @contextmanager
    def same_instant(self) -> Iterator[None]:
        """Give all that happens inside one and the same time."""
        raise CannotHappenError
        yield

    # The vendor's house.

    def predict(self, reference: Reference, key: str, label: str) -> None:
        """Put the guess of a model of the vendor's beside a task."""
        raise CannotHappenError

    def import_gold(self, reference: Reference, key: str, label: str) -> None:
        """Put a known answer into the vendor, as its users do to measure annotators."""
        raise CannotHappenError

    def add_foreign_task(self, reference: Reference) -> None:
        """Put a task that is not ours, answered by somebody, into our batch."""
        raise CannotHappenError

    def duplicate_task(self, reference: Reference, key: str) -> None:
        """Put a task that the vendor has into it a second time."""
        raise CannotHappenError

    def reuse_ids(self, reference: Reference) -> None:
        """Make the vendor use the ids of deleted things again from now on."""
        raise CannotHappenError

    def delete_batch(self, reference: Reference) -> None:
        """Delete the whole batch, as somebody in the vendor's pages might; never makes it again."""
        raise CannotHappenError

    def unacceptable(self) -> Mapping[str, Any]:
        """Give a payload that the vendor rejects."""
        raise CannotHappenError

    # The wire.

    @contextmanager
    def trouble(self, kind: Trouble, *, writes: bool = True, times: int = 1) -> Iterator[None]:
        """Make the next calls (those that write, or all) go wrong; then all goes well again."""
        raise CannotHappenError
        yield

    def revoke(self) -> None:
        """Make the credentials in use worthless."""
        raise CannotHappenError

    def renew(self) -> None:
        """Put new credentials where `connect` finds them."""
        raise CannotHappenError

    def expire_token(self) -> None:
        """Let a short-lived token end that a long-lived one can replace."""
        raise CannotHappenError

    def event(self, reference: Reference) -> tuple[Mapping[str, str], bytes]:
        """Give headers (lower case) and body of a webhook as the vendor sends it."""
        raise CannotHappenError

    def webhooks(self, reference: Reference) -> list[Webhook]:
        """List what the vendor was told to send a batch's events to, past all of our own code."""
        raise CannotHappenError

    @abstractmethod
    def count_tasks(self, reference: Reference) -> int:
        """Count the tasks of a batch at the vendor, past all of our own code."""

    def payload(self, reference: Reference, key: str) -> Mapping[str, Any]:
        """Read back what the vendor would show of a task, past all of our own code."""
        raise CannotHappenError

    def count_writes(self) -> int:
        """Count what was written at the vendor so far, past all of our own code."""
        raise CannotHappenError

    def stored(self) -> bytes:
        """Give all bytes that the vendor was sent, headers aside."""
        raise CannotHappenError
