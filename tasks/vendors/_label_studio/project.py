"""How a batch is known again at the server: one project, with a line of ours in its description."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self, cast, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from tasks.domain import digests
from tasks.domain.errors import VendorRefusedError
from tasks.domain.files import canonical_json
from tasks.domain.outgoing import BatchSpec, FieldKind
from tasks.vendors._label_studio.records import CONTROL

LINE = "labelloop: "
TITLE = 50
"""Letters that a title may have."""
INCLUDE = ",".join(
    (
        "id",
        "description",
        "created_at",
        "parsed_label_config",
        "task_number",
        "ground_truth_number",
    )
)

Number = Annotated[int, BeforeValidator(lambda value: value or 0)]
"""Of a project that was just made the server says null."""
State = Literal["open", "cancelled", "closed"]


class Reference(BaseModel):
    """Where a batch is: what the ledger keeps."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    project: int = Field(ge=1, lt=2**63)
    created_at: str
    batch: str = Field(min_length=1)
    classes: list[str]
    fields: list[list[str]]
    copies: int = Field(ge=1)
    tasks: int = Field(ge=0)

    @property
    def shown(self) -> dict[str, FieldKind]:
        """How each field is shown; in a list, since a ledger does not keep the order of names."""
        return {name: cast(FieldKind, kind) for name, kind in self.fields}

    @field_validator("fields")
    @classmethod
    def _are_pairs(cls, fields: list[list[str]]) -> list[list[str]]:
        if not all(len(one) == 2 and one[1] in get_args(FieldKind) for one in fields):
            raise ValueError("fields are pairs of a name and a kind")
        return fields

    @classmethod
    def of(cls, reference: Mapping[str, Any]) -> Self:
        """Check a reference that was kept."""
        try:
            return cls.model_validate(dict(reference))
        except (ValidationError, TypeError, ValueError):
            what = "the batch's reference is none of Label Studio's"
            raise VendorRefusedError(what, fix="check that the vendor is the one it was") from None


@dataclass(frozen=True)
class Marker:
    """The line in a project's description.

    Attributes
    ----------
    batch : str
        Campaign and batch.
    spec : str
        Digest of all that was asked for.
    state : str
    expected : int or None
        The answers that had been asked for when it was cancelled.
    """

    batch: str
    spec: str
    state: State = "open"
    expected: int | None = None

    @classmethod
    def of(cls, campaign: str, spec: BatchSpec) -> "Marker":
        """Make the marker of a new batch."""
        plain = {**asdict(spec), "fields": list(dict(spec.fields).items()), "campaign": campaign}
        return cls(f"{campaign}/{spec.name}", digests.of_value(plain)[:32])

    @classmethod
    def read(cls, description: Any) -> "Marker | None":
        """Find the line; None if there is none that is ours."""
        for line in description.splitlines() if isinstance(description, str) else ():
            if line.startswith(LINE):
                return cls._read(line.removeprefix(LINE))
        return None

    def write(self) -> str:
        """Write the description."""
        return (
            f"A batch of labelloop. Leave this line as it is:\n{LINE}{canonical_json(asdict(self))}"
        )

    def end(self, state: State, expected: int | None = None) -> "Marker":
        """Give it in another state; what was cancelled stays that."""
        known = self.expected if self.expected is not None else expected
        return replace(self, state=state, expected=known)

    @classmethod
    def _read(cls, line: str) -> "Marker | None":
        try:
            said = json.loads(line)
            found = cls(**said)
        except (ValueError, TypeError, RecursionError):
            return None
        texts = isinstance(found.batch, str) and isinstance(found.spec, str)
        counted = found.expected is None or type(found.expected) is int
        known = found.state in ("open", "cancelled", "closed")
        return found if texts and counted and known else None


class Project(BaseModel):
    """A project as the server describes it."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    id: int
    description: str | None = None
    created_at: datetime
    parsed_label_config: dict[str, Any] = {}
    task_number: Number = 0
    ground_truth_number: Number = 0

    @property
    def marker(self) -> Marker | None:
        """The line of ours in its description."""
        return Marker.read(self.description)

    def is_of(self, reference: Reference) -> bool:
        """Whether it is the project that the reference was made for, and not another of its id."""
        try:
            made = datetime.fromisoformat(reference.created_at)
        except ValueError:
            return False
        return made.tzinfo is not None and made == self.created_at

    def refuse_other_classes(self, wanted: list[str]) -> None:
        """Raise a `VendorRefusedError` if the classes that annotators see were changed."""
        control = self.parsed_label_config.get(CONTROL)
        labels = control.get("labels") if isinstance(control, Mapping) else None
        there = {str(one) for one in labels} if isinstance(labels, list) else set()
        lost, added = sorted(set(wanted) - there), sorted(there - set(wanted))
        if lost or added:
            changes = [f"lacks {', '.join(map(repr, lost))}"] * bool(lost)
            changes += [f"has {', '.join(map(repr, added))} too"] * bool(added)
            fix = "put it back under Settings > Labeling Interface"
            what = f"the labeling setup was changed: it {' and '.join(changes)}"
            raise VendorRefusedError(what, where=f"project {self.id}", fix=fix)

    def refer(self, batch: str, spec: BatchSpec) -> Reference:
        """Make the reference that finds it again."""
        return Reference(
            project=self.id,
            created_at=self.created_at.astimezone(UTC).isoformat(),
            batch=batch,
            classes=list(spec.classes),
            fields=[[name, kind] for name, kind in spec.fields.items()],
            copies=spec.copies,
            tasks=spec.tasks,
        )


def title(name: str) -> str:
    """Make a title that the server takes; people read it, nothing is found by it."""
    return (name if len(name) >= 3 else f"batch {name}")[:TITLE]
