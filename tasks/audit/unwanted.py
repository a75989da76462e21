"""A round that was undone, in MLflow: its run says so, and its model is nobody's champion."""

from typing import TYPE_CHECKING

from tasks.audit import registered, tracked, tracking
from tasks.audit.mlflow_client import client
from tasks.audit.rounds import Rounds, Store
from tasks.audit.tracked import UNDONE
from tasks.campaign import Campaign
from tasks.domain.ports import Ledger
from tasks.params import Params

if TYPE_CHECKING:
    from mlflow import MlflowClient


def mark(campaign: Campaign, params: Params, ledger: Ledger, store: Store, number: int) -> None:
    """Tell MLflow that a round was undone; doing it twice is doing it once.

    Raises
    ------
    TrackingError
        MLflow cannot be reached or refuses.
    CampaignError, DataError
        A file of the round is nowhere, or is not what the ledger knows.
    """
    rounds = Rounds(campaign, ledger.entries(), store)
    one = tracked.gather(rounds, params.campaign.name, number)
    standing = [other for other in rounds.closed if other not in rounds.undone]
    best = tracked.champion(rounds, standing[-1]) if standing else None
    with client(campaign.root, params.tracking.uri) as mlflow:
        _mark(mlflow, params, one, best)


def _mark(client: "MlflowClient", params: Params, one: tracked.Tracked, best: int | None) -> None:
    experiment = client.get_experiment_by_name(params.tracking.experiment)
    runs = [] if experiment is None else tracking.find(client, experiment.experiment_id, one.tags)
    for run in runs:
        client.set_tag(run.info.run_id, UNDONE, one.undone)
    registered.disown(client, one)
    registered.crown(client, one, best)
