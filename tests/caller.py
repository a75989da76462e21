"""A caller of a vendor in a process of its own, which may be killed anywhere.

It keeps a journal as a campaign keeps its ledger: an intent before a call, what the vendor said
after it, a page of records before the cursor behind it. Each life reads the journal and goes on.
"""

import gc
import json
import os
import signal
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from labelloop_contracts.trial import View
from labelloop_contracts.world import World

from tasks.domain.errors import (
    OutcomeUnknownError,
    ThrottledError,
    TransientError,
    VendorError,
)
from tasks.domain.outgoing import BatchSpec, Decision, Reference, Task
from tasks.domain.ports import Account

PASSING = (OutcomeUnknownError, ThrottledError, TransientError)
ATTEMPTS = 4
LONGEST_SLEEP = 0.002
DONE, TROUBLED, BROKEN = 0, 3, 4
"""How a life ends, if it is not killed."""
START: Mapping[str, Any] = {
    "reference": None,
    "intended": [],
    "receipts": {},
    "pages": [],
    "looks": 0,
    "cursor": None,
    "ending": "",
    "decided": False,
    "ended": False,
    "errors": [],
    "end": None,
}


class Journal:
    """What outlives a process: one JSON file that is always whole.

    Parameters
    ----------
    deadly : int or None
        The process kills itself before (even) or after (odd) its write number ``deadly // 2``.
    """

    def __init__(self, path: Path, deadly: int | None = None) -> None:
        self._path, self._moment, self._deadly = path, 0, deadly
        self.facts: dict[str, Any] = dict(START)
        with suppress(FileNotFoundError):
            self.facts = json.loads(path.read_text(encoding="utf-8"))

    def write(self, **facts: Any) -> None:
        self._pass_moment()
        self.note(**facts)
        self._pass_moment()

    def note(self, **facts: Any) -> None:
        self.facts |= facts
        beside = self._path.with_suffix(".new")
        beside.write_text(json.dumps(self.facts, allow_nan=False), encoding="utf-8")
        beside.replace(self._path)
        self.facts = json.loads(beside.with_suffix(self._path.suffix).read_text(encoding="utf-8"))

    def _pass_moment(self) -> None:
        if self._moment == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        self._moment += 1


@dataclass
class Caller:
    """One life of the caller.

    Attributes
    ----------
    ending : str
        ``close`` or ``cancel`` if the batch is to end in this life.
    """

    world: World
    journal: Journal
    spec: BatchSpec
    tasks: Sequence[Task]
    chunk: int
    ending: str = ""

    def live(self) -> None:
        """Send what is not sent, look, and end the batch if it is time."""
        account = self.world.connect()
        try:
            reference = self._made(account)
            self._send(account, reference)
            self._look(account, reference)
            if self.ending and not self._known["ended"]:
                self._end(account, reference)
        finally:
            account.disconnect()

    @property
    def _known(self) -> dict[str, Any]:
        return self.journal.facts

    def _made(self, account: Account) -> Reference:
        if not self._known["reference"]:
            made = self._insist(lambda: account.ensure_batch(self.spec))
            self.journal.write(reference=dict(made))
        reference: Reference = self._known["reference"]
        return reference

    def _send(self, account: Account, reference: Reference) -> None:
        left = [task for task in self.tasks if task.key not in self._known["receipts"]]
        while left:
            some, left = left[: self.chunk], left[self.chunk :]
            self._send_some(account, reference, some)

    def _send_some(self, account: Account, reference: Reference, tasks: Sequence[Task]) -> None:
        keys = {task.key for task in tasks}
        look_first = bool(keys & set(self._known["intended"]))
        self.journal.write(intended=sorted(keys | set(self._known["intended"])))

        def send() -> dict[str, str]:
            nonlocal look_first
            there = account.reconcile(reference) if look_first else []
            look_first = True
            receipts = {each.key: each.task_id for each in there if each.key in keys}
            if missing := [task for task in tasks if task.key not in receipts]:
                new = account.submit(reference, missing)
                receipts |= {each.key: each.task_id for each in new}
            return receipts

        self.journal.write(receipts=self._known["receipts"] | self._insist(send))

    def _look(self, account: Account, reference: Reference) -> None:
        more = True
        while more:
            cursor, looks = self._known["cursor"], self._known["looks"]
            page = self._insist(lambda cursor=cursor: account.fetch(reference, cursor))
            pages = [*self._known["pages"][:looks], [dict(each) for each in page.records]]
            self.journal.write(pages=pages)
            self.journal.write(cursor=dict(page.cursor), looks=looks + 1)
            more = page.more

    def _end(self, account: Account, reference: Reference) -> None:
        self.journal.write(ending=self.ending)
        if self.ending == "cancel":
            self._insist(lambda: account.cancel(reference))
            self._look(account, reference)
        if self.world.vendor.capabilities.decide and not self._known["decided"]:
            self._insist(lambda: account.decide(reference, self._decisions()))
            self.journal.write(decided=True)
        self._insist(lambda: account.close(reference))
        self._look(account, reference)
        self.journal.write(end=self._insist(lambda: self._last_words(account, reference)))
        self.journal.write(ended=True)

    def _decisions(self) -> list[Decision]:
        answers = seen(self.world, self._known).labelled().values()
        return [Decision(answer.answer_id, answer.key, accept=True) for answer in answers]

    def _last_words(self, account: Account, reference: Reference) -> dict[str, Any]:
        statement = account.statement([reference])
        return {
            "reconciled": [receipt.key for receipt in account.reconcile(reference)],
            "progress": asdict(account.poll(reference)),
            "exported": [dict(each) for each in account.export_raw(reference)],
            "stated": sorted(statement.tasks),
            "stated_answers": statement.answers,
        }

    def _insist(self, call: Callable[[], Any]) -> Any:
        for left in reversed(range(ATTEMPTS)):
            try:
                return call()
            except PASSING as error:
                self.journal.note(errors=[*self._known["errors"], type(error).__name__])
                if not left:
                    raise
        raise AssertionError("unreachable")


def seen(world: World, facts: Mapping[str, Any]) -> View:
    """Understand all pages that are known, offline."""
    view = View(world.vendor)
    for page in facts["pages"][: facts["looks"]]:
        view.take(page)
    return view


def fork(caller: Caller, grave: Path) -> int:
    """Start a life in a process of its own; gives its id.

    Sleeps are short in it: how long a client waits before it tries again changes nothing.
    """
    if pid := os.fork():
        return pid
    gc.disable()
    code, sleep = BROKEN, time.sleep
    time.sleep = lambda seconds: sleep(min(seconds, LONGEST_SLEEP))
    try:
        caller.live()
        code = DONE
    except BaseException as error:  # noqa: BLE001  nothing of the test may run in this process
        passing = isinstance(error, VendorError) and isinstance(error, PASSING)
        code = TROUBLED if passing else BROKEN
        grave.write_text(traceback.format_exc(), encoding="utf-8")
    finally:
        os._exit(code)
