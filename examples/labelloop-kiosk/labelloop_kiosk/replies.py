"""What Kiosk's replies mean: the narrowest error, or what was asked for, in its form."""

from typing import Annotated, Any, TypeVar

import httpx
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from tasks.domain.errors import (
    BatchConflictError,
    BatchDeletedError,
    OutcomeUnknownError,
    RejectedItemError,
    ThrottledError,
    TransientError,
    VendorAuthError,
    VendorClosedError,
    VendorError,
    VendorRefusedError,
)
from tasks.domain.incoming import Receipt

REFUSED: dict[int, type[VendorRefusedError]] = {
    401: VendorAuthError,
    403: VendorAuthError,
    404: BatchDeletedError,
    409: BatchConflictError,
    410: VendorClosedError,
}
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


Text = Annotated[str, Field(min_length=1, max_length=500)]
Count = Annotated[int, Field(ge=0, lt=1 << 63, strict=True)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Done(BaseModel):
    """That it was done."""


class Taken(BaseModel):
    """Kiosk's id of a task."""

    key: Text
    id: Text


class Tasks(BaseModel):
    """What became of tasks, or which are there."""

    receipts: list[Taken] = []
    rejected: dict[Text, Text] = {}

    def known(self) -> list[Receipt]:
        """Give them as labelloop knows them; raise if some were rejected."""
        if self.rejected:
            raise RejectedItemError(self.rejected, where="Kiosk")
        return [Receipt(task.key, task.id) for task in self.receipts]


class Counted(BaseModel):
    """How far a batch is; `given` counts more answers than were asked for too."""

    expected: Count
    answered: Count
    given: Count
    gone: Count
    hours: Amount
    cost: Amount


class Answers(BaseModel):
    """Answers that changed; each is checked when it is parsed."""

    answers: list[dict[str, Any]]
    change: Count
    more: bool


class Said(BaseModel):
    """One answer as it stood after one change: the record that labelloop keeps."""

    key: Text
    worker: Text
    label: Text | None
    at: AwareDatetime
    change: Count


Form = TypeVar("Form", bound=BaseModel)


def of_wire(error: httpx.RequestError, method: str, url: str) -> VendorError:
    """Say what it means that no reply came: a write that was on its way may have been done."""
    what = f"Kiosk cannot be reached ({type(error).__name__})"
    return _kind(method, isinstance(error, UNSENT))(what, where=url)


def understood(reply: httpx.Response, method: str, form: type[Form]) -> Form:
    """Give what a success says, or raise what the reply means."""
    where, status = f"{method} {reply.request.url}", reply.status_code
    if status == 429:
        wait = reply.headers.get("retry-after", "")
        seconds = float(wait) if wait.isascii() and wait.isdigit() else None
        raise ThrottledError("Kiosk asks for patience", where=where, retry_after=seconds)
    if status in (200, 422):
        try:
            return form.model_validate_json(reply.content)
        except ValidationError:
            raise _kind(method, False)("Kiosk's reply is of no known form", where=where) from None
    if status >= 500:
        raise _kind(method, False)(f"Kiosk failed ({status})", where=where)
    refused = REFUSED.get(status, VendorRefusedError)
    raise refused(f"Kiosk refuses ({status} {reply.reason_phrase})", where=where)


def _kind(method: str, unsent: bool) -> type[VendorError]:
    return TransientError if unsent or method == "GET" else OutcomeUnknownError
