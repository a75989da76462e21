"""Whatever bytes a loader is given, it ends with a result or with one line."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from security.fuzz import mutations, survives

from tasks import registry
from tasks.domain import entries, round_record, strict_json
from tasks.domain.entries import GENESIS, Entry
from tasks.domain.errors import LabelloopError, UserError
from tasks.domain.incoming import MalformedRecordError
from tasks.ingest import id_list, label_file, readers
from tasks.ingest.source import open_source
from tasks.modeling.images import Pixels
from tasks.params import load
from tasks.validation import suites

INPUTS = (100, pytest.param(2000, marks=pytest.mark.long))
"""How many for each loader: a first look, and all that a change must pass before it lands."""
HERE = Path(__file__).resolve().parents[2]
DIGEST = {"sha256": "0" * 64, "md5": "0" * 32, "size": 3}
TABLE = pa.table(
    {
        "item_id": ["a", "b", "ü"],
        "x": [1.5, None, -3.0],
        "t": ["some words", "", None],
        "label": ["ash", "birch", "ash"],
        "v": [[1.0, 2.0], [3.0], None],
        "d": pa.array([0, 1, None], pa.timestamp("us")),
    }
)


def text(encoding: str = "utf-8", mark: str = ",") -> bytes:
    rows = ["item_id,x,label,note", 'a,1.5,ash,"one\ntwo"', "ü,,birch,'=1'", "c,1e3,ash,-"]
    return "\r\n".join(row.replace(",", mark) for row in rows).encode(encoding)


def lines() -> bytes:
    rows = [
        {"item_id": "a", "x": 1, "v": [1, 2]},
        {"item_id": "b", "x": 2.5, "o": {"p": [None]}},
    ]
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def workbook() -> bytes:
    book = openpyxl.Workbook()
    for row in (["item_id", "x", "label"], ["a", 1.5, "ash"], ["b", None, "birch"], ["c", True, 2]):
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def sheet() -> bytes:
    with zipfile.ZipFile(io.BytesIO(workbook())) as book:
        return book.read(SHEET)


def in_workbook(content: bytes) -> bytes:
    """Put the XML of a sheet into a workbook, whose checksums would catch what else is changed."""
    if content.startswith(b"PK"):
        return content
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, content if name == SHEET else old.read(name))
    return out.getvalue()


def book(folder: Path) -> Callable[[bytes], object]:
    return lambda content: in_file("a.xlsx", items)(folder)(in_workbook(content))


def parquet(**options: Any) -> bytes:
    content = io.BytesIO()
    pq.write_table(TABLE, content, **options)
    return content.getvalue()


def picture(kind: str, mode: str) -> bytes:
    content = io.BytesIO()
    PIL.Image.new(mode, (9, 7), 3).save(content, kind)
    return content.getvalue()


def entry(**body: Any) -> bytes:
    return Entry(3, GENESIS, "2026-01-01T00:00:00+00:00", 1, "stage", body).content


def in_file(name: str, read: Callable[[Path], object]) -> Callable[[Path], Callable[..., object]]:
    """Give what reads bytes by way of a file of a name."""

    def reader(folder: Path) -> Callable[[bytes], object]:
        def load_it(content: bytes) -> object:
            (folder / name).write_bytes(content)
            return read(folder / name)

        return load_it

    return reader


def items(path: Path) -> object:
    source = open_source(str(path), Path())
    return source.table(id=source.columns[0])


def labels(path: Path) -> object:
    return label_file.read_labels(path, ["item_id"], ["label"])


def pixels(content: bytes) -> object:
    column = pd.DataFrame({"image": [content, picture("PNG", "L")]}, index=["a", "b"])
    return Pixels().fit_transform(column)


SUITES = [(HERE / "suites" / f"{name}.json").read_bytes() for name in ("labels", "answers")]
CONDITIONAL = json.dumps(
    {
        "name": "pool",
        "expectations": [
            {
                "type": "expect_column_values_to_be_in_set",
                "kwargs": {
                    "column": "x",
                    "value_set": [1, "a", None],
                    "mostly": 0.5,
                    "row_condition": 'x > 1 and (`a b` in ["u", 2] or not c is null)',
                },
                "severity": "warning",
                "meta": {},
            }
        ],
    }
).encode()
TEXTS = [text(), text("utf-16"), text("cp1252", ";"), text("utf-8-sig", "\t")]
Loader = tuple[Callable[[Path], Callable[..., object]], list[bytes]]
LOADERS: dict[str, Loader] = {
    "params.yaml": (in_file("params.yaml", load), [(HERE / "params.yaml").read_bytes()]),
    "a suite": (lambda _: lambda content: suites.parse(content, "pool"), [*SUITES, CONDITIONAL]),
    "an entry": (
        lambda _: lambda content: entries.parse(content, "000003.json"),
        [entry(stage="pool", inputs=DIGEST), entry(), entry(a=[1, None, {"b": "ü"}])],
    ),
    "round.json": (
        lambda _: lambda content: round_record.parse(content, "round.json"),
        [
            json.dumps({"round": 0, "base": {}}).encode(),
            json.dumps(
                {"round": 2, "base": {"a": DIGEST}, "undone": {"1": True}, "intake": {"b": DIGEST}}
            ).encode(),
        ],
    ),
    "any JSON": (lambda _: lambda content: strict_json.json_of(content, "x"), lines().splitlines()),
    "CSV": (in_file("a.csv", items), TEXTS),
    "TSV": (in_file("a.tsv", items), TEXTS),
    "CSV.gz": (in_file("a.csv.gz", items), [gzip.compress(one, mtime=0) for one in TEXTS]),
    "JSON lines": (in_file("a.jsonl", items), [lines()]),
    "parquet": (
        in_file("a.parquet", items),
        [parquet(), parquet(compression="zstd"), parquet(use_dictionary=False)],
    ),
    "xlsx": (book, [workbook(), sheet()]),
    "images": (
        lambda _: pixels,
        [picture("PNG", "L"), picture("PNG", "P"), picture("JPEG", "RGB"), picture("JPEG", "L")],
    ),
    "labels": (in_file("a.csv", labels), TEXTS),
    "holdout.txt": (
        in_file("holdout.txt", lambda path: id_list.read(path, "holdout.txt")),
        ["a\nb\nü\n".encode()],
    ),
}


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("name", LOADERS)
def test_a_loader_ends_with_a_result_or_one_line(name: str, inputs: int, tmp_path: Path) -> None:
    make, seeds = LOADERS[name]
    reader = make(tmp_path)
    for seed in seeds:
        reader(seed)
    ends = LabelloopError if name == "an entry" else UserError
    told = survives(reader, mutations(seeds, inputs, name), ends)
    assert told["refused"] > inputs / 100
    assert told["read"] > 0


RECORDS: dict[str, list[Any]] = {
    "simulated": [
        {
            "source": "annotator",
            "answer_id": "a",
            "task_key": "k",
            "annotator": "w",
            "label": "ash",
            "submitted_at": "2026-01-01T10:00:00+00:00",
            "seconds": 3.5,
            "revision": 0,
            "note": "",
        }
    ],
    "label_studio": [
        {
            "project": 5,
            "key": "k",
            "annotations": [
                {
                    "task": 7,
                    "id": 9,
                    "completed_by": 3,
                    "created_at": "2026-01-01T10:00:00.000001Z",
                    "updated_at": "2026-01-01T11:00:00.5Z",
                    "was_cancelled": False,
                    "ground_truth": False,
                    "lead_time": 4.5,
                    "result": [{"from_name": "label", "choices": ["ash"]}],
                }
            ],
        }
    ],
    "ground_truth": [
        {
            "kind": "answer",
            "job": "j",
            "key": "k",
            "object": 1,
            "answer": {
                "workerId": "w",
                "submissionTime": "2020-12-28T18:59:58Z",
                "timeSpentInSeconds": 4.5,
                "answerContent": {"crowd-classifier": {"label": "ash"}},
            },
        },
        {
            "kind": "ended",
            "job": "j",
            "key": "k",
            "object": 1,
            "reason": "x",
            "at": "2020-12-28T18:59:58Z",
        },
    ],
    "files": [
        {
            "form": "labelloop.files/1",
            "kind": "bad_row",
            "batch": "b",
            "file": "f",
            "row": 2,
            "column": "label",
            "problem": "p",
            "fix": "x",
            "cells": {"label": "ash"},
            "look": 0,
            "mended": True,
        },
        {
            "form": "labelloop.files/1",
            "kind": "task",
            "batch": "b",
            "key": "k",
            "answers": [
                {
                    "annotator": "w",
                    "label": "ash",
                    "written": "Ash",
                    "answered_at": "2026-01-01T10:00:00+00:00",
                    "own_time": False,
                    "file": "f.csv",
                    "row": 2,
                }
            ],
        },
    ],
}
OPTIONS = {
    "ground_truth": {
        "url": "s3://bucket",
        "region": "eu-west-1",
        "role_arn": "arn:aws:iam::123456789012:role/labels",
        "workteam_arn": "arn:aws:sagemaker:eu-west-1:123456789012:workteam/private-crowd/us",
    }
}
"""Without which a vendor cannot be."""


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("name", RECORDS)
def test_a_record_of_a_vendor_is_understood_or_malformed(name: str, inputs: int) -> None:
    vendor = registry.build("vendors", name, OPTIONS.get(name))
    seeds = [json.dumps(one).encode() for one in RECORDS[name]]
    for record in RECORDS[name]:
        vendor.parse(record)
    told = survives(
        lambda content: vendor.parse(strict_json.json_of(content, "a page")),
        mutations(seeds, inputs, name),
        (LabelloopError, MalformedRecordError),
    )
    assert told["refused"] > inputs / 100
    assert told["read"] > 0


def test_a_fuzz_is_the_same_in_every_run() -> None:
    assert [*mutations(SUITES, 50, "x")] == [*mutations(SUITES, 50, "x")]
    assert [*mutations(SUITES, 50, "x")] != [*mutations(SUITES, 50, "y")]


def test_a_fuzz_that_finds_a_traceback_fails() -> None:
    with pytest.raises(AssertionError, match="KeyError"):
        survives(lambda content: {}[content], [b"x"])


def test_reading_knows_its_own_kinds_of_files() -> None:
    assert {".csv", ".tsv", ".xlsx", ".jsonl"} <= set(readers.READERS)
