"""Throw the last closed round away: the next one starts from the snapshot before it.

One entry of the ledger does it. Nothing is deleted: the round keeps its number, tag, files and run
in MLflow, and what was paid stays paid.
"""

from dataclasses import dataclass
from pathlib import Path

from tasks.delivery import once
from tasks.domain import crash, state
from tasks.domain.errors import CampaignError, ParamsError
from tasks.work import Work, opened


@dataclass(frozen=True)
class Request:
    """What a user asks of ``labelloop undo``.

    Attributes
    ----------
    reason : str
        One line that the ledger keeps.
    round : int or None
        Which round; None for the last that stands.
    ask_again : bool
        Whether items that the round asked may be asked again.
    """

    reason: str
    round: int | None = None
    ask_again: bool = False


@dataclass(frozen=True)
class Undoing:
    """What came of it.

    Attributes
    ----------
    round : int
    standing : int or None
        The round from whose snapshot the campaign goes on; None if it begins anew.
    ask_again : bool
    cost : float
        What the answers of the round cost: it stays spent.
    again : bool
        The ledger had it already: the same command was given before.
    """

    round: int
    standing: int | None
    ask_again: bool
    cost: float
    again: bool


def undo(directory: Path, request: Request) -> Undoing:
    """Throw the last closed round away, once, however often this very command is given.

    Raises
    ------
    CampaignError
        No round is closed, a batch is out, or it is not the last round that is to be undone.
    """
    with opened(directory) as work, crash.scope("undo"):
        entries = work.ledger.entries()
        if (done := _done_before(entries, request)) is not None:
            return _undoing(work, done, again=True)
        _refuse(entries, request, where=str(directory))
        number = state.standing_rounds(entries)[-1]
        body = {"reason": request.reason, "ask_again": request.ask_again}

        def may_be() -> bool:
            now = work.ledger.entries()
            return state.standing_rounds(now)[-1:] == [number] and not _is_out(now)

        if once.say_while(may_be, work.ledger, number, "undone", body, round=number) is None:
            _refuse(work.ledger.entries(), request, where=str(directory))
        return _undoing(work, number, again=False)


def _done_before(entries: state.Entries, request: Request) -> int | None:
    """Find the round that this very command undid before.

    A process that was killed is started again with the same words, and must not throw away one
    round more. So without a number, the same reason means the same round until another is opened.
    """
    undone, newest = state.undone_rounds(entries), state.last(entries, "undone")
    if request.round is not None:
        return request.round if request.round in undone else None
    opened_since = newest and any(
        entry.seq > newest.seq for entry in state.of_kind(entries, "round_opened")
    )
    if newest is None or opened_since or newest.body["reason"] != request.reason:
        return None
    return newest.round


def _refuse(entries: state.Entries, request: Request, where: str) -> None:
    if not request.reason.strip() or len(request.reason.splitlines()) > 1:
        raise ParamsError("must be one line that says why", where="--reason")
    standing = state.standing_rounds(entries)
    if not standing:
        raise CampaignError("has no closed round to undo", where=where)
    if request.round not in (None, standing[-1]):
        fix = f"undo {standing[-1]} first: only the last round can be thrown away"
        raise CampaignError(
            f"round {request.round} is not the last round that stands", where=where, fix=fix
        )
    if _is_out(entries):
        number = state.current_round(entries)
        fix = "let it close with `labelloop run --wait`, then undo it"
        raise CampaignError(
            f"round {number} is open and its batch is bought already", where=where, fix=fix
        )


def _is_out(entries: state.Entries) -> bool:
    """Whether the open round has begun to buy; until then it is simply opened anew."""
    return state.last(entries, "batch_intended", state.current_round(entries)) is not None


def _undoing(work: Work, number: int, *, again: bool) -> Undoing:
    entries = work.ledger.entries()
    standing, settled = state.standing_rounds(entries), state.last(entries, "settled", number)
    return Undoing(
        round=number,
        standing=standing[-1] if standing else None,
        ask_again=bool(state.undone_rounds(entries)[number]["ask_again"]),
        cost=float(settled.body["cost"]) if settled else 0.0,
        again=again,
    )
