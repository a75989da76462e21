import io
import zipfile

import numpy as np
import skops.io

from tasks.modeling.canonical import canonical


def rewritten(value):
    return canonical(skops.io.dumps(value), "written by me")


def test_equal_values_have_equal_bytes_whatever_is_shared():
    array = np.arange(3.0)
    assert rewritten([array, array]) == rewritten([np.arange(3.0), np.arange(3.0)])
    assert rewritten([array, array]) != rewritten([array, np.arange(4.0)])


def test_sets_have_one_order():
    one, other = {0, 8}, {8, 0}
    assert list(one) != list(other)
    assert rewritten(one) == rewritten(other)


def test_dicts_keep_theirs():
    assert rewritten({"a": 1, "b": 2}) != rewritten({"b": 2, "a": 1})


def test_nothing_is_lost():
    value = {
        "file": ["x", b"bytes", None],
        "__id__": {"y": (1, 2.5)},
        "arrays": [np.arange(6).reshape(2, 3), np.array(["é", None], dtype=object)],
        "set": {"a", "b"},
    }
    content = rewritten(value)
    back = skops.io.loads(content)
    assert back["file"] == value["file"]
    assert back["__id__"] == value["__id__"]
    assert back["set"] == value["set"]
    for one, other in zip(back["arrays"], value["arrays"], strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_archive_holds_no_time_and_the_comment():
    with zipfile.ZipFile(io.BytesIO(rewritten([np.arange(3)]))) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.comment == b"written by me"


def test_bytes_do_not_depend_on_how_often_they_were_rewritten():
    once = rewritten({"a": np.arange(3)})
    assert canonical(once, "written by me") == once
