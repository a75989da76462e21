"""A campaign's sources in a temporary place, where stages may write without touching it."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tasks import campaign as at
from tasks import pipeline
from tasks.campaign import Campaign
from tasks.domain import digests
from tasks.domain.files import pretty_json, write_atomic
from tasks.versions import opening
from tasks.work import Work

DECIDED = (at.PARAMS, at.HOLDOUT_IDS, at.GOLD_IDS, *at.SUITES)


@contextmanager
def laid_out(work: Work, added: Mapping[str, Path] | None = None) -> Iterator[Campaign]:
    """Lay the campaign's sources out in a temporary place.

    All that came in is there and counts, as it will in the next round; so does what is `added`,
    given by the name that it would have.
    """
    campaign = work.campaign
    with tempfile.TemporaryDirectory(prefix="labelloop-trial-") as folder:
        trial = Campaign(Path(folder))
        for name in DECIDED:
            if campaign.path(name).exists():
                trial.path(name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(campaign.path(name), trial.path(name))
        if work.params.pool.source == at.SOURCE and campaign.path(at.SOURCE).exists():
            trial.path(at.SOURCE).parent.mkdir(parents=True, exist_ok=True)
            trial.path(at.SOURCE).symlink_to(campaign.path(at.SOURCE))
        _lay_out_intake(work, trial, added or {})
        yield trial


@contextmanager
def with_pool(work: Work) -> Iterator[Campaign]:
    """As `laid_out`, with the pool, holdout and gold items as the next round would have them.

    Raises
    ------
    DataError
        The source cannot be items.
    """
    with laid_out(work) as trial:
        pipeline.compute("pool", trial, work.params, own=work.campaign.is_own)
        yield trial


def _lay_out_intake(work: Work, trial: Campaign, added: Mapping[str, Path]) -> None:
    record = opening.next_record(work.ledger.entries())
    counted = record.get("intake", {})
    there = {name: work.campaign.path(name) for name in counted} | dict(added)
    for name, path in there.items():
        trial.path(name).parent.mkdir(parents=True, exist_ok=True)
        trial.path(name).symlink_to(path.resolve())
    for name in added:
        new = digests.of_tree(trial.root, name)
        counted |= {path: digest.to_body() for path, digest in new.items()}
    write_atomic(trial.path(at.ROUND), pretty_json({**record, "intake": counted}))
