"""What came back of an item: its answers, and what was quarantined."""

import json
from collections.abc import Collection

from tasks import campaign as at
from tasks.audit.rounds import Rounds, Row, records
from tasks.delivery.checks import Sifted

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


def answers(
    rounds: Rounds, item_id: str, pushes: list[Row], now: Sifted | None = None
) -> list[Row]:
    """List an item's answers with all their revisions, then the records that are none.

    Parameters
    ----------
    now : Sifted or None
        What an open round has by its last look, which no file of a stage holds yet.
    """
    names = [row[name] for row in pushes for name in ("key", "task_id") if row[name]]
    answered: list[Row] = []
    aside: list[Row] = []
    newest = max((n for n in rounds.numbers if at.ANSWERS in rounds.files(n)), default=None)
    if newest is not None:
        answered = records(rounds.table(newest, at.ANSWERS, COLUMNS, item_id=[item_id]))
    for number in rounds.numbers:
        if at.QUARANTINE in rounds.files(number):
            aside += records(rounds.table(number, at.QUARANTINE))
    if now is not None:
        mine = now.answers[now.answers["item_id"] == item_id]
        answered += records(mine[list(COLUMNS)])
        aside += records(now.quarantine)
    kept = [_refused(row) for row in aside if _is_about(row, item_id, names)]
    return [{**row, "quarantined": None} for row in answered] + kept


def _is_about(row: Row, item_id: str, names: Collection[str]) -> bool:
    """Whether a record names the item or one of its tasks, in whatever form."""
    named = any(json.dumps(name) in row["record"] for name in names)
    return named or row["item_id"] == item_id


def _refused(row: Row) -> Row:
    shown = {name: row[name] for name in ("round", "place", "fix", "record")}
    return dict.fromkeys(COLUMNS) | shown | {"quarantined": row["reason"]}
