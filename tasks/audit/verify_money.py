"""Whether answers, settlements, reservations, budget and the vendor's bill agree."""

import math

from tasks import campaign as at
from tasks.audit.findings import Findings
from tasks.audit.rounds import Rounds
from tasks.delivery import legs, money
from tasks.domain import state
from tasks.domain.incoming import Statement
from tasks.params import Params
from tasks.quality.answers import newest

CENT = 1e-6
"""Sums of prices differ from what they should be by less."""


def check(
    rounds: Rounds, params: Params | None, statement: Statement | None, findings: Findings
) -> None:
    """Add everything up, round by round."""
    total, answers = 0.0, 0
    for number in rounds.closed:
        with findings.guarded("money", f"{at.ANSWERS} of round {number}"):
            total, answers = _check_round(rounds, number, total, answers, findings)
    budget = params.campaign.budget if params else None
    if budget is not None and total > budget + CENT:
        what = f"{total:.2f} was spent, and the budget is {budget:.2f}"
        findings.problem("money", "params.yaml campaign.budget", what)
    if statement is not None and params is not None:
        _check_bill(rounds, params, (total, answers), statement, findings)


def _check_round(
    rounds: Rounds, number: int, before: float, answers: int, findings: Findings
) -> tuple[float, int]:
    """Compare what a round's answers cost with what was settled; give the sums so far."""
    columns = ["answer_id", "revision", "label", "price", "round"]
    table = rounds.table(number, at.ANSWERS, columns=columns)
    total = money.spent(table)
    settled = (rounds.body(number, "settled") or {"cost": 0.0})["cost"]
    if abs(total - before - settled) > CENT:
        what = f"cost {total - before:.2f}, but {settled:.2f} was settled"
        findings.problem("money", f"answers of round {number}", what)
    own = money.spent(table[table["round"] == number])
    intended = state.of_kind(rounds.entries, "batch_intended", number)
    reserved = math.fsum(entry.body["reserved"] for entry in intended) - _released(rounds, number)
    if own > reserved + CENT:
        what = f"{own:.2f} was paid for it, but {reserved:.2f} was reserved"
        findings.problem("money", f"batch of round {number}", what)
    return total, len(newest(table))


def _check_bill(
    rounds: Rounds,
    params: Params,
    here: tuple[float, int],
    statement: Statement,
    findings: Findings,
) -> None:
    """Compare with the vendor's bill, which may be ahead while a round is open."""
    total, answers = _at_the_vendor(rounds, here, statement)
    is_open = state.opened(rounds.entries) is not None
    if not _one_price(rounds, params):
        findings.skip("the vendor's bill: the price of an answer was not always the same")
        total = statement.cost
    differs = abs(statement.cost - total) > CENT or statement.answers != answers
    ahead = statement.cost >= total - CENT and statement.answers >= answers
    more = statement.answers - answers
    if differs and ahead and more <= _refused(rounds):
        findings.skip(f"the vendor's bill: it counts {more} answers that are in quarantine here")
    elif differs and not (is_open and ahead):
        bill = f"{statement.answers} answers for {statement.cost:.2f}"
        what = f"{bill}; here are {answers} for {total:.2f}"
        findings.problem("money", "the vendor's bill", what, outside=True)


def _released(rounds: Rounds, number: int) -> float:
    """Add up what was reserved for a round's lost batches and is reserved for them no more."""
    losses = [entry.body for entry in state.of_kind(rounds.entries, "batch_lost")]
    return math.fsum(body["released"] for body in losses if body["round"] == number)


def _at_the_vendor(
    rounds: Rounds, here: tuple[float, int], statement: Statement
) -> tuple[float, int]:
    """Leave out the answers to tasks that the vendor does not have any more.

    That it does not have them is a problem of its own, or known.
    """
    total, count = here
    if not rounds.closed:
        return here
    columns = ["answer_id", "revision", "label", "price", "key"]
    table = rounds.table(rounds.closed[-1], at.ANSWERS, columns=columns)
    gone = table[~table["key"].isin(statement.tasks.keys())]
    return total - money.spent(gone), count - len(newest(gone))


def _refused(rounds: Rounds) -> int:
    """Count what a vendor may take for answers, and was not believed."""
    return sum(len(rounds.table(number, at.QUARANTINE, ["page"])) for number in rounds.closed)


def _one_price(rounds: Rounds, params: Params) -> bool:
    reserved = [e.body for e in state.of_kind(rounds.entries, "batch_intended")]
    return all(
        abs(body["reserved"] - body["answers"] * _price(params, body["leg"])) <= CENT
        for body in reserved
    )


def _price(params: Params, leg: int) -> float:
    fallback = params.collect.fallback
    return fallback.price if fallback and leg == legs.FALLBACK else params.vendor.price
