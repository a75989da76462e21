"""The laws of `tasks.domain.ports.Ledger`, for every ledger there is."""

import importlib
import inspect
import json
import multiprocessing
import os
import pkgutil
import secrets
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tasks.ledger
from tasks.domain.entries import GENESIS, Entry
from tasks.domain.errors import EntryExistsError, LedgerError
from tasks.domain.ports import Ledger
from tasks.ledger.local import LocalLedger
from tasks.ledger.s3 import S3Ledger

Opener = Callable[[Path], Ledger]

FORK = multiprocessing.get_context("fork")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def open_s3(bucket: str, folder: Path) -> Ledger:
    # Each has its own mirror, as if each were on another machine.
    mirror = folder.parent / f"mirror-{secrets.token_hex(6)}"
    return S3Ledger(f"s3://{bucket}{folder}", mirror)


@pytest.fixture(params=[LocalLedger, S3Ledger], ids=lambda cls: cls.__name__)
def opener(request: pytest.FixtureRequest) -> Opener:
    if request.param is LocalLedger:
        return LocalLedger
    return partial(open_s3, request.getfixturevalue("s3_bucket"))


def in_processes(count: int, function: Callable[..., None], *arguments: object) -> list[int | None]:
    """Run a function in several processes at once, each told its number; give the exit codes."""
    processes = [FORK.Process(target=function, args=(*arguments, own)) for own in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return [process.exitcode for process in processes]


def is_chained(ledger: Ledger) -> bool:
    entries = ledger.entries()
    before = [GENESIS, *(entry.digest for entry in entries)]
    return all(e.seq == i and e.prev == before[i] for i, e in enumerate(entries))


def test_these_laws_are_checked_for_every_ledger() -> None:
    names = [found.name for found in pkgutil.iter_modules(tasks.ledger.__path__)]
    modules = [importlib.import_module(f"tasks.ledger.{n}") for n in names if n[0] != "_"]
    found = {
        cls
        for module in modules
        for _, cls in inspect.getmembers(module, inspect.isclass)
        if cls.__module__ == module.__name__
    }
    assert found == {LocalLedger, S3Ledger}


def test_an_empty_ledger_has_the_genesis_head(opener: Opener, tmp_path: Path) -> None:
    assert opener(tmp_path / "ledger").entries() == ()
    assert opener(tmp_path / "ledger").head == GENESIS


def test_what_is_appended_is_read_by_another(opener: Opener, tmp_path: Path) -> None:
    ledger = opener(tmp_path / "ledger")
    written = [ledger.append(0, "fact", {"n": n}) for n in range(5)]
    assert opener(tmp_path / "ledger").entries() == tuple(written)
    assert ledger.entries() == tuple(written)
    assert is_chained(opener(tmp_path / "ledger"))
    assert ledger.head == written[-1].digest


@given(bodies=st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=4))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_json_comes_back(
    opener: Opener, tmp_path_factory: pytest.TempPathFactory, bodies: list[dict[str, object]]
) -> None:
    folder = tmp_path_factory.mktemp("ledger") / "ledger"
    ledger = opener(folder)
    for number, body in enumerate(bodies):
        ledger.append(number, "fact", body)
    assert [entry.body for entry in opener(folder).entries()] == bodies


def test_recording_a_fact_twice_writes_it_once(opener: Opener, tmp_path: Path) -> None:
    first = opener(tmp_path / "ledger").record(1, "fact", {"n": 1})
    again = opener(tmp_path / "ledger").record(1, "fact", {"n": 1})
    assert first == again
    opener(tmp_path / "ledger").record(2, "fact", {"n": 1})
    assert len(opener(tmp_path / "ledger").entries()) == 2


def test_a_fact_that_another_recorded_meanwhile_is_found(opener: Opener, tmp_path: Path) -> None:
    late = opener(tmp_path / "ledger")
    assert late.entries() == ()
    first = opener(tmp_path / "ledger").record(1, "fact", {"n": 1})
    assert late.record(1, "fact", {"n": 1}) == first
    assert late.entries() == (first,)


def test_an_entry_is_refused_if_others_were_written_since(opener: Opener, tmp_path: Path) -> None:
    ledger = opener(tmp_path / "ledger")
    seen = len(ledger.entries())
    theirs = opener(tmp_path / "ledger").append(0, "theirs", {})
    with pytest.raises(EntryExistsError):
        ledger.append(0, "ours", {}, seq=seen)
    assert ledger.entries() == (theirs,)
    ours = ledger.append(0, "ours", {}, seq=1)
    with pytest.raises(EntryExistsError, match=r"00000001\.json"):
        ledger.append(0, "ours", {}, seq=1)
    with pytest.raises(LedgerError, match=r"00000009\.json: cannot be written before entry 2"):
        ledger.append(0, "ours", {}, seq=9)
    assert opener(tmp_path / "ledger").entries() == (theirs, ours)


def write_facts(opener: Opener, folder: Path, own: int) -> None:
    ledger = opener(folder)
    for number in range(15):
        ledger.record(0, "own", {"by": own, "n": number})
        ledger.record(0, "shared", {"n": number})


def test_writers_that_race_lose_nothing_and_double_nothing(opener: Opener, tmp_path: Path) -> None:
    assert in_processes(6, write_facts, opener, tmp_path / "ledger") == [0] * 6
    ledger = opener(tmp_path / "ledger")
    assert is_chained(ledger)
    facts = [(entry.kind, json.dumps(entry.body, sort_keys=True)) for entry in ledger.entries()]
    assert len(facts) == len(set(facts)) == 6 * 15 + 15


def claim_places(opener: Opener, folder: Path, won: Path, own: int) -> None:
    ledger = opener(folder)
    for seq in range(4):
        while len(ledger.entries()) <= seq:
            try:
                ledger.append(0, "claim", {"by": own, "place": seq}, seq=seq)
            except EntryExistsError:
                continue
            (won / f"{seq}-{own}").touch()


def test_of_sixteen_writers_exactly_one_wins_each_entry(opener: Opener, tmp_path: Path) -> None:
    (won := tmp_path / "won").mkdir()
    assert in_processes(16, claim_places, opener, tmp_path / "ledger", won) == [0] * 16
    entries = opener(tmp_path / "ledger").entries()
    winners = [f"{entry.body['place']}-{entry.body['by']}" for entry in entries]
    assert [entry.body["place"] for entry in entries] == [0, 1, 2, 3]
    assert sorted(path.name for path in won.iterdir()) == winners


def die_while_appending(opener: Opener, folder: Path, crash_log: Path, own: int) -> None:
    os.environ["LABELLOOP_CRASH_EACH"] = str(crash_log)
    opener(folder).record(0, "fact", {"n": 1})


def test_killed_at_any_point_an_entry_is_whole_or_absent(opener: Opener, tmp_path: Path) -> None:
    codes: list[int | None] = []
    while not codes or codes[-1] != 0:
        arguments = (opener, tmp_path / "ledger", tmp_path / "crashed")
        codes += in_processes(1, die_while_appending, *arguments)
        assert is_chained(opener(tmp_path / "ledger"))
    assert codes == [-signal.SIGKILL] * 2 + [0]
    assert len(opener(tmp_path / "ledger").entries()) == 1


def append_for_ever(opener: Opener, folder: Path, said: Path, own: int) -> None:
    ledger = opener(folder)
    while True:
        entry = ledger.append(0, "fact", {"n": len(ledger.entries())})
        with said.open("a") as file:
            file.write(f"{entry.digest}\n")


def test_killed_at_any_moment_nothing_that_was_said_is_lost(opener: Opener, tmp_path: Path) -> None:
    said = tmp_path / "said"
    for lines in (1, 4, 8):
        writer = FORK.Process(target=append_for_ever, args=(opener, tmp_path / "ledger", said, 0))
        writer.start()
        while not said.exists() or len(said.read_text().splitlines()) < lines:
            assert writer.is_alive()
        writer.kill()
        writer.join()
    entries = opener(tmp_path / "ledger").entries()
    assert {*said.read_text().splitlines()} <= {entry.digest for entry in entries}
    assert [entry.body["n"] for entry in entries] == list(range(len(entries)))


@given(content=st.binary(max_size=300))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_was_kept_is_there(opener: Opener, tmp_path: Path, content: bytes) -> None:
    ledger = opener(tmp_path / "ledger")
    digest = ledger.keep(content)
    assert ledger.keep(content) == digest
    assert opener(tmp_path / "ledger").kept(digest) == content


def test_what_was_never_kept_is_not_there(opener: Opener, tmp_path: Path) -> None:
    ledger = opener(tmp_path / "ledger")
    assert ledger.kept("0" * 64) is None
    for name in ("", "../ledger/00000000.json", "A" * 64, "0" * 64 + "\n"):
        with pytest.raises(LedgerError, match="is not the SHA-256"):
            ledger.kept(name)


def test_an_entry_is_the_same_bytes_in_every_ledger(opener: Opener, tmp_path: Path) -> None:
    written = opener(tmp_path / "ledger").append(3, "fact", {"ä": [1.5, None, {"b": "\n"}]})
    files = [*tmp_path.glob("ledger/*.json"), *tmp_path.glob("mirror-*/*.json")]
    assert [path.name for path in files] == ["00000000.json"]
    assert files[0].read_bytes() == written.content
    assert isinstance(written, Entry)
