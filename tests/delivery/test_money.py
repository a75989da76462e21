import pandas as pd
import pytest

from tasks.delivery import money
from tasks.domain.errors import BudgetError


def test_an_answer_costs_once_whatever_its_revisions():
    answers = pd.DataFrame({"answer_id": ["a", "a", "b"], "price": [0.1, 0.1, 0.2]})
    assert money.spent(answers) == pytest.approx(0.3)
    assert money.spent(answers.iloc[:0]) == 0.0


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
