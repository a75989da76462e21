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
