"""What a round consists of: each action is done once, whoever asks and however often.

An action opens the campaign anew, under its lock, and lets the ledger say whether there is anything
left to do. So a process may die between or within actions, and another may be at the same ones.
"""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from tasks import campaign as at
from tasks import collect, pipeline, prospects, push, reopening, snapshot
from tasks.delivery import hooks, keys, legs, lost, once
from tasks.delivery.aside import set_aside as aside_of
from tasks.delivery.aside import told
from tasks.domain import crash, digests, environment, files, state
from tasks.domain.errors import LabelloopError
from tasks.versions import data, opening
from tasks.work import Work, desk, desks, look_at, name_campaign, opened, refuse_uncommitted

Facts = dict[str, Any]
SHOWN = 20
"""Records that were set aside that a look tells of."""


def reopen(directory: Path) -> Facts:
    """Ask the rules of a campaign that stopped again, if what they rested on was changed.

    Raises
    ------
    CampaignError
        Files that people keep in git have changes that are not committed.
    """
    with opened(directory) as work, crash.scope("reopen"):
        refuse_uncommitted(work.campaign)
        found = reopening.reopen(work)
        if found is None:
            return {"goes_on": True, "changes": [], "stop": None}
        changes = [asdict(change) for change in found.changes]
        stop = None if found.goes_on else dict(found.decision)
        return {"goes_on": found.goes_on, "changes": changes, "stop": stop}


def begin(directory: Path) -> Facts:
    """Open the next round, or find the one that is open.

    Raises
    ------
    BudgetError
        Its batch would cost more than is left; nothing was written.
    CampaignError
        Files that people keep in git have changes that are not committed.
    """
    with opened(directory) as work, crash.scope("begin"):
        refuse_uncommitted(work.campaign)
        entries = work.ledger.entries()
        if state.opened(entries) is None:
            prospects.refuse_unaffordable(work)
        if not entries:
            name_campaign(work)
        number = state.current_round(entries)
        if state.opened(entries) is None:
            _open(work)
        return {"round": number}


def stage(directory: Path, round_number: int, name: str) -> Facts:
    """Do one stage's offline half."""
    with opened(directory) as work, crash.scope(f"{round_number:04d}"):
        if work.is_over(round_number):
            return {}
        result = pipeline.advance(work.campaign, work.params, work.ledger, work.keeping, name)
        return {**result.summary, "skipped": result.skipped}


def deliver(directory: Path, round_number: int) -> Facts:
    """Send the open round's batch to the vendor, once."""
    with opened(directory) as work, crash.scope(f"{round_number:04d}"):
        entries = work.ledger.entries()
        given_up = legs.current(entries, round_number) != legs.FIRST
        if given_up or _is_dealt_with(work, entries, round_number):
            return {"skipped": True}
        return _deliver(work, round_number, legs.FIRST)


def subscribe(directory: Path) -> Facts:
    """Have the vendor send its events of all open batches to `labelloop serve`, if that listens.

    What cannot be registered now is registered with the next look; the reasons come back under
    ``missed``.
    """
    if hooks.announced() is None:
        return {"missed": []}
    work = look_at(directory)
    entries = work.ledger.entries()
    return {"missed": hooks.subscribe(entries, work.params, partial(desk, work))}


def unsubscribe(directory: Path) -> Facts:
    """Have the vendor send nothing more, as nobody listens from now on; as `subscribe`."""
    work = look_at(directory)
    entries = work.ledger.entries()
    return {"missed": hooks.unsubscribe(entries, work.params, partial(desk, work))}


def look(directory: Path, round_number: int) -> Facts:
    """Ask the vendor once what is new; send what it did not answer to the fallback, if so asked."""
    with opened(directory) as work, crash.scope(f"{round_number:04d}"):
        if work.is_over(round_number):
            return {"done": True}
        entries = work.ledger.entries()
        leg = legs.current(entries, round_number)
        if not _is_dealt_with(work, entries, round_number):
            _deliver(work, round_number, leg)
        looked = collect.look(work.campaign, work.params, work.ledger, desks(work, round_number))
        if looked.resend:
            _deliver(work, round_number, legs.current(work.ledger.entries(), round_number))
        news = _heard(work, len(entries)) and not looked.done
        aside = aside_of(work.campaign, work.params, work.ledger.entries()) if news else None
        return {
            **({} if aside is None else {"set_aside": told(aside.head(SHOWN))}),
            "done": looked.done,
            "answered": looked.progress.answered,
            "expected": looked.progress.expected,
            "gone": looked.progress.gone,
            "reminder": looked.reminder,
        }


def _heard(work: Work, since: int) -> bool:
    """Whether records came, as the entries since one say."""
    looks = state.of_kind(work.ledger.entries()[since:], "looked")
    return any(look.body["records"] for look in looks)


def recover(directory: Path, batch: str | None, *, resend: bool) -> Facts:
    """Decide what becomes of a batch that was deleted at its vendor; asks the vendor first.

    Parameters
    ----------
    batch : str or None
        None for the only one that is deleted.
    resend : bool
        Ask the same vendor anew for what is missing; else go on with what was fetched.

    Raises
    ------
    CampaignError
        There is no such batch, or nothing to decide.
    VendorError
        The vendor cannot be asked.
    """
    with opened(directory) as work, crash.scope("recover"):
        work.keeping.need((at.BATCH, at.INBOX, at.BASE_SENT, at.BASE_ANSWERS))
        connect = partial(desk, work)
        decided = lost.Loss(work.campaign, work.params, work.ledger, connect)
        return decided.decide(batch, resend=resend)


def acknowledge(directory: Path, ids: Sequence[str], reason: str) -> Facts:
    """Write down that problems which the audit finds may stand, and why.

    Parameters
    ----------
    ids : sequence of str
        As the audit prints them.

    Raises
    ------
    CampaignError
        The reason is none, or one of the problems is not there or cannot be acknowledged; then
        nothing is written.
    """
    from tasks.audit import acknowledging, verify

    said = acknowledging.checked(reason)
    with opened(directory) as work:
        problems = acknowledging.chosen(verify.audit(directory), ids)
        number = state.current_round(work.ledger.entries())
        for one in problems:
            plain = {"kind": one.kind, "where": one.where, "what": one.what}
            about = {"problem": one.digest}
            once.say(work.ledger, number, "acknowledged", {**plain, "reason": said}, **about)
        if work.params.storage.ledger is None:
            snapshot.save_ledger(work.campaign)
    return {"reason": said, "acknowledged": [one.to_json() for one in problems]}


def settle(directory: Path, round_number: int) -> Facts:
    """Book what the answers cost, and tell the vendor which are accepted."""
    with opened(directory) as work, crash.scope(f"{round_number:04d}"):
        if work.is_over(round_number):
            return {}
        work.keeping.need((at.BATCH, *collect.BOOKS))
        connect = desks(work, round_number)
        return collect.settle(work.campaign, work.params, work.ledger, connect)


def release(directory: Path, round_number: int) -> Facts:
    """Close the batches of earlier rounds that nothing more can come of."""
    with opened(directory) as work, crash.scope(f"{round_number:04d}"):
        if work.is_over(round_number):
            return {}
        work.keeping.need(collect.BOOKS)
        connect = desks(work, round_number)
        done = collect.release(work.campaign, work.params, work.ledger, connect)
        return {"closed": [sent.batch for sent in done]}


def close(directory: Path, round_number: int) -> Facts:
    """Version the round: DVC, ledger, git, tag."""
    with opened(directory) as work, crash.scope(f"{round_number:04d}"):
        if work.is_over(round_number):
            return {"stop": state.stop(work.ledger.entries())}
        outputs = pipeline.outputs(work.params)
        work.keeping.need((*outputs, at.SOURCE))
        return snapshot.run(work.campaign, work.ledger, work.keeping, outputs)


def catch_up(directory: Path) -> Facts:
    """Tag the last round if that was cut short; tell MLflow and the DVC remote of all rounds.

    MLflow is also told which rounds were undone.

    What they cannot be told now is not an error: it is told with the next round. The reasons come
    back under ``missed``.
    """
    with opened(directory) as work, crash.scope("catch_up"):
        snapshot.tag_round(work.campaign, work.ledger, work.keeping)
        entries = work.ledger.entries()
        closed = state.closed_rounds(entries)
        missed = [
            *_tell(work, "logged", closed, "mlflow", _log),
            *_tell(work, "marked", _undone_and_logged(work), "mlflow", _mark),
            *_tell(work, "pushed", closed, "dvc", _push),
        ]
        if work.params.storage.ledger is None:
            snapshot.save_ledger(work.campaign)
        return {"missed": missed}


def publish(directory: Path) -> Facts:
    """Write the report."""
    from tasks.reporting import page

    with opened(directory) as work:
        work.keeping.need((at.POOL,))
        found = reopening.reconsider(work)
        decision = found.decision if found and found.changes else None
        return {"report": str(page.write(work.campaign, work.ledger, decision))}


def _is_dealt_with(work: Work, entries: state.Entries, number: int) -> bool:
    """Whether the leg that a round is in has been sent, or was deleted at its vendor meanwhile."""
    leg = legs.current(entries, number)
    name = keys.batch_name(work.params.campaign.name, number, leg)
    return legs.is_sent(entries, number, leg) or name in legs.lost(entries)


def _deliver(work: Work, number: int, leg: int) -> Facts:
    work.keeping.need((at.BATCH, at.BASE_SENT, at.BASE_ANSWERS, at.TRUTH))
    with desks(work, number)(leg) as desk:
        return push.deliver(work.campaign, work.params, work.ledger, desk)


def _open(work: Work) -> None:
    record = opening.next_record(work.ledger.entries())
    files.write_atomic(work.campaign.path(at.ROUND), files.pretty_json(record))
    body = {
        **record,
        "params": digests.of_file(work.campaign.path(at.PARAMS)).sha256,
        **environment.facts(),
    }
    work.ledger.record(record["round"], "round_opened", body)


def _tell(work: Work, kind: str, rounds: list[int], whom: str, tell: Any) -> list[str]:
    told = {entry.round for entry in state.of_kind(work.ledger.entries(), kind)}
    try:
        for number in (number for number in rounds if number not in told):
            if tell(work, number):
                work.ledger.record(number, kind, {"round": number, "to": whom})
    except LabelloopError as error:
        return [f"{whom}: {error}"]
    return []


def _log(work: Work, number: int) -> bool:
    from tasks.audit import tracking
    from tasks.versions.store import Store

    store = Store(work.campaign.root)
    with crash.guarded(f"mlflow:{number:04d}"):
        tracking.log_round(work.campaign, work.params, work.ledger, store, number)
    return True


def _undone_and_logged(work: Work) -> list[int]:
    entries = work.ledger.entries()
    logged = {entry.round for entry in state.of_kind(entries, "logged")}
    return [number for number in state.undone_rounds(entries) if number in logged]


def _mark(work: Work, number: int) -> bool:
    from tasks.audit import unwanted
    from tasks.versions.store import Store

    store = Store(work.campaign.root)
    with crash.guarded(f"mlflow:undone:{number:04d}"):
        unwanted.mark(work.campaign, work.params, work.ledger, store, number)
    return True


def _push(work: Work, number: int) -> bool:
    if not data.has_remote(work.campaign.root):
        return False
    if work.params.storage.ledger:
        # Other machines could not have gone on without it.
        return True
    sealed = state.last(work.ledger.entries(), "snapshot", number)
    made = pipeline.latest(work.ledger, number, "pool")
    files = {**(sealed.body["files"] if sealed else {}), **(made.body["inputs"] if made else {})}
    data.push(
        work.campaign.root,
        [digest["md5"] for name, digest in files.items() if name.startswith(at.KEPT_BY_DVC)],
    )
    return True
