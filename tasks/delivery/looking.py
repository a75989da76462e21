"""Looking what a vendor has, so that a process may die anywhere and no page is lost.

A page is kept before the ledger says that it was looked at. What the ledger does not know is
fetched again, from the same cursor. A round that is collected learns nothing more: what a slower
process still fetches is left to the round after it, since its labels are being made elsewhere.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tasks.delivery import inbox, once, pages
from tasks.delivery.legs import Sent
from tasks.domain import crash, state
from tasks.domain.entries import Entry
from tasks.domain.errors import VendorError
from tasks.domain.incoming import Progress
from tasks.domain.ports import Account, Ledger


@dataclass(frozen=True)
class Outcome:
    """How a batch stands.

    Attributes
    ----------
    complete : bool
        Nothing more is to come.
    progress : Progress
        By the newest look.
    nearly : bool
        The newest look was the first to find it complete: one more is due at once.
    """

    complete: bool
    progress: Progress
    nearly: bool = False


NOTHING = Outcome(complete=False, progress=Progress(0, 0, 0.0))


@dataclass(frozen=True)
class Watch:
    """What a round hears from vendors.

    Attributes
    ----------
    round : int
        The one that is open; batches of earlier ones may still bring something.
    inbox : Path
    """

    round: int
    inbox: Path
    ledger: Ledger

    def look(self, sent: Sent, account: Account) -> None:
        """Fetch all that is new of a batch, and ask how far it is, if the round is waited for."""
        more = self.is_open()
        while more:
            number = inbox.count(self.ledger.entries(), self.round)
            cursor = self._cursor(sent.batch)
            with crash.guarded(f"vendor:fetch:{number}"):
                page = account.fetch(sent.reference, cursor)
            more = page.more
            line = inbox.page(number, sent.where, page.cursor, page.records)
            body = {
                **sent.where,
                "cursor": dict(page.cursor),
                "records": len(page.records),
                "digest": self.ledger.keep(line.encode()),
                "progress": None if more else self._poll(sent, account, number),
            }
            about = {"page": number}
            if not once.say_while(self.is_open, self.ledger, self.round, "looked", body, **about):
                break
        self.mend()

    def mend(self) -> None:
        """Bring the inbox to what the ledger knows.

        Raises
        ------
        VendorError
            A page is neither in the inbox nor kept.
        """
        there = pages.lines(self.inbox, self.round)
        wanted = inbox.entries(self.ledger.entries(), self.round)
        lines = [self._line(entry, there) for entry in wanted]
        if lines != there or not self.inbox.exists():
            pages.write(self.inbox, self.round, lines)

    def outcome(self, batch: str) -> Outcome:
        """Judge by what the ledger holds alone, so that every process judges the same."""
        looks = [look.body["progress"] for look in self._looks(batch) if look.round == self.round]
        seen = [Progress(**progress) for progress in looks if progress]
        if not seen:
            return NOTHING
        # An answer may come between a fetch and the poll after it. So a batch is complete when
        # the vendor was asked once more after it had said so.
        complete = all(one.complete for one in seen[-2:]) and len(seen) > 1
        return Outcome(complete, seen[-1], nearly=seen[-1].complete and not complete)

    def seen_since(self, batch: str) -> set[str]:
        """Name the batches that were looked at since the last look at one of them."""
        looks = [
            look.body["batch"]
            for look in state.of_kind(self.ledger.entries(), "looked", self.round)
            if look.body["progress"]
        ]
        newest = len(looks) - looks[::-1].index(batch) if batch in looks else 0
        return set(looks[newest:])

    def is_open(self) -> bool:
        """Whether the round may still learn something, by what the ledger says now."""
        return not state.is_collected(self.ledger.entries(), self.round)

    def _poll(self, sent: Sent, account: Account, number: int) -> dict[str, Any]:
        with crash.guarded(f"vendor:poll:{number}"):
            return asdict(account.poll(sent.reference))

    def _looks(self, batch: str) -> list[Entry]:
        looks = state.of_kind(self.ledger.entries(), "looked")
        return [look for look in looks if look.body["batch"] == batch]

    def _cursor(self, batch: str) -> Mapping[str, Any] | None:
        looks = self._looks(batch)
        return looks[-1].body["cursor"] if looks else None

    def _line(self, entry: Entry, there: list[str]) -> str:
        if entry.kind != "looked":
            return inbox.note(entry)
        for line in there:
            if inbox.is_line(entry, line):
                return line
        kept = self.ledger.kept(entry.body["digest"])
        if kept is None:
            raise VendorError(
                f"page {entry.body['page']} is lost from {self.inbox.name}",
                where=str(self.inbox),
                fix="restore it with `dvc checkout`",
            )
        return kept.decode()
