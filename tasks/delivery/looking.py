"""Looking what a vendor has, so that a process may die anywhere and no page is lost.

A page is in the inbox before the ledger says that it was looked at. What the ledger does not know
is fetched again, from the same cursor; what the inbox does not have is too.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tasks.delivery import inbox
from tasks.domain import crash, state
from tasks.domain.entries import Entry
from tasks.domain.errors import VendorError
from tasks.domain.ports import Account, Ledger, Page, Progress


@dataclass(frozen=True)
class Outcome:
    """How a round's collecting stands.

    Attributes
    ----------
    complete : bool
        Nothing more is to come.
    deadline : bool
        It took too long; what is there must do.
    """

    complete: bool
    deadline: bool
    progress: Progress


@dataclass(frozen=True)
class Watch:
    """One batch that is waited for."""

    batch: str
    round: int
    inbox: Path
    ledger: Ledger
    account: Account

    def mend(self) -> list[str]:
        """Bring the inbox to what the ledger knows; give its pages.

        Raises
        ------
        VendorError
            A page is lost and the vendor no longer gives it as it was.
        """
        there = inbox.lines(self.inbox, self.round)
        looks = self.looks()
        pages = [self._page(look, there) for look in looks]
        if pages != there:
            inbox.write(self.inbox, self.round, pages)
        return pages

    def look(self) -> None:
        """Fetch one page and ask how far the batch is."""
        pages = self.mend()
        number = len(pages)
        page = self._fetch(number, _cursor(self._all_looks()))
        with crash.guarded(f"vendor:poll:{number}"):
            progress = self.account.poll(self.batch)
        line = inbox.line(number, page.cursor, page.records)
        inbox.write(self.inbox, self.round, [*pages, line])
        body = {
            "batch": self.batch,
            "page": number,
            "cursor": dict(page.cursor),
            "records": len(page.records),
            "digest": inbox.digest(line),
            "progress": asdict(progress),
        }
        self.ledger.record(self.round, "looked", body)

    def looks(self) -> list[Entry]:
        """List this round's looks."""
        return [look for look in self._all_looks() if look.round == self.round]

    def outcome(self, deadline_hours: float | None) -> Outcome:
        """Judge by what the ledger holds alone, so that every process judges the same."""
        seen = [Progress(**look.body["progress"]) for look in self.looks()]
        if not seen:
            return Outcome(complete=False, deadline=False, progress=Progress(0, 0, 0.0))
        # An answer may come between a fetch and the poll after it. So a batch is complete when
        # one more page was fetched after the vendor had said so.
        complete = len(seen) > 1 and seen[-2].complete
        over = deadline_hours is not None and seen[-1].hours >= deadline_hours
        return Outcome(complete, over and not seen[-1].complete, seen[-1])

    def _page(self, look: Entry, there: list[str]) -> str:
        number, digest = int(look.body["page"]), look.body["digest"]
        if number < len(there) and inbox.digest(there[number]) == digest:
            return there[number]
        earlier = [one for one in self._all_looks() if one.seq < look.seq]
        page = self._fetch(number, _cursor(earlier))
        line = inbox.line(number, page.cursor, page.records)
        if inbox.digest(line) != digest:
            raise VendorError(
                f"gives page {number} otherwise than before, and {self.inbox.name} has lost it",
                where="the vendor",
                fix=f"restore {self.inbox.name} with `dvc checkout`",
            )
        return line

    def _fetch(self, number: int, cursor: Mapping[str, Any] | None) -> Page:
        with crash.guarded(f"vendor:fetch:{number}"):
            return self.account.fetch(cursor)

    def _all_looks(self) -> list[Entry]:
        return list(state.of_kind(self.ledger.entries(), "looked"))


def _cursor(looks: list[Entry]) -> Mapping[str, Any] | None:
    return looks[-1].body["cursor"] if looks else None
