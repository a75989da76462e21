"""Choose what to ask next, and write down why."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.delivery.undone import Undone
from tasks.domain import digests, randomness, tables
from tasks.domain.choosing import Candidates
from tasks.domain.stage import Stage
from tasks.domain.strict_json import json_in
from tasks.modeling import bundle, features
from tasks.params import Mix, Params, ScoreParams
from tasks.selection import candidates as choice
from tasks.selection import decisions, mix

STAGE = Stage(
    "score",
    inputs=(at.ROUND, at.POOL, at.BASE_LABELS, at.BASE_SENT, at.QUERY_MODEL, at.QUERY_CARD),
    outputs=(at.DECISIONS,),
    params=(
        "campaign.seed",
        "campaign.classes",
        "features",
        "score",
        "push.redundancy",
        "review.max_answers",
    ),
    model=at.QUERY_MODEL,
)


def run(campaign: Campaign, params: Params, *, model: str | None = None) -> dict[str, Any]:
    """Write round/decisions.parquet.

    Parameters
    ----------
    campaign : Campaign
    params : Params
    model : str or None
        The SHA-256 that the query model must have; None where nobody knows it.

    Raises
    ------
    DataError
        An input cannot be read, or the query model is another one.
    ParamsError
        A strategy gives no sound scores.
    """
    card = json_in(campaign.path(at.QUERY_CARD))
    policy = params.score.strategies if card["fitted"] else params.score.cold_start
    pool, labels, sent = (
        tables.read(campaign.path(name)) for name in (at.POOL, at.BASE_LABELS, at.BASE_SENT)
    )
    # What is digested is what is parsed, whoever swaps the file meanwhile.
    content = bundle.read(campaign.path(at.QUERY_MODEL), model) if card["fitted"] else b""
    undone = Undone.of_record(campaign.record)
    askable = undone.askable(pool, sent)
    found = _candidates(
        params,
        choice.rows(askable, labels, undone.counted(sent), params.most_copies),
        policy,
        content,
    )
    decided = decide(found, policy, params.score, _generators(params, campaign.round))
    decided["round"] = campaign.round
    decided["model_digest"] = digests.of_bytes(content).sha256 if content else ""
    decided["pool_digest"] = digests.of_file(campaign.path(at.POOL)).sha256
    tables.write(campaign.path(at.DECISIONS), decided, tables.DECISIONS)
    return summary(decided, len(found), params.score.batch, card)


def decide(
    found: Candidates,
    policy: Mix,
    params: ScoreParams,
    generator: Callable[[str], np.random.Generator],
) -> pd.DataFrame:
    """Choose a batch, or all that is left if that is less, and the runners-up.

    Parameters
    ----------
    generator : callable
        Gives each strategy, by its name, its own generator.

    Returns
    -------
    DataFrame
        As `tasks.selection.decisions.table`; of no rows if there are no candidates.
    """
    if not len(found):
        return tables.DECISIONS.empty()
    scored = mix.score(policy, found, min(params.batch, len(found)), generator)
    selection = mix.select(scored, params.runners_up * params.batch)
    return decisions.table(found, scored, selection)


def summary(
    decided: pd.DataFrame, candidates: int, batch: int, card: dict[str, Any]
) -> dict[str, Any]:
    """Say in numbers what was decided; ``short`` if less was left than a batch."""
    selected = decided[decided["selected"].astype(bool)]
    by_strategy = selected.groupby("strategy", sort=True)
    return {
        "candidates": candidates,
        "batch": batch,
        "selected": len(selected),
        "runners_up": len(decided) - len(selected),
        "short": len(selected) < batch,
        "cold_start": not card["fitted"],
        "cold_start_reason": None if card["fitted"] else card["reason"],
        "by_strategy": {str(name): len(rows) for name, rows in by_strategy},
        "cutoffs": {str(name): float(rows["cutoff"].iloc[0]) for name, rows in by_strategy},
    }


def _candidates(params: Params, rows: pd.DataFrame, policy: Mix, model: bytes) -> Candidates:
    classes = params.campaign.classes
    numbers, probabilities = np.empty((len(rows), 0)), None
    if len(rows) and mix.needs_features(policy):
        numbers = features.matrix(rows, params.features, params.campaign.seed)
    if len(rows) and model:
        parsed = bundle.parse(model, where=at.QUERY_MODEL)
        probabilities = bundle.predict_proba(parsed, rows, classes)
    ids = rows["item_id"].to_numpy(dtype=object)
    return Candidates(ids, numbers, probabilities, tuple(classes))


def _generators(params: Params, round_number: int) -> Callable[[str], np.random.Generator]:
    seed = params.campaign.seed
    return lambda name: randomness.generator(seed, round_number, f"score/{name}")
