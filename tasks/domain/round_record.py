"""round.json, checked: what the open round was opened with."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from tasks.domain import strict_json, wording
from tasks.domain.digests import Digest
from tasks.domain.errors import CampaignError, DataError

FIX = "restore it with `git checkout round.json`"
MOST_ROUNDS = 1_000_000


def _digest(body: Any) -> Any:
    try:
        Digest.of_body(body, where="")
    except DataError as error:
        raise ValueError(error.what) from None
    return body


Files = dict[str, Annotated[Any, AfterValidator(_digest)]]
"""Digests by paths; which paths there are, the campaign says."""


class _Record(BaseModel):
    """What `tasks.versions.opening.next_record` writes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    round: Annotated[int, Field(ge=0, le=MOST_ROUNDS)]
    base: Files
    undone: dict[Annotated[str, Field(pattern=r"^\d{1,7}$")], bool] = {}
    intake: Files = {}


def parse(content: bytes, where: str) -> dict[str, Any]:
    """Read the record.

    Raises
    ------
    CampaignError
        It is no JSON, or not what a round is opened with; names the field.
    """
    found: dict[str, Any] = strict_json.json_of(content, where, CampaignError, FIX)
    try:
        _Record.model_validate(found)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"])
        what, _ = wording.told(problem)
        raise CampaignError(what, where=f"{where} {field}".strip(), fix=FIX) from None
    return found
