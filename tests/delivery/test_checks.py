import pandas as pd
import pytest

from tasks.delivery import checks
from tasks.delivery.inbox import Item
from tasks.domain import tables
from tasks.domain.ports import RawAnswer
from tasks.vendors.simulated import Simulated

SENT = [
    ("k1", "i1", "query", 2),
    ("k2", "i1", "query", 2),
    ("k3", "i2", "query", 1),
    ("g1", "g", "gold", 1),
    ("g2", "g", "gold", 2),
]
EXPECTED = checks.Expected(
    tasks={
        key: {"key": key, "item_id": item, "role": role, "round": number, "price": 0.5}
        for key, item, role, number in SENT
    },
    classes=frozenset("xy"),
    round=2,
    vendor="simulated",
)


def record(answer_id="a1", key="k1", who="ann", label="x", revision=0, **other):
    return {
        "answer_id": answer_id,
        "task_key": key,
        "annotator": who,
        "label": label,
        "submitted_at": "2026-01-05T09:00:00Z",
        "seconds": 3.0,
        "revision": revision,
        **other,
    }


def sift(*records, known=None):
    items = [Item(0, position, one) for position, one in enumerate(records)]
    known = tables.ANSWERS.empty() if known is None else known
    return checks.sift(items, Simulated().parse, EXPECTED, known)


def test_an_answer_becomes_a_row():
    (row,) = sift(record()).answers.to_dict("records")
    assert row == {
        "answer_id": "a1",
        "key": "k1",
        "item_id": "i1",
        "round": 2,
        "role": "query",
        "vendor": "simulated",
        "annotator_id": "ann",
        "label": "x",
        "answered_at": "2026-01-05T09:00:00Z",
        "seconds": 3.0,
        "revision": 0,
        "price": 0.5,
        "late": False,
    }


def test_an_answer_to_an_earlier_round_is_late_and_counts():
    (row,) = sift(record(key="k3")).answers.to_dict("records")
    assert (row["round"], row["late"]) == (1, True)


def test_every_revision_is_kept():
    sifted = sift(record(), record(label="y", revision=2), record(label="y", revision=1))
    assert sifted.answers["revision"].tolist() == [0, 2, 1]


@pytest.mark.parametrize("seconds", [3.0, None])
def test_what_is_said_again_is_dropped_within_and_between_rounds(seconds):
    first = sift(record(seconds=seconds), record(seconds=seconds))
    assert (len(first.answers), first.redelivered) == (1, 1)
    again = sift(record(seconds=seconds), known=first.answers)
    assert (len(again.answers), again.redelivered, len(again.quarantine)) == (0, 1, 0)


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([record(label=None)], "malformed: 'label' is not a text"),
        ([record(key="other")], "for an item that was never sent"),
        ([record(label="z")], "of an unknown class, 'z'"),
        ([record(), record(key="k2")], "its answer_id is that of another answer"),
        ([record(), record(who="bob")], "its answer_id is that of another answer"),
        ([record(), record(label="y")], "it differs from what was delivered as the same revision"),
        ([record(), record("a2", who="bob")], "this copy of the item has an answer already"),
        ([record(), record("a2", key="k2")], "the same annotator answered this item before"),
    ],
)
def test_what_can_be_no_answer_is_kept_apart(records, reason):
    sifted = sift(*records)
    assert len(sifted.answers) == len(records) - 1
    (row,) = sifted.quarantine.to_dict("records")
    assert row["reason"] == reason
    assert (row["round"], row["page"], row["position"]) == (2, 0, len(records) - 1)


@pytest.mark.parametrize("copies", [1, 2])
def test_what_earlier_rounds_know_binds_later_ones(copies):
    known = sift(record()).answers
    objections = [record("a2", who="bob"), record("a2", key="k2"), record(label="y")][:copies]
    assert sift(*objections, known=known).answers.empty


def test_gold_may_meet_the_same_annotator_in_another_round():
    sifted = sift(record("a1", "g1"), record("a2", "g2"))
    assert len(sifted.answers) == 2


def test_a_bad_record_spoils_nothing():
    sifted = sift(record(label="z"), record())
    assert len(sifted.answers) == len(sifted.quarantine) == 1


def test_the_record_is_kept_as_it_came():
    odd = [1, {"b": None, "a": "ö"}]
    sifted = sift(odd)
    assert sifted.quarantine["record"].tolist() == ['[1,{"a":"ö","b":null}]']
    assert sifted.quarantine["reason"].tolist() == ["malformed: it is a list, not an object"]


def test_known_answers_compare_equal_to_what_they_were(tmp_path):
    first = sift(record(seconds=0.1), record("a2", "k3", seconds=None))
    tables.write(tmp_path / "a.parquet", first.answers, tables.ANSWERS)
    known = pd.concat([tables.read(tmp_path / "a.parquet")])
    again = sift(record(seconds=0.1), record("a2", "k3", seconds=None), known=known)
    assert again.redelivered == 2


def test_parse_may_be_any_vendors():
    answer = RawAnswer("a", "k1", "p", "x", "then", None, 0)
    sifted = checks.sift([Item(0, 0, "form")], lambda _: answer, EXPECTED, tables.ANSWERS.empty())
    assert sifted.answers["answer_id"].tolist() == ["a"]
