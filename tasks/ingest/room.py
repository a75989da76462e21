"""How much the items of a campaign may unpack to."""

from tasks.campaign import Campaign
from tasks.domain.expansion import MOST
from tasks.params import Params


def most(campaign: Campaign, params: Params) -> int:
    """Give the bytes; the params.yaml of somebody else may say less than usual, but not more."""
    return params.pool.most if campaign.is_own else min(MOST, params.pool.most)
