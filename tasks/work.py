"""A campaign, opened: for reading, for one action, or with its vendor."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tasks import campaign as at
from tasks import registry, snapshot
from tasks.campaign import Campaign
from tasks.delivery import egress, legs, needs
from tasks.delivery.desk import Desk, Desks
from tasks.domain import locks, state
from tasks.domain.errors import CampaignError
from tasks.domain.outgoing import VendorContext
from tasks.domain.ports import Ledger, Vendor
from tasks.ledger.opening import open_ledger
from tasks.params import Params
from tasks.versions import git
from tasks.versions.keeping import Alone, Keeping
from tasks.versions.shared import Shared


@dataclass(frozen=True)
class Work:
    """A campaign, opened for one action."""

    campaign: Campaign
    params: Params
    ledger: Ledger
    keeping: Keeping

    def is_over(self, round_number: int) -> bool:
        """Whether another process has finished the round meanwhile."""
        return state.is_closed(self.ledger.entries(), round_number)


def look_at(directory: Path) -> Work:
    """Open a campaign for reading only: nothing is written, in remotes and here."""
    return _work(directory, only_read=True)


def _work(directory: Path, *, only_read: bool) -> Work:
    campaign = at.find(directory)
    params = campaign.params()
    ledger = open_ledger(campaign, params.storage, only_read=only_read)
    keeping = Shared(campaign, ledger) if params.storage.ledger else Alone(campaign.root)
    return Work(campaign, params, ledger, keeping)


@contextmanager
def opened(directory: Path) -> Iterator[Work]:
    """Open a campaign as its only writer on this machine."""
    campaign = at.find(directory)
    with locks.exclusive(campaign.private / "lock"):
        work = _work(directory, only_read=False)
        if work.params.storage.ledger:
            refuse_uncommitted(campaign)
            work.keeping.bring()
            work = _work(directory, only_read=False)
        yield work


def name_campaign(work: Work) -> None:
    """Write the ledger's first entry, unless it is there."""
    body = {"campaign": work.params.campaign.name, "seed": work.params.campaign.seed}
    work.ledger.record(0, "campaign", body)


@contextmanager
def desk(work: Work, leg: int, **known: Any) -> Iterator[Desk]:
    """Connect to a leg's vendor; `known` is what its `VendorContext` has otherwise."""
    given = legs.asked(work.params, leg)
    if given is None:
        fix = "put it back until the round is closed"
        raise CampaignError("is gone", where=f"{at.PARAMS} collect.fallback", fix=fix)
    needs.require(work.params, leg, work.campaign.root)
    vendor: Vendor = registry.build("vendors", given.name, given.options)
    context = vendor_context(work.campaign, work.params, given.price)
    account = vendor.connect(replace(context, **known))
    try:
        yield Desk(leg, given.name, vendor.capabilities, account)
    finally:
        account.disconnect()


def desks(work: Work, round_number: int) -> Desks:
    """Connect to vendors, keeping a record of all that leaves the house in a round."""

    def connect(leg: int) -> AbstractContextManager[Desk]:
        recorder = egress.recorder(work.ledger, round_number, {"leg": leg})
        return desk(work, leg, outgoing=recorder)

    return connect


def vendor_context(campaign: Campaign, params: Params, price: float) -> VendorContext:
    """Gather what a vendor is told of a campaign."""
    return VendorContext(
        campaign=params.campaign.name,
        classes=tuple(params.campaign.classes),
        price=price,
        seed=params.campaign.seed,
        home=campaign.private,
        truth=campaign.path(at.TRUTH),
    )


def refuse_uncommitted(campaign: Campaign) -> None:
    """Refuse to go on with changes that no tag would hold; raises `CampaignError`."""
    changed = [path for path in git.changed(campaign.root) if not snapshot.own(path)]
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        fix = "commit it with `git commit -a`, or put it back with `git checkout`"
        raise CampaignError("has changes that are not committed", where=changed[0] + more, fix=fix)
