import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.domain import tables
from tasks.quality.labels import Policy, believe

ANOTHER = Policy(min_confidence=0.7, low_confidence="another_answer", max_answers=4)
POOL = Policy(min_confidence=0.7, low_confidence="back_to_pool", max_answers=4)


def answers(item, n, role="query", first_round=0):
    return pd.DataFrame(
        {
            "answer_id": [f"{item}/{number}" for number in range(n)][::-1],
            "item_id": item,
            "role": [role if number == 0 else "requeue" for number in range(n)][::-1],
            "round": [first_round + number for number in range(n)][::-1],
        }
    )


def label(policy, confidence, n, role="query", base=None, round_number=3):
    consensus = pd.DataFrame({"item_id": ["i"], "label": ["x"], "confidence": [confidence]})
    base = tables.LABELS.empty() if base is None else base
    frame = believe(consensus, answers("i", n, role), base, policy, round_number, "majority")
    return frame.set_index("item_id").loc["i"]


@pytest.mark.parametrize(
    ("policy", "confidence", "n", "role", "status"),
    [
        (ANOTHER, 0.7, 1, "query", "labelled"),
        (ANOTHER, 0.6, 3, "query", "low_confidence"),
        (ANOTHER, 0.6, 4, "query", "returned"),
        (POOL, 0.7, 1, "query", "labelled"),
        (POOL, 0.6, 1, "query", "returned"),
        (ANOTHER, 0.6, 1, "holdout", "low_confidence"),
        (ANOTHER, 0.6, 4, "holdout", "labelled"),
        (POOL, 0.6, 1, "holdout", "labelled"),
    ],
)
def test_what_becomes_of_an_item(policy, confidence, n, role, status):
    row = label(policy, confidence, n, role)
    assert row["status"] == status
    assert pd.isna(row["label"]) == (status == "returned")
    assert row["role"] == role
    assert row["n_answers"] == n
    assert row["answer_ids"] == [f"i/{number}" for number in range(n)]


def test_the_round_is_the_one_that_first_labelled_it():
    first = label(ANOTHER, 0.6, 2, round_number=1).to_frame().T.rename_axis("item_id")
    again = label(ANOTHER, 0.9, 3, base=first.reset_index(), round_number=2)
    assert (again["status"], again["round"]) == ("labelled", 1)


def test_an_item_that_came_back_gets_the_round_that_labels_it_in_the_end():
    back = label(POOL, 0.6, 1, round_number=1).to_frame().T.rename_axis("item_id").reset_index()
    assert label(POOL, 0.6, 2, base=back, round_number=2)["round"] == 1
    assert label(POOL, 0.9, 2, base=back, round_number=2)["round"] == 2


def test_seeds_stay_and_gold_gets_no_label():
    seed = pd.DataFrame(
        [("s", "y", 1.0, "labelled", "seed", 0, [], "known", -1)],
        columns=list(tables.LABELS.columns),
    )
    consensus = pd.DataFrame({"item_id": ["g", "i"], "label": "x", "confidence": 1.0})
    given_answers = pd.concat([answers("i", 1), answers("g", 1, "gold")])
    frame = believe(consensus, given_answers, seed, ANOTHER, 0, "majority").set_index("item_id")
    assert sorted(frame.index) == ["i", "s"]
    assert frame.loc["s"].to_dict() == seed.set_index("item_id").loc["s"].to_dict()


@settings(max_examples=50, deadline=None)
@given(
    confidence=st.floats(0, 1),
    n=st.integers(1, 6),
    role=st.sampled_from(["query", "holdout"]),
    policy=st.sampled_from([ANOTHER, POOL]),
)
def test_an_item_is_labelled_exactly_if_it_is_sure_enough_or_held_out(confidence, n, role, policy):
    status = label(policy, confidence, n, role)["status"]
    if confidence >= policy.min_confidence:
        assert status == "labelled"
    elif role == "query":
        assert status in ("low_confidence", "returned")
    else:
        assert status != "returned"
