"""A campaign, opened: for reading, for one action, or with its vendor."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tasks import campaign as at
from tasks import registry, snapshot
from tasks.campaign import Campaign
from tasks.domain import locks, state
from tasks.domain.errors import CampaignError
from tasks.domain.ports import Account, Ledger, VendorContext
from tasks.ledger.local import LocalLedger
from tasks.params import Params
from tasks.versions import git


@dataclass(frozen=True)
class Work:
    """A campaign, opened for one action."""

    campaign: Campaign
    params: Params
    ledger: Ledger

    def is_over(self, round_number: int) -> bool:
        """Whether another process has finished the round meanwhile."""
        return state.is_closed(self.ledger.entries(), round_number)


def look_at(directory: Path) -> Work:
    """Open a campaign for reading only."""
    campaign = at.find(directory)
    return Work(campaign, campaign.params(), LocalLedger(campaign.path(at.LEDGER)))


@contextmanager
def opened(directory: Path) -> Iterator[Work]:
    """Open a campaign as its only writer on this machine."""
    campaign = at.find(directory)
    with locks.exclusive(campaign.private / "lock"):
        yield look_at(directory)


@contextmanager
def account(work: Work, context: VendorContext | None = None) -> Iterator[Account]:
    """Connect to the campaign's vendor."""
    vendor = registry.build("vendors", work.params.vendor.name, work.params.vendor.options)
    context = context or vendor_context(work.campaign, work.params)
    connection: Account = vendor.connect(context)
    try:
        yield connection
    finally:
        connection.close()


def vendor_context(campaign: Campaign, params: Params) -> VendorContext:
    """Gather what a vendor is told of a campaign."""
    return VendorContext(
        campaign=params.campaign.name,
        classes=tuple(params.campaign.classes),
        price=params.vendor.price,
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
