"""What can be set about a partner with whom files are exchanged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator
from pydantic import Field as Limits

from tasks.domain.needs import Need
from tasks.objects.needs import of_store
from tasks.objects.store import Access, refuse_bad_url

Column = Literal[
    "key", "label", "annotator", "answered_at", "answer_id", "seconds", "revision", "status"
]
Accepted = Literal["cancel", "extend", "decide"]
MAX_TASKS = 2000
"""In one file."""
VariableName = Annotated[str, Limits(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")]


@dataclass(frozen=True)
class Options:
    """Where the bucket is, and what the partner's files look like.

    Attributes
    ----------
    url : str
        ``s3://bucket/prefix``, or a folder as ``file:///folder`` or a path that begins with ``/``.
    endpoint, region : str
        Of the store; empty for AWS and for what boto3 finds in the environment.
    key_id, key_secret : str
        Names of the environment variables that hold the access key and its secret; empty for
        boto3's own search (``AWS_ACCESS_KEY_ID``, profiles, roles).
    format : str
        Of the files of tasks: jsonl or csv.
    delimiter : str
        Between the cells of CSV files, written and read.
    accepts : tuple of str
        What the partner has agreed to act on: cancel, extend, decide.
    columns : mapping of str to str
        The partner's names for key, label, annotator, answered_at, answer_id, seconds, revision
        and status.
    labels : mapping of str to str
        The partner's classes and ours, where they differ.
    utc : bool
        Times without an offset are UTC; otherwise they are refused.
    max_megabytes : float
        A larger file of results is not read.
    """

    url: Annotated[str, AfterValidator(refuse_bad_url)]
    endpoint: Annotated[str, Limits(pattern=r"^(https?://[^@\s]+)?$")] = ""
    region: Annotated[str, Limits(pattern=r"^[a-z0-9-]*$")] = ""
    key_id: VariableName = ""
    key_secret: VariableName = ""
    format: Literal["jsonl", "csv"] = "jsonl"
    delimiter: Literal[",", ";", "\t"] = ","
    accepts: tuple[Accepted, ...] = ()
    columns: Mapping[Column, Annotated[str, Limits(min_length=1)]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    utc: bool = False
    max_megabytes: Annotated[float, Limits(gt=0, le=1024)] = 64.0

    def __post_init__(self) -> None:
        if bool(self.key_id) != bool(self.key_secret):
            raise ValueError("key_id and key_secret are given both or not at all")

    @property
    def access(self) -> Access:
        """How to come in."""
        return Access(self.endpoint, self.region, self.key_id, self.key_secret)

    def needs(self) -> tuple[Need, ...]:
        """Name the bucket with its keys, or the folder."""
        return of_store(self.url, self.access)

    @property
    def limit(self) -> int:
        """Bytes that a file of results may have."""
        return int(self.max_megabytes * (1 << 20))

    def title(self, column: Column) -> str:
        """Give the partner's name of a column."""
        return self.columns.get(column, column)
