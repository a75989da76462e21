"""What the next round would ask for, what that costs, and whether there is the money for it.

All of it rests on what the ledger vouches for, so that any clone of a campaign can say it, and
nothing is written.
"""

import math
from collections.abc import Sequence

import pandas as pd

from tasks import campaign as at
from tasks import pipeline, trial
from tasks.audit.rounds import Rounds
from tasks.campaign import Campaign
from tasks.delivery import composition, money, pricing
from tasks.delivery.pricing import Situation
from tasks.delivery.undone import Undone
from tasks.domain import state, tables
from tasks.domain.errors import BudgetError
from tasks.params import Params
from tasks.versions.store import Store
from tasks.work import Work

WITH_CLASS = ("item_id", "label")
DEAR = 0.2
"""The share of the budget that a holdout may take without a warning."""
CHEAPER = "score.batch, push.redundancy or push.gold"


def rounds_of(work: Work) -> Rounds:
    """Open what the ledger says of the rounds, and the bytes that they left."""
    return Rounds(work.campaign, work.ledger.entries(), Store(work.campaign.root))


def situation(rounds: Rounds, items: Campaign | None = None) -> Situation:
    """Gather what decides on the next batch, by the last closed snapshot.

    Parameters
    ----------
    items : Campaign or None
        Where the pool, the holdout and the gold items lie that the next round would have; None for
        those of the last round.
    """
    record = {"undone": {number: body["ask_again"] for number, body in rounds.undone.items()}}
    return Situation(
        pool=_items(rounds, items, at.POOL, ["item_id"]),
        holdout=_items(rounds, items, at.HOLDOUT, WITH_CLASS),
        gold=_items(rounds, items, at.GOLD, WITH_CLASS),
        labels=_labels(rounds, items),
        sent=_newest(rounds, rounds.numbers, at.SENT, tables.SENT),
        answers=_newest(rounds, rounds.numbers, at.ANSWERS, tables.ANSWERS),
        undone=Undone.of_record(record),
    )


def money_left(work: Work, now: Situation) -> float | None:
    """Give what neither was spent nor may still be; None without a budget."""
    budget = work.params.campaign.budget
    if budget is None:
        return None
    return budget - money.committed(now.sent, now.answers) - _reserved(work)


def refuse_unaffordable(work: Work) -> None:
    """Refuse to open a round whose batch would cost more than is left.

    It is asked before the ledger says anything of the round, so that nothing is left behind.

    Raises
    ------
    BudgetError
        Says what the parts of the batch cost.
    DataError
        The source cannot be items.
    """
    rounds, params = rounds_of(work), work.params
    if params.campaign.budget is None or _is_surely_affordable(work, rounds):
        return
    work.keeping.need((at.SOURCE,))
    with trial.with_pool(work.campaign, params) as items:
        now = situation(rounds, items)
        price, left = pricing.next_batch(params, now), money_left(work, now)
    if left is not None and price.cost > left + money.CENT:
        raise too_expensive(params, price, left, state.current_round(rounds.entries))


def too_expensive(
    params: Params, price: pricing.Price, left: float, round_number: int
) -> BudgetError:
    """Say that a round's batch costs more than is left, and what to change."""
    part = "evaluate.holdout_per_round, " if "holdout" in price.parts else ""
    return BudgetError(
        f"round {round_number} costs up to {price.cost:.2f} ({price.words()}), "
        f"and {max(0.0, left):.2f} of {params.campaign.budget:.2f} is left",
        where=f"{at.PARAMS} campaign.budget",
        fix=f"raise it, or lower {part}{CHEAPER}",
    )


def prices(params: Params, now: Situation, round_number: int) -> str:
    """Say what the next round and a later one cost at most, part by part."""
    first, later = pricing.next_batch(params, now), pricing.later_batch(params, now)
    told = f"round {round_number} costs at most {first.cost:.2f} ({first.words()})"
    if first.parts == later.parts:
        return told
    again = f"{params.vendor.price:.2f} more for each uncertain item that is asked again"
    return f"{told}; a later one at most {later.cost:.2f} ({later.words()}), and {again}"


def is_holdout_dear(params: Params, now: Situation) -> bool:
    """Whether what is left to buy of the holdout takes more than a fifth of the budget."""
    budget = params.campaign.budget
    return budget is not None and pricing.whole_holdout(params, now).cost > budget * DEAR


def holdout(params: Params, now: Situation) -> str:
    """Say what the holdout costs, and how to buy it over several rounds if it is dear."""
    left, budget = pricing.whole_holdout(params, now), params.campaign.budget
    if not left.items:
        return f"{len(now.holdout)} items, none of which has to be bought"
    bought = f"{left.items} of {len(now.holdout)} items have no class yet"
    told = f"{bought}: {left.answers} answers for {left.cost:.2f}"
    per_round, batch = params.evaluate.holdout_per_round, params.score.batch
    if per_round is not None:
        told += f", in {math.ceil(left.items / per_round)} rounds of {per_round}"
    if budget is None or not is_holdout_dear(params, now):
        return told
    told += f", which is {left.cost / budget:.0%} of the budget" if budget else ""
    if per_round is None and batch < left.items:
        rounds = math.ceil(left.items / batch)
        told += f"; evaluate.holdout_per_round: {batch} would buy it over {rounds} rounds"
    return f"{told}; a smaller one is drawn with `labelloop init --holdout`"


def _is_surely_affordable(work: Work, rounds: Rounds) -> bool:
    """Whether there is enough even for a full batch, without reading the source to count items."""
    params = work.params
    policy = composition.policy_of(params)
    sent = _newest(rounds, rounds.numbers, at.SENT, tables.SENT)
    answers = _newest(rounds, rounds.numbers, at.ANSWERS, tables.ANSWERS)
    labels = _newest(rounds, rounds.believed, at.LABELS, tables.LABELS)
    holdout = len(work.campaign.path(at.HOLDOUT_IDS).read_text(encoding="utf-8").split("\n"))
    wanted = params.score.batch + policy.golds(params.score.batch)
    wanted += holdout if policy.holdout is None else min(holdout, policy.holdout)
    again = int((labels["status"] == "low_confidence").sum())
    most = (wanted * policy.redundancy + again) * params.vendor.price
    return (
        params.campaign.budget is None
        or math.fsum([money.committed(sent, answers), most]) <= params.campaign.budget
    )


def _items(
    rounds: Rounds, items: Campaign | None, path: str, columns: Sequence[str]
) -> pd.DataFrame:
    if items is not None:
        return tables.read(items.path(path))[list(columns)]
    newest = max(number for number in rounds.numbers if path in rounds.files(number))
    return rounds.table(newest, path, columns)


def _labels(rounds: Rounds, items: Campaign | None) -> pd.DataFrame:
    """Read the labels that stand; before the first round, those that were known."""
    labelled = any(at.LABELS in rounds.files(number) for number in rounds.believed)
    if labelled or items is None:
        return _newest(rounds, rounds.believed, at.LABELS, tables.LABELS)
    return tables.read(items.path(at.SEED_LABELS))


def _newest(rounds: Rounds, numbers: Sequence[int], path: str, table: tables.Table) -> pd.DataFrame:
    found = [number for number in numbers if path in rounds.files(number)]
    return rounds.table(found[-1], path) if found else table.empty()


def _reserved(work: Work) -> float:
    """Add up what is out in the open round, until its answers are in a snapshot."""
    entries = work.ledger.entries()
    current = state.current_round(entries)
    if pipeline.latest(work.ledger, current, "collect"):
        return 0.0
    intended = state.of_kind(entries, "batch_intended", current)
    return math.fsum(float(entry.body["reserved"]) for entry in intended)
