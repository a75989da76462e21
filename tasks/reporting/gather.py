"""The report's data, out of a campaign's ledger and files."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import pandas as pd

from tasks import campaign as at
from tasks.audit.rounds import Rounds, Store
from tasks.campaign import Campaign
from tasks.delivery.aside import set_aside
from tasks.domain.outlook import RoundSummary
from tasks.domain.ports import Ledger
from tasks.domain.tables import ANNOTATORS, QUARANTINE
from tasks.params import Params
from tasks.reporting import contents, galleries
from tasks.reporting.data import Finding, Provenance, ReportData, RoundReport, StopCheck, Validation
from tasks.reporting.past import Past

GIVEN = ("item_id", "label", "confidence", "status")


def gather(
    campaign: Campaign,
    ledger: Ledger,
    store: Store,
    decision: Mapping[str, Any] | None = None,
) -> ReportData:
    """Read all that the report says.

    `decision` is what the stop rules of a stopped campaign say now; None for what they said when
    its last round was closed.

    A file is read from the work tree if it is the one that the ledger knows, else from the store.
    What items hold comes from the pool as it is now; their labels are the newest.

    Raises
    ------
    ParamsError, LedgerError
        They cannot be read.
    DataError
        The pool cannot be read, or a file is not what the ledger says it was.
    CampaignError
        A past round's file is nowhere.
    """
    params, past = campaign.params(), Past(Rounds(campaign, ledger.entries(), store))
    annotators = past.newest(at.ANNOTATORS)
    return ReportData(
        name=params.campaign.name,
        classes=tuple(params.campaign.classes),
        state=past.state(decision),
        budget=params.campaign.budget,
        reserved=past.reserved(),
        thrown_away=past.thrown_away(),
        reopened=past.reopened(),
        confidence=params.evaluate.confidence,
        rounds=_rounds(campaign, params, past),
        annotators=ANNOTATORS.empty() if annotators is None else annotators,
        quarantine=_quarantine(past, campaign, params),
        quality=past.newest_json(at.QUALITY) or {},
        validation=_validation(past),
        stop=_stop(decision or past.newest_json(at.STOP) or {}),
        provenance=_provenance(params, past),
    )


def _rounds(campaign: Campaign, params: Params, past: Past) -> tuple[RoundReport, ...]:
    history = {one["round"]: one for one in past.newest_json(at.HISTORY) or []}
    labels = galleries.given(past.newest(at.LABELS, GIVEN))
    rounds = [
        galleries.batch(
            _round(past, number, history.get(number)), past.table(number, at.DECISIONS), labels
        )
        for number in past.files
    ]
    shown = {query.item_id for one in rounds for query in one.queries}
    held = contents.read(campaign.path(at.POOL), params, shown)
    return tuple(galleries.fill(one, held) for one in rounds)


def _round(past: Past, number: int, record: Mapping[str, Any] | None) -> RoundReport:
    known = record or {}
    return RoundReport(
        number=number,
        summary=RoundSummary.of(record) if record else None,
        batch=known.get("batch"),
        alpha=known.get("alpha"),
        gold_accuracy=known.get("gold_accuracy"),
        quarantined=known.get("quarantined"),
        classes=known.get("classes", {}),
        tasks=_tasks(past, number),
        opened_at=past.at(number, "round_opened"),
        closed_at=past.at(number, "round_closed"),
        tag=past.tag(number),
        tracked=past.tracked(number),
        undone=past.undone(number),
        files=past.files[number],
    )


def _tasks(past: Past, number: int) -> dict[str, int]:
    batch = past.table(number, at.BATCH, ["role"])
    return {} if batch is None else dict(sorted(Counter(batch["role"]).items()))


def _quarantine(past: Past, campaign: Campaign, params: Params) -> pd.DataFrame:
    """Gather what every round set aside, and what the open one did by its last look."""
    frames = [past.table(number, at.QUARANTINE) for number in past.files]
    frames.append(set_aside(campaign, params, past.entries))
    some = [frame for frame in frames if frame is not None and len(frame)]
    return pd.concat(some, ignore_index=True) if some else QUARANTINE.empty()


def _validation(past: Past) -> Validation:
    content = past.newest_json(at.VALIDATION) or {"expectations": []}
    return Validation(tuple(_finding(one) for one in content["expectations"]))


def _finding(one: Mapping[str, Any]) -> Finding:
    known = {field.name: one[field.name] for field in fields(Finding)}
    return Finding(**known | {"items": tuple(one["items"])})


def _stop(decision: Mapping[str, Any]) -> tuple[StopCheck, ...]:
    rules = decision.get("rules", {})
    return tuple(StopCheck(rule, **rules[rule]) for rule in sorted(rules))


def _provenance(params: Params, past: Past) -> Provenance:
    opened = past.rounds.body(max(past.files, default=0), "round_opened") or {}
    last = past.entries[-1] if past.entries else None
    return Provenance(
        head=last.digest if last else "",
        entries=len(past.entries),
        as_of=last.at if last else "",
        experiment=params.tracking.experiment,
        packages=opened.get("packages", {}),
    )
