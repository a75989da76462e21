"""What came back of an item: its answers, and what was quarantined."""

import json

from tasks import campaign as at
from tasks.audit.rounds import Rounds, Row, records

COLUMNS = (
    "round",
    "annotator_id",
    "label",
    "answered_at",
    "revision",
    "price",
    "late",
    "answer_id",
)


def answers(rounds: Rounds, item_id: str, pushes: list[Row]) -> list[Row]:
    """List an item's answers with all their revisions, then the records that are none."""
    newest = max((n for n in rounds.numbers if at.ANSWERS in rounds.files(n)), default=None)
    if newest is None:
        return []
    found = records(rounds.table(newest, at.ANSWERS, COLUMNS, item_id=[item_id]))
    names = [row[name] for row in pushes for name in ("key", "task_id") if row[name]]
    return [{**row, "quarantined": None} for row in found] + _quarantined(rounds, names)


def _quarantined(rounds: Rounds, names: list[str]) -> list[Row]:
    """Find the records in which one of the item's tasks is named, in whatever form."""
    found: list[Row] = []
    for number in rounds.numbers if names else ():
        if at.QUARANTINE in rounds.files(number):
            for row in records(rounds.table(number, at.QUARANTINE)):
                if any(json.dumps(name) in row["record"] for name in names):
                    more = {"quarantined": row["reason"], "record": row["record"]}
                    found.append(dict.fromkeys(COLUMNS) | {"round": number} | more)
    return found
