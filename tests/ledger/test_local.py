"""What only a ledger of files can suffer."""

from pathlib import Path

import pytest

from tasks.domain.errors import LedgerError
from tasks.ledger.local import LocalLedger


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ledger = LocalLedger(tmp_path / "ledger")
    for number in range(4):
        ledger.append(0, "fact", {"n": number})
    return ledger.folder


@pytest.mark.parametrize("position", [0, 10, -5])
def test_a_flipped_byte_is_found(folder: Path, position: int) -> None:
    path = folder / "00000002.json"
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(LedgerError, match=r"0000000[23]\.json"):
        LocalLedger(folder).entries()


def test_swapped_entries_are_found(folder: Path) -> None:
    one, two = folder / "00000001.json", folder / "00000002.json"
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    with pytest.raises(LedgerError, match=r"00000001\.json: does not follow"):
        LocalLedger(folder).entries()


def test_left_over_temporary_files_are_no_entries(folder: Path) -> None:
    (folder / ".00000004.json.abc.tmp").write_bytes(b"{")
    assert len(LocalLedger(folder).entries()) == 4


def test_a_missing_entry_is_an_error(folder: Path) -> None:
    (folder / "00000001.json").unlink()
    with pytest.raises(LedgerError, match=r"ledger/00000001\.json: is missing.*git checkout"):
        LocalLedger(folder).entries()


def test_kept_bytes_that_were_changed_are_found_and_can_be_kept_anew(folder: Path) -> None:
    ledger = LocalLedger(folder)
    digest = ledger.keep(b"content")
    path = folder.parent / ".labelloop" / "kept" / digest
    path.write_bytes(b"contend")
    with pytest.raises(LedgerError, match="does not hold the bytes of its name"):
        ledger.kept(digest)
    assert ledger.keep(b"content") == digest
    assert ledger.kept(digest) == b"content"
    path.unlink()
    assert ledger.kept(digest) is None


def test_kept_bytes_go_where_they_are_told(tmp_path: Path) -> None:
    ledger = LocalLedger(tmp_path / "ledger", tmp_path / "elsewhere")
    digest = ledger.keep(b"content")
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == [digest]
