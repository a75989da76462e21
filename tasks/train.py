"""Train the model that this round queries with."""

from typing import Any

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.domain import tables
from tasks.domain.files import pretty_json, write_atomic
from tasks.domain.stage import Stage
from tasks.domain.strict_json import json_of
from tasks.modeling import bundle, trainer
from tasks.params import Params

STAGE = Stage(
    "train",
    inputs=(at.POOL, at.BASE_LABELS, at.BASE_MODEL, at.BASE_CARD),
    outputs=(at.QUERY_MODEL, at.QUERY_CARD),
    params=("campaign.classes", "campaign.seed", "features", "train"),
)


def run(campaign: Campaign, params: Params, *, reuse: bool = True) -> dict[str, Any]:
    """Write the query model and its card.

    Parameters
    ----------
    campaign : Campaign
    params : Params
    reuse : bool
        Take over the last snapshot's model where training would only make it again. Either way
        the same bytes are written; a replay trains, to show it.

    Raises
    ------
    DataError
        A file is missing or damaged, or a labelled item is not in the pool any more.
    """
    pool = tables.read(campaign.path(at.POOL))
    labels = tables.read(campaign.path(at.BASE_LABELS))
    model = campaign.path(at.BASE_MODEL).read_bytes()
    card = campaign.path(at.BASE_CARD).read_text(encoding="utf-8")
    reused = reuse and bundle.is_current(model)
    reused = reused and trainer.would_make(json_of(card, at.BASE_CARD), pool, labels, params)
    if not reused:
        model, made = trainer.train(pool, labels, params)
        card = pretty_json(made)
    write_atomic(campaign.path(at.QUERY_MODEL), model)
    write_atomic(campaign.path(at.QUERY_CARD), card)
    return {**trainer.summary(json_of(card, at.BASE_CARD)), "reused": reused}
