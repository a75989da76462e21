"""Rounds until a stop rule fires; knows nothing of Prefect."""

from pathlib import Path

from flows.outages import enduring
from flows.round import Call, Facts, Watch, label_round
from tasks.domain import state
from tasks.work import look_at


def advance(
    call: Call,
    directory: Path,
    rounds: int | None,
    *,
    wait: bool,
    opens: bool = True,
    watch: Watch | None = None,
) -> Facts:
    """Go through rounds until a stop rule fires, labels are waited for, or `rounds` are closed.

    Parameters
    ----------
    call : Call
        How actions are done.
    rounds : int or None
        How many to close at most; None for as many as the stop rules allow.
    wait : bool
        Whether to stay until all answers are in, also while the vendor is away.
    opens : bool
        Whether to open new rounds, or only to carry on the one that is open.
    watch : callable, optional
        Told when a vendor is away and when it is back, if there is a wait.

    Returns
    -------
    dict
        As `flows.round.label_round`, of the last round that was touched; ``state`` is stopped if
        there was nothing left to do.
    """
    work = look_at(directory)
    last = None if rounds is None else state.current_round(work.ledger.entries()) + rounds
    poll = work.params.collect.poll_seconds
    if wait:
        call = enduring(call, directory, watch, poll_seconds=poll)
    # A process that died may have left the round that it closed untagged and untold of.
    call("catch_up", directory=directory)
    if opens and state.stop(work.ledger.entries()) is not None:
        call("reopen", directory=directory)
    done: Facts = {"state": "stopped", "stop": state.stop(look_at(directory).ledger.entries())}
    while _goes_on(directory, last, opens):
        done = label_round(call, directory, wait=wait, poll_seconds=poll)
        if done["state"] != "closed":
            break
    call("publish", directory=directory)
    return done


def _goes_on(directory: Path, last: int | None, opens: bool) -> bool:
    entries = look_at(directory).ledger.entries()
    current, is_open = state.current_round(entries), state.opened(entries) is not None
    if state.stop(entries) is not None or not (opens or is_open):
        return False
    return last is None or current < last
