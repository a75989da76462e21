"""The vendor kiosk: annotators behind a small HTTP service."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Annotated, Any
from urllib.parse import quote

import httpx
from pydantic import Field

from labelloop_kiosk.replies import Answers, Counted, Done, Form, Said, Tasks, of_wire, understood
from tasks.domain.errors import CapabilityMissingError
from tasks.domain.incoming import (
    Hint,
    MalformedRecordError,
    Page,
    Parsed,
    Progress,
    RawAnswer,
    Receipt,
    Statement,
)
from tasks.domain.needs import Need
from tasks.domain.outgoing import BatchSpec, Capabilities, Decision, Reference, Task, VendorContext
from tasks.trust import guard, places

URL = r"^(https://[\w.-]+|http://(127\.0\.0\.1|localhost))(:\d{1,5})?(/[\w./~-]*)?$"


@dataclass(frozen=True)
class Kiosk:
    """Annotators behind a Kiosk service.

    Attributes
    ----------
    url : str
        Of the service; https, unless it is on this machine.
    token : str
        The name of the environment variable that holds the token.
    timeout : float
        Seconds until a call is given up.
    """

    url: Annotated[str, Field(pattern=URL)]
    token: str = "LABELLOOP_KIOSK_TOKEN"  # noqa: S105
    timeout: Annotated[float, Field(gt=0)] = 30.0

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return Capabilities(max_tasks=500, cancel=True)

    def connect(self, context: VendorContext) -> "KioskAccount":
        """Open the campaign's account; speaks with nobody yet."""
        return KioskAccount(self, context)

    def needs(self) -> tuple[Need, ...]:
        """Name the service, which gets the token."""
        return (Need(places.origin(self.url), self.token, "url"),)

    def parse(self, record: Mapping[str, Any]) -> Parsed:
        """Understand one record, without asking anybody."""
        try:
            said = Said.model_validate(record)
            at = said.at.astimezone(UTC).isoformat()
        except (ValueError, OverflowError) as error:
            raise MalformedRecordError(f"no answer of Kiosk's: {error}") from None
        name, note = f"{said.key}/{said.worker}", "" if said.label else "taken back"
        answer = RawAnswer(name, said.key, said.worker, said.label, at, None, said.change, note)
        return Parsed((answer,))

    def parse_event(self, headers: Mapping[str, str], body: bytes) -> Hint:
        """Raise: Kiosk sends no webhooks."""
        raise MalformedRecordError("Kiosk sends no webhooks")


class KioskAccount:
    """One campaign's account. Every write is a PUT that may be sent twice."""

    def __init__(self, vendor: Kiosk, context: VendorContext) -> None:
        self._vendor, self._context, self._place = vendor, context, places.origin(vendor.url)
        self._client = httpx.Client(base_url=vendor.url, timeout=vendor.timeout)

    def preflight(self) -> None:
        """Raise if the token is worth nothing or nobody is there."""
        self._call("GET", "/batches", Done)

    def ensure_batch(self, spec: BatchSpec) -> Reference:
        """Make the batch; another one of that name is a 409."""
        if spec.prelabels:
            raise CapabilityMissingError("Kiosk shows no guesses", where="push.prelabels")
        reference = {"batch": spec.name}
        body = dataclasses.asdict(spec) | {"price": self._context.price}
        self._call("PUT", _path(reference), Done, body)
        return reference

    def submit(self, reference: Reference, tasks: Sequence[Task]) -> list[Receipt]:
        """Send tasks, all or none; Kiosk takes each key once."""
        if len(tasks) > (most := self._vendor.capabilities.max_tasks):
            raise CapabilityMissingError(f"{len(tasks)} tasks at once; Kiosk takes {most}")
        body = {"tasks": [dataclasses.asdict(task) for task in tasks]}
        return self._call("PUT", f"{_path(reference)}/tasks", Tasks, body).known()

    def reconcile(self, reference: Reference) -> list[Receipt]:
        """List what Kiosk has."""
        return self._call("GET", f"{_path(reference)}/tasks", Tasks).known()

    def poll(self, reference: Reference) -> Progress:
        """Ask how far it is; the hours are by Kiosk's clock."""
        counted = self._call("GET", _path(reference), Counted)
        return Progress(counted.expected, counted.answered, counted.hours, counted.gone)

    def fetch(self, reference: Reference, cursor: Mapping[str, Any] | None) -> Page:
        """Get the answers that changed after the cursor's change."""
        after = quote(str((cursor or {"change": 0}).get("change")), safe="")
        reply = self._call("GET", f"{_path(reference)}/answers?after={after}", Answers)
        return Page(tuple(reply.answers), {"change": reply.change}, reply.more)

    def export_raw(self, reference: Reference) -> tuple[Mapping[str, Any], ...]:
        """Get all answers, page by page."""
        pages = [self.fetch(reference, None)]
        while pages[-1].more:
            pages.append(self.fetch(reference, pages[-1].cursor))
        return tuple(record for page in pages for record in page.records)

    def decide(self, reference: Reference, decisions: Sequence[Decision]) -> None:
        """Raise: Kiosk pays every answer."""
        raise CapabilityMissingError("Kiosk pays every answer", where=self._vendor.url)

    def extend(self, reference: Reference, hours: float) -> None:
        """Raise: a batch stays open."""
        raise CapabilityMissingError("a batch stays open at Kiosk", where=self._vendor.url)

    def cancel(self, reference: Reference) -> None:
        """Withdraw what nobody has answered."""
        self._call("PUT", f"{_path(reference)}/state", Done, {"state": "cancelled"})

    def close(self, reference: Reference) -> None:
        """Take no more tasks."""
        self._call("PUT", f"{_path(reference)}/state", Done, {"state": "closed"})

    def statement(self, references: Sequence[Reference]) -> Statement:
        """Add up what Kiosk says of each batch."""
        tasks = {one.key: one.task_id for each in references for one in self.reconcile(each)}
        bills = [self._call("GET", _path(each), Counted) for each in references]
        return Statement(tasks, sum(b.given for b in bills), sum(b.cost for b in bills))

    def disconnect(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _call(self, method: str, path: str, form: type[Form], body: Any = None) -> Form:
        content = b"" if body is None else json.dumps(body, allow_nan=False).encode()
        if content:
            self._context.outgoing(f"{method} {path}", content)
        # Refused unless the user has confirmed that the token may go there.
        headers = {"authorization": f"Bearer {guard.secret(self._vendor.token, self._place)}"}
        try:
            reply = self._client.request(method, path, content=content, headers=headers)
        except httpx.RequestError as error:
            raise of_wire(error, method, self._vendor.url) from error
        return understood(reply, method, form)


def _path(reference: Reference) -> str:
    return f"/batches/{quote(str(reference.get('batch')), safe='')}"
