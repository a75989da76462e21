"""Small files that unpack to more than there is memory for end in one line, and in little memory.

Each is read in a child process that measures the most memory it ever had.
"""

import gzip
import io
import json
import resource
import signal
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from processes import HANG_SECONDS
from support import in_process

from tasks.campaign import Campaign
from tasks.domain import images, parquet
from tasks.domain.errors import DataError, LabelloopError
from tasks.domain.expansion import ALWAYS, GIB, MIB, MOST, Room
from tasks.ingest import pieces, readers
from tasks.ingest.room import most
from tasks.ingest.source import open_source
from tasks.modeling.images import Pixels
from tasks.params import load
from tasks.reporting import pictures

MORE = 900 * MIB
"""What a reader may take beside what the process has: three times what any file may unpack to."""
PIECE = b"x" * MIB


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def refused(load: Callable[[], object], words: str) -> None:
    """Fail by an exit code unless the load ends in one line and within little memory."""
    before = peak()
    with pytest.raises(LabelloopError) as caught:
        load()
    assert words in str(caught.value), str(caught.value)
    assert peak() - before < MORE, f"{(peak() - before) / MIB:.0f} MiB"


def csv_gz(path: Path) -> Path:
    with gzip.open(path, "wb", 9) as file:
        file.write(b"id,x\n1,")
        for _ in range(1024):
            file.write(PIECE)
    return path


def csv_zst(path: Path) -> Path:
    with pa.CompressedOutputStream(str(path), "zstd") as file:
        for _ in range(1024):
            file.write(PIECE)
    return path


def texts(path: Path) -> Path:
    """One text of a million letters, a thousand times: in the file it is there once."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 1024, pa.int32()), pa.array(["x" * MIB]))
    pq.write_table(pa.table({"id": range(1024), "t": column}), path, compression="zstd")
    return path


def nested_texts(path: Path) -> Path:
    row = ["x" * MIB] * 8
    table = pa.table({"id": range(128), "t": pa.array([row] * 128)})
    pq.write_table(table, path, compression="zstd")
    return path


def numbers(path: Path) -> Path:
    schema = pa.schema([("id", pa.int64())])
    zeros = pa.table({"id": pa.array([0] * 10_000_000)}, schema=schema)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for _ in range(14):
            writer.write_table(zeros)
    return path


def workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    book.active.append(["id"])
    book.active.append(["a"])
    content = io.BytesIO()
    book.save(content)
    with (
        zipfile.ZipFile(content) as old,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name))
        with new.open("xl/media/image1.bin", "w") as file:
            for _ in range(400):
                file.write(PIECE)
    return path


BOMBS = {
    "a.csv.gz": csv_gz,
    "a.csv.zst": csv_zst,
    "texts.parquet": texts,
    "nested.parquet": nested_texts,
    "numbers.parquet": numbers,
    "a.xlsx": workbook,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_that_unpacks_to_much_is_refused(name: str, tmp_path: Path) -> None:
    path = BOMBS[name](tmp_path / name)
    assert path.stat().st_size < MIB
    assert in_process(refused, lambda: readers.read(path), "unpacks to more than 256 MiB") == 0


def test_predicting_reads_no_more_of_it(tmp_path: Path) -> None:
    path = csv_gz(tmp_path / "a.csv.gz")
    assert in_process(refused, lambda: list(pieces.pieces(path, 1000)), "256 MiB") == 0


def test_the_bytes_of_a_remote_are_read_as_a_file_is(tmp_path: Path) -> None:
    content = texts(tmp_path / "a.parquet").read_bytes()
    assert in_process(refused, lambda: parquet.read_bytes(content, "here"), "here: unpacks") == 0


def sparse(path: Path) -> Path:
    """Each line has a key of its own: as a table it has the square of them."""
    path.write_text("".join(f'{{"id": 1, "k{n}": 1}}\n' for n in range(19_000)))
    return path


def test_a_table_of_empty_cells_is_refused(tmp_path: Path) -> None:
    path = sparse(tmp_path / "a.jsonl")
    assert in_process(refused, lambda: readers.read(path), "unpacks to more") == 0


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", b'{"id": ' + b"[" * 100_000, "line 1: is nested deeper"),
        ("a.jsonl", b'{"id": ' + b"9" * 5000 + b"}", "line 1: holds a number of more than"),
        ("a.jsonl", b'{"id": NaN}', "line 1: holds NaN"),
        ("a.jsonl", b'{"id": "\\ud800"}', "line 1: holds half a character"),
        ("a.csv", b"," * 30_000 + b"x\n", "30,001 columns; 20,000 are the most"),
    ],
)
def test_text_that_unfolds_is_one_line(
    name: str, content: bytes, words: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        readers.read(tmp_path / name)
    assert words in str(caught.value)


def test_many_keys_are_refused(tmp_path: Path) -> None:
    row = {f"k{number}": 1 for number in range(20_001)}
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    with pytest.raises(DataError, match="20,001 keys"):
        readers.read(tmp_path / "a.jsonl")


def png(width: int, height: int) -> bytes:
    """Write a PNG of one colour, of any size, in few bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


@pytest.fixture(scope="module")
def huge() -> bytes:
    return png(60_000, 60_000)


def test_an_image_of_too_many_pixels_is_never_decoded(huge: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(huge)
    column = pd.DataFrame({"image": [huge]}, index=["a"])
    for look in (lambda: readers.read(tmp_path), lambda: Pixels().fit(column)):
        assert in_process(refused, look, "megapixels") == 0
    assert pictures.encoded(huge) is None


def test_a_small_file_of_many_pixels_is_drawn_small() -> None:
    """In 4 kB there is room for an image that a browser would take 50 MB for."""
    content = png(6000, 3000)
    assert len(content) <= pictures.INLINE
    picture = pictures.encoded(content)
    assert picture is not None
    assert picture.uri.startswith("data:image/jpeg")


def test_the_limit_of_pixels_is_what_it_says() -> None:
    images.opened(png(10_000, 10_000))
    with pytest.raises(images.ImageError, match="101 megapixels; 100 are the most"):
        images.opened(png(10_000, 10_100))


def test_what_is_large_for_good_reason_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table({"id": range(300_000), "t": pa.array(["the same words"] * 300_000)})
    pq.write_table(table, path)
    (shard,) = readers.read(path)
    assert shard.table.equals(table)
    with pytest.raises(DataError, match=r"most_gigabytes"):
        readers.read(path, MIB)


def test_a_folder_has_one_room(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_bytes(b"id\n" + b"".join(b"%d\n" % n for n in range(100_000)))
    size = (tmp_path / "a.csv").stat().st_size
    assert len(readers.read(tmp_path, 2 * size)) == 2
    with pytest.raises(DataError, match=r"b\.csv: unpacks"):
        readers.read(tmp_path, 2 * size - 1)


def test_a_strangers_params_raise_no_limit(campaign: Path) -> None:
    from support import change_params

    change_params(campaign, {"pool": {"most_gigabytes": 500.0}})
    params = load(campaign / "params.yaml")
    own = Campaign(campaign)
    stranger = Campaign(campaign.parent)
    assert params.pool.most == 500 * GIB
    assert most(stranger, params) == MOST
    assert most(own, params) == (500 * GIB if own.is_own else MOST)


def test_a_room_says_what_to_do() -> None:
    with pytest.raises(DataError, match=r"raise pool\.most_gigabytes"):
        Room("a", GIB, GIB).take(GIB + 1)
    with pytest.raises(DataError, match="without packing"):
        Room("a", 1).take(ALWAYS + 1)


@pytest.mark.parametrize(
    "content",
    [b"id,note\n1," + b"x" * 2_000_000 + b"\xe9\n", b"id,a" + b" " * 100_000 + b"b\n1,2\n"],
)
def test_a_long_word_takes_no_longer_than_many_short_ones(tmp_path: Path, content: bytes) -> None:
    """Only a hang reaches the bound: a pattern that begins anew at each letter takes hours."""
    (tmp_path / "a.csv").write_bytes(content)

    def read() -> None:
        signal.alarm(int(HANG_SECONDS))
        open_source("a.csv", tmp_path).table(id="id")

    assert in_process(read) == 0
