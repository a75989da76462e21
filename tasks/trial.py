"""A campaign's sources in a temporary place, where stages may write without touching it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks import campaign as at
from tasks import pipeline
from tasks.campaign import Campaign
from tasks.params import Params


@contextmanager
def laid_out(campaign: Campaign, params: Params) -> Iterator[Campaign]:
    """Lay the campaign's sources out in a temporary place."""
    with tempfile.TemporaryDirectory(prefix="labelloop-trial-") as folder:
        trial = Campaign(Path(folder))
        for name in (at.PARAMS, at.ROUND, at.HOLDOUT_IDS, at.GOLD_IDS, *at.SUITES):
            if campaign.path(name).exists():
                trial.path(name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(campaign.path(name), trial.path(name))
        if params.pool.source == at.SOURCE and campaign.path(at.SOURCE).exists():
            trial.path(at.SOURCE).parent.mkdir(parents=True, exist_ok=True)
            trial.path(at.SOURCE).symlink_to(campaign.path(at.SOURCE))
        yield trial


@contextmanager
def with_pool(campaign: Campaign, params: Params) -> Iterator[Campaign]:
    """As `laid_out`, with the pool, holdout and gold items as the next round would have them.

    Raises
    ------
    DataError
        The source cannot be items.
    """
    with laid_out(campaign, params) as trial:
        pipeline.module("pool").run(trial, params)
        yield trial
