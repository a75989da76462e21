import pandas as pd
import pytest

from tasks.delivery import money
from tasks.domain.errors import BudgetError


def test_an_answer_costs_once_whatever_its_revisions():
    answers = told(("a", "k", 0, "x", 0.1), ("a", "k", 1, "y", 0.1), ("b", "k", 0, "x", 0.2))
    assert money.spent(answers) == pytest.approx(0.3)
    assert money.spent(answers.iloc[:0]) == 0.0


def test_an_answer_that_was_taken_back_costs_nothing_and_is_due_again():
    answers = told(("a", "k", 0, "x", 0.1), ("a", "k", 5, None, 0.0), ("b", "k", 0, "x", 0.1))
    sent = asked(("k", 3, 0, 0.1))
    assert money.spent(answers) == pytest.approx(0.1)
    assert money.outstanding(sent, answers) == pytest.approx(0.2)


def test_what_was_withdrawn_is_not_outstanding():
    answers = told(("a", "k", 0, "x", 0.1))
    sent = asked(("k", 3, 2, 0.1), ("other", 2, 0, 1.0))
    assert money.outstanding(sent, answers) == pytest.approx(2.0)
    assert money.committed(sent, answers) == pytest.approx(2.1)
    late = told(("a", "k", 0, "x", 0.1), ("b", "k", 0, "x", 0.1))
    assert money.outstanding(sent, late) == pytest.approx(2.0)


def told(*rows):
    return pd.DataFrame(rows, columns=["answer_id", "key", "revision", "label", "price"])


def asked(*rows):
    return pd.DataFrame(rows, columns=["key", "copies", "withdrawn", "price"])


@pytest.mark.parametrize("budget", [None, 3.0, 0.1 + 0.2 + 2.7])
def test_a_batch_may_use_up_the_budget(budget):
    money.refuse_overspending(budget, 1.0, 2.0)


def test_a_batch_that_costs_more_than_is_left_is_refused():
    with pytest.raises(
        BudgetError, match=r"costs up to 2\.00, and 1\.50 of 3\.00 is left; raise it"
    ):
        money.refuse_overspending(3.0, 1.5, 2.0)
    with pytest.raises(BudgetError, match=r"0\.00 of 3\.00 is left"):
        money.refuse_overspending(3.0, 4.0, 2.0)
