"""round.json, checked: what the open round was opened with."""

from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from tasks.domain import strict_json, wording
from tasks.domain.errors import CampaignError

FIX = "restore it with `git checkout round.json`"
MOST_ROUNDS = 1_000_000


def _inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path or "\\" in path:
        raise ValueError(f"must be a path within the campaign, not {path!r}")
    return path


Inside = Annotated[str, AfterValidator(_inside)]


class _Digest(BaseModel):
    """As `tasks.domain.digests.Digest`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    md5: Annotated[str, Field(pattern=r"^[0-9a-f]{32}(\.dir)?$")]
    size: Annotated[int, Field(ge=0)]


class _Record(BaseModel):
    """What `tasks.versions.opening.next_record` writes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    round: Annotated[int, Field(ge=0, le=MOST_ROUNDS)]
    base: dict[Inside, _Digest]
    undone: dict[Annotated[str, Field(pattern=r"^\d{1,7}$")], bool] = {}
    intake: dict[Inside, _Digest] = {}


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
