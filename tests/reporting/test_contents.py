import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.domain.errors import DataError
from tasks.params import FeaturesParams
from tasks.reporting import contents


class Asked:
    """The two sections that are read."""

    def __init__(self, send, **features):
        self.features = FeaturesParams(**features)
        self.vendor = type("Vendor", (), {"send": send})


@pytest.fixture
def pool(tmp_path):
    path = tmp_path / "pool.parquet"
    table = pa.table(
        {
            "item_id": [f"item-{n}" for n in range(100)],
            "pixels": [[n, 0, 0, 0] for n in range(100)],
            "file": [b"no image"] * 100,
            "vector": [[0.5, 0.5]] * 100,
            "words": ["bark " * 100 if n else None for n in range(100)],
            "height": [n / 3 for n in range(100)],
            "kind": ["<b>"] * 100,
        }
    )
    pq.write_table(table, path, row_group_size=10)
    return path


def test_reads_only_what_is_asked_for(pool):
    params = Asked(["pixels", "kind"], image=["pixels"], numeric=["height"])
    found = contents.read(pool, params, ["item-3", "item-77", "item-unknown"])
    assert sorted(found) == ["item-3", "item-77"]
    assert found["item-3"].picture.uri.startswith("data:image/png")
    assert found["item-3"].fields == (("kind", "<b>"), ("height", "1"))


def test_texts_are_cut_and_may_be_missing(pool):
    found = contents.read(pool, Asked(["words"], text=["words"]), ["item-0", "item-1"])
    assert found["item-0"].texts == ()
    (text,) = found["item-1"].texts
    assert len(text) <= contents.SNIPPET
    assert text.endswith("…")


def test_columns_that_a_person_cannot_read_are_not_shown(pool):
    params = Asked(["vector", "file"], embedding=["vector"])
    schema = pq.read_schema(pool)
    assert contents.choose(params, schema) == contents.Columns("file", (), ())
    assert contents.read(pool, params, ["item-1"])["item-1"].picture is None


def test_declared_columns_that_the_pool_lacks_are_left_out(pool):
    params = Asked(["pixels"], image=["gone"], text=["gone too"], numeric=["away"])
    assert contents.choose(params, pq.read_schema(pool)).names == []


def test_nothing_asked_nothing_read(tmp_path):
    assert contents.read(tmp_path / "none", Asked(["a"], numeric=["a"]), []) == {}


@pytest.mark.parametrize("content", [None, b"", b"PAR1 but cut short"])
def test_a_pool_that_cannot_be_read_is_named(tmp_path, content):
    path = tmp_path / "pool.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"pool\.parquet: cannot be read"):
        contents.read(path, Asked(["a"], numeric=["a"]), ["item-1"])
