from pathlib import Path

import pytest
from audit.books import Book

from tasks.domain.errors import CampaignError, DataError

PATH = "round/decisions.parquet"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


def close(book: Book, files: dict[str, bytes]) -> None:
    sealed = {path: book.shelf.put(content) for path, content in files.items()}
    book.say(0, "snapshot", {"tag": "round-0000", "files": sealed})


def test_of_a_stage_done_again_the_one_counts_that_the_snapshot_has(book: Book) -> None:
    book.stage(0, "score", {PATH: b"one"})
    book.stage(0, "score", {PATH: b"other"})
    close(book, {PATH: b"one"})
    assert book.rounds.content(0, PATH) == b"one"
    assert book.rounds.stage(0, "score") == book.entries[0]


def test_in_an_open_round_the_one_counts_that_lies_on_disk(book: Book) -> None:
    book.stage(0, "score", {PATH: b"one"})
    book.stage(0, "score", {PATH: b"other"})
    assert book.rounds.content(0, PATH) == b"other"
    (book.root / "round").mkdir()
    (book.root / PATH).write_bytes(b"one")
    assert book.rounds.content(0, PATH) == b"one"


def test_a_file_that_was_changed_on_disk_is_taken_from_the_store(book: Book) -> None:
    book.stage(0, "score", {PATH: b"one"})
    (book.root / "round").mkdir()
    (book.root / PATH).write_bytes(b"two")
    assert book.rounds.content(0, PATH) == b"one"


def test_a_store_that_lies_is_not_believed(book: Book) -> None:
    entry = book.stage(0, "score", {PATH: b"one"})
    book.shelf.known[entry.body["outputs"][PATH]["md5"]] = b"two"
    with pytest.raises(DataError, match="not the file that the ledger knows"):
        book.rounds.content(0, PATH)


def test_what_is_nowhere_is_an_error(book: Book) -> None:
    book.stage(0, "score", {PATH: b"one"})
    book.shelf.known.clear()
    with pytest.raises(CampaignError):
        book.rounds.content(0, PATH)
    with pytest.raises(DataError, match="not in the ledger"):
        book.rounds.content(1, PATH)


def test_a_table_that_is_none_is_named(book: Book) -> None:
    book.stage(0, "score", {PATH: b"one"})
    with pytest.raises(DataError, match=r"round/decisions.parquet of round 0: cannot be read"):
        book.rounds.table(0, PATH)
