import pyarrow as pa
import pytest

from tasks.domain.errors import DataError
from tasks.ingest import contents


def digests(**columns: list[object]) -> list[str]:
    found: list[str] = contents.digests(pa.table(columns), ["label"]).to_pylist()
    return found


def test_a_digest_is_of_the_contents_and_nothing_else() -> None:
    first = digests(x=[1, 2], t=["a", "b"], label=["p", "q"])
    assert first == digests(t=["a", "b"], x=[1.0, 2.0], label=["q", None])
    assert first == digests(x=["1", "2"], t=["a", "b"], empty=[None, ""])
    assert first[::-1] == digests(x=[2, 1], t=["b", "a"])
    assert first[0] not in digests(x=[1, 1], t=["b", "A"])
    assert len(set(first)) == 2
    assert all(len(one) == contents.DIGITS for one in first)


def test_digests_are_what_they_were() -> None:
    columns = {"x": [0.1], "b": [True], "i": [b"\x89PNG"], "v": [[1.0, 2.5]], "t": ["é"]}
    assert digests(**columns) == ["d61f8a5aa6556e3a6450"]


def test_the_same_items_are_kept_once() -> None:
    table = pa.table({"id": ["a", "b", "a", "b", "c"], "label": ["p", "p", "q", None, None]})
    kept, remarks = contents.once(table, "id", "label", "here")
    assert kept.to_pylist() == [
        {"id": "a", "label": None},
        {"id": "b", "label": "p"},
        {"id": "c", "label": None},
    ]
    assert [remark[:2] for remark in remarks] == ["2 ", "1 "]
    assert contents.once(kept, "id", None, "here") == (kept, [])


def test_items_that_are_all_the_same_are_refused() -> None:
    table = pa.table({"id": ["a", "a"]})
    with pytest.raises(DataError, match="all rows are the same"):
        contents.once(table, "id", None, "here")
