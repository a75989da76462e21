"""The laws of `tasks.domain.ports.Ledger`, for every ledger there is."""

import importlib
import inspect
import json
import multiprocessing
import os
import pkgutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tasks.ledger
from tasks.domain.entries import GENESIS
from tasks.domain.errors import LedgerError
from tasks.domain.ports import Ledger

Opener = Callable[[Path], Ledger]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def openers() -> list[Opener]:
    modules = [
        importlib.import_module(f"tasks.ledger.{found.name}")
        for found in pkgutil.iter_modules(tasks.ledger.__path__)
    ]
    classes = [
        cls
        for module in modules
        for _, cls in inspect.getmembers(module, inspect.isclass)
        if cls.__module__ == module.__name__
    ]
    assert classes
    return classes


@pytest.fixture(params=openers(), ids=lambda cls: cls.__name__)
def opener(request: pytest.FixtureRequest) -> Opener:
    return request.param


def is_chained(ledger: Ledger) -> bool:
    entries = ledger.entries()
    before = [GENESIS, *(entry.digest for entry in entries)]
    return all(e.seq == i and e.prev == before[i] for i, e in enumerate(entries))


def test_an_empty_ledger_has_the_genesis_head(opener: Opener, tmp_path: Path) -> None:
    assert opener(tmp_path / "ledger").entries() == ()
    assert opener(tmp_path / "ledger").head == GENESIS


def test_what_is_appended_is_read_by_another(opener: Opener, tmp_path: Path) -> None:
    ledger = opener(tmp_path / "ledger")
    written = [ledger.append(0, "fact", {"n": n}) for n in range(5)]
    assert opener(tmp_path / "ledger").entries() == tuple(written)
    assert is_chained(opener(tmp_path / "ledger"))
    assert ledger.head == written[-1].digest


@given(bodies=st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=4))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_comes_back(
    opener: Opener, tmp_path_factory: pytest.TempPathFactory, bodies: list[dict[str, object]]
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    for number, body in enumerate(bodies):
        opener(folder).append(number, "fact", body)
    assert [entry.body for entry in opener(folder).entries()] == bodies


def test_recording_a_fact_twice_writes_it_once(opener: Opener, tmp_path: Path) -> None:
    first = opener(tmp_path / "ledger").record(1, "fact", {"n": 1})
    again = opener(tmp_path / "ledger").record(1, "fact", {"n": 1})
    assert first == again
    opener(tmp_path / "ledger").record(2, "fact", {"n": 1})
    assert len(opener(tmp_path / "ledger").entries()) == 2


def write_facts(opener: Opener, folder: Path, own: int) -> None:
    ledger = opener(folder)
    for number in range(15):
        ledger.record(0, "own", {"by": own, "n": number})
        ledger.record(0, "shared", {"n": number})


def test_writers_that_race_lose_nothing_and_double_nothing(opener: Opener, tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    writers = [
        fork.Process(target=write_facts, args=(opener, tmp_path / "ledger", own))
        for own in range(6)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 6
    ledger = opener(tmp_path / "ledger")
    assert is_chained(ledger)
    facts = [(entry.kind, json.dumps(entry.body, sort_keys=True)) for entry in ledger.entries()]
    assert len(facts) == len(set(facts)) == 6 * 15 + 15


def die_while_appending(opener: Opener, folder: Path, crash_log: Path) -> None:
    os.environ["LABELLOOP_CRASH_EACH"] = str(crash_log)
    opener(folder).record(0, "fact", {"n": 1})


def test_killed_at_any_point_an_entry_is_whole_or_absent(opener: Opener, tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    codes = []
    while not codes or codes[-1] != 0:
        arguments = (opener, tmp_path / "ledger", tmp_path / "crashed")
        writer = fork.Process(target=die_while_appending, args=arguments)
        writer.start()
        writer.join()
        codes.append(writer.exitcode)
        assert is_chained(opener(tmp_path / "ledger"))
    assert codes == [-signal.SIGKILL] * 2 + [0]
    assert len(opener(tmp_path / "ledger").entries()) == 1


def test_a_missing_entry_is_an_error(opener: Opener, tmp_path: Path) -> None:
    for number in range(3):
        opener(tmp_path / "ledger").append(0, "fact", {"n": number})
    (tmp_path / "ledger" / "00000001.json").unlink()
    with pytest.raises(LedgerError, match=r"00000001\.json: is missing"):
        opener(tmp_path / "ledger").entries()
