"""Everything that can be known before money is spent; writes nothing."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tasks import campaign as at
from tasks import pipeline, prospects, registry
from tasks.campaign import Campaign
from tasks.delivery import legs, money, packing, pricing
from tasks.domain import state, tables
from tasks.domain.errors import CampaignError, DataError, LabelloopError
from tasks.domain.strict_json import json_in
from tasks.ingest import leaks
from tasks.ingest.known import known
from tasks.params import Params
from tasks.stopping.target import Target
from tasks.trial import laid_out
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
    warning : bool
        It hinders no round, and somebody should know of it.
    looked : bool
        False if something that it depends on was not ok, so that nothing can be said.
    """

    name: str
    ok: bool
    said: str
    warning: bool = False
    looked: bool = True

    @property
    def mark(self) -> str:
        """Say in four letters how it is."""
        if not self.looked:
            return "--  "
        if not self.ok:
            return "BAD "
        return "warn" if self.warning else "ok  "

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON."""
        return asdict(self)


def ok(findings: list[Finding]) -> bool:
    """Whether a round could start."""
    return all(found.ok for found in findings)


def check(directory: Path) -> list[Finding]:
    """Look at everything, in the order in which a round would need it.

    Of a campaign that brings what none may bring, that alone is told.

    Raises
    ------
    UserError
        The directory is no campaign or its params.yaml cannot be read: nothing else can be said.
    """
    if refused := at.refusals(at.located(directory)):
        return [Finding("campaign", False, str(error)) for error in refused]
    work = look_at(directory)
    with laid_out(work) as trial:
        looks: dict[str, Look] = {
            "params": lambda: f"{at.PARAMS} is sound",
            "git": lambda: _committed(work),
            "ledger": lambda: f"{len(work.ledger.entries())} entries, chained",
            "disk": lambda: _room(work.campaign.root),
            "pool": lambda: _pool(work, trial),
            "columns": lambda: _columns(trial, work.params),
            "data": lambda: _data(work, trial),
            "leaks": lambda: _leaks(work, trial),
            "vendor": lambda: _vendor(work, trial),
            "budget": lambda: _budget(work, trial),
            "holdout": lambda: _holdout(work, trial),
            "candidates": lambda: _candidates(work, trial),
            "stop": lambda: _stop_rules(work, trial),
            "remote": lambda: _remote(work.campaign),
        }
        return _look_at(looks)


Look = Callable[[], str | Finding]
NEEDS = {
    "columns": ("pool",),
    "data": ("pool", "columns"),
    "leaks": ("pool", "columns"),
    "vendor": ("pool",),
    "budget": ("pool",),
    "holdout": ("pool",),
    "candidates": ("pool",),
    "stop": ("pool",),
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
        found = look()
        return found if isinstance(found, Finding) else Finding(name, True, found)
    except LabelloopError as error:
        return Finding(name, False, str(error))


def try_items(work: Work, trial: Campaign) -> str:
    """Do with items what the next round will do first; raises `DataError` where it would."""
    return f"{_pool(work, trial)}; {_data(work, trial)}"


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


def _pool(work: Work, trial: Campaign) -> str:
    made = pipeline.compute("pool", trial, work.params, own=work.campaign.is_own)
    said = f"{made['items']} items, and {made['holdout']} in the holdout"
    return "; ".join([said, *made.get("remarks", [])])


def _data(work: Work, trial: Campaign) -> str:
    """Validate what the next round will: the answers and labels that the last one left."""
    now = prospects.situation(prospects.rounds_of(work), trial)
    tables.write(trial.path(at.BASE_ANSWERS), now.answers, tables.ANSWERS)
    tables.write(trial.path(at.BASE_LABELS), now.labels, tables.LABELS)
    summary = pipeline.compute("validate", trial, work.params, own=work.campaign.is_own)
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
    bought = prospects.situation(prospects.rounds_of(work), trial).labels
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


def _budget(work: Work, items: Campaign) -> str:
    now = prospects.situation(prospects.rounds_of(work), items)
    left, price = prospects.money_left(work, now), pricing.next_batch(work.params, now)
    is_short = left is not None and price.cost > left + money.CENT
    number = state.current_round(work.ledger.entries())
    if left is not None and is_short and not state.stop(work.ledger.entries()):
        raise prospects.too_expensive(work.params, price, left, number)
    there = "no limit" if left is None else f"{left:.2f} is left"
    return f"{there}; {prospects.prices(work.params, now, number)}"


def _holdout(work: Work, items: Campaign) -> Finding:
    now = prospects.situation(prospects.rounds_of(work), items)
    is_dear = prospects.is_holdout_dear(work.params, now)
    return Finding("holdout", True, prospects.holdout(work.params, now), warning=is_dear)


def _candidates(work: Work, items: Campaign) -> str:
    now = prospects.situation(prospects.rounds_of(work), items)
    left, batch = now.candidates(work.params), work.params.score.batch
    short = "; the last batch will be smaller" if left < batch else ""
    return f"{left} items can be queried, {batch} a round{short}"


def _stop_rules(work: Work, trial: Campaign) -> str:
    """Say which targets cannot be reached, as far as that is known before another round."""
    params, holdout = work.params, len(tables.read(trial.path(at.HOLDOUT)))
    path = work.campaign.path(at.METRICS)
    metrics = json_in(path) if path.exists() else {}
    told = [
        f"{name} is unreachable: {why}"
        for name, options in params.stop.items()
        if isinstance(rule := registry.build("stopping", name, options), Target)
        and (why := rule.out_of_reach(metrics, holdout, params.evaluate.confidence))
    ]
    if told:
        return f"warning: {'; '.join(told)}"
    return f"{', '.join(params.stop) or 'no rule'} may end the campaign"


def _remote(campaign: Campaign) -> str:
    if not data.has_remote(campaign.root):
        return "none: the data's only copy is on this disk"
    data.reach_remote(campaign.root)
    return "reachable"
