"""What is kept of a batch, and read back as hostile: people may change any file."""

from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from tasks.domain.errors import VendorRefusedError
from tasks.domain.files import pretty_json
from tasks.domain.outgoing import BatchSpec, Task


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True)

    def content(self) -> bytes:
        """Write it."""
        return pretty_json(self.model_dump(mode="json")).encode()


class Spec(_Kept):
    """What a batch is; fields in the order of the columns."""

    name: str
    classes: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    copies: int
    tasks: int


class Made(_Kept):
    """``batch.json``."""

    campaign: str
    spec: Spec
    made: AwareDatetime


class Sent(_Kept):
    """A task as it was sent."""

    key: str
    item_id: str
    copies: Annotated[int, Field(ge=1)]
    payload: dict[str, Any]


class Chunk(_Kept):
    """``sent-001.json``: the tasks of one file to fill in."""

    tasks: tuple[Sent, ...]


class Ended(_Kept):
    """``cancelled.json`` or ``closed.json``: when that was."""

    at: AwareDatetime


Form = TypeVar("Form", bound=BaseModel)


def spec_of(spec: BatchSpec) -> Spec:
    """Give what is kept of a specification."""
    fields = tuple(spec.fields.items())
    return Spec(
        name=spec.name, classes=spec.classes, fields=fields, copies=spec.copies, tasks=spec.tasks
    )


def sent(task: Task) -> Sent:
    """Give what is kept of a task."""
    payload = dict(task.payload)
    return Sent(key=task.key, item_id=task.item_id, copies=task.copies, payload=payload)


def read(content: bytes, form: type[Form], where: str) -> Form:
    """Read a file back.

    Raises
    ------
    VendorRefusedError
        It is not what was written.
    """
    try:
        return form.model_validate_json(content)
    except ValidationError:
        fix = "restore it from a backup"
        raise VendorRefusedError("was changed by somebody", where=where, fix=fix) from None
