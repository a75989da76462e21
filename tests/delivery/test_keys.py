from hypothesis import given
from hypothesis import strategies as st

from tasks.delivery.keys import batch_name, task_key

parts = st.tuples(st.text(), st.integers(0, 99), st.text(), st.text(), st.integers(1, 9))


def test_a_key_is_the_same_in_every_run():
    assert batch_name("trees", 7) == "trees-0007"
    assert task_key("trees", 7, "item", "0" * 64, 1) == "trees-0007-1d2899711520383d5d62"


@given(one=parts, other=parts)
def test_only_the_same_task_has_the_same_key(one, other):
    assert (task_key(*one) == task_key(*other)) == (one == other)
