"""``labelloop audit``: the ledger, the bytes, git, MLflow, the vendor and the money, compared."""

from pathlib import Path

from tasks import campaign as at
from tasks.audit import (
    acknowledging,
    history,
    reach,
    verify_chain,
    verify_course,
    verify_data,
    verify_exchange,
    verify_files,
    verify_intake,
    verify_money,
    verify_settings,
    verify_tags,
    verify_tracking,
    verify_vendor,
)
from tasks.audit.findings import Findings, Report
from tasks.audit.rounds import Rounds
from tasks.audit.verify_chain import Chain
from tasks.domain.errors import LabelloopError
from tasks.params import Params, StorageParams
from tasks.versions.store import Store


def audit(directory: Path) -> Report:
    """Check a campaign; reads only, and broken data never raises.

    The order is such that the first problem is nearest to the cause: the ledger, which all else
    is compared with, comes first, and where it is damaged git's copy of it is taken.

    Raises
    ------
    CampaignError
        The directory is no campaign.
    """
    campaign, findings = at.located(directory), Findings()
    if not verify_settings.check(campaign, findings):
        return acknowledging.report(Chain(), findings)
    storage = _storage(campaign)
    shared = storage.ledger is not None
    chain = verify_chain.check(campaign, storage, findings)
    lacking: frozenset[str] = frozenset()
    with findings.guarded("git", "git"):
        lacking = history.lacking(campaign, chain.entries, findings, shared=shared)
    rounds = Rounds(campaign, chain.entries, Store(campaign.root), lacking)
    with findings.guarded("data", "DVC"):
        rounds.store = reach.store(rounds)
    params = _params(campaign, findings)
    with findings.guarded("ledger", "the order of rounds"):
        verify_course.check(rounds, findings)
    with findings.guarded("file", "the work tree"):
        verify_files.check(rounds, findings, shared=shared)
    with findings.guarded("data", "DVC"):
        verify_data.check(rounds, findings)
    with findings.guarded("data", "what came in"):
        verify_intake.check(rounds, findings)
    with findings.guarded("git", "git"):
        verify_tags.check(rounds, findings)
    with findings.guarded("vendor", "what was exchanged"):
        verify_exchange.check(rounds, findings)
    _ask_others(rounds, params, findings)
    return acknowledging.report(chain, findings)


def _storage(campaign: at.Campaign) -> StorageParams:
    """Say where the ledger is; if params.yaml cannot be read, `_params` tells that in its place."""
    try:
        return campaign.params().storage
    except LabelloopError:
        return StorageParams()


def _params(campaign: at.Campaign, findings: Findings) -> Params | None:
    with findings.guarded("file", at.PARAMS):
        return campaign.params()
    findings.skip("MLflow and the vendor: params.yaml does not say where they are")
    return None


def _ask_others(rounds: Rounds, params: Params | None, findings: Findings) -> None:
    statement = None
    if params is not None:
        with findings.guarded("mlflow", "MLflow"):
            verify_tracking.check(rounds, params, findings)
        with findings.guarded("vendor", "the vendor"):
            statement = verify_vendor.check(rounds, params, findings)
    with findings.guarded("money", "the money"):
        verify_money.check(rounds, params, statement, findings)
