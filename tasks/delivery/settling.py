"""After the answers: who is paid, and which batches are over."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.delivery import hooks, legs, lost, money, once
from tasks.delivery.checks import Sifted
from tasks.delivery.desk import Desk, Desks
from tasks.delivery.legs import Sent
from tasks.delivery.standing import standing
from tasks.domain import crash, digests, tables
from tasks.domain.outgoing import Decision
from tasks.domain.ports import Ledger
from tasks.params import Params


@dataclass(frozen=True)
class Settling:
    """A round whose answers are in."""

    campaign: Campaign
    params: Params
    ledger: Ledger
    desks: Desks

    def decide(self) -> None:
        """Tell vendors that want to know which answers are accepted, and which are not and why."""
        for sent in self._reachable():
            with self._session(sent) as desk:
                if desk.capabilities.decide and (decisions := self._decisions[sent.batch]):
                    with crash.guarded(f"vendor:decide:{sent.batch}"):
                        desk.account.decide(sent.reference, decisions)
                    self._say(sent, decisions)

    def release(self) -> list[Sent]:
        """Close earlier rounds' batches of which nothing is missing."""
        answers, rows = (tables.read(self.campaign.path(name)) for name in (at.ANSWERS, at.SENT))
        done = []
        for sent in self._reachable():
            mine = rows[(rows["round"] == sent.round) & (rows["leg"] == sent.leg)]
            if sent.round < self.campaign.round and not money.outstanding(mine, answers):
                with self._session(sent) as desk, crash.guarded(f"vendor:close:{sent.batch}"):
                    desk.account.close(sent.reference)
                    hooks.remove(desk, sent)
                about = {"batch": sent.batch}
                once.say(self.ledger, self.campaign.round, "batch_closed", {}, **about)
                done.append(sent)
        return done

    def _session(self, sent: Sent) -> AbstractContextManager[Desk]:
        return lost.session(self.desks, sent, self.ledger, self.campaign.round)

    def _say(self, sent: Sent, decisions: list[Decision]) -> None:
        accepted = sum(one.accept for one in decisions)
        body = {
            "batch": sent.batch,
            "accepted": accepted,
            "rejected": len(decisions) - accepted,
            "digest": digests.of_value([[one.answer_id, one.accept] for one in decisions]),
        }
        self.ledger.record(self.campaign.round, "decided", body)

    def _reachable(self) -> Iterator[Sent]:
        for sent in legs.watched(self.ledger.entries()):
            if legs.is_asked(self.params, sent):
                yield sent

    @cached_property
    def _sifted(self) -> Sifted:
        return standing(self.campaign, self.params)

    @cached_property
    def _decisions(self) -> dict[str, list[Decision]]:
        """Decide on every answer that this round heard of, by batch; each once."""
        found: dict[str, dict[str, Decision]] = defaultdict(dict)
        new = self._sifted.answers
        for answer_id, key in zip(new["answer_id"], new["key"], strict=True):
            yes = Decision(answer_id, key, accept=True)
            found[self._batches[key]].setdefault(answer_id, yes)
        for refused in self._sifted.refused:
            raw = refused.raw
            if raw.label is not None and raw.key in self._batches:
                no = Decision(raw.answer_id, raw.key, accept=False, reason=refused.reason)
                found[self._batches[raw.key]].setdefault(raw.answer_id, no)
        return defaultdict(list, {batch: list(by_id.values()) for batch, by_id in found.items()})

    @cached_property
    def _batches(self) -> dict[str, str]:
        """Say which batch each task was in."""
        made = {(one.round, one.leg): one.batch for one in legs.made(self.ledger.entries())}
        rows = self._sifted.sent
        tasks = zip(rows["key"], rows["round"], rows["leg"], strict=True)
        return {key: made[number, leg] for key, number, leg in tasks}
