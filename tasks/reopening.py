"""Whether a campaign that stopped goes on: its rules are asked again when something changed.

A decision to stop holds for the params that it was made with and for the items that there were.
The rules are asked over the same closed snapshot, so that every machine comes to the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tasks import campaign as at
from tasks import pipeline, stop, trial
from tasks.audit.rounds import Rounds
from tasks.delivery import once
from tasks.domain import state
from tasks.params import Params, parse
from tasks.prospects import rounds_of, situation
from tasks.work import Work

GONE = None
"""What a field is from or to where it is not there."""


@dataclass(frozen=True)
class Change:
    """Something that a decision to stop rested on, and that is not what it was.

    Attributes
    ----------
    field : str
        A key of params.yaml, or a file of the source.
    before, now : JSON value
        Of a file, the beginning of its digest; None where there is none.
    """

    field: str
    before: Any
    now: Any


@dataclass(frozen=True)
class Reconsidered:
    """What became of a decision to stop.

    Attributes
    ----------
    round : int
        The round after which it was made.
    changes : tuple of Change
        Empty if nothing changed; then the decision is the one that was made.
    decision : mapping
        ``stop``, ``rule``, ``reason`` and ``go_on``, as the rules say it now.
    """

    round: int
    changes: tuple[Change, ...]
    decision: Mapping[str, Any]

    @property
    def goes_on(self) -> bool:
        """Whether the campaign is to go on."""
        return not self.decision["stop"]


def reopen(work: Work) -> Reconsidered | None:
    """Ask a stopped campaign's rules again, and write down that it goes on, if it does."""
    work.keeping.need((at.SOURCE,))
    found = reconsider(work)
    if found is not None and found.goes_on:
        stopped = state.stop(work.ledger.entries()) or {}
        body = {"rule": stopped.get("rule"), "changes": [asdict(one) for one in found.changes]}

        def still_stopped() -> bool:
            entries = work.ledger.entries()
            return state.stop(entries) is not None and _last(entries) == found.round

        once.say_while(still_stopped, work.ledger, found.round, "reopened", body, round=found.round)
    return found


def reconsider(work: Work) -> Reconsidered | None:
    """Say what the stop rules say now of a campaign that is stopped; None if it is not.

    Raises
    ------
    DataError
        The source was changed, and cannot be items.
    CampaignError
        A file of the closed snapshot is nowhere.
    """
    entries = work.ledger.entries()
    decided = state.stop(entries)
    if decided is None:
        return None
    rounds, number = rounds_of(work), _last(entries)
    changes = (*_params(work.params, rounds, number), *_source(work, rounds, number))
    if not changes:
        return Reconsidered(number, (), {"stop": True, **decided})
    with trial.with_pool(work.campaign, work.params) as items:
        now = situation(rounds, items)
    history = rounds.json(number, at.HISTORY)
    outlook = stop.look_ahead(work.params, now, history)
    return Reconsidered(number, changes, stop.decide(stop.rules_of(work.params), outlook))


def _last(entries: state.Entries) -> int:
    return state.standing_rounds(entries)[-1]


def _params(now: Params, rounds: Rounds, number: int) -> Iterator[Change]:
    """Compare what the stage reads of params.yaml with what the round was closed with."""
    then = parse(rounds.content(number, at.PARAMS).decode())
    names = (*stop.STAGE.params, "pool")
    before, after = then.sections(*names), now.sections(*names)
    for section in names:
        old, new = dict(_leaves(section, before[section])), dict(_leaves(section, after[section]))
        fields = [name for name in {**old, **new} if old.get(name, GONE) != new.get(name, GONE)]
        yield from (Change(name, old.get(name, GONE), new.get(name, GONE)) for name in fields)
        if not fields and before[section] != after[section]:
            # The same rules in another order: which of them is named first is a decision too.
            yield Change(section, _names(before[section]), _names(after[section]))


def _leaves(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    pairs = dict(value) if prefix == "stop" else value
    if isinstance(pairs, dict):
        if prefix.count(".") == 1 and prefix.startswith("stop."):
            yield prefix, "there"
        for name, inner in pairs.items():
            yield from _leaves(f"{prefix}.{name}", inner)
    else:
        yield prefix, value


def _names(rules: list[list[Any]]) -> list[str]:
    return [name for name, _ in rules]


def _source(work: Work, rounds: Rounds, number: int) -> Iterator[Change]:
    """Compare the files that the pool is made of with those that the round had."""
    entry = rounds.stage(number, "pool")
    declared = pipeline.stage("pool", work.params).inputs
    if entry is None or not all(work.campaign.path(name).exists() for name in declared):
        return
    before = {path: body["sha256"] for path, body in entry.body["inputs"].items()}
    now = {
        path: one.sha256 for path, one in pipeline.input_digests(work.campaign, declared).items()
    }
    for path in sorted({**before, **now}):
        if before.get(path) != now.get(path):
            yield Change(path, _short(before.get(path)), _short(now.get(path)))


def _short(digest: str | None) -> str | None:
    return digest[:12] if digest else GONE
