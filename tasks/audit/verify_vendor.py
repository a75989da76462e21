"""Whether the vendor has what the ledger says it took: every task once, and no other."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from tasks import campaign as at
from tasks import registry
from tasks.audit.findings import Findings
from tasks.audit.rounds import Rounds
from tasks.delivery import legs, needs
from tasks.delivery.legs import Sent
from tasks.domain import state
from tasks.domain.errors import BatchDeletedError, VendorError
from tasks.domain.incoming import Statement
from tasks.domain.outgoing import VendorContext
from tasks.domain.ports import Account
from tasks.params import FallbackParams, Params, VendorParams


def check(rounds: Rounds, params: Params, findings: Findings) -> Statement | None:
    """Compare intents, receipts and batches with each other and with the vendor's own account.

    Returns
    -------
    Statement or None
        What the vendor says of the tasks that it has; None if it cannot be asked here.
    """
    receipts = _receipts(rounds, findings)
    for number in rounds.numbers:
        with findings.guarded("vendor", f"{at.BATCH} of round {number}"):
            _check_batch(rounds, number, receipts, findings)
    statements = _statements(rounds, params, findings)
    if statements is None:
        return None
    gone = {sent.batch for sent, one in statements if one is None}
    if receipts and len(gone) == len(statements):
        findings.skip(f"vendor {params.vendor.name}: has no batch of this campaign")
        return None
    _check_deleted(rounds, gone, findings)
    statement = _added(one for _, one in statements if one)
    theirs = {
        key
        for entry in state.of_kind(rounds.entries, "tasks_received")
        if entry.body["batch"] in gone
        for key in entry.body["receipts"]
    }
    there = {key: task_id for key, task_id in receipts.items() if key not in theirs}
    _compare(rounds, there, statement, findings)
    return statement


def _check_deleted(rounds: Rounds, gone: set[str], findings: Findings) -> None:
    """Name the batches that a vendor does not have, unless it was decided what to do about it."""
    decided = legs.lost(rounds.entries)
    for batch in sorted(gone):
        if batch in decided:
            what = "was deleted at the vendor, and the ledger says what was done about it"
            findings.skip(f"batch {batch} {what}")
        else:
            findings.problem("vendor", f"batch {batch}", "was deleted at the vendor", outside=True)


Stated = list[tuple[Sent, Statement | None]]


def _statements(rounds: Rounds, params: Params, findings: Findings) -> Stated | None:
    """Ask for every batch, which is None if it was deleted; None if a vendor cannot be asked."""
    by_vendor: dict[tuple[int, str], list[Sent]] = {}
    for sent in legs.made(rounds.entries):
        by_vendor.setdefault((legs.whose(sent.leg), sent.vendor), []).append(sent)
    found: Stated = []
    for (leg, name), batches in by_vendor.items():
        given = legs.asked(params, leg)
        if given is None or given.name != name:
            findings.skip(f"vendor {name}: params.yaml does not say any more how to ask")
            return None
        stated = _stated(rounds, params, given, batches, findings)
        if stated is None:
            return None
        found += stated
    return found


def _added(statements: Iterable[Statement]) -> Statement:
    tasks: dict[str, str] = {}
    answers, cost = 0, 0.0
    for one in statements:
        tasks |= one.tasks
        answers, cost = answers + one.answers, cost + one.cost
    return Statement(tasks, answers, cost)


def _receipts(rounds: Rounds, findings: Findings) -> dict[str, str]:
    intended = _intended(rounds)
    received: dict[str, str] = {}
    for entry in state.of_kind(rounds.entries, "tasks_received"):
        for key, task_id in entry.body["receipts"].items():
            if received.setdefault(key, task_id) != task_id:
                what = f"was received twice, as {received[key]} and as {task_id}"
                findings.problem("vendor", f"task {key}", what)
            if key not in intended:
                what = f"was received in round {entry.round} without having been intended"
                findings.problem("vendor", f"task {key}", what)
    for key in (key for key, times in intended.items() if times > 1):
        findings.problem("vendor", f"task {key}", "was intended more than once")
    return received


def _intended(rounds: Rounds) -> Counter[str]:
    """Count how often each key was about to be sent.

    Of a chunk in which the vendor rejects a task it takes none: the others are intended anew.
    """
    counts: Counter[str] = Counter()
    chunk: dict[str, list[str]] = {}
    for entry in rounds.entries:
        if entry.kind == "tasks_intended":
            chunk[entry.body["batch"]] = entry.body["keys"]
            counts.update(entry.body["keys"])
        elif entry.kind == "tasks_rejected":
            untaken = chunk.pop(entry.body["batch"], [])
            counts.subtract(key for key in untaken if key not in entry.body["reasons"])
    return counts


def _check_batch(
    rounds: Rounds, number: int, receipts: Mapping[str, str], findings: Findings
) -> None:
    intended = state.of_kind(rounds.entries, "batch_intended", number)
    body = next((entry.body for entry in intended if entry.body["leg"] == legs.FIRST), None)
    if body is None:
        return
    where = f"{at.BATCH} of round {number}"
    if body["digest"] != rounds.files(number)[at.BATCH].sha256:
        findings.problem("vendor", where, "is not the batch that was intended to be sent")
    batch = rounds.table(number, at.BATCH, columns=["key"])
    if body["batch"] in legs.lost(rounds.entries):
        # It may have been deleted before it was sent whole.
        return
    if not state.is_sent(rounds.entries, number):
        findings.skip(f"batch of round {number}: it is still being sent")
        return
    rejected = {
        key
        for entry in state.of_kind(rounds.entries, "tasks_rejected", number)
        for key in entry.body["reasons"]
    }
    for key in sorted(set(batch["key"]) - receipts.keys() - rejected):
        what = f"is in the batch of round {number}, but no receipt for it is in the ledger"
        findings.problem("vendor", f"task {key}", what)


def _stated(
    rounds: Rounds,
    params: Params,
    given: VendorParams | FallbackParams,
    batches: list[Sent],
    findings: Findings,
) -> Stated | None:
    try:
        needs.require(params, batches[0].leg, rounds.campaign.root)
        with _account(rounds, params, given) as account:
            return [(sent, _statement(account, sent)) for sent in batches]
    except VendorError as error:
        findings.skip(f"vendor {given.name}: {error}")
        return None


def _statement(account: Account, sent: Sent) -> Statement | None:
    try:
        return account.statement([sent.reference])
    except BatchDeletedError:
        return None


@contextmanager
def _account(
    rounds: Rounds, params: Params, given: VendorParams | FallbackParams
) -> Iterator[Account]:
    vendor = registry.build("vendors", given.name, given.options)
    account: Account = vendor.connect(
        VendorContext(
            campaign=params.campaign.name,
            classes=tuple(params.campaign.classes),
            price=given.price,
            seed=params.campaign.seed,
            # Not `Campaign.private`, which makes the folder: an audit changes nothing.
            home=rounds.campaign.path(at.PRIVATE),
            truth=rounds.campaign.path(at.TRUTH),
        )
    )
    try:
        yield account
    finally:
        account.disconnect()


def _compare(
    rounds: Rounds, receipts: Mapping[str, str], statement: Statement, findings: Findings
) -> None:
    for key, task_id in receipts.items():
        if key not in statement.tasks:
            what = "has a receipt, but the vendor has no such task"
            findings.problem("vendor", f"task {key}", what, outside=True)
        elif statement.tasks[key] != task_id:
            what = f"is {statement.tasks[key]} at the vendor, and {task_id} in the ledger"
            findings.problem("vendor", f"task {key}", what, outside=True)
    for key in sorted(statement.tasks.keys() - receipts.keys() - _intended(rounds).keys()):
        what = "is at the vendor, but nothing in the ledger says that it was sent"
        findings.problem("vendor", f"task {key}", what, outside=True)
