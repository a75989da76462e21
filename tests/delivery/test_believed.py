"""The laws of what is believed."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.delivery import reasons
from tasks.delivery.believed import Claims, believe
from tasks.delivery.inbox import Item
from tasks.domain.incoming import RawAnswer

TASKS = {
    "k1": {"item_id": "i1", "role": "query", "round": 2, "copies": 2},
    "k2": {"item_id": "i1", "role": "requeue", "round": 3, "copies": 1},
    "k3": {"item_id": "i2", "role": "query", "round": 3, "copies": 1},
    "g1": {"item_id": "g", "role": "gold", "round": 2, "copies": 1},
    "g2": {"item_id": "g", "role": "gold", "round": 3, "copies": 1},
}
CLASSES = frozenset("xy")


def raw(answer_id="a1", key="k1", who="ann", label="x", revision=0, minute=0):
    at, note = f"2026-01-05T09:{minute:02d}:00+00:00", "" if label else "deleted"
    return RawAnswer(answer_id, key, who, label, at, 1.0, revision, note)


def judge(said, known=()):
    claims = Claims()
    for one in known:
        claims.add(one, known=True)
    for position, one in enumerate(said):
        claims.add(one, Item(0, position, {}))
    return believe(claims, TASKS, CLASSES)


def outcome(said, known=()):
    """Say what is believed and refused, without the order in which it came."""
    found = judge(said, known)
    refused = {(claim.raw, reason) for claim, reason in found.refused}
    return set(found.answers), refused, found.by_key


raws = st.builds(
    raw,
    answer_id=st.sampled_from(["a1", "a2", "a3", "a4"]),
    key=st.sampled_from([*TASKS, "never"]),
    who=st.sampled_from(["ann", "bob", "cem"]),
    label=st.sampled_from(["x", "y", "z", None]),
    revision=st.integers(0, 3),
    minute=st.integers(0, 3),
)
often = settings(max_examples=400, deadline=None)


@often
@given(data=st.data(), said=st.lists(raws, max_size=9), known=st.lists(raws, max_size=4))
def test_any_order_gives_the_same(data, said, known):
    before = judge(known).answers
    mixed = data.draw(st.permutations(said))
    again = [*mixed, *data.draw(st.lists(st.sampled_from(said or [raw()]), max_size=3))]
    assert outcome(said, before) == outcome(mixed, before)
    assert said == [] or outcome(said, before) == outcome(again, before)


@often
@given(said=st.lists(raws, max_size=12), known=st.lists(raws, max_size=4))
def test_no_task_has_more_than_it_asked_for_and_nobody_counts_twice(said, known):
    before = judge(known).answers
    found = judge(said, before)
    newest = {}
    for one in sorted((*before, *found.answers), key=lambda one: one.revision):
        newest[one.answer_id] = one
    standing = [one for one in newest.values() if one.label is not None]
    for key, task in TASKS.items():
        mine = [one for one in standing if one.key == key]
        assert len(mine) == found.by_key.get(key, 0) <= task["copies"]
    people = [
        (TASKS[one.key]["item_id"], one.annotator_id)
        for one in standing
        if TASKS[one.key]["role"] != "gold"
    ]
    assert len(people) == len(set(people))
    assert all(one.label in CLASSES or one.label is None for one in found.answers)


@often
@given(said=st.lists(raws, max_size=9))
def test_what_a_round_believed_and_did_not_take_back_stays(said):
    before = judge(said)
    assert judge([], before.answers).by_key == before.by_key
    assert judge(said, before.answers).answers == ()


WITHDRAWN = [
    raw(),
    raw("a2", who="bob", minute=1),
    raw(label=None, revision=1, minute=2),
    raw("a3", who="cem", minute=3),
]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_withdrawn_answer_is_replaced_in_whatever_order_that_is_said(order):
    found = judge([WITHDRAWN[place] for place in order])
    assert found.by_key == {"k1": 2}
    assert not found.refused
    assert set(found.answers) == set(WITHDRAWN)


@pytest.mark.parametrize("rounds", [1, 2])
def test_a_replacement_takes_the_place_of_what_earlier_rounds_believed(rounds):
    known = judge(WITHDRAWN[:rounds]).answers
    assert judge(WITHDRAWN[:1:-1] + WITHDRAWN[1:2], known).by_key == {"k1": 2}


def test_what_was_one_too_many_is_taken_once_there_is_room():
    three = [raw(), raw("a2", who="bob", minute=1), raw("a3", who="cem", minute=2)]
    ((claim, reason),) = judge(three).refused
    assert (claim.raw.answer_id, reason) == ("a3", reasons.TOO_MANY)
    assert judge([*three, raw("a2", who="bob", label=None, revision=1)]).by_key == {"k1": 2}


def test_what_was_believed_before_is_not_displaced_by_what_says_it_is_older():
    known = judge([raw(minute=3), raw("a2", who="bob", minute=3)]).answers
    ((claim, _),) = judge([raw("a0", who="cem")], known).refused
    assert claim.raw.answer_id == "a0"


def test_an_answer_that_comes_back_after_it_was_replaced_finds_no_place():
    known = judge(WITHDRAWN).answers
    ((claim, reason),) = judge([raw(revision=2)], known).refused
    assert (claim.raw.revision, reason) == (2, reasons.TOO_MANY)
