"""Gold's interval knows that answers belong together; nobody agrees with themselves."""

import pandas as pd
import pytest

from tasks.quality import annotators, gold

KNOWN = pd.DataFrame({"item_id": [f"g{n}" for n in range(4)], "label": "x"})


def answers(of_whom):
    """Make answers to four gold items: half of all are right, either every other or by person."""
    rows = [
        (f"a{number:03}", f"g{number % 4}", f"p{number // 4:02}", of_whom(number))
        for number in range(80)
    ]
    frame = pd.DataFrame(rows, columns=["answer_id", "item_id", "annotator_id", "label"])
    return frame.assign(role="gold", round=0, seconds=1.0)


def test_the_interval_is_wider_where_annotators_differ():
    alike = gold.accuracy(answers(lambda n: "xy"[(n + n // 4) % 2]), KNOWN)
    unlike = gold.accuracy(answers(lambda n: "xy"[n // 4 % 2]), KNOWN)
    assert alike.value == unlike.value == 0.5
    independent = gold.wilson(40, 80)
    assert alike.high - alike.low < 1.3 * (independent.high - independent.low)
    assert unlike.high - unlike.low > 1.5 * (independent.high - independent.low)


def test_the_same_gold_item_asked_again_and_again_is_not_so_many_items():
    hard_items = gold.accuracy(answers(lambda n: "xy"[n % 4 // 2]), KNOWN)
    assert hard_items.value == 0.5
    assert hard_items.high - hard_items.low > 0.6


@pytest.mark.parametrize("others", ["y", "z"])
def test_an_annotator_who_is_alone_with_an_opinion_agrees_with_nobody(others):
    """Counted with their own, one of two different answers would be the label: half agreement."""
    rows = [(f"i{n}", who, label) for n in range(6) for who, label in (("a", "x"), ("b", others))]
    frame = pd.DataFrame(rows, columns=["item_id", "annotator_id", "label"])
    frame = frame.assign(role="query", round=0, seconds=1.0, answer_id=[str(n) for n in range(12)])
    table = annotators.table(frame, KNOWN)
    assert (table["agreement"] == 0.0).all()
