import gzip
from pathlib import Path

import pytest

from tasks.domain.errors import DataError
from tasks.ingest.pieces import pieces

CSV = 'item_id,text\na,"one\ntwo, ""three"""\nb,x\n\nc,\nd,y\n'


def test_text_is_cut_between_records(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_text(CSV)
    found = list(pieces(path, 2))
    assert [piece.first for piece in found] == [1, 3]
    assert [piece.shard.table["item_id"].to_pylist() for piece in found] == [["a", "b"], ["c", "d"]]
    assert found[0].shard.table["text"][0].as_py() == 'one\ntwo, "three"'


def test_packed_text_and_folders_are_cut_too(tmp_path: Path) -> None:
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(CSV.encode()))
    (tmp_path / "a.jsonl").write_text('{"item_id": "x", "text": "1"}\n{"item_id": "y"}\n')
    found = list(pieces(tmp_path, 3))
    ids = [one for piece in found for one in piece.shard.table["item_id"].to_pylist()]
    assert ids == ["x", "y", "a", "b", "c", "d"]
    assert [piece.shard.table.num_rows for piece in found] == [2, 3, 1]


def test_an_error_names_the_file_and_the_row_that_it_was_cut_at(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text('{"item_id": "x"}\n{"item_id": "y"}\n{"item_id": \n')
    with pytest.raises(DataError, match=r"items\.jsonl from row 3 line 1: is not JSON"):
        list(pieces(path, 2))


def test_a_file_without_rows_is_told_as_the_readers_tell_it(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_text("item_id,text\n")
    with pytest.raises(DataError, match=r"items\.csv: holds no items"):
        list(pieces(path, 2))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_text_in_any_encoding_is_cut_or_comes_whole(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "items.csv"
    path.write_bytes("item_id;text\r\na;caf\xe9\r\nb;x\r\nc;y\r\n".encode(encoding))
    found = list(pieces(path, 2))
    assert [one for p in found for one in p.shard.table["item_id"].to_pylist()] == ["a", "b", "c"]
    assert found[0].shard.table["text"][0].as_py() == "caf\xe9"


def test_a_line_that_names_the_separator_belongs_to_the_titles(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_text("sep=;\nitem_id;text\na;1\nb;2\nc;3\n")
    found = [piece.shard.table for piece in pieces(path, 2)]
    assert [table["item_id"].to_pylist() for table in found] == [["a", "b"], ["c"]]
