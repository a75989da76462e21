"""What validation found, the same for every way of finding it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pandas as pd

from tasks.domain.files import canonical_json

Severity = Literal["stop", "warn"]
SHOWN = 5
LONGEST = 120


@dataclass(frozen=True)
class Finding:
    """The result of one expectation.

    Attributes
    ----------
    suite : str
        What was looked at: pool, holdout, answers or labels.
    expectation : str
        Its name in Great Expectations, or one of `tasks.validation.content`.
    column : str or None
    severity : str
        ``stop``: no round starts; ``warn``: it is only said.
    success : bool
    count : int or None
        Rows that are not as expected; None where rows cannot be counted.
    items : tuple of str
        Ids of the first five of them.
    detail : str
        What was expected and what was found.
    """

    suite: str
    expectation: str
    column: str | None
    severity: Severity
    success: bool
    count: int | None
    items: tuple[str, ...]
    detail: str

    @property
    def where(self) -> str:
        """What was looked at, in words."""
        return f"{self.suite} column {self.column!r}" if self.column else self.suite

    def to_json(self) -> dict[str, Any]:
        """Give it as it stands in a file."""
        return {**asdict(self), "items": list(self.items), "where": self.where}

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.expectation} does not hold"]
        if self.count is not None:
            parts.append(f" for {self.count} {'row' if self.count == 1 else 'rows'}")
        if self.detail:
            parts.append(f" ({self.detail})")
        if self.items:
            parts.append(f": {', '.join(self.items)}{', …' if self._more else ''}")
        return "".join(parts)

    @property
    def _more(self) -> bool:
        return self.count is not None and self.count > len(self.items)


def of_result(suite: str, result: Any, id_column: str) -> list[Finding]:
    """Read the findings out of what Great Expectations gives for a suite, in a fixed order."""
    found = [_of_one(suite, one, id_column) for one in result.results]
    return sorted(found, key=lambda one: (one.column or "", one.expectation, one.detail))


def _of_one(suite: str, one: Any, id_column: str) -> Finding:
    configuration = one.expectation_config
    arguments = dict(configuration.kwargs)
    arguments.pop("batch_id", None)
    column = arguments.pop("column", None)
    rows = [] if one.success else one.result.get("partial_unexpected_index_list") or []
    ids = [row[id_column] for row in rows if not pd.isna(row.get(id_column))]
    return Finding(
        suite=suite,
        expectation=configuration.type,
        column=column,
        severity="stop" if configuration.severity.value == "critical" else "warn",
        success=bool(one.success),
        count=_count(one.result),
        items=tuple(str(item) for item in ids[:SHOWN]),
        detail="; ".join(_details(one, arguments)),
    )


def _count(result: dict[str, Any]) -> int | None:
    count = result.get("unexpected_count")
    return None if count is None else int(count)


def _details(one: Any, arguments: dict[str, Any]) -> Iterator[str]:
    if arguments:
        yield f"expected {_short(canonical_json(_plain(arguments)))}"
    if message := _exception(one.exception_info):
        yield _short(message)
    elif one.result.get("observed_value") is not None:
        yield f"found {_short(str(_plain(one.result['observed_value'])))}"
    elif values := one.result.get("partial_unexpected_list"):
        yield f"found {_short(', '.join(repr(_plain(value)) for value in values[:SHOWN]))}"


def _exception(info: dict[str, Any] | None) -> str:
    """Find the message; the library nests it below ids of its own where a metric failed."""
    if not info:
        return ""
    nested = info.values() if "exception_message" not in info else [info]
    return min(
        (str(one["exception_message"]) for one in nested if one["raised_exception"]), default=""
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return _plain(value.tolist()) if hasattr(value, "tolist") else value


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
