import numpy as np
import pandas as pd
import pytest

from tasks.domain.errors import DataError
from tasks.modeling.columns import Vectors, categories, numbers, texts


def frame(**columns):
    length = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=[f"i{n}" for n in range(length)])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3], [1, 2, 3]),
        ([1.5, None, 3], [1.5, np.nan, 3]),
        ([True, False], [1, 0]),
        ([True, None], [1, np.nan]),
        (["4", "5.5"], [4, 5.5]),
        (pd.array([1, None], dtype="Int64"), [1, np.nan]),
        ([None, None], [np.nan, np.nan]),
    ],
)
def test_reads_numbers(values, expected):
    np.testing.assert_array_equal(numbers(frame(x=values))[:, 0], expected)


@pytest.mark.parametrize("wrong", ["many", np.inf, -np.inf, 1e200])
def test_names_the_item_whose_number_is_none(wrong):
    with pytest.raises(DataError, match=r"column 'x', item 'i1'.*no finite number"):
        numbers(frame(x=pd.Series([1.0, wrong, None], dtype=object).to_numpy()))


def test_a_time_is_no_number():
    with pytest.raises(DataError, match="column 'x': holds times"):
        numbers(frame(x=pd.to_datetime(["2024-01-01", None])))


def test_a_whole_category_is_spelled_alike_beside_a_missing_one():
    complete, holey = categories(frame(x=[1, 2])), categories(frame(x=[1, 2, None]))
    assert complete[:, 0].tolist() == ["1", "2"]
    assert holey[:, 0].tolist() == ["1", "2", None]


def test_missing_texts_are_empty():
    assert texts(frame(x=["a", None, np.nan])) == ["a", "", ""]


def test_stacks_vectors_and_leaves_holes():
    column = frame(x=[np.array([1, 2]), None, [3.5, 4]])
    given = Vectors().fit(column).transform(column)
    np.testing.assert_array_equal(given, [[1, 2], [np.nan, np.nan], [3.5, 4]])


def test_flattens_rows_of_rows():
    rows = np.array([np.array([1, 2]), np.array([3, 4])], dtype=object)
    column = frame(x=[rows, [[5, 6], [7, 8]]])
    given = Vectors().fit(column).transform(column)
    np.testing.assert_array_equal(given, [[1, 2, 3, 4], [5, 6, 7, 8]])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([1.0], "has length 1, others have 2"),
        (["a", "b"], "no list of numbers"),
        ([1.0, np.inf], "infinite"),
        ("text", "no list of numbers"),
    ],
)
def test_names_the_item_whose_vector_is_wrong(wrong, message):
    good = frame(x=[[1.0, 2.0], [1.0, 2.0]])
    bad = frame(x=[[1.0, 2.0], wrong])
    with pytest.raises(DataError, match=rf"column 'x', item 'i1'.*{message}"):
        Vectors().fit(good).transform(bad)


def test_a_column_of_nothing_cannot_be_learned_from():
    with pytest.raises(DataError, match="column 'x': is empty"):
        Vectors().fit(frame(x=[None, None]))
