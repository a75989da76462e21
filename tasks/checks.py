"""Everything that can be known before money is spent; writes nothing."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from tasks import campaign as at
from tasks import pipeline
from tasks.campaign import Campaign
from tasks.delivery import legs, money, packing
from tasks.domain import state, tables
from tasks.domain.errors import BudgetError, CampaignError, DataError, LabelloopError
from tasks.ingest import leaks
from tasks.ingest.known import known
from tasks.params import Params
from tasks.selection import candidates
from tasks.versions import data
from tasks.work import Work, desk, look_at, refuse_uncommitted

ENOUGH_BYTES = 200 * 2**20


@dataclass(frozen=True)
class Finding:
    """One thing that was to be looked at.

    Attributes
    ----------
    name : str
    ok : bool
    said : str
    looked : bool
        False if something that it depends on was not ok, so that nothing can be said.
    """

    name: str
    ok: bool
    said: str
    looked: bool = True

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON."""
        return asdict(self)


def ok(findings: list[Finding]) -> bool:
    """Whether a round could start."""
    return all(found.ok for found in findings)


def check(directory: Path) -> list[Finding]:
    """Look at everything, in the order in which a round would need it.

    Raises
    ------
    UserError
        The directory is no campaign or its params.yaml cannot be read: nothing else can be said.
    """
    work = look_at(directory)
    with _laid_out(work.campaign, work.params) as trial:
        looks: dict[str, Look] = {
            "params": lambda: f"{at.PARAMS} is sound",
            "git": lambda: _committed(work),
            "ledger": lambda: f"{len(work.ledger.entries())} entries, chained",
            "disk": lambda: _room(work.campaign.root),
            "pool": lambda: _pool(trial, work.params),
            "columns": lambda: _columns(trial, work.params),
            "data": lambda: _data(trial, work.params),
            "leaks": lambda: _leaks(work, trial),
            "vendor": lambda: _vendor(work, trial),
            "budget": lambda: _budget(work),
            "candidates": lambda: _candidates(work, trial),
            "remote": lambda: _remote(work.campaign),
        }
        return _look_at(looks)


Look = Callable[[], str]
NEEDS = {
    "columns": ("pool",),
    "data": ("pool", "columns"),
    "leaks": ("pool", "columns"),
    "vendor": ("pool",),
    "candidates": ("pool",),
}
"""What must be ok before something else can be looked at."""


def _look_at(looks: Mapping[str, Look]) -> list[Finding]:
    findings: dict[str, Finding] = {}
    for name, look in looks.items():
        causes = [need for need in NEEDS.get(name, ()) if not findings[need].ok]
        findings[name] = _not_looked(name, causes[0]) if causes else _look(name, look)
    return list(findings.values())


def _not_looked(name: str, cause: str) -> Finding:
    said = f"not looked at: it needs {cause}, which is not ok"
    return Finding(name, False, said, looked=False)


def _look(name: str, look: Look) -> Finding:
    try:
        return Finding(name, True, look())
    except LabelloopError as error:
        return Finding(name, False, str(error))


@contextmanager
def _laid_out(campaign: Campaign, params: Params) -> Iterator[Campaign]:
    """Lay the campaign's sources out in a temporary place, where stages may write."""
    with tempfile.TemporaryDirectory(prefix="labelloop-check-") as folder:
        trial = Campaign(Path(folder))
        names = (at.PARAMS, at.ROUND, at.HOLDOUT_IDS, at.GOLD_IDS, *at.SUITES)
        for name in names:
            if campaign.path(name).exists():
                trial.path(name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(campaign.path(name), trial.path(name))
        if params.pool.source == at.SOURCE and campaign.path(at.SOURCE).exists():
            trial.path(at.SOURCE).parent.mkdir(parents=True, exist_ok=True)
            trial.path(at.SOURCE).symlink_to(campaign.path(at.SOURCE))
        yield trial


def _committed(work: Work) -> str:
    refuse_uncommitted(work.campaign)
    return "all changes are committed"


def _room(root: Path) -> str:
    free = shutil.disk_usage(root).free
    if free < ENOUGH_BYTES:
        raise CampaignError(
            f"{free / 2**20:.0f} MiB are free", where=str(root), fix="free some room"
        )
    return f"{free / 2**30:.1f} GiB are free"


def _pool(trial: Campaign, params: Params) -> str:
    made = pipeline.module("pool").run(trial, params)
    said = f"{made['items']} items, and {made['holdout']} in the holdout"
    return "; ".join([said, *made.get("remarks", [])])


def _data(trial: Campaign, params: Params) -> str:
    for name, table in ((at.BASE_ANSWERS, tables.ANSWERS), (at.BASE_LABELS, tables.LABELS)):
        tables.write(trial.path(name), table.empty(), table)
    summary = pipeline.module("validate").run(trial, params)
    return f"the suites pass, {summary['warnings']} warnings"


def _columns(trial: Campaign, params: Params) -> str:
    there = set(tables.read(trial.path(at.POOL)).columns)
    for section, columns in (
        ("features", params.features.columns),
        ("vendor.send", params.vendor.send),
        ("pool.confirmed", params.pool.confirmed),
    ):
        for column in columns:
            if column not in there:
                fix = f"the pool has {', '.join(sorted(there))}"
                raise DataError(f"column {column!r} is not in the pool", where=section, fix=fix)
    return f"sends {', '.join(params.vendor.send)} and nothing else"


def _leaks(work: Work, trial: Campaign) -> str:
    params = work.params
    (bought,) = _known(work, at.LABELS)
    items, labels = known(trial, bought)
    used = dict.fromkeys([*params.features.columns, *params.vendor.send])
    names = [name for name in used if name not in params.pool.confirmed]
    n_known = len(labels) - labels.null_count
    if n_known < leaks.FEWEST:
        return f"{n_known} items have a known class: too few to see a column that gives it away"
    if found := leaks.find(items, labels, names):
        told = "; ".join(f"{leak.column!r} gives the class away: {leak}" for leak in found)
        fix = (
            "take it out of features and vendor.send, or add it to pool.confirmed if it is known "
            "before anybody is asked"
        )
        raise DataError(told, where="features, vendor.send", fix=fix)
    confirmed = [name for name in used if name in params.pool.confirmed]
    besides = f" beside {', '.join(confirmed)}, confirmed" if confirmed else ""
    return f"no column gives the class away{besides}"


def _vendor(work: Work, trial: Campaign) -> str:
    said = []
    for leg in (legs.FIRST, legs.FALLBACK) if work.params.collect.fallback else (legs.FIRST,):
        with desk(work, leg, truth=trial.path(at.TRUTH)) as there:
            copies = work.params.most_copies
            packing.refuse_missing(there.name, there.capabilities, work.params, copies)
            there.account.preflight()
            said.append(there.name)
    return f"{' and '.join(said)} would take a batch"


def _budget(work: Work) -> str:
    params = work.params
    cost, budget = pipeline.module("stop").next_batch_cost(params), params.campaign.budget
    if budget is None:
        return f"no limit; a batch costs at most {cost:.2f}"
    left = budget - money.committed(*_known(work, at.SENT, at.ANSWERS)) - _reserved(work)
    if cost > left and not state.stop(work.ledger.entries()):
        fix = "raise campaign.budget, or lower score.batch, push.redundancy or push.gold"
        raise BudgetError(f"a batch costs up to {cost:.2f} and {left:.2f} is left", fix=fix)
    return f"{left:.2f} is left; a batch costs at most {cost:.2f}"


def _reserved(work: Work) -> float:
    """Add up what is out in the open round, until its answers are in a snapshot."""
    entries = work.ledger.entries()
    current = state.current_round(entries)
    if pipeline.latest(work.ledger, current, "collect"):
        return 0.0
    intended = state.of_kind(entries, "batch_intended", current)
    return sum(float(entry.body["reserved"]) for entry in intended)


def _candidates(work: Work, trial: Campaign) -> str:
    pool = tables.read(trial.path(at.POOL))
    labels, sent = _known(work, at.LABELS, at.SENT)
    left = int(candidates.open_items(pool["item_id"], labels, sent, work.params.most_copies).sum())
    batch = work.params.score.batch
    short = "; the last batch will be smaller" if left < batch else ""
    return f"{left} items can be queried, {batch} a round{short}"


TABLES = {
    at.LABELS: (at.BASE_LABELS, tables.LABELS),
    at.SENT: (at.BASE_SENT, tables.SENT),
    at.ANSWERS: (at.BASE_ANSWERS, tables.ANSWERS),
}


def _known(work: Work, *names: str) -> list[pd.DataFrame]:
    """Read tables of the snapshot; those of the one before while the open round collected none."""
    entries = work.ledger.entries()
    current = state.current_round(entries)
    collected = pipeline.latest(work.ledger, current, "collect") is not None
    from_base = work.campaign.round == current and not collected
    found = []
    for name in names:
        base, table = TABLES[name]
        path = work.campaign.path(base if from_base else name)
        found.append(tables.read(path) if path.exists() else table.empty())
    return found


def _remote(campaign: Campaign) -> str:
    if not data.has_remote(campaign.root):
        return "none: the data's only copy is on this disk"
    data.reach_remote(campaign.root)
    return "reachable"
