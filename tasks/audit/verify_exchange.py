"""Whether what left the house and what came back are what the records of each round say."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from tasks import campaign as at
from tasks.audit.findings import Findings
from tasks.audit.rounds import Rounds
from tasks.delivery import egress, legs
from tasks.delivery.standing import parsers
from tasks.domain import state
from tasks.domain.incoming import MalformedRecordError, RawAnswer
from tasks.domain.strict_json import json_of
from tasks.params import Params, parse
from tasks.quality.answers import newest


def check(rounds: Rounds, findings: Findings) -> None:
    """Compare every closed round's egress manifest with the ledger, and its export with answers."""
    for number in rounds.closed:
        with findings.guarded("vendor", f"{at.EGRESS} of round {number}"):
            _check_egress(rounds, number, findings)
        with findings.guarded("vendor", f"{at.EXPORT} of round {number}"):
            _check_export(rounds, number, findings)


def _check_egress(rounds: Rounds, number: int, findings: Findings) -> None:
    where = f"{at.EGRESS} of round {number}"
    left = list(state.of_kind(rounds.entries, "egress", number))
    lines = list(_lines(rounds, number, at.EGRESS))
    listed, rest = left[: len(lines)], left[len(lines) :]
    if [line["digest"] for line in lines] != [entry.body["digest"] for entry in listed]:
        findings.problem("vendor", where, "does not list what the ledger says has left")
    elif any(entry.seq < _written_from(rounds, number) for entry in rest):
        findings.problem("vendor", where, "ends before what the ledger says has left")
    elif rest:
        what = f"{len(rest)} bodies left after it was written, from another machine"
        findings.skip(f"{where}: {what}; the ledger has them")
    for place, line in enumerate(lines):
        if line.get("lost"):
            findings.skip(f"{where}: the bytes of line {place + 1} were lost with another machine")
        elif not egress.is_sound(line):
            findings.problem("vendor", where, f"line {place + 1} is not what left")


def _written_from(rounds: Rounds, number: int) -> int:
    """Say from which entry on the manifest can have been written: it comes after the stages."""
    done = state.last(rounds.entries, "stage", number)
    return done.seq if done else 0


def _check_export(rounds: Rounds, number: int, findings: Findings) -> None:
    """Find answers that are believed and that the vendor, asked for all it had, did not have."""
    params = parse(rounds.content(number, at.PARAMS).decode())
    exported = _exported(rounds, number, params)
    table = rounds.table(number, at.ANSWERS)
    own = newest(table[table["round"] == number])
    for answer_id, label, revision in _rows(own):
        there = exported.get(answer_id)
        if there is None or (there.revision == revision and there.label != label):
            what = f"is {label!r} here, and {there.label if there else 'missing'} in {at.EXPORT}"
            where = f"answer {answer_id} of round {number}"
            findings.problem("vendor", where, what, outside=there is None)


def _rows(answers: pd.DataFrame) -> Iterator[tuple[str, str, int]]:
    columns = (answers[name] for name in ("answer_id", "label", "revision"))
    return zip(*columns, strict=True)


def _exported(rounds: Rounds, number: int, params: Params) -> dict[str, RawAnswer]:
    found: dict[str, RawAnswer] = {}
    understand = parsers(params)
    for line in _lines(rounds, number, at.EXPORT):
        for record in line["records"]:
            try:
                answers = understand[legs.whose(line["leg"])](record).answers
            except MalformedRecordError:
                continue
            for raw in answers:
                before = found.get(raw.answer_id)
                if before is None or before.revision <= raw.revision:
                    found[raw.answer_id] = raw
    return found


def _lines(rounds: Rounds, number: int, name: str) -> Iterator[Mapping[str, Any]]:
    _header, *lines = rounds.content(number, name).decode().removesuffix("\n").split("\n")
    yield from (json_of(line, f"{name} of round {number}") for line in lines)
