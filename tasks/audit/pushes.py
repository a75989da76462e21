"""Where an item was sent: every copy, to whom, at what price, and the vendor's receipt."""

from tasks import campaign as at
from tasks.audit.rounds import Rounds, Row, records
from tasks.domain import state

COLUMNS = ("round", "key", "copy", "role", "price")


def pushes(rounds: Rounds, item_id: str) -> list[Row]:
    """List an item's copies; those of a batch that is not sent yet have no task."""
    newest = max((n for n in rounds.numbers if at.SENT in rounds.files(n)), default=None)
    if newest is None:
        return []
    rows = records(rounds.table(newest, at.SENT, COLUMNS, item_id=[item_id]))
    return [{**row, **_receipt(rounds, row["round"], row["key"])} for row in rows]


def _receipt(rounds: Rounds, number: int, key: str) -> Row:
    intended = rounds.body(number, "batch_intended") or {"vendor": None}
    found: Row = {"vendor": intended["vendor"], "task_id": None, "sent_at": None}
    for entry in state.of_kind(rounds.entries, "tasks_received", number):
        if key in entry.body["receipts"]:
            found |= {"task_id": entry.body["receipts"][key], "sent_at": entry.at}
    return found
