import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from audit.books import Book

from tasks import campaign as at
from tasks.audit.answers import answers
from tasks.audit.pushes import pushes
from tasks.audit.rounds import Rounds, records
from tasks.audit.telling import tell
from tasks.audit.why import CONSIDERED, Story, why
from tasks.domain.errors import DataError
from tasks.ledger.local import LocalLedger
from tasks.versions.store import Store

KEYS = [
    "item_id",
    "considered",
    "pushes",
    "answers",
    "imported",
    "label",
    "trained_in",
]
ROUNDS = 3


@pytest.fixture(scope="module")
def rounds(finished: Path) -> Rounds:
    entries = LocalLedger(finished / at.LEDGER).entries()
    return Rounds(at.find(finished), entries, Store(finished))


def story(root: Path, item_id: str) -> Story:
    return why(at.find(root), LocalLedger(root / at.LEDGER), Store(root), item_id)


@pytest.mark.integration
def test_an_item_that_was_labelled(finished: Path, rounds: Rounds) -> None:
    labels = rounds.table(ROUNDS - 1, at.LABELS)
    label = records(labels[(labels["role"] == "query") & (labels["round"] == 1)])[0]
    told = story(finished, label["item_id"])
    assert told.kind == "pool"
    assert told.label is not None
    assert {name: told.label[name] for name in ("label", "confidence", "round")} == {
        name: label[name] for name in ("label", "confidence", "round")
    }
    assert [row["answer_id"] for row in told.answers] == sorted(label["answer_ids"])
    chosen = [row for row in told.considered if row["selected"]]
    assert [row["round"] for row in chosen] == [1]
    models = {n: rounds.files(n)[at.MODEL].sha256 for n in range(1, ROUNDS)}
    assert {row["round"]: row["model_digest"] for row in told.trained_in} == models
    (queried_with,) = {row["model_digest"] for row in chosen}
    assert queried_with == rounds.files(0)[at.MODEL].sha256


@pytest.mark.integration
def test_its_pushes_are_the_vendors_tasks(finished: Path, rounds: Rounds) -> None:
    sent = rounds.table(ROUNDS - 1, at.SENT)
    item_id = sent["item_id"].iloc[0]
    told = story(finished, item_id)
    assert {row["key"] for row in told.pushes} == set(sent[sent["item_id"] == item_id]["key"])
    for row in told.pushes:
        assert row["vendor"] == "simulated"
        assert row["task_id"].startswith("task-")
        assert row["sent_at"] is not None


@pytest.mark.integration
def test_its_json_has_exactly_these_keys(finished: Path, rounds: Rounds) -> None:
    decisions = rounds.table(1, at.DECISIONS)
    for item_id in decisions["item_id"].iloc[[0, -1]]:
        found = json.loads(json.dumps(story(finished, item_id).to_json(), allow_nan=False))
        assert list(found) == KEYS
        (row,) = [row for row in found["considered"] if row["round"] == 1]
        assert list(row) == list(CONSIDERED)
        recorded = records(decisions[decisions["item_id"] == item_id])[0]
        assert row == {name: recorded[name] for name in CONSIDERED}


@pytest.mark.integration
def test_every_round_that_scored_an_item_is_told(finished: Path, rounds: Rounds) -> None:
    """`score` says how many candidates there were; the stories add up to the same."""
    scored = [0] * ROUNDS
    for item_id in rounds.table(0, at.POOL, ["item_id"])["item_id"]:
        told = story(finished, item_id)
        for number in {row["round"] for row in told.considered} | set(told.not_recorded):
            scored[number] += 1
    stages = [rounds.stage(number, "score") for number in range(ROUNDS)]
    assert scored == [stage.body["summary"]["candidates"] for stage in stages if stage]


@pytest.mark.integration
@pytest.mark.parametrize(("path", "kind"), [(at.GOLD_IDS, "gold"), (at.HOLDOUT_IDS, "holdout")])
def test_what_is_never_queried_is_said_to_be(finished: Path, path: str, kind: str) -> None:
    for item_id in (finished / path).read_text().split()[:3]:
        told = story(finished, item_id)
        assert told.kind == kind
        assert told.considered == told.not_recorded == told.trained_in == []
        assert kind in tell(told)


@pytest.mark.integration
def test_an_unknown_item_is_refused_with_the_nearest(finished: Path) -> None:
    pool = pd.read_parquet(finished / at.POOL)["item_id"]
    with pytest.raises(DataError, match="did you mean") as caught:
        story(finished, pool.iloc[5] + "x")
    assert pool.iloc[5] in caught.value.fix


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


def sent(book: Book, number: int, key: str, **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "item_id": "a",
        "copy": 1,
        "copies": 2,
        "role": "query",
        "round": number,
        "leg": 1,
        "vendor": "people",
        "price": 0.5,
        "withdrawn": 0,
        **more,
    }


def test_what_is_not_delivered_has_no_task(book: Book) -> None:
    rows = [sent(book, 0, "k0"), sent(book, 1, "k1")]
    for number in (0, 1):
        book.say(number, "round_opened", {})
        book.stage(number, "collect", {at.SENT: book.table(at.SENT, rows[: number + 1])})
    receipt = book.say(0, "tasks_received", {"receipts": {"k0": "t0"}})
    one, other = pushes(book.rounds, "a")
    assert (one["vendor"], one["task_id"], one["sent_at"]) == ("people", "t0", receipt.at)
    assert (other["key"], other["task_id"], other["sent_at"]) == ("k1", None, None)


def test_what_was_quarantined_is_told_with_the_reason(book: Book) -> None:
    known = {"round": 0, "page": 0, "reason": "unknown class"}
    known |= {"item_id": None, "place": "row 3", "fix": "choose one"}
    rows = [
        {**known, "position": 0, "record": '{"task_key":"k0","label":"yew"}'},
        {**known, "position": 1, "record": '{"task_key":"k00","label":"yew"}'},
        {**known, "position": 2, "record": '{"id":"t0"}'},
    ]
    book.say(0, "round_opened", {})
    empty = book.table(at.ANSWERS, [])
    book.stage(0, "collect", {at.ANSWERS: empty, at.QUARANTINE: book.table(at.QUARANTINE, rows)})
    found = answers(book.rounds, "a", [{"key": "k0", "task_id": "t0"}])
    assert [row["record"] for row in found] == [rows[0]["record"], rows[2]["record"]]
    assert {row["quarantined"] for row in found} == {"unknown class"}
    assert {(row["place"], row["fix"]) for row in found} == {("row 3", "choose one")}


def test_a_story_is_told_in_words() -> None:
    row = {
        "round": 4,
        "rank": 3,
        "score": 0.5,
        "cutoff": 0.25,
        "strategy": "margin",
        "selected": True,
        "inclusion_probability": 1.0,
        "reason": "its two best guesses are close",
        "model_digest": "",
    }
    label = {"how": "majority of 3 answers gave 'ash'"}
    words = tell(Story("a", "pool", [row], [1, 2], [], [], [], label, []))
    for part in (
        "round 4: chosen by margin, rank 3",
        "its two best guesses are close",
        "rounds 1, 2: scored, below the runners-up",
        "majority of 3 answers gave 'ash'",
    ):
        assert part in words
