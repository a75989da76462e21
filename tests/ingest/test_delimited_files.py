from typing import Any

import pytest

from tasks.domain.errors import DataError
from tasks.ingest import delimited_files, text_types


def typed(text: str | bytes) -> list[dict[str, Any]]:
    content = text.encode() if isinstance(text, str) else text
    shard = delimited_files.read(content, "a.csv")
    (table,) = text_types.typed([shard.table], ["id"], [shard.semicolons])
    found: list[dict[str, Any]] = table.to_pylist()
    return found


READ: dict[str, tuple[str | bytes, list[Any]]] = {
    "semicolons": ("id;x\na;1,5\nb;2,25\n", [1.5, 2.25]),
    "semicolons and points": ("id;x\na;1.5\nb;2.25\n", [1.5, 2.25]),
    "one decimal comma of three digits": ("id;x\na;1,234\nb;2,345\n", [1.234, 2.345]),
    "thousands beside sure commas": ("id;x;y\na;1.234;0,5\nb;12.345;1,5\n", [1234, 12345]),
    "points and commas in a number": ("id;x\na;1.234,5\nb;-2,5\n", [1234.5, -2.5]),
    "commas that may be thousands, by tabs": ("id\tx\na\t1,234\nb\t2,345\n", ["1,234", "2,345"]),
    "commas among points": ("id;x;y\na;1,234;0.5\nb;2,345;1.5\n", ["1,234", "2,345"]),
    "quoted decimal commas": ('id,x\na,"1,5"\nb,"2,5"\n', [1.5, 2.5]),
    "exponents and missing": ("id;x\na;1,5e-3\nb;NA\n", [0.0015, None]),
    "words with commas": ("id;x\na;1,5\nb;oak\n", ["1,5", "oak"]),
    "leading zeros": ("id;x\na;01,5\nb;02,5\n", ["01,5", "02,5"]),
    "sep line": ("sep=;\nid;x\na;1,5\nb;2\n", [1.5, 2.0]),
    "old line ends": ("id;x\ra;1\rb;2\r", [1, 2]),
    "commas within cells": ("id;x\na;one, two\nb;three, four\n", ["one, two", "three, four"]),
    "UTF-16": ("id\tx\na\tß\nb\tü\n".encode("utf-16"), ["ß", "ü"]),
    "cp1252": ("id;x\na;ß\nb;€\n".encode("cp1252"), ["ß", "€"]),
    "empty rows and columns": ("id;x;\n;;\na;1;\nb;2;\n;;\n", [1, 2]),
    "blanks around titles": ("id ;\u00a0x\na;1\nb;2\n", [1, 2]),
}


@pytest.mark.parametrize("case", READ)
def test_columns_are_read_as_they_were_meant(case: str) -> None:
    text, expected = READ[case]
    found = typed(text)
    assert [(row["id"], row["x"]) for row in found] == list(zip("ab", expected, strict=True))
    assert [type(row["x"]) for row in found] == [type(value) for value in expected]


def test_what_is_guessed_is_said() -> None:
    shard = delimited_files.read("id;x\na;caf\xe9\n".encode("cp1252"), "/folder/a.csv")
    assert shard.remarks == ("a.csv is not UTF-8 and was read as cp1252, as in 'a;café'",)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty file"),
        (b"\n\n", "empty file"),
        (b"PK\x03\x04rest", "is a workbook, not text"),
        ("id,ä\na,ö\nb,ü".encode()[:-1], "damaged UTF-8 (line 3"),
        (b"id;x\na;\x81\n", "neither UTF-8 nor cp1252 (line 2: byte 0x81"),
        (b"id;x; x \na;1;2\n", "2 columns named 'x'"),
        (b"id;\na;1\n", "column 2 has no name"),
        (b"id;x\na;1;2\n", "Row #2: Expected 2 columns, got 3"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, expected: str) -> None:
    with pytest.raises(DataError) as caught:
        delimited_files.read(content, "a.csv")
    assert expected in str(caught.value)
