import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.domain.errors import DataError
from tasks.ingest.source import open_source

Make = Callable[[Path], None]


def table(path: Path, id: str = "item_id", label: str | None = None) -> pa.Table:
    return open_source(str(path), Path("/")).table(id=id, label=label)


def write(name: str, content: str | bytes) -> Make:
    data = content.encode() if isinstance(content, str) else content

    def make(root: Path) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)

    return make


def parquet(name: str, **columns: object) -> Make:
    def make(root: Path) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(columns).to_parquet(root / name, index=False)

    return make


def truncated(root: Path) -> None:
    parquet("data.parquet", item_id=["a", "b"], x=[1, 2])(root)
    content = (root / "data.parquet").read_bytes()
    (root / "data.parquet").write_bytes(content[: len(content) // 2])


def both(*makes: Make) -> Make:
    def make(root: Path) -> None:
        for one in makes:
            one(root)

    return make


BAD: dict[str, tuple[Make, str, list[str]]] = {
    "missing file": (lambda root: None, "data.csv", ["data.csv", "is missing"]),
    "empty folder": (lambda root: (root / "data").mkdir(), "data", ["data", "empty folder"]),
    "empty CSV": (write("data.csv", ""), "data.csv", ["empty file"]),
    "CSV without rows": (write("data.csv", "item_id,x\n"), "data.csv", ["no items"]),
    "parquet without rows": (parquet("data.parquet", item_id=[]), "data.parquet", ["no items"]),
    "JSONL without rows": (write("data.jsonl", "\n\n"), "data.jsonl", ["no items"]),
    "unknown extension": (write("data.ods", "x"), "data.ods", [".ods", ".parquet", ".xlsx"]),
    "no extension": (write("items", "x"), "items", ["no extension"]),
    "unknown file in folder": (
        both(write("data/a.csv", "item_id\na\n"), write("data/readme.md", "x")),
        "data",
        ["readme.md", "unknown kind"],
    ),
    "folder in folder": (write("data/more/a.csv", "item_id\na\n"), "data", ["more", "folder"]),
    "CSV in no encoding": (
        write("data.csv", b"item_id,x\na,1\nb,caf\x81\n"),
        "data.csv",
        ["neither UTF-8 nor cp1252", "line 3", "0x81"],
    ),
    "CSV that was UTF-8": (
        write("data.csv", "item_id,x\na,é\nb,éü".encode()[:-1]),
        "data.csv",
        ["damaged UTF-8", "line 3"],
    ),
    "JSONL not UTF-8": (
        write("data.jsonl", b'{"item_id": "a"}\n{"item_id": "\xff"}\n'),
        "data.jsonl",
        ["not UTF-8", "line 2"],
    ),
    "truncated parquet": (truncated, "data.parquet", ["data.parquet", "parquet"]),
    "truncated gzip": (
        write("data.csv.gz", gzip.compress(b"item_id,x\n" + b"a,1\n" * 999)[:30]),
        "data.csv.gz",
        ["data.csv.gz", "cannot be read"],
    ),
    "broken JSON line": (
        write("data.jsonl", '{"item_id": "a"}\n\n{"item_id": \n'),
        "data.jsonl",
        ["line 3", "not JSON"],
    ),
    "JSON line is a list": (
        write("data.jsonl", '{"item_id": "a"}\n["b"]\n'),
        "data.jsonl",
        ["line 2", "list"],
    ),
    "JSON types differ in a column": (
        write("data.jsonl", '{"item_id": "a", "x": 1}\n{"item_id": "b", "x": "one"}\n'),
        "data.jsonl",
        ["'x'", "different types"],
    ),
    "CSV row too short": (
        write("data.csv", "item_id,x,y\na,1,2\nb,1\n"),
        "data.csv",
        ["Row #3", "3 columns"],
    ),
    "CSV column twice": (write("data.csv", "item_id,x,x\na,1,2\n"), "data.csv", ["2 columns", "x"]),
    "CSV column without a name": (
        write("data.csv", ",item_id\n0,a\n"),
        "data.csv",
        ["column 1", "no name"],
    ),
    "shard lacks a column": (
        both(write("data/a.csv", "item_id,x\na,1\n"), write("data/b.csv", "item_id\nb\n")),
        "data",
        ["b.csv", "'x'", "a.csv"],
    ),
    "shard has one more column": (
        both(write("data/a.csv", "item_id\na\n"), write("data/b.csv", "item_id,x\nb,1\n")),
        "data",
        ["b.csv", "'x'", "a.csv"],
    ),
    "types of shards differ": (
        both(
            parquet("data/a.parquet", item_id=["a"], x=[1]),
            parquet("data/b.parquet", item_id=["b"], x=["one"]),
        ),
        "data",
        ["b.parquet", "'x'", "string", "int64"],
    ),
    "no id column, near miss": (
        write("data.csv", "item_ID,x\na,1\n"),
        "data.csv",
        ["no column 'item_id'", "'item_ID'"],
    ),
    "duplicate ids": (
        write("data.csv", "item_id,x\nb,1\na,2\nb,3\na,4\nc,5\n"),
        "data.csv",
        ["2 ids", "'b', 'a'", "data.csv"],
    ),
    "ids equal across shards": (
        both(
            write("data/a.csv", "item_id\na\nb\n"),
            parquet("data/b.parquet", item_id=["c", "b"]),
            write("data/c.csv", "item_id\nd\n"),
        ),
        "data",
        ["1 id", "'b'", "a.csv and", "b.parquet"],
    ),
    "empty id": (write("data.csv", "item_id,x\na,1\n,2\n"), "data.csv", ["item 2", "no id"]),
    "blank id": (write("data.csv", "item_id,x\na,1\n  ,2\n"), "data.csv", ["item 2", "no id"]),
    "null id": (
        parquet("data.parquet", item_id=["a", None, None]),
        "data.parquet",
        ["item 2", "no id", "1 more"],
    ),
    "NaN id": (
        parquet("data.parquet", item_id=np.array([1.0, np.nan])),
        "data.parquet",
        ["item 2", "no id"],
    ),
    "real ids": (parquet("data.parquet", item_id=[1.0, 2.5]), "data.parquet", ["double"]),
    "id with a line break": (
        write("data.jsonl", '{"item_id": "a\\nb"}'),
        "data.jsonl",
        ["item 1", "control"],
    ),
    "no such example": (lambda root: None, "example:digit", ["'digit'", "digits"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_line(case: str, tmp_path: Path) -> None:
    make, name, words = BAD[case]
    make(tmp_path)
    with pytest.raises(DataError) as caught:
        open_source(name, tmp_path).table(id="item_id")
    line = str(caught.value)
    assert "\n" not in line
    for word in words:
        assert word in line, line


def test_ids_and_labels_of_csv_stay_as_written(tmp_path: Path) -> None:
    write("a.csv", "item_id,label,x\n0012,01,3\n12,02,4\nNA,,5\n")(tmp_path)
    read = table(tmp_path / "a.csv", label="label")
    assert read["item_id"].to_pylist() == ["0012", "12", "NA"]
    assert read["label"].to_pylist() == ["01", "02", None]
    assert read["x"].type == pa.int64()


def test_types_of_csv_are_inferred_over_all_shards(tmp_path: Path) -> None:
    write("a.csv", "item_id,x,y,z,flag,zip,w\na,1,1,1,true,01234,NA\n")(tmp_path)
    write("b.csv", "zip,w,flag,item_id,x,y,z\n99999,,false,b,2.5,oak,NA\n")(tmp_path)
    read = table(tmp_path)
    assert read.column_names == ["item_id", "x", "y", "z", "flag", "zip", "w"]
    assert read.slice(0, 2).to_pylist() == [
        {"item_id": "a", "x": 1.0, "y": "1", "z": 1, "flag": True, "zip": "01234", "w": "NA"},
        {"item_id": "b", "x": 2.5, "y": "oak", "z": None, "flag": False, "zip": "99999", "w": None},
    ]


def test_a_late_number_does_not_break_an_early_guess(tmp_path: Path) -> None:
    rows = [f"i{number},{number}" for number in range(200_000)] + ["last,0.5"]
    write("a.csv", "item_id,x\n" + "\n".join(rows))(tmp_path)
    assert table(tmp_path / "a.csv")["x"].type == pa.float64()


def test_kinds_of_files_may_be_mixed_in_a_folder(tmp_path: Path) -> None:
    parquet("3.parquet", item_id=["c"], x=np.array([3], "int8"))(tmp_path)
    write("1.csv", "x,item_id\n1,a\n")(tmp_path)
    write("2.jsonl", json.dumps({"item_id": "b", "x": 2.5}))(tmp_path)
    write(".gitignore", "/x")(tmp_path)
    assert table(tmp_path).to_pylist() == [
        {"x": 1.0, "item_id": "a"},
        {"x": 2.5, "item_id": "b"},
        {"x": 3.0, "item_id": "c"},
    ]


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".csv.zst"])
def test_a_byte_order_mark_and_packing_change_nothing(suffix: str, tmp_path: Path) -> None:
    content = "\ufeffitem_id,x\nä,1\n".encode()
    pack = {".csv": None, ".csv.gz": "gzip", ".csv.zst": "zstd"}[suffix]
    with pa.output_stream(tmp_path / f"a{suffix}", compression=pack) as stream:
        stream.write(content)
    assert table(tmp_path / f"a{suffix}").to_pylist() == [{"item_id": "ä", "x": 1}]


def test_quoted_line_breaks_are_part_of_a_cell(tmp_path: Path) -> None:
    write("a.csv", 'item_id,text\na,"one\ntwo"\n')(tmp_path)
    assert table(tmp_path / "a.csv")["text"].to_pylist() == ["one\ntwo"]


def test_variants_of_arrow_types_are_one_type(tmp_path: Path) -> None:
    variants = [
        (pa.string(), pa.list_(pa.float32(), 2)),
        (pa.large_string(), pa.large_list(pa.float32())),
        (pa.dictionary(pa.int8(), pa.string()), pa.list_(pa.float32())),
    ]
    for number, (text, vector) in enumerate(variants):
        columns = {
            "item_id": pa.array([str(number)]),
            "text": pa.array(["t"]).cast(text),
            "v": pa.array([[1.0, 2.0]], vector),
        }
        pq.write_table(pa.table(columns), tmp_path / f"{number}.parquet")
    read = table(tmp_path)
    assert read.schema.types == [pa.string(), pa.string(), pa.list_(pa.float32())]
    assert read["text"].to_pylist() == ["t"] * 3


def test_ids_that_are_whole_numbers_are_their_digits(tmp_path: Path) -> None:
    parquet("a.parquet", item_id=[7, -12])(tmp_path)
    assert table(tmp_path / "a.parquet")["item_id"].to_pylist() == ["7", "-12"]


@pytest.mark.parametrize(
    ("given", "classes"),
    [
        (pa.array([1, 2, None]), ["1", "2", None]),
        (pa.array([1.0, 2.0, float("nan")]), ["1", "2", None]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (pa.array(["x", "", None]), ["x", None, None]),
        (pa.array([None, None, None]), [None, None, None]),
    ],
)
def test_labels_become_classes(given: pa.Array, classes: list[str | None], tmp_path: Path) -> None:
    pq.write_table(pa.table({"item_id": ["a", "b", "c"], "y": given}), tmp_path / "a.parquet")
    assert table(tmp_path / "a.parquet", label="y")["y"].to_pylist() == classes


@pytest.mark.parametrize("given", [[0.5, 1.0], [[1], [2]], [b"a", b"b"]])
def test_labels_that_are_no_classes_are_refused(given: list[object], tmp_path: Path) -> None:
    pq.write_table(pa.table({"item_id": ["a", "b"], "y": given}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="'y'"):
        table(tmp_path / "a.parquet", label="y")
