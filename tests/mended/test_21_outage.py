"""A vendor that is away for a while, and a wait that outlasts it."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support import advance, change_params, facts, in_process, labelloop

from flows import outages
from flows.round import Facts
from tasks.domain.errors import (
    LabelloopError,
    OutcomeUnknownError,
    ThrottledError,
    TransientError,
    VendorAuthError,
)

AWAY = TransientError("nobody answers", where="GET http://vendor")


class Vendor:
    """An action that goes wrong some times before it is done."""

    def __init__(self, *errors: LabelloopError) -> None:
        self.errors, self.calls = list(errors), 0

    def __call__(self, action: str, /, **arguments: Any) -> Facts:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return {"action": action}


Told = list[tuple[str, Facts]]


@pytest.fixture
def never(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no deadline pass."""
    monkeypatch.setattr(outages, "is_overdue", lambda *_: False)


def endured(vendor: Vendor, poll: float = 60.0) -> tuple[Told, list[float], Callable[[], Facts]]:
    told: Told = []
    slept: list[float] = []
    call = outages.enduring(
        vendor,
        Path("nowhere"),
        lambda step, said: told.append((step, said)),
        poll_seconds=poll,
        sleep=slept.append,
    )
    return told, slept, lambda: call("look")


@pytest.mark.usefixtures("never")
def test_an_outage_of_weeks_is_outlasted_and_told_once() -> None:
    weeks = 5000
    vendor = Vendor(*[AWAY] * weeks)
    told, slept, look = endured(vendor)
    assert look() == {"action": "look"}
    assert [step for step, _ in told] == ["away", "back"]
    assert told[0][1]["error"] == "GET http://vendor: nobody answers"
    assert slept[:5] == [60.0, 120.0, 240.0, 480.0, 600.0]
    assert set(slept[4:]) == {outages.LONGEST}
    assert len(slept) == weeks
    # Another outage is told anew, and waited for from the beginning.
    vendor.errors = [OutcomeUnknownError("who knows"), AWAY]
    look()
    assert [step for step, _ in told] == ["away", "back"] * 2
    assert slept[weeks:] == [60.0, 120.0]


@pytest.mark.usefixtures("never")
def test_a_vendor_that_is_asked_too_often_says_how_long_to_wait() -> None:
    _, slept, look = endured(Vendor(ThrottledError("often", retry_after=90.0)), poll=1.0)
    look()
    assert slept == [90.0]


@pytest.mark.usefixtures("never")
def test_a_mistake_ends_the_wait_at_once() -> None:
    vendor = Vendor(VendorAuthError("answered 401"), AWAY)
    told, slept, look = endured(vendor)
    with pytest.raises(VendorAuthError):
        look()
    assert (vendor.calls, told, slept) == (1, [], [])


def test_the_deadline_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    passed = iter([False, False, True])
    monkeypatch.setattr(outages, "is_overdue", lambda *_: next(passed))
    vendor = Vendor(*[AWAY] * 9)
    _, slept, look = endured(vendor)
    with pytest.raises(TransientError):
        look()
    assert (vendor.calls, len(slept)) == (3, 2)


def test_looks_of_several_processes_say_once_that_a_vendor_is_away(tmp_path: Path) -> None:
    path = tmp_path / "outage"
    assert outages.Noted(path).begin(AWAY)
    assert not outages.Noted(path).begin(AWAY)
    assert outages.Noted(path).end()
    assert not outages.Noted(path).end()
    assert outages.Noted(path).begin(AWAY)


def take_away(root: Path, calls: int) -> None:
    with sqlite3.connect(root / ".labelloop" / "simulated-vendor.sqlite") as database:
        database.execute("DELETE FROM faults")
        database.execute("INSERT INTO faults VALUES ('down', 1, ?)", (calls,))


@pytest.fixture
def waiting(campaign: Path) -> Path:
    """Give a campaign whose vendor has a batch, and some answers to it."""
    slow = {"hours_per_look": 4.0, "median_hours": 12.0}
    stop = {"max_rounds": {"rounds": 2}}
    change_params(campaign, {"vendor": {"options": slow}, "stop": stop})
    assert in_process(look, campaign) == 0
    return campaign


def look(root: Path) -> None:
    advance(root, wait=False)


@pytest.mark.integration
def test_a_run_that_waits_goes_on_when_the_vendor_is_back(waiting: Path) -> None:
    take_away(waiting, 40)
    done = labelloop("-C", waiting, "run", "--no-prefect", "--wait")
    assert (done.code, done.err) == (0, "")
    assert done.out.count("the vendor is away") == 1
    assert done.out.count("the vendor is back") == 1
    assert "stop rule max_rounds" in done.out
    keys = [
        key for _, kind, body in facts(waiting) if kind == "tasks_intended" for key in body["keys"]
    ]
    assert len(keys) == len(set(keys))


@pytest.mark.integration
def test_a_run_that_does_not_wait_ends_with_one_line_and_code_1(waiting: Path) -> None:
    take_away(waiting, 10**6)
    done = labelloop("-C", waiting, "run", "--no-prefect")
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert "Traceback" not in done.err


@pytest.mark.integration
def test_a_vendor_that_was_never_there_is_a_mistake_also_for_one_who_waits(campaign: Path) -> None:
    options = {"url": "http://127.0.0.1:9", "pause": 0.0}
    vendor = {"name": "label_studio", "send": ["height"], "price": 0.05, "options": options}
    change_params(campaign, {"vendor": vendor})
    command = ("-C", campaign, "run", "--no-prefect", "--wait")
    done = labelloop(*command, LABEL_STUDIO_TOKEN="none")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "check its address" in done.err


@pytest.mark.integration
def test_a_deadline_passes_while_the_vendor_is_away(waiting: Path) -> None:
    change_params(waiting, {"collect": {"deadline_hours": 1000.0, "at_deadline": "take"}})
    now = datetime.now(UTC)
    assert not outages.is_overdue(waiting, now)
    assert outages.is_overdue(waiting, now + timedelta(hours=1001))
    change_params(waiting, {"collect": {"at_deadline": "wait"}})
    assert not outages.is_overdue(waiting, now + timedelta(hours=1001))
    change_params(waiting, {"collect": {"deadline_hours": None, "at_deadline": "take"}})
    assert not outages.is_overdue(waiting, now + timedelta(hours=1001))
