"""What a campaign gives to a vendor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

FieldKind = Literal["text", "image", "value"]
"""How a field is shown: a passage, a picture, or a row of a table."""

Outgoing = Callable[[str, bytes], None]
"""Is told, before they leave, where bytes go and what they are."""

Reference = Mapping[str, Any]
"""Where a vendor keeps a batch: plain JSON, kept in the ledger, enough for any later process."""


def _nobody(target: str, content: bytes) -> None:
    """Keep no record."""


@dataclass(frozen=True)
class VendorContext:
    """What a vendor is told of the campaign.

    Attributes
    ----------
    campaign : str
        Its identity; part of every key.
    classes : tuple of str
        All that may be answered.
    price : float
        Of one answer.
    seed : int
        Of all that is simulated.
    home : Path
        A folder outside version control that a vendor on this machine may use.
    truth : Path
        Known classes (`tables.TRUTH`): for simulation only.
    outgoing : callable
        Called with (target, content) before any bytes that say something of items, classes or
        the campaign leave the house: exactly the bytes of the request's body or of the file, and
        a target such as ``"POST /api/projects/3/import"``. It never holds a secret.
    """

    campaign: str
    classes: tuple[str, ...]
    price: float
    seed: int
    home: Path
    truth: Path
    outgoing: Outgoing = _nobody


@dataclass(frozen=True)
class Capabilities:
    """What a vendor can do beside taking tasks and giving answers.

    Attributes
    ----------
    max_tasks : int
        Tasks that one `submit` may have.
    max_copies : int or None
        Answers that one task may ask for; None for no limit.
    prelabels : bool
        Annotators can be shown the model's guess.
    extend, cancel, decide : bool
        Whether the call of that name does something; otherwise it raises a
        `CapabilityMissingError` and changes nothing.
    events : bool
        `Vendor.parse_event` understands the vendor's webhooks.
    subscribe : bool
        Its account is a `tasks.domain.ports.Subscriber`: webhooks need not be set up by hand.
    """

    max_tasks: int = 500
    max_copies: int | None = None
    prelabels: bool = False
    extend: bool = False
    cancel: bool = False
    decide: bool = False
    events: bool = False
    subscribe: bool = False


@dataclass(frozen=True, order=True)
class Webhook:
    """Where a vendor is to send its events.

    Attributes
    ----------
    url : str
        The address as the vendor sees it.
    header, secret : str
        What the vendor sends along, so that its events are told from others. The secret is kept
        nowhere, is in no message, and `VendorContext.outgoing` is not told of bodies with it.
    """

    url: str
    header: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class BatchSpec:
    """What a batch is, before any of its tasks is sent.

    Attributes
    ----------
    name : str
        Deterministic; the same in every run: letters, digits, ``. _ -``.
    classes : tuple of str
        What may be answered.
    fields : mapping of str to str
        The payload's fields and how each is shown, in the order of ``vendor.send``.
    copies : int
        The most answers that one of its tasks asks for.
    tasks : int
        How many tasks there are going to be.
    prelabels : bool
        Whether annotators are shown the model's guess.
    """

    name: str
    classes: tuple[str, ...]
    fields: Mapping[str, FieldKind]
    copies: int
    tasks: int
    prelabels: bool = False


@dataclass(frozen=True)
class Prelabel:
    """The model's guess, where params.yaml asks for it to be shown.

    Attributes
    ----------
    score : float
        The model's probability of it, 0 to 1.
    model : str
        The version of the model: the first letters of its digest.
    """

    label: str
    score: float
    model: str


@dataclass(frozen=True)
class Task:
    """One item as one round sends it.

    Attributes
    ----------
    key : str
        Deterministic, of campaign, round, item, payload and first copy; never two of the same.
    item_id : str
        As the vendor may know it: a pseudonym (the key) where params.yaml asks for that.
    payload : mapping
        Only the fields that ``vendor.send`` lists; plain JSON.
    copies : int
        Answers that are wanted, each from another annotator.
    first_copy : int
        The number of the first of them, counted over the campaign: more than 1 if the item was
        sent before.
    """

    key: str
    item_id: str
    payload: Mapping[str, Any]
    copies: int = 1
    first_copy: int = 1
    prelabel: Prelabel | None = None


@dataclass(frozen=True)
class Decision:
    """Whether an answer is paid.

    Attributes
    ----------
    reason : str
        Why it is not; empty if it is.
    """

    answer_id: str
    key: str
    accept: bool
    reason: str = ""
