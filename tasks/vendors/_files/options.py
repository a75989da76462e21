"""The options of the vendor whose annotators have a spreadsheet."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator
from pydantic import Field as Limits

from tasks.domain.needs import Need

COLUMNS = ("key", "copy", "item_id", "label", "annotator")
"""What labelloop itself writes, beside the fields of the payload."""
MOST_TASKS = 2000
"""That one file to fill in has."""
OPTIONAL = ("answered_at",)
"""What it reads if `Options.columns` names it."""


def _known_encoding(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError:
        raise ValueError(
            f"there is no encoding {name!r}; utf-8-sig and cp1252 are common"
        ) from None
    return name


def _known_columns(columns: Mapping[str, str]) -> Mapping[str, str]:
    for name, title in columns.items():
        if name not in (*COLUMNS, *OPTIONAL):
            raise ValueError(f"{name!r} is none of {', '.join((*COLUMNS, *OPTIONAL))}")
        if not title.strip():
            raise ValueError(f"the title of {name!r} is empty")
    titles = [title_of(columns, name).casefold() for name in (*COLUMNS, *columns)]
    if len(set(titles)) != len(set(COLUMNS) | set(columns)):
        raise ValueError("two columns have the same title")
    return columns


def title_of(columns: Mapping[str, str], name: str) -> str:
    """Give the title that a column has in the files."""
    return columns.get(name, name).strip()


@dataclass(frozen=True)
class Options:
    """Where the files are, and what they look like.

    Attributes
    ----------
    folder : str
        A path; relative to the campaign. Empty for ``files`` in the campaign's own folder
        ``.labelloop``. An absolute one must be there already: a share that is not mounted is not
        taken for an empty folder.
    delimiter : str
        Between the cells that are written: comma, semicolon or tab. Read are all three.
    encoding : str
        Of the files that are written, and of those read that are neither UTF-8 nor UTF-16.
    columns : mapping of str to str
        Other titles for key, copy, item_id, label and annotator. With a title for ``answered_at``
        there is such a column too, for ISO 8601; else an answer's time is that of its file.
    skip : str
        What an annotator writes for the label to say that there is none.
    max_megabytes : float
        A larger file is not read.
    """

    folder: str = ""
    delimiter: Literal[",", ";", "\t"] = ","
    encoding: Annotated[str, AfterValidator(_known_encoding)] = "utf-8-sig"
    columns: Annotated[Mapping[str, str], AfterValidator(_known_columns)] = field(
        default_factory=dict
    )
    skip: Annotated[str, Limits(min_length=1, max_length=40)] = "?"
    max_megabytes: Annotated[float, Limits(gt=0, le=1024)] = 64.0

    def needs(self) -> tuple[Need, ...]:
        """Name the folder, if it is not the campaign's own."""
        return (Need(self.folder, field="folder"),) if self.folder else ()

    def title(self, name: str) -> str:
        """Give the title that a column of ours has in the files."""
        return title_of(self.columns, name)


def filled_in(options: Options) -> tuple[str, ...]:
    """List the columns that people fill in."""
    return ("label", "annotator", *(name for name in OPTIONAL if name in options.columns))
