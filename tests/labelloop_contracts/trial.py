"""What a law does with a world: it sends, it looks, and it sees as the caller of a vendor sees."""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from labelloop_contracts.world import CLASSES, FIELDS, ITEMS, PRICE, World
from tasks.domain.errors import (
    OutcomeUnknownError,
    ThrottledError,
    TransientError,
    VendorError,
)
from tasks.domain.incoming import MalformedRecordError, Page, RawAnswer
from tasks.domain.outgoing import BatchSpec, Outgoing, Reference, Task
from tasks.domain.ports import Account, Vendor

PATIENCE = 12
"""How often a caller begins again."""
MOST_PAGES = 1000

Json = Mapping[str, Any]


def payload(number: int) -> dict[str, Any]:
    """Make what item `number` shows; no other has the same words."""
    return {"note": f"the {number}th tree of the wood", "height": number / 2}


@dataclass
class View:
    """The answers as they stand after some records, as the caller sees them.

    Attributes
    ----------
    answers : dict of str to RawAnswer
        The last revision of each, by its id.
    malformed : list of str
        Why records were not understood.
    """

    vendor: Vendor
    answers: dict[str, RawAnswer] = field(default_factory=dict)
    malformed: list[str] = field(default_factory=list)
    cursors: list[Json] = field(default_factory=list)

    def take(self, records: Iterable[Json]) -> "View":
        """Lay records over what is known."""
        for record in records:
            try:
                # What is kept is JSON, so it is JSON that is understood.
                parsed = self.vendor.parse(json.loads(json.dumps(record, allow_nan=False)))
            except MalformedRecordError as error:
                self.malformed.append(str(error))
                continue
            for answer in parsed.answers:
                self._take(answer)
            if parsed.all_of is not None:
                self._withdraw(parsed.all_of, {answer.answer_id for answer in parsed.answers})
        return self

    def labelled(self, keys: Iterable[str] | None = None) -> dict[str, RawAnswer]:
        """Give the answers that have a label; with `keys` those of these tasks alone."""
        wanted = None if keys is None else set(keys)
        return {
            answer_id: answer
            for answer_id, answer in self.answers.items()
            if answer.label is not None and (wanted is None or answer.key in wanted)
        }

    def labels(self, key: str) -> list[str]:
        """Give the labels of one task, sorted."""
        return sorted(answer.label or "" for answer in self.labelled([key]).values())

    def _take(self, answer: RawAnswer) -> None:
        known = self.answers.get(answer.answer_id)
        if known is None or answer.revision >= known.revision:
            self.answers[answer.answer_id] = answer

    def _withdraw(self, key: str, there: set[str]) -> None:
        gone = [a for a, known in self.answers.items() if known.key == key and a not in there]
        for answer_id in gone:
            del self.answers[answer_id]


@dataclass
class Trial:
    """One law's dealings with a world.

    Attributes
    ----------
    name : str
        Of its batch; no other trial has the same, so worlds may share a server.
    """

    world: World
    price: float = PRICE
    name: str = field(default_factory=lambda: f"trees-{uuid.uuid4().hex[:12]}")
    _accounts: list[Account] = field(default_factory=list)

    def account(self, outgoing: Outgoing | None = None) -> Account:
        """Connect anew."""
        self._accounts.append(self.world.connect(outgoing))
        return self._accounts[-1]

    def end(self) -> None:
        """Let go of all connections."""
        for account in self._accounts:
            account.disconnect()

    def spec(self, *, batch: str = "", **changes: Any) -> BatchSpec:
        """Describe the batch; `batch` is added to its name."""
        usual: dict[str, Any] = {"classes": CLASSES, "fields": FIELDS, "copies": 1, "tasks": 3}
        return BatchSpec(name=self.name + batch, **(usual | changes))

    def tasks(self, count: int, *, first: int = 0, copies: int = 1, batch: str = "") -> list[Task]:
        """Make tasks; their keys are of the batch and the item."""
        return [
            Task(key(self.name + batch, n), ITEMS[n], payload(n), copies)
            for n in range(first, first + count)
        ]

    def opened(
        self, n: int, *, copies: int = 1, batch: str = ""
    ) -> tuple[Account, Reference, list[Task]]:
        """Make a batch and send all its tasks."""
        account, tasks = self.account(), self.tasks(n, copies=copies, batch=batch)
        reference = account.ensure_batch(self.spec(batch=batch, copies=copies, tasks=n))
        account.submit(reference, tasks)
        return account, kept(reference), tasks

    def look(self, account: Account, reference: Reference, cursor: Json | None = None) -> View:
        """Wait a moment, then fetch all that is there after a cursor."""
        self.world.pass_time()
        return follow(self.world.vendor, account, reference, cursor)

    def exported(self, account: Account, reference: Reference) -> View:
        """Understand the export alone."""
        return View(self.world.vendor).take(account.export_raw(reference))


def key(batch: str, number: int) -> str:
    """Make the key of a task, of the same form as a campaign's."""
    return f"{batch}-{hashlib.sha256(str(number).encode()).hexdigest()[:20]}"


def kept(value: Json) -> Any:
    """Give a reference or a cursor as the ledger gives it back."""
    return json.loads(json.dumps(value, allow_nan=False))


def pages(account: Account, reference: Reference, cursor: Json | None = None) -> Iterator[Page]:
    """Fetch as long as there is more."""
    for _ in range(MOST_PAGES):
        page = account.fetch(reference, cursor)
        cursor = kept(page.cursor)
        yield page
        if not page.more:
            return
    raise AssertionError(f"there is more after {MOST_PAGES} pages")


def follow(
    vendor: Vendor, account: Account, reference: Reference, cursor: Json | None = None
) -> View:
    """Fetch as long as there is more, and understand it."""
    view = View(vendor)
    for page in pages(account, reference, cursor):
        view.take(page.records)
        view.cursors.append(kept(page.cursor))
    return view


def failure(call: Callable[[], Any]) -> VendorError | None:
    """Call; give the error if one comes. Any but a `VendorError` goes through."""
    try:
        call()
    except VendorError as error:
        return error
    return None


def deliver(account: Account, reference: Reference, tasks: Sequence[Task], chunk: int) -> None:
    """Send as a caller does who believes what errors say.

    After `OutcomeUnknownError` it asks what is there; after the errors that say that nothing was
    done it sends the same again without asking.
    """
    for _ in range(PATIENCE):
        there = {receipt.key for receipt in account.reconcile(reference)}
        missing = [task for task in tasks if task.key not in there]
        if not missing:
            return
        insist(partial(account.submit, reference, missing[:chunk]))
    raise AssertionError(f"{len(missing)} tasks are not there after {PATIENCE} attempts")


def insist(call: Callable[[], Any]) -> Any:
    """Call again as long as the error says that nothing was done; None if nobody knows."""
    for _ in range(PATIENCE):
        try:
            return call()
        except (ThrottledError, TransientError):
            continue
        except OutcomeUnknownError:
            return None
    raise AssertionError(f"it did not work in {PATIENCE} attempts")
