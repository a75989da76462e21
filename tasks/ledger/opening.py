"""Where a campaign's ledger is, by its params.yaml."""

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.ledger.local import LocalLedger
from tasks.ledger.s3 import S3Ledger
from tasks.params import StorageParams

MIRROR = f"{at.PRIVATE}/ledger"
"""This machine's own copy of a ledger in a bucket.

It is not in the folder `ledger/`, which git keeps: there it would stand in the way of whoever pulls
the commit of another machine that has the same entries.
"""


def open_ledger(
    campaign: Campaign, storage: StorageParams, *, only_read: bool
) -> LocalLedger | S3Ledger:
    """Open the ledger in the campaign's folder, or the one in a bucket that `storage` names."""
    if storage.ledger is None:
        return LocalLedger(campaign.path(at.LEDGER))
    mirror = campaign.path(MIRROR)
    return S3Ledger(storage.ledger, mirror, storage.endpoint, only_read=only_read)
