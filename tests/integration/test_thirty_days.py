"""Thirty days of a campaign: cron, two workers, restarts, a storm of webhooks, late answers."""

import asyncio
import hashlib
import hmac
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from leftovers import children, processes
from processes import HANG_SECONDS
from support import FORK, change_params, received
from webhook_storm import request, storm

from flows import door
from flows.calls import plainly
from flows.hints import looking
from flows.loop import advance
from flows.seals import HmacSeal
from flows.webhooks import app
from tasks import campaign as at
from tasks import registry
from tasks.audit.verify import audit
from tasks.domain import state
from tasks.ledger.local import LocalLedger
from tasks.versions import git

pytestmark = [pytest.mark.integration, pytest.mark.long]

ZONE = ZoneInfo("Europe/Zurich")
# The clock changes on the fifteenth day.
FIRST = datetime(2026, 3, 15, tzinfo=ZONE)
DAYS = 30
PER_DAY = 2
RESTARTS = (4, 20)
STORM = 11
KEY = b"a-secret-that-nobody-guesses"
LOOK = """
import sys
from pathlib import Path
from flows.calls import plainly
from flows.loop import advance
advance(plainly(), Path(sys.argv[1]), None, wait=False, opens=False)
"""


def mornings() -> list[datetime]:
    """Ask Prefect's own schedule when its cron opens rounds."""
    from prefect.server.schemas.schedules import CronSchedule

    schedule = CronSchedule(cron="0 7 * * *", timezone=ZONE.key)
    dates = asyncio.run(schedule.get_dates(DAYS, start=FIRST))
    return [date.astimezone(ZONE) for date in dates]


def work(root: Path, opens: bool) -> None:
    """Do what one scheduled run does."""
    advance(plainly(), root, 1 if opens else None, wait=False, opens=opens)


def by_workers(root: Path, step: int, opens: bool) -> None:
    """Let one of two workers do a scheduled run, or both at once."""
    workers = [FORK.Process(target=work, args=(root, opens)) for _ in range(1 + (step % 4 == 3))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
        worker.close()


def by_a_new_server(root: Path) -> None:
    """Do a run with a Prefect server that is started for it, and gone after it."""
    command = [sys.executable, "-m", "flows.cli", "-C", str(root), "run", "--rounds", "1"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=HANG_SECONDS, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def by_a_storm(root: Path) -> None:
    """Let ten thousand webhooks come, one in five of which is genuine."""
    body = b'{"batch": "trees-0000"}'
    signature = hmac.digest(KEY, body, hashlib.sha256).hex()
    good, bad = (request("simulated", body, "X-Sig", by) for by in (signature, "00" * 32))
    looks = []

    def look(stopping: Event) -> None:
        subprocess.run([sys.executable, "-c", LOOK, str(root)], check=True, timeout=HANG_SECONDS)
        looks.append(stopping)

    vendor = registry.build("vendors", "simulated")
    with (
        ProcessPoolExecutor(4, mp_context=FORK) as pool,
        looking(look, settle=0.5) as wake,
        door.opened(
            app("simulated", vendor.parse_event, HmacSeal("X-Sig", KEY), wake), "127.0.0.1:0"
        ) as url,
    ):
        began = time.monotonic()
        part = [good if number % 5 == 0 else bad for number in range(1250)]
        codes = Counter(code for codes in pool.map(storm, [url] * 8, [part] * 8) for code in codes)
        seconds = time.monotonic() - began
        while not looks:
            Event().wait(0.1)
    assert codes.total() == 10_000
    assert codes[202] >= 1000
    assert set(codes) <= {202, 401, 429}
    assert len(looks) <= seconds / 0.5 + 3


def test_thirty_days(campaign: Path) -> None:
    changes = {
        "vendor": {
            "options": {
                "late_rate": 0.1,
                "late_hours": 60.0,
                "revise_rate": 0.2,
                "hours_per_look": 24 / PER_DAY,
                "median_hours": 12.0,
            }
        },
        "score": {"batch": 3},
        "collect": {"deadline_hours": 48.0},
        "stop": {"max_rounds": {"rounds": DAYS}},
    }
    change_params(campaign, changes)
    before = children()
    opening = mornings()
    assert {moment.hour for moment in opening} == {7}
    assert len({moment.utcoffset() for moment in opening}) == 2
    for day, morning in enumerate(opening):
        assert morning.date() == (FIRST + timedelta(days=day)).date()
        for part in range(PER_DAY):
            step = day * PER_DAY + part
            if part and day in RESTARTS:
                by_a_new_server(campaign)
            elif part and day == STORM:
                by_a_storm(campaign)
            else:
                by_workers(campaign, step, opens=part == 0)
            assert processes(campaign) == []
            assert children() == before
    assert_sound(campaign)


def assert_sound(root: Path) -> None:
    """Check what thirty days have left."""
    entries = LocalLedger(root / at.LEDGER).entries()
    closed = state.closed_rounds(entries)
    assert len(closed) >= DAYS // 4
    assert closed == list(range(len(closed)))
    for kind in ("round_opened", "batch_sent", "collected", "settled", "snapshot", "round_closed"):
        times = Counter(entry.round for entry in state.of_kind(entries, kind))
        assert set(times.values()) == {1}, (kind, times)
        assert set(closed) <= set(times)
    ends = {entry.body["complete"] for entry in state.of_kind(entries, "collected")}
    assert ends == {True, False}
    tasks = received(root)
    assert len(tasks) == len(set(tasks))
    assert set(pd.read_parquet(root / at.SENT)["key"]) <= set(tasks)
    answers = pd.read_parquet(root / at.ANSWERS)
    assert answers["late"].any()
    assert (answers["revision"] > 0).any()
    assert not answers.duplicated(["answer_id", "revision"]).any()
    found = audit(root)
    assert found.ok, found.problems
    assert not found.unchecked
    assert git.tags(root) == {f"round-{number:04d}" for number in closed}
    assert [path for path in git.changed(root) if not path.startswith(at.LEDGER)] == []
