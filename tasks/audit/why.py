"""An item's whole story: why it was asked, who answered, what is believed, what learned from it."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from tasks import campaign as at
from tasks.audit import came_in
from tasks.audit.answers import answers
from tasks.audit.pushes import pushes
from tasks.audit.rounds import Rounds, Row, Store, records
from tasks.campaign import Campaign
from tasks.delivery import composition
from tasks.delivery.aside import so_far
from tasks.delivery.undone import Undone
from tasks.domain.errors import DataError
from tasks.domain.ports import Ledger
from tasks.modeling.training import ROLES
from tasks.params import parse
from tasks.selection import candidates

CONSIDERED = (
    "round",
    "rank",
    "score",
    "cutoff",
    "strategy",
    "selected",
    "inclusion_probability",
    "reason",
    "model_digest",
)
LABEL = ("label", "confidence", "status", "aggregator", "n_answers", "round")
NEAREST = 100_000
"""Items among which a misspelled one is looked for."""


@dataclass(frozen=True)
class Story:
    """All that a campaign knows of one item.

    Attributes
    ----------
    kind : str
        pool, holdout, gold, waiting (for the next round) or gone (it was in the pool once).
    considered : list of dict
        Its row in each round's query decisions: the batch, and the nearest runners-up.
    not_recorded : list of int
        Rounds that scored it so low that no row was written.
    pushes : list of dict
        Every task that was sent: round, vendor, key, copy, copies, role, price, withdrawn,
        task_id, sent_at, deleted (what was decided if the batch was deleted at the vendor).
    answers : list of dict
        What came back. ``quarantined`` is None, or the reason why it is no answer; then ``place``
        and ``fix`` say where it is and what to do. ``undone`` is None, or the reason why the round
        that asked was thrown away: then it is not believed.
    imported : list of dict
        Labels of it that were made elsewhere: whose, the file and row, ``counts_from``, the first
        round that counts them, or None while they wait for the next round to be opened.
    label : dict or None
        What is believed now; ``how`` says in words how that came about.
    trained_in : list of dict
        Round and digest of every model that was trained with it, also of rounds since undone.
    undone : dict of int to dict
        The rounds that were thrown away: ``reason`` and ``ask_again``.
    """

    item_id: str
    kind: str
    considered: list[Row]
    not_recorded: list[int]
    pushes: list[Row]
    answers: list[Row]
    imported: list[Row]
    label: Row | None
    trained_in: list[Row]
    undone: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)

    def to_json(self) -> Row:
        """Give it as `labelloop why --json` prints it."""
        names = ("item_id", "considered", "pushes", "answers", "imported", "label", "trained_in")
        return {name: getattr(self, name) for name in names}


def why(campaign: Campaign, ledger: Ledger, store: Store, item_id: str) -> Story:
    """Tell the story of an item.

    Raises
    ------
    DataError
        No round had such an item; the nearest ids are suggested. Or a file is not what the
        ledger knows.
    CampaignError
        A past round's file is nowhere.
    """
    rounds = Rounds(campaign, ledger.entries(), store)
    considered = _considered(rounds, item_id)
    sent = pushes(rounds, item_id)
    pools = _pools(rounds, item_id)
    kind = _kind(rounds, item_id, pools)
    elsewhere = _imported(rounds, item_id)
    if not kind and came_in.is_waiting(rounds, item_id):
        kind = "waiting"
    if not kind and not considered and not sent:
        raise _unknown(rounds, item_id)
    labels = _labels(rounds, item_id)
    now = so_far(campaign, campaign.params(), rounds.entries)
    return Story(
        item_id,
        kind or "gone",
        considered,
        _not_recorded(rounds, item_id, considered, pools),
        sent,
        _marked(rounds, answers(rounds, item_id, sent, now)),
        elsewhere,
        _label({n: row for n, row in labels.items() if n not in rounds.undone}),
        _marked(rounds, _trained_in(rounds, labels)),
        rounds.undone,
    )


def _marked(rounds: Rounds, rows: list[Row]) -> list[Row]:
    """Say of each row whether its round was undone, and why."""
    return [{**row, "undone": rounds.undone.get(row["round"], {}).get("reason")} for row in rows]


def _considered(rounds: Rounds, item_id: str) -> list[Row]:
    found = []
    for number in _rounds_with(rounds, at.DECISIONS):
        found += records(rounds.table(number, at.DECISIONS, CONSIDERED, item_id=[item_id]))
    return found


def _rounds_with(rounds: Rounds, path: str) -> Iterator[int]:
    return (number for number in rounds.numbers if path in rounds.files(number))


def _pools(rounds: Rounds, item_id: str) -> list[int]:
    """List the rounds whose pool had the item; each distinct pool is read once."""
    has: dict[str, bool] = {}
    found = []
    for number in _rounds_with(rounds, at.POOL):
        digest = rounds.files(number)[at.POOL].sha256
        if digest not in has:
            has[digest] = bool(len(rounds.table(number, at.POOL, ["item_id"], item_id=[item_id])))
        found += [number] if has[digest] else []
    return found


def _kind(rounds: Rounds, item_id: str, pools: list[int]) -> str:
    newest = max(_rounds_with(rounds, at.POOL), default=None)
    if newest is None:
        return ""
    if newest in pools:
        return "pool"
    for kind, path in {"holdout": at.HOLDOUT, "gold": at.GOLD}.items():
        if len(rounds.table(newest, path, ["item_id"], item_id=[item_id])):
            return kind
    return "gone" if pools else ""


def _unknown(rounds: Rounds, item_id: str) -> DataError:
    newest = max(_rounds_with(rounds, at.POOL), default=None)
    known = [] if newest is None else rounds.table(newest, at.POOL, ["item_id"])["item_id"].tolist()
    near = difflib.get_close_matches(item_id, known[:NEAREST], n=3, cutoff=0.6)
    fix = f"did you mean {', '.join(near)}?" if near else ""
    return DataError(f"no item {item_id!r} was ever in this campaign", fix=fix)


def _labels(rounds: Rounds, item_id: str) -> dict[int, Row]:
    """Give the item's label after each round; -1 is what the campaign began with."""
    found = {}
    first = next(_rounds_with(rounds, at.SEED_LABELS), None)
    if first is not None:
        found[-1] = records(rounds.table(first, at.SEED_LABELS, item_id=[item_id]))
    for number in _rounds_with(rounds, at.LABELS):
        found[number] = records(rounds.table(number, at.LABELS, item_id=[item_id]))
    return {number: rows[0] for number, rows in found.items() if rows}


def _imported(rounds: Rounds, item_id: str) -> list[Row]:
    found = came_in.labels(rounds)
    return records(found[found["item_id"] == item_id])


def _not_recorded(
    rounds: Rounds, item_id: str, considered: list[Row], pools: list[int]
) -> list[int]:
    recorded = {row["round"] for row in considered}
    scored = set(_rounds_with(rounds, at.DECISIONS)) & set(pools)
    return [n for n in sorted(scored - recorded) if _was_candidate(rounds, item_id, n)]


def _was_candidate(rounds: Rounds, item_id: str, number: int) -> bool:
    labels, sent = (
        rounds.table(number, path, item_id=[item_id]) for path in (at.BASE_LABELS, at.BASE_SENT)
    )
    limit = _policy(rounds, number).limit
    undone = Undone.of_record(rounds.body(number, "round_opened") or {})
    item = undone.askable(pd.DataFrame({"item_id": [item_id]}), sent)["item_id"]
    return bool(candidates.open_items(item, labels, undone.counted(sent), limit).any())


def _policy(rounds: Rounds, number: int) -> composition.Policy:
    sealed = at.PARAMS in rounds.files(number)
    params = (
        parse(rounds.content(number, at.PARAMS).decode()) if sealed else rounds.campaign.params()
    )
    return composition.policy_of(params)


def _label(labels: dict[int, Row]) -> Row | None:
    if not labels:
        return None
    newest = labels[max(labels)]
    return {**{name: newest[name] for name in LABEL}, "how": _how(newest)}


def _how(label: Row) -> str:
    if label["role"] == "seed":
        return "it was known from the start"
    if label["role"] == "imported":
        return f"it was imported as {label['label']!r}, first counted in round {label['round']}"
    made = f"{label['aggregator']} of {label['n_answers']} answers"
    sure = f"with confidence {label['confidence']:.3f}"
    match label["status"]:
        case "low_confidence":
            return f"{made} gave {label['label']!r} {sure}: too low, another answer is due"
        case "returned" if not label["n_answers"]:
            return "all its answers were taken back: the item went back to the pool"
        case "returned":
            return f"{made} was not sure enough ({sure}): the item went back to the pool"
    return f"{made} gave {label['label']!r} {sure}, first in round {label['round']}"


def _trained_in(rounds: Rounds, labels: dict[int, Row]) -> list[Row]:
    return [
        {"round": number, "model_digest": rounds.files(number)[at.MODEL].sha256}
        for number in _rounds_with(rounds, at.MODEL)
        if (label := labels.get(number))
        and label["status"] == "labelled"
        and label["role"] in ROLES
        and rounds.json(number, at.CARD)["fitted"]
    ]
