import pandas as pd
import pytest

from tasks.delivery import checks, inbox, reasons
from tasks.delivery.inbox import Item
from tasks.domain import tables
from tasks.domain.incoming import MalformedRecordError, Parsed, RawAnswer, Subject
from tasks.quality import answers as quality

SENT = [
    ("k1", "i1", "query", 2, 2),
    ("k2", "i1", "query", 1, 2),
    ("k3", "i2", "query", 2, 1),
    ("g1", "g", "gold", 2, 1),
    ("g2", "g", "gold", 2, 2),
]
FACTS = {
    "copy": 1,
    "leg": 1,
    "vendor": "simulated",
    "payload_digest": "",
    "price": 0.5,
    "withdrawn": 0,
    "rejected": False,
}
EXPECTED = checks.Expected(
    tasks={
        key: {
            "key": key,
            "item_id": item,
            "role": role,
            "copies": copies,
            "round": number,
            **FACTS,
        }
        for key, item, role, copies, number in SENT
    },
    classes=frozenset("xy"),
    round=2,
    fallback=("files", 0.75),
)


def answer(answer_id="a1", key="k1", who="ann", label="x", revision=0, **other):
    given = {"answered_at": "2026-01-05T09:00:00+00:00", "seconds": 3.0, **other}
    return RawAnswer(answer_id, key, who, label, revision=revision, **given)


def parse(record):
    if isinstance(record, Parsed):
        return record
    if isinstance(record, RawAnswer):
        return Parsed((record,))
    raise MalformedRecordError("it is no answer")


def sift(*records, known=None):
    """Sift answers, all that a task has now, notes, and what is neither."""
    notes = (inbox.Cancelled, inbox.Rejected)
    lines = [
        one if isinstance(one, notes) else Item(0, position, one)
        for position, one in enumerate(records)
    ]
    known = tables.ANSWERS.empty() if known is None else known
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checks, "canonical_json", str)
        return checks.sift(lines, {1: parse}, EXPECTED, known)


def test_an_answer_becomes_a_row():
    (row,) = sift(answer()).answers.to_dict("records")
    assert row == {
        "answer_id": "a1",
        "key": "k1",
        "item_id": "i1",
        "round": 2,
        "role": "query",
        "vendor": "simulated",
        "annotator_id": "ann",
        "label": "x",
        "answered_at": "2026-01-05T09:00:00+00:00",
        "seconds": 3.0,
        "revision": 0,
        "price": 0.5,
        "late": False,
    }


def test_an_answer_to_an_earlier_round_is_late_and_counts():
    (row,) = sift(answer(key="k3")).answers.to_dict("records")
    assert (row["round"], row["late"]) == (1, True)


def test_every_revision_is_kept():
    sifted = sift(answer(), answer(label="y", revision=2), answer(label="y", revision=1))
    assert sifted.answers["revision"].tolist() == [0, 2, 1]


@pytest.mark.parametrize("seconds", [3.0, None])
def test_what_is_said_again_is_dropped_within_and_between_rounds(seconds):
    first = sift(answer(seconds=seconds), answer(seconds=seconds))
    assert (len(first.answers), first.redelivered) == (1, 1)
    again = sift(answer(seconds=seconds), known=first.answers)
    assert (len(again.answers), again.redelivered, len(again.quarantine)) == (0, 1, 0)


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([answer(label=None, note="skipped")], "no class was given (skipped)"),
        ([answer(label=None)], "no class was given"),
        (["nonsense"], "malformed: it is no answer"),
        ([answer(key="other")], "for an item that was never sent"),
        ([answer(label="z")], "of an unknown class, 'z'"),
        ([answer(), answer(key="k2")], "its answer_id is that of another answer"),
        ([answer(), answer(who="bob")], "its answer_id is that of another answer"),
        ([answer(), answer(label="y")], "it differs from what was delivered as the same revision"),
        (
            [answer(), answer("a2", who="bob"), answer("a3", who="cem")],
            "more answers of this item than were asked for",
        ),
        ([answer(), answer("a2")], "the same annotator answered this item before"),
        ([answer(), answer("a2", key="k2")], "the same annotator answered this item before"),
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
    known = sift(answer()).answers
    objections = [answer("a2"), answer("a2", key="k2"), answer(label="y")][:copies]
    assert sift(*objections, known=known).answers.empty


def test_gold_may_meet_the_same_annotator_in_another_round():
    sifted = sift(answer("a1", "g1"), answer("a2", "g2"))
    assert len(sifted.answers) == 2


def test_a_bad_record_spoils_nothing():
    sifted = sift(answer(label="z"), answer())
    assert len(sifted.answers) == len(sifted.quarantine) == 1


def test_the_record_is_kept_as_it_came():
    odd = [1, {"b": None, "a": "ö"}]
    sifted = checks.sift([Item(0, 0, odd)], {1: parse}, EXPECTED, tables.ANSWERS.empty())
    assert sifted.quarantine["record"].tolist() == ['[1,{"a":"ö","b":null}]']


def test_known_answers_compare_equal_to_what_they_were(tmp_path):
    first = sift(answer(seconds=0.1), answer("a2", "k3", seconds=None))
    tables.write(tmp_path / "a.parquet", first.answers, tables.ANSWERS)
    known = pd.concat([tables.read(tmp_path / "a.parquet")])
    again = sift(answer(seconds=0.1), answer("a2", "k3", seconds=None), known=known)
    assert again.redelivered == 2


def test_an_answer_may_be_taken_back_and_costs_nothing():
    sifted = sift(answer(), answer(label=None, revision=1, note="skipped"))
    assert sifted.answers["label"].isna().tolist() == [False, True]
    assert sifted.answers["price"].tolist() == [0.5, 0.0]
    assert sifted.quarantine.empty


def test_what_is_missing_from_all_that_a_task_has_was_deleted():
    everything = Parsed((answer(), answer("a2", who="bob")), all_of="k1")
    sifted = sift(everything, Parsed((answer("a2", who="bob"),), all_of="k1"))
    newest = sifted.answers.groupby("answer_id")["label"].apply(lambda labels: labels.iloc[-1])
    assert newest.isna().to_dict() == {"a1": True, "a2": False}
    assert sifted.redelivered == 1
    again = sift(Parsed((answer("a2", who="bob"),), all_of="k1"), known=sifted.answers)
    assert again.answers.empty


def test_a_deleted_answer_makes_room_for_another():
    three = (answer(), answer("a2", who="bob"), answer("a3", who="cem"))
    everything = Parsed(three, all_of="k1")
    assert sift(everything).quarantine["reason"].tolist() == [reasons.TOO_MANY.what]
    sifted = sift(everything, Parsed(three[1:], all_of="k1"))
    assert sifted.quarantine.empty
    assert quality.newest(sifted.answers)["answer_id"].tolist() == ["a2", "a3"]
    known = sift(everything).answers
    later = sift(Parsed(three[1:], all_of="k1"), known=known)
    assert later.answers["answer_id"].tolist() == ["a3", "a1"]


def test_what_is_refused_again_for_the_same_reason_is_kept_once():
    skipped = answer(label=None, note="skipped")
    sifted = sift(skipped, skipped, answer(label="z"), answer(label="z"))
    assert (len(sifted.quarantine), sifted.redelivered) == (2, 2)


def test_a_rejected_task_is_not_wanted_any_more():
    sent = sift(inbox.Rejected({"k1": "too large"})).sent.set_index("key")
    assert sent["rejected"].to_dict() == {key: key == "k1" for key in sent.index}
    assert sent["withdrawn"].to_dict() == {"k1": 2, "k2": 0, "k3": 0, "g1": 0, "g2": 0}


def test_a_cancelled_batch_is_not_wanted_any_more_but_for_what_is_answered():
    sifted = sift(answer(), inbox.Cancelled(1, resend=False), answer("a2", "k3"))
    sent = sifted.sent.set_index("key")
    assert sent["withdrawn"].to_dict() == {"k1": 1, "k2": 1, "k3": 0, "g1": 0, "g2": 2}
    assert len(sifted.answers) == 2


def test_what_a_cancelled_batch_did_not_answer_is_asked_of_the_fallback():
    sifted = sift(answer(), inbox.Cancelled(1, resend=True))
    sent = sifted.sent[sifted.sent["leg"] == 2].set_index("key")
    assert sent["copies"].to_dict() == {"k1-2": 1, "k2-2": 1, "g2-2": 2}
    assert sent["copy"].to_dict() == {"k1-2": 3, "k2-2": 2, "g2-2": 3}
    assert set(sent["vendor"]) == {"files"}
    assert set(sent["price"]) == {0.75}


@pytest.mark.parametrize(
    "odd",
    [
        {"label": "\ud800"},
        {"answer_id": ""},
        {"who": "x" * 10_001},
        {"revision": 2**63},
        {"revision": -1},
        {"seconds": float("nan")},
        {"seconds": -1.0},
    ],
)
def test_what_no_table_can_hold_is_malformed_whatever_its_vendor_lets_through(odd):
    sifted = sift(answer(**odd), answer())
    assert len(sifted.answers) == 1
    (reason,) = sifted.quarantine["reason"]
    assert reason.startswith("malformed: its ")


def test_what_is_set_aside_says_where_it_is_and_what_to_do():
    (row,) = sift(answer(label="z", place="a.csv, row 3")).quarantine.to_dict("records")
    assert (row["item_id"], row["place"], row["fix"]) == (
        "i1",
        "a.csv, row 3",
        "choose one of x, y",
    )
    (row,) = sift(answer(key="other")).quarantine.to_dict("records")
    assert row["item_id"] is None
    assert row["fix"]


def bad(edition, place="a.csv, row 3", name="row 3"):
    return MalformedRecordError("half", place=place, subject=Subject(name, edition))


def parse_or_raise(record):
    if isinstance(record, MalformedRecordError):
        raise record
    return parse(record)


def sift_bad(*records):
    lines = [Item(0, position, one) for position, one in enumerate(records)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checks, "canonical_json", id)
        return checks.sift(lines, {1: parse_or_raise}, EXPECTED, tables.ANSWERS.empty())


def test_what_was_mended_is_not_set_aside_any_more():
    mended = Parsed((), subject=Subject("row 3", 2))
    for records in ([bad(1), mended], [mended, bad(1)]):
        assert sift_bad(*records).quarantine.empty
    again = sift_bad(bad(1), mended, bad(3), bad(3, name="row 4")).quarantine
    assert again["position"].tolist() == [2, 3]


@pytest.mark.parametrize("before", [{"label": "z"}, {"label": None, "note": "skipped"}])
def test_a_newer_revision_puts_an_older_one_right(before):
    sifted = sift(answer(**before), answer(revision=1))
    assert sifted.quarantine.empty
    assert sifted.answers["label"].tolist() == ["x"]


def test_what_is_missing_from_all_that_a_task_has_is_not_set_aside_any_more():
    wrong = Parsed((answer(label="z"), answer("a2", who="bob")), all_of="k1")
    sifted = sift(wrong, Parsed((answer("a2", who="bob"),), all_of="k1"))
    assert sifted.quarantine.empty
    assert sifted.answers["answer_id"].tolist() == ["a2"]


def test_a_malformed_record_that_comes_again_is_kept_once():
    sifted = sift("nonsense", "nonsense")
    assert (len(sifted.quarantine), sifted.redelivered) == (1, 1)
