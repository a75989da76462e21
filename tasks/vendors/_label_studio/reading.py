"""Reading a batch: what changed since a cursor, and everything."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tasks.domain import digests
from tasks.domain.errors import TransientError, VendorRefusedError
from tasks.domain.incoming import Page
from tasks.vendors._label_studio.project import Reference
from tasks.vendors._label_studio.records import key_of, record, was_changed
from tasks.vendors._label_studio.server import Server, Tasks, where

TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
MOST_SEEN = 1000
"""Records that a cursor remembers; those beyond are given again, which changes nothing."""
LIST = 2000
"""Tasks in one page when only their keys are wanted."""

Json = Mapping[str, Any]


class Cursor(BaseModel):
    """Up to where a batch was read.

    Attributes
    ----------
    time : str
        All tasks that changed before were given; empty at the beginning.
    after : int or None
        Of the tasks that changed at `time`, those up to this id were given; only while so many
        changed at the same time that they fill a page.
    back : str
        Where the next walk begins, if this one has come to times at which changes may still be
        under way; else empty.
    seen : dict of str to str
        Tasks that changed at or after `back` (or `time`) and were given, with what they were.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    time: str = ""
    after: int | None = Field(default=None, ge=0, lt=2**63)
    back: str = ""
    seen: dict[str, str] = {}

    @classmethod
    def of(cls, cursor: Json | None) -> Self:
        """Check a cursor that was kept."""
        try:
            found = cls.model_validate(dict(cursor or {}))
            for time in filter(None, (found.time, found.back)):
                _moment(time)
        except (ValidationError, TypeError, ValueError):
            what = "the cursor is none of Label Studio's"
            raise VendorRefusedError(what, fix="check that the vendor is the one it was") from None
        return found


@dataclass(frozen=True)
class Reading:
    """One batch as it is read.

    Attributes
    ----------
    size : int
        Tasks in one page.
    lag : float
        Seconds for which a change may be under way in the server.
    twins : dict of str to list of int
        The ids of the tasks of each key that is there more than once.
    """

    server: Server
    reference: Reference
    size: int
    lag: float
    twins: Mapping[str, list[int]] = field(default_factory=dict)

    def page(self, cursor: Cursor) -> Page:
        """Give the next records; walks on past tasks that nobody has touched."""
        while True:
            tasks = self._read(cursor)
            given, following, more = self._advance(cursor, tasks)
            records, seen = self._fresh(given, cursor.seen)
            cursor = _remembering(following, seen)
            if records or not more:
                return Page(tuple(records), cursor.model_dump(exclude_defaults=True), more)

    def everything(self) -> tuple[Json, ...]:
        """Give the record of every task that anybody has touched, by key."""
        groups: dict[str, list[Json]] = {}
        for task in self.server.walk(self.reference.project, self.size, whole=True):
            if key := key_of(task):
                groups.setdefault(key, []).append(task)
        number = self.reference.project
        return tuple(
            record(number, groups[key])
            for key in sorted(groups)
            if any(_touched(task) for task in groups[key])
        )

    def _read(self, cursor: Cursor) -> Tasks:
        number = self.reference.project
        if cursor.after is not None:
            same = where("updated_at", "equal", "Datetime", cursor.time)
            rest = where("id", "greater", "Number", cursor.after)
            return self.server.tasks(number, self.size, [same, rest], whole=True)
        since = [where("updated_at", "greater_or_equal", "Datetime", cursor.time)]
        return self.server.tasks(
            number, self.size, since if cursor.time else [], order="updated_at", whole=True
        )

    def _advance(self, cursor: Cursor, page: Tasks) -> tuple[list[dict[str, Any]], Cursor, bool]:
        """Say which tasks of a page can be given, and what comes after them."""
        tasks, full = page.tasks, len(page.tasks) >= self.size
        horizon = (page.at - timedelta(seconds=self.lag)).strftime(TIME)
        back = cursor.back or (horizon if tasks and _changed(tasks[-1]) > horizon else "")
        if cursor.after is not None:
            if full:
                return tasks, Cursor(time=cursor.time, after=tasks[-1]["id"], back=back), True
            later = _moment(cursor.time) + timedelta(microseconds=1)
            return tasks, Cursor(time=later.strftime(TIME), back=back), True
        if not full:
            newest = max((_changed(task) for task in tasks), default=cursor.time)
            return tasks, Cursor(time=min(newest, horizon, back or horizon)), False
        # The last time of a full page may have more tasks than are on it.
        last = _changed(tasks[-1])
        whole = [task for task in tasks if _changed(task) < last]
        return whole, Cursor(time=last, after=None if whole else 0, back=back), True

    def _fresh(
        self, tasks: Iterable[Json], seen: Mapping[str, str]
    ) -> tuple[list[dict[str, Any]], dict[str, str]]:
        records: list[dict[str, Any]] = []
        now, done = dict(seen), set()
        for task in tasks:
            key = key_of(task)
            if key is None or key in done or not (_touched(task) or key in self.twins):
                continue
            done.add(key)
            made = record(self.reference.project, self._group(key, task))
            what = f"{_changed(task)} {digests.of_value(made)[:16]}"
            if now.pop(str(task["id"]), None) != what:
                records.append(made)
            now[str(task["id"])] = what
        return records, now

    def _group(self, key: str, task: Json) -> list[Json]:
        if key not in self.twins:
            return [task]
        ids = self.twins[key]
        found = self.server.tasks(self.reference.project, len(ids), ids=ids, whole=True).tasks
        return list(found) or [task]


def twins(server: Server, project: int) -> dict[str, list[int]]:
    """Find the keys that are there more than once, each with the ids of its tasks."""
    return {key: ids for key, ids in keys(server, project).items() if len(ids) > 1}


def keys(server: Server, project: int) -> dict[str, list[int]]:
    """List the keys that are there, each with the ids of its tasks, lowest first."""
    found: dict[str, list[int]] = {}
    for task in server.walk(project, LIST):
        if key := key_of(task):
            found.setdefault(key, []).append(int(task["id"]))
    return found


def _remembering(cursor: Cursor, seen: Mapping[str, str]) -> Cursor:
    since = cursor.back or cursor.time
    newest = sorted(seen.items(), key=lambda one: one[1])[-MOST_SEEN:]
    return cursor.model_copy(update={"seen": {n: what for n, what in newest if what >= since}})


def _touched(task: Json) -> bool:
    """Say whether a task may ever have had an answer; one that was deleted left a later time."""
    return bool(task.get("annotations")) or was_changed(task)


def _changed(task: Json) -> str:
    try:
        return _moment(task["updated_at"]).strftime(TIME)
    except (KeyError, TypeError, ValueError):
        raise TransientError("answered a task that does not say when it was changed") from None


def _moment(time: str) -> datetime:
    moment = datetime.fromisoformat(time)
    if moment.tzinfo is None or moment.year < 1970:
        raise ValueError("no time")
    return moment.astimezone(UTC)
