"""Batches that were deleted at their vendor: noticing it, and what a person decided to do.

The vendor's word alone decides nothing, since somebody may restore what was deleted, or the address
of the vendor may be wrong. So a run that meets a deleted batch ends; `labelloop resend` and
`labelloop take` write a person's decision into the ledger (`batch_lost`), and the next run goes on
from it. Answers that were fetched before count in either case.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.delivery import legs, money, once
from tasks.delivery.desk import Desk, Desks
from tasks.delivery.legs import Sent
from tasks.delivery.looking import Watch
from tasks.delivery.standing import standing
from tasks.domain import state, tables
from tasks.domain.errors import BatchDeletedError, CampaignError
from tasks.domain.ports import Ledger
from tasks.params import Params


@contextmanager
def session(desks: Desks, sent: Sent, ledger: Ledger, round_number: int) -> Iterator[Desk]:
    """Connect to a batch's vendor; if it says that the batch is deleted, write that down.

    Raises
    ------
    BatchDeletedError
        As the vendor raised it inside the block.
    """
    with desks(sent.leg) as desk, noticed(sent.batch, ledger, round_number):
        yield desk


@contextmanager
def noticed(batch: str, ledger: Ledger, round_number: int) -> Iterator[None]:
    """Write down if a vendor says inside the block that it does not have a batch any more."""
    try:
        yield
    except BatchDeletedError as error:
        about = {"batch": batch, "looks": _looks(ledger.entries(), batch)}
        once.say(ledger, round_number, "batch_missing", {"said": error.what}, **about)
        raise


def missing(entries: state.Entries, batch: str) -> str | None:
    """Give what the vendor said when it did not have a batch, unless it was read since."""
    looks = _looks(entries, batch)
    for entry in state.of_kind(entries[::-1], "batch_missing"):
        if entry.body["batch"] == batch and batch not in legs.lost(entries):
            return str(entry.body["said"]) if entry.body["looks"] == looks else None
    return None


def _looks(entries: state.Entries, batch: str) -> int:
    return sum(look.body["batch"] == batch for look in state.of_kind(entries, "looked"))


@dataclass(frozen=True)
class Loss:
    """Deciding what to do about a deleted batch.

    Attributes
    ----------
    desks : Desks
        Used to ask the vendor whether the batch is really gone.
    """

    campaign: Campaign
    params: Params
    ledger: Ledger
    desks: Desks

    def decide(self, name: str | None, *, resend: bool) -> dict[str, Any]:
        """Write down what to do about a batch; nothing is sent by this.

        Parameters
        ----------
        name : str or None
            The batch; None for the only one that is deleted.
        resend : bool
            Ask the same vendor anew for what is missing, or else go on with what there is.

        Raises
        ------
        CampaignError
            No batch, or several, are deleted at their vendor, or there is nothing to ask anew for.
        VendorError
            A vendor cannot be asked.
        """
        self._refuse_early()
        watch = Watch(self.campaign.round, self.campaign.path(at.INBOX), self.ledger)
        watch.mend()
        if decided := self._decided(name, resend=resend):
            # This very decision was written by a process that died, or is said a second time.
            return decided
        sent, said = self._deleted(name)
        rows = standing(self.campaign, self.params)
        known = tables.read(self.campaign.path(at.BASE_ANSWERS))
        answers = pd.concat([known, rows.answers], ignore_index=True)
        mine = rows.sent[(rows.sent["round"] == sent.round) & (rows.sent["leg"] == sent.leg)]
        left = money.missing(mine, answers)
        if resend:
            self._refuse_needless(sent, int(left.sum()))
        body = {
            "leg": sent.leg,
            "vendor": sent.vendor,
            "round": sent.round,
            "resend": resend,
            "missing": int(left.sum()),
            "released": math.fsum(left * mine["price"]),
            "said": said,
        }
        number = state.current_round(self.ledger.entries())
        found = once.say(self.ledger, number, "batch_lost", body, batch=sent.batch)
        watch.mend()
        return dict(found.body)

    def _refuse_early(self) -> None:
        """Raise a `CampaignError` while a round is open whose batch was not made yet.

        What its files say of earlier rounds is not laid out before.
        """
        entries = self.ledger.entries()
        number = state.current_round(entries)
        is_open = state.last(entries, "round_opened", number) is not None
        if is_open and state.last(entries, "batch_intended", number) is None:
            what = f"round {number} has not sent its own batch yet"
            raise CampaignError(what, fix="run `labelloop run`, then decide")

    def _decided(self, name: str | None, *, resend: bool) -> dict[str, Any] | None:
        """Find the same decision in the ledger: of this batch, or of the open round's newest."""
        entries = self.ledger.entries()
        if name is None and any(missing(entries, one.batch) for one in legs.watched(entries)):
            return None
        for entry in state.of_kind(entries[::-1], "batch_lost"):
            mine = entry.round == state.current_round(entries) if name is None else True
            if mine and name in (None, entry.body["batch"]):
                return dict(entry.body) if entry.body["resend"] == resend else None
        return None

    def _deleted(self, name: str | None) -> tuple[Sent, str]:
        """Ask vendors which batches they do not have any more, and find the one that is meant."""
        watched = legs.watched(self.ledger.entries())
        if name is not None and name not in {one.batch for one in watched}:
            fix = f"there are {', '.join(one.batch for one in watched) or 'none'}"
            raise CampaignError("is no batch that is waited for", where=f"batch {name}", fix=fix)
        asked = [one for one in watched if name in (None, one.batch)]
        found = [(one, said) for one in asked if (said := self._said(one)) is not None]
        if not found:
            what = f"no batch is deleted at its vendor{f': {name} is there' if name else ''}"
            raise CampaignError(what, fix="run `labelloop run`")
        if len(found) > 1:
            names = ", ".join(one.batch for one, _ in found)
            raise CampaignError("several batches are deleted", where=names, fix="name one of them")
        return found[0]

    def _said(self, sent: Sent) -> str | None:
        """Ask a vendor for a batch; None if the batch is there, or nobody knows whom to ask."""
        if not legs.is_asked(self.params, sent):
            return None
        try:
            with self.desks(sent.leg) as desk:
                desk.account.poll(sent.reference)
        except BatchDeletedError as error:
            return error.what
        return None

    def _refuse_needless(self, sent: Sent, left: int) -> None:
        entries = self.ledger.entries()
        number = state.current_round(entries)
        open_ = sent.round == number and not state.is_collected(entries, number)
        if not open_:
            what = f"round {sent.round} is over, and asks for nothing more"
        elif not left:
            what = "nothing of it is missing"
        elif sent.leg != legs.current(entries, number):
            what = "what it did not answer was asked of the fallback already"
        else:
            return
        raise CampaignError(what, where=f"batch {sent.batch}", fix="run `labelloop take`")
