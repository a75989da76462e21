from pathlib import Path

import pandas as pd
import pytest

from tasks.domain import tables
from tasks.domain.errors import DataError

FRAME = pd.DataFrame({"item_id": ["b", "a", "c"], "label": ["x", None, "y"]})


def test_bytes_do_not_depend_on_the_order_of_rows_or_columns(tmp_path: Path) -> None:
    tables.write(tmp_path / "one", FRAME, tables.TRUTH)
    shuffled = FRAME.sample(frac=1, random_state=1)[["label", "item_id"]]
    tables.write(tmp_path / "two", shuffled, tables.TRUTH)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_table_comes_back_sorted(tmp_path: Path) -> None:
    tables.write(tmp_path / "one", FRAME, tables.TRUTH)
    back = tables.read(tmp_path / "one")
    assert back["item_id"].tolist() == ["a", "b", "c"]
    assert back["label"].isna().tolist() == [True, False, False]


@pytest.mark.parametrize("table", [t for t in vars(tables).values() if isinstance(t, tables.Table)])
def test_every_table_can_be_empty(tmp_path: Path, table: tables.Table) -> None:
    tables.write(tmp_path / "empty", table.empty(), table)
    assert list(tables.read(tmp_path / "empty").columns) == list(table.columns)


def test_a_cut_file_is_one_clear_error(tmp_path: Path) -> None:
    tables.write(tmp_path / "one", FRAME, tables.TRUTH)
    content = (tmp_path / "one").read_bytes()
    (tmp_path / "one").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="cannot be read as parquet"):
        tables.read(tmp_path / "one")
    with pytest.raises(DataError, match="is missing"):
        tables.read(tmp_path / "none")
