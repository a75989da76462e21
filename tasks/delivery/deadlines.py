"""Waiting for a round's answers, and what happens when they do not come in time."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.delivery import inbox, keys, legs, lost, once, pages
from tasks.delivery.desk import Desk, Desks
from tasks.delivery.legs import Sent
from tasks.delivery.looking import Outcome, Watch
from tasks.domain import crash, state
from tasks.domain.entries import Entry
from tasks.domain.errors import CampaignError
from tasks.domain.files import canonical_json
from tasks.domain.incoming import Progress
from tasks.domain.ports import Ledger
from tasks.params import Params


@dataclass(frozen=True)
class Looked:
    """How a round's waiting stands.

    Attributes
    ----------
    done : bool
        Nothing more is waited for.
    resend : bool
        What is missing is to be sent to the fallback vendor.
    reminder : bool
        The answers are late by a time that `collect.remind_hours` wants to be told of, for the
        first time.
    """

    done: bool
    progress: Progress
    resend: bool = False
    reminder: bool = False


def is_over(entries: state.Entries, params: Params, now: datetime) -> bool:
    """Whether the open round's deadline has passed, while its vendor cannot be asked.

    The vendor's clock is that of the last look; since then, `now` counts.
    """
    deadline = params.collect.deadline_hours
    if deadline is None or params.collect.at_deadline == "wait":
        return False
    number = state.current_round(entries)
    batch = keys.batch_name(params.campaign.name, number, legs.current(entries, number))
    known = [
        (entry, (entry.body.get("progress") or {"hours": 0.0})["hours"])
        for entry in entries
        if entry.kind in ("batch_made", "looked") and entry.body["batch"] == batch
    ]
    if not known:
        return False
    newest, hours = known[-1]
    since = (now - datetime.fromisoformat(newest.at)).total_seconds() / 3600
    return bool(hours + since >= deadline)


@dataclass(frozen=True)
class Waiting:
    """An open round whose batch is with a vendor."""

    campaign: Campaign
    params: Params
    ledger: Ledger
    desks: Desks

    def look(self) -> Looked:
        """Look once, and do what the deadline asks for."""
        self._watch.mend()
        outcome = self._watch.outcome(self._sent.batch)
        if not (outcome.complete or self._is_given_up(outcome)):
            outcome = self._look_on(outcome)
        given_up = self._is_given_up(outcome)
        if not (given_up or outcome.complete):
            return Looked(False, outcome.progress, reminder=self._go_on_waiting(outcome))
        resend = given_up and self._give_up()
        done = not resend and self._collected(complete=not given_up)
        return Looked(done, self._watch.outcome(self._sent.batch).progress, resend)

    @cached_property
    def _watch(self) -> Watch:
        return Watch(self.campaign.round, self.campaign.path(at.INBOX), self.ledger)

    @cached_property
    def _sent(self) -> Sent:
        """Find the batch that is waited for."""
        entries = self.ledger.entries()
        leg = legs.current(entries, self.campaign.round)
        name = keys.batch_name(self.params.campaign.name, self.campaign.round, leg)
        for sent in legs.made(entries):
            if sent.batch == name:
                self._refuse_other_vendor(sent)
                return sent
        raise CampaignError("was never sent", where=f"batch {name}", fix="run `labelloop run`")

    def _refuse_other_vendor(self, sent: Sent) -> None:
        if not legs.is_asked(self.params, sent):
            key = "vendor.name" if sent.leg == legs.FIRST else "collect.fallback"
            raise CampaignError(
                f"the open round's batch is at the vendor {sent.vendor!r}",
                where=f"{at.PARAMS} {key}",
                fix="put it back until the round is closed, then change it",
            )

    def _look_on(self, outcome: Outcome) -> Outcome:
        """Look, and once more at the open batch as soon as its vendor says that all is there."""
        if not outcome.nearly:
            self._look_everywhere()
            outcome = self._watch.outcome(self._sent.batch)
        if outcome.nearly:
            self._look(self._sent)
            outcome = self._watch.outcome(self._sent.batch)
        return outcome

    def _look_everywhere(self) -> None:
        """Look at batches of earlier rounds, whose answers may come late, then at the open one.

        One that a process looked at before it died is not looked at again before the open one was.
        """
        seen = self._watch.seen_since(self._sent.batch)
        for sent in legs.watched(self.ledger.entries()):
            known = legs.is_asked(self.params, sent)
            if known and sent.batch not in seen and sent.batch != self._sent.batch:
                self._look(sent)
        self._look(self._sent)

    def _look(self, sent: Sent) -> None:
        with self._session(sent) as desk:
            self._watch.look(sent, desk.account)

    def _session(self, sent: Sent) -> AbstractContextManager[Desk]:
        return lost.session(self.desks, sent, self.ledger, self.campaign.round)

    def _is_given_up(self, outcome: Outcome) -> bool:
        """Whether what is there must do: the deadline has passed, or the batch was deleted."""
        late = self.params.collect.at_deadline != "wait" and self._is_late(outcome)
        gone = self._is_lost and not outcome.complete
        return late or gone or self._find("cancel_wanted") is not None

    @property
    def _is_lost(self) -> bool:
        """Whether the batch was deleted at its vendor, and somebody decided what to do."""
        return self._sent.batch in legs.lost(self.ledger.entries())

    def _find(self, kind: str) -> Entry | None:
        return once.find(self.ledger, self.campaign.round, kind, batch=self._sent.batch)

    def _go_on_waiting(self, outcome: Outcome) -> bool:
        """Ask the vendor for more time if it is due; say whether somebody is to be reminded."""
        if self._is_late(outcome):
            self._extend(outcome.progress.hours)
        return self._remind(outcome.progress.hours)

    def _remind(self, hours: float) -> bool:
        every = self.params.collect.remind_hours
        times = int(hours // every) if every else 0
        about = {"batch": self._sent.batch, "times": times}
        if times < 1 or once.find(self.ledger, self.campaign.round, "reminded", **about):
            return False
        self.ledger.record(self.campaign.round, "reminded", about)
        return True

    def _is_late(self, outcome: Outcome) -> bool:
        deadline = self.params.collect.deadline_hours
        late = deadline is not None and outcome.progress.hours >= deadline
        # Everything may be there, and only the last look at it to come.
        return late and not outcome.progress.complete

    def _extend(self, hours: float) -> None:
        """Let the vendor keep the batch open until the next deadline, once for each that passes."""
        deadline = self.params.collect.deadline_hours or 1.0
        about = {"batch": self._sent.batch, "times": int(hours // deadline)}
        if once.find(self.ledger, self.campaign.round, "extended", **about):
            return
        with self._session(self._sent) as desk:
            if desk.capabilities.extend:
                with crash.guarded(f"vendor:extend:{about['times']}"):
                    desk.account.extend(self._sent.reference, deadline)
        self.ledger.record(self.campaign.round, "extended", about)

    def _give_up(self) -> bool:
        """Withdraw what is not answered, if so wished; say whether to ask the fallback for it."""
        number, sent = self.campaign.round, self._sent
        if cancelled := self._find("cancelled"):
            return bool(cancelled.body["resend"])
        if self.params.collect.at_deadline == "take" or self._is_lost:
            return False
        to_fallback = (
            self.params.collect.at_deadline == "resend" and legs.whose(sent.leg) == legs.FIRST
        )
        with self._session(sent) as desk:
            # What a fallback vendor cannot withdraw may come late.
            if not desk.capabilities.cancel:
                return False
            wanted = once.say_while(
                self._watch.is_open, self.ledger, number, "cancel_wanted", {}, **sent.where
            )
            if wanted is None:
                return False
            self._cancel(desk, wanted)
        body = {**sent.where, "resend": to_fallback}
        once.say(self.ledger, number, "cancelled", body, batch=sent.batch)
        self._watch.mend()
        return to_fallback

    def _cancel(self, desk: Desk, wanted: Entry) -> None:
        """Cancel the batch, and look once more: what was answered before counts."""
        looks = state.of_kind(self.ledger.entries(), "looked", self.campaign.round)
        if any(look.seq > wanted.seq and look.body["batch"] == self._sent.batch for look in looks):
            return
        with crash.guarded(f"vendor:cancel:{self._sent.leg}"):
            desk.account.cancel(self._sent.reference)
        self._watch.look(self._sent, desk.account)

    def _collected(self, *, complete: bool) -> bool:
        """Keep what the vendor has, as its own record; then go on.

        From here on the round learns nothing more, on any machine. So it is said only while what
        was judged still holds; else the answer is no, and the next look judges anew.
        """
        number, sent = self.campaign.round, self._sent
        about = {"batch": sent.batch}
        found = once.find(self.ledger, number, "collected", **about)
        if found is None:
            mine = [one for one in legs.made(self.ledger.entries()) if one.round == number]
            exported = [self._exported(one) for one in mine]
            body = {
                "complete": complete,
                "deadline": not (complete or self._is_lost),
                "export": [self.ledger.keep(line.encode()) for line in exported],
            }
            found = once.say_while(
                lambda: self._still(complete=complete),
                self.ledger,
                number,
                "collected",
                body,
                **about,
            )
            if found is None:
                return False
        self._watch.mend()
        kept = [self.ledger.kept(digest) for digest in found.body["export"]]
        lines = [line.decode() for line in kept if line is not None]
        if len(lines) == len(kept):
            pages.write(self.campaign.path(at.EXPORT), number, lines)
        return True

    def _still(self, *, complete: bool) -> bool:
        """Whether the round is over as it was judged to be, by all that the ledger has now."""
        outcome = self._watch.outcome(self._sent.batch)
        given_up = self._is_given_up(outcome)
        return (outcome.complete or given_up) and given_up != complete

    def _exported(self, sent: Sent) -> str:
        if sent.batch in legs.lost(self.ledger.entries()):
            # All that is left of it is what was fetched.
            inbox_path, number = self.campaign.path(at.INBOX), self.campaign.round
            fetched = inbox.records(inbox_path, number, sent.batch)
            return canonical_json({**sent.where, "records": fetched, "deleted": True})
        with self._session(sent) as desk, crash.guarded(f"vendor:export:{sent.leg}"):
            records = desk.account.export_raw(sent.reference)
        return canonical_json({**sent.where, "records": [dict(record) for record in records]})
