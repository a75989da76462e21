"""Lay out what a round starts from: the snapshot that the round before it left.

Every other stage then reads plain files, and no stage reads what it also writes.
"""

from typing import Any

import pandas as pd

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.domain import digests, tables
from tasks.domain.errors import CampaignError, DataError
from tasks.domain.files import pretty_json, write_atomic
from tasks.domain.stage import Stage
from tasks.modeling import bundle
from tasks.params import Params
from tasks.quality import imported
from tasks.versions.store import Store

FROM_SNAPSHOT = {
    at.BASE_LABELS: at.LABELS,
    at.BASE_ANSWERS: at.ANSWERS,
    at.BASE_SENT: at.SENT,
    at.BASE_HISTORY: at.HISTORY,
    at.BASE_MODEL: at.MODEL,
    at.BASE_CARD: at.CARD,
    at.BASE_HOLDOUT_PREDICTIONS: at.HOLDOUT_PREDICTIONS,
}

STAGE = Stage(
    "open",
    inputs=(at.ROUND, at.SEED_LABELS),
    outputs=tuple(FROM_SNAPSHOT),
    params=(),
    intake=at.IMPORTED,
)


def run(campaign: Campaign, params: Params) -> dict[str, Any]:
    """Write ``base/``: what the snapshot has, and labels that came from elsewhere since.

    What neither has is what a campaign begins with.

    Raises
    ------
    CampaignError
        A file of the snapshot is nowhere to be found, or is not what the round before left.
    DataError
        A file of imported labels is missing, or is not the one that was imported.
    """
    before = campaign.record["base"]
    if at.LABELS not in before:
        _write_first(campaign)
    for base, snapshot in FROM_SNAPSHOT.items():
        if snapshot in before:
            content = _content(campaign, snapshot, digests.Digest(**before[snapshot]))
            write_atomic(campaign.path(base), content)
    _lay_over(campaign, campaign.round)
    return {"labels": len(tables.read(campaign.path(at.BASE_LABELS)))}


def _write_first(campaign: Campaign) -> None:
    card = {"fitted": False, "inputs": None, "reason": "no round is finished yet"}
    write_atomic(campaign.path(at.BASE_LABELS), campaign.path(at.SEED_LABELS).read_bytes())
    tables.write(campaign.path(at.BASE_ANSWERS), tables.ANSWERS.empty(), tables.ANSWERS)
    tables.write(campaign.path(at.BASE_SENT), tables.SENT.empty(), tables.SENT)
    predictions = tables.HOLDOUT_PREDICTIONS
    tables.write(campaign.path(at.BASE_HOLDOUT_PREDICTIONS), predictions.empty(), predictions)
    write_atomic(campaign.path(at.BASE_HISTORY), pretty_json([]))
    write_atomic(campaign.path(at.BASE_MODEL), bundle.NO_MODEL)
    write_atomic(campaign.path(at.BASE_CARD), pretty_json(card))


def _lay_over(campaign: Campaign, number: int) -> None:
    seeds = tables.read(campaign.path(at.SEED_LABELS))
    imports = [
        _imported(campaign, name, digest) for name, digest in campaign.intake(at.IMPORTED).items()
    ]
    before = tables.read(campaign.path(at.BASE_LABELS))
    labels = imported.laid_over(before, seeds, imports, number)
    if labels is not before:
        tables.write(campaign.path(at.BASE_LABELS), labels, tables.LABELS)


def _imported(campaign: Campaign, name: str, digest: digests.Digest) -> pd.DataFrame:
    path = campaign.path(name)
    if path.exists() and digests.of_file(path) != digest:
        fix = "restore it with `dvc checkout --force`"
        raise DataError("is not the file that was imported", where=name, fix=fix)
    return tables.read(path)


def _content(campaign: Campaign, name: str, expected: digests.Digest) -> bytes:
    path = campaign.path(name)
    if path.exists() and digests.of_file(path, fresh=True) == expected:
        return path.read_bytes()
    content = Store(campaign.root).fetch(expected.md5)
    if digests.of_bytes(content) != expected:
        raise CampaignError(
            "is not what the round before left", where=name, fix="run `labelloop audit`"
        )
    return content
