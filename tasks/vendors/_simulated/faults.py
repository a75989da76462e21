"""Calls to the simulated vendor that go wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import Connection

from tasks.domain.errors import OutcomeUnknownError, ThrottledError, TransientError, VendorError
from tasks.vendors._simulated.luck import CallLuck
from tasks.vendors._simulated.options import Options
from tasks.vendors._simulated.store import Store

WHERE = "the simulated vendor"
RETRY_AFTER = 1.0
"""Seconds that it asks to wait."""
AFTER = ("timeout_after", "cut_response")
"""The kinds of trouble that come when the work is done."""
SCHEDULED = "SELECT rowid, kind FROM faults WHERE times > 0 AND (reads OR ?) ORDER BY rowid LIMIT 1"
SPENT = "UPDATE faults SET times = times - 1 WHERE rowid = ?"
COUNTED = (
    "INSERT INTO calls VALUES (?, 1) ON CONFLICT (campaign) DO UPDATE SET number = number + 1"
    " RETURNING number"
)


class Faults:
    """What goes wrong: by the options' rates, or as the table ``faults`` says.

    Each call has its own luck, from a counter in the database, so that trouble passes. The table
    is how tests make the next calls fail.
    """

    def __init__(self, options: Options, campaign: str, seed: int, store: Store) -> None:
        self._options, self._campaign, self._seed, self._store = options, campaign, seed, store
        self._rated = max(options.outage_rate, options.throttle_rate, options.timeout_rate) > 0

    @contextmanager
    def call(self, name: str, *, writes: bool = False) -> Iterator[None]:
        """Let one call go wrong before it is done, after it, or not at all."""
        kind = self._kind(writes)
        if kind == "throttled":
            raise ThrottledError(
                f"{name} was asked too often", where=WHERE, retry_after=RETRY_AFTER
            )
        if kind and kind not in AFTER:
            raise TransientError(f"{name} failed ({kind})", where=WHERE)
        yield
        if kind:
            raise _lost(name, kind, writes)

    def _kind(self, writes: bool) -> str:
        if self._rated:
            with self._store.writing() as database:
                return self._scheduled(database, writes) or self._drawn(database)
        if not self._store.path.exists():
            return ""
        with self._store.reading() as database:
            return self._scheduled(database, writes)

    def _scheduled(self, database: Connection, writes: bool) -> str:
        if row := database.execute(SCHEDULED, (writes,)).fetchone():
            database.execute(SPENT, row[:1])
        return row[1] if row else ""

    def _drawn(self, database: Connection) -> str:
        (number,) = database.execute(COUNTED, (self._campaign,)).fetchone()
        luck, options = CallLuck(self._seed, number), self._options
        if luck.outage < options.outage_rate:
            return "down"
        if luck.throttle < options.throttle_rate:
            return "throttled"
        return "timeout_after" if luck.timeout < options.timeout_rate else ""


def _lost(name: str, kind: str, writes: bool) -> VendorError:
    if writes:
        what = f"the reply to {name} was lost ({kind})"
        return OutcomeUnknownError(what, where=WHERE, fix="reconcile before sending again")
    return TransientError(f"the reply to {name} was lost ({kind})", where=WHERE)
