"""Where an item was sent: every task, to whom, at what price, and the vendor's receipt."""

from tasks import campaign as at
from tasks.audit.rounds import Rounds, Row, records
from tasks.domain import state

COLUMNS = ("round", "leg", "vendor", "key", "copy", "copies", "role", "price", "withdrawn")


def pushes(rounds: Rounds, item_id: str) -> list[Row]:
    """List an item's tasks; the vendor's id is None while there is no receipt."""
    rows = [*_collected(rounds, item_id), *_open(rounds, item_id)]
    return [_story(rounds, row) for row in rows]


def _story(rounds: Rounds, row: Row) -> Row:
    """Add the vendor's receipt, and what was decided if the batch was deleted at the vendor."""
    leg = row.pop("leg")
    lost = [
        entry.body
        for entry in state.of_kind(rounds.entries, "batch_lost")
        if (entry.body["round"], entry.body["leg"]) == (row["round"], leg)
    ]
    decided = ("asked anew" if lost[0]["resend"] else "taken as it was") if lost else None
    return {**row, **_receipt(rounds, row["round"], row["key"]), "deleted": decided}


def _collected(rounds: Rounds, item_id: str) -> list[Row]:
    newest = max((n for n in rounds.numbers if at.SENT in rounds.files(n)), default=None)
    if newest is None:
        return []
    return records(rounds.table(newest, at.SENT, COLUMNS, item_id=[item_id]))


def _open(rounds: Rounds, item_id: str) -> list[Row]:
    """Give what an open round has sent, or is about to, and not collected yet."""
    number = rounds.numbers[-1] if rounds.numbers else None
    if number is None or at.BATCH not in rounds.files(number) or at.SENT in rounds.files(number):
        return []
    wanted = [name for name in COLUMNS if name not in ("round", "leg", "vendor", "withdrawn")]
    vendor = (rounds.body(number, "batch_intended") or {"vendor": None})["vendor"]
    rows = records(rounds.table(number, at.BATCH, wanted, item_id=[item_id]))
    known = {"round": number, "leg": 1, "vendor": vendor, "withdrawn": 0}
    return [{**row, **known} for row in rows]


def _receipt(rounds: Rounds, number: int, key: str) -> Row:
    found: Row = {"task_id": None, "sent_at": None}
    for entry in state.of_kind(rounds.entries, "tasks_received", number):
        if key in entry.body["receipts"]:
            found |= {"task_id": entry.body["receipts"][key], "sent_at": entry.at}
    return found
