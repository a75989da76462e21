"""Random schedules of faults over the whole life of a batch, drawn from seeds.

One schedule: a batch of a few tasks is made, sent in pieces, answered at random moments, fetched,
and closed or cancelled, by a caller (tests/caller.py) that is killed and begins again, over a wire
(tests/faults.py) that goes wrong. Then all goes well, the caller finishes, and the books must
balance: no task and no answer is lost, none is there twice. A failure names the seed and every
exchange; `run` repeats it.
"""

import gc
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from caller import BROKEN, DONE, Caller, Journal, fork, seen
from faults import (
    Cue,
    CutBefore,
    CutResponse,
    Delay,
    Duplicate,
    ErrorBody,
    Exchange,
    Fault,
    Plan,
    Proxy,
    Reset,
    ServerError,
    ServerErrorAfter,
    Throttled,
    TimeoutAfter,
    anything,
)
from labelloop_contracts.trial import key, payload
from labelloop_contracts.world import CLASSES, FIELDS, CannotHappenError, World

from tasks.domain.outgoing import BatchSpec, Task

MOST_TASKS = 12
PATIENCE = 600.0
"""Seconds after which one life of the caller hangs."""
FAULTS: tuple[Fault, ...] = (
    CutBefore(),
    # A client that waits shows nothing that one does not whose connection ends soon.
    TimeoutAfter(hold=0.01),
    CutResponse(),
    Delay(0.005),
    Duplicate(),
    ServerError(503),
    ServerError(500),
    ServerErrorAfter(502),
    ServerErrorAfter(500),
    Throttled(retry_after=1),
    ErrorBody(),
    Reset(),
    Reset(after=True),
)


def idempotent(exchange: Exchange) -> bool:
    """Match what HTTP lets a network deliver twice."""
    return exchange.method in {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}


@dataclass(frozen=True)
class Schedule:
    """What is drawn from a seed before anything happens.

    Attributes
    ----------
    lives : int
        Of the caller, until it may first end the batch; `last_lives` more until all is calm.
    rate : float
        Share of the exchanges that suffer a fault.
    answered : float
        Share of the wanted answers that are given before the batch ends.
    """

    seed: int
    rng: random.Random
    name: str
    tasks: tuple[Task, ...]
    copies: int
    chunk: int
    lives: int
    last_lives: int
    rate: float
    ending: str
    answered: float

    @property
    def spec(self) -> BatchSpec:
        return BatchSpec(self.name, CLASSES, FIELDS, self.copies, len(self.tasks))


def draw(
    seed: int, name: str, most_copies: int, *, may_cancel: bool, most_tasks: int = MOST_TASKS
) -> Schedule:
    """Draw a schedule; the same seed gives the same, but for the name of its batch."""
    rng = random.Random(seed)
    n, copies = rng.randint(4, most_tasks), rng.randint(1, most_copies)
    ending = "cancel" if may_cancel and rng.random() < 0.4 else "close"
    return Schedule(
        seed=seed,
        rng=rng,
        name=name,
        tasks=tuple(
            Task(key(name, each), f"item-{each:04d}", payload(each), copies) for each in range(n)
        ),
        copies=copies,
        chunk=rng.randint(2, 6),
        lives=rng.randint(1, 3),
        last_lives=rng.randint(0, 2),
        rate=rng.choice((0.05, 0.15, 0.3, 0.5)),
        ending=ending,
        answered=rng.random() if ending == "cancel" else 1.0,
    )


@dataclass
class Tally:
    """What happened in schedules."""

    schedules: int = 0
    lives: int = 0
    tasks: int = 0
    answers: int = 0
    exchanges: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        for name, value in vars(other).items():
            mine = getattr(self, name)
            mine.update(value) if isinstance(mine, Counter) else setattr(self, name, mine + value)

    def to_json(self) -> dict[str, Any]:
        return {k: dict(v) if isinstance(v, Counter) else v for k, v in vars(self).items()}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "Tally":
        return cls(**{k: Counter(v) if isinstance(v, dict) else v for k, v in plain.items()})

    def __str__(self) -> str:
        def listed(counts: Counter[str]) -> str:
            return ", ".join(f"{name} {count}" for name, count in counts.most_common()) or "none"

        return "\n".join(
            (
                f"{self.schedules} schedules, {self.lives} lives, {self.tasks} tasks, "
                f"{self.answers} answers, {self.exchanges} exchanges",
                f"  faults {self.faults.total()}: {listed(self.faults)}",
                f"  kills {self.kills.total()}: {listed(self.kills)}",
                f"  errors met and got over {self.errors.total()}: {listed(self.errors)}",
                f"  ended by {listed(self.endings)}",
                "  tasks lost 0, sent twice 0; answers lost 0, double 0",
            )
        )


class People:
    """The annotators of a schedule, who act when they are let."""

    def __init__(self, world: World, schedule: Schedule, journal: Path) -> None:
        self._world, self._journal, self._rng = world, journal, schedule.rng
        wanted = [
            (task.key, f"annotator-{number}", self._rng.choice(CLASSES))
            for task in schedule.tasks
            for number in range(schedule.copies)
        ]
        self._rng.shuffle(wanted)
        self._left = wanted[: round(len(wanted) * schedule.answered)]
        self.said: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def act(self, times: int) -> None:
        """Answer tasks that are known to be there; now and then change an answer."""
        with self._lock:
            facts = Journal(self._journal).facts
            if facts["ending"]:
                return
            ready = [each for each in self._left if each[0] in facts["receipts"]]
            for each in ready[:times]:
                self._answer(facts, *each)
                if self._rng.random() < 0.2:
                    self._reconsider(facts)

    def finish(self) -> None:
        self.act(len(self._left))

    def _answer(self, facts: dict[str, Any], task: str, annotator: str, label: str) -> None:
        self._world.answer(facts["reference"], task, annotator, label)
        self._left.remove((task, annotator, label))
        self.said[task, annotator] = label

    def _reconsider(self, facts: dict[str, Any]) -> None:
        task, annotator = self._rng.choice(sorted(self.said))
        label = self._rng.choice(CLASSES)
        with suppress(CannotHappenError):
            self._world.edit(facts["reference"], task, annotator, label)
            self.said[task, annotator] = label


class Weather:
    """What the exchanges of one life suffer; also lets people act in the middle of them."""

    def __init__(self, schedule: Schedule, people: People, faults: Sequence[Fault]) -> None:
        self._rng, self._rate, self._people = schedule.rng, schedule.rate, people
        self._faults, self._lock = faults, threading.Lock()
        self._fatal = self._rng.randint(1, 12) if self._rng.random() < 0.35 else 0
        self._count = 0
        self.pid = 0
        self.killed = False

    def __call__(self, exchange: Exchange) -> Fault | None:
        with self._lock:
            self._count += 1
            if self._rng.random() < 0.3:
                self._people.act(self._rng.randint(1, 3))
            if self._count == self._fatal:
                return Cue(self._kill, after=self._rng.random() < 0.6)
            if self._rng.random() >= self._rate:
                return None
            fault = self._rng.choice(self._faults)
            return fault

    def _kill(self) -> None:
        while not self.pid:
            time.sleep(0.001)
        self.killed = True
        os.kill(self.pid, signal.SIGKILL)


@dataclass
class Run:
    """One schedule while it goes on."""

    world: World
    proxies: Sequence[Proxy]
    schedule: Schedule
    folder: Path
    duplicable: Callable[[Exchange], bool] = anything
    tally: Tally = field(default_factory=Tally)
    exchanges: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._journal = self.folder / f"{self.schedule.name}.json"
        self._grave = self.folder / f"{self.schedule.name}.died"
        self._people = People(self.world, self.schedule, self._journal)

    def go(self) -> Tally:
        """Let it all happen, and check the books."""
        try:
            with self._following(self.exchanges.append):
                self._go()
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._story()}") from error
        return self._counted()

    def _go(self) -> None:
        schedule = self.schedule
        for _ in range(schedule.lives):
            self._troubled_life("")
            self._people.act(schedule.rng.randint(0, 4))
        if len(self.facts["receipts"]) < len(schedule.tasks):
            self._calm_life("")
        self._people.finish()
        self._check_tasks()
        self.world.pass_time()
        for _ in range(schedule.last_lives):
            self._troubled_life(schedule.ending)
        self._calm_life(schedule.ending)
        self._check_answers()

    @property
    def facts(self) -> dict[str, Any]:
        return Journal(self._journal).facts

    def _troubled_life(self, ending: str) -> None:
        rng = self.schedule.rng
        weather = Weather(self.schedule, self._people, FAULTS)
        deadly = rng.randint(0, 16) if rng.random() < 0.3 else None
        with ExitStack() as stack:
            stack.enter_context(self._following(lambda each: self._fault(weather, each)))
            for proxy in self.proxies if rng.random() < 0.1 else ():
                stack.enter_context(proxy.down())
            code = self._life(ending, deadly, weather)
        if code == -signal.SIGKILL:
            self.tally.kills["in an exchange" if weather.killed else "beside the journal"] += 1
        else:
            assert code != BROKEN, f"the caller met what it should not:\n{self._grave.read_text()}"

    @contextmanager
    def _following(self, plan: Plan) -> Iterator[None]:
        for proxy in self.proxies:
            proxy.follow(plan)
        try:
            yield
        finally:
            for proxy in self.proxies:
                proxy.calm(plan)

    def _fault(self, weather: Weather, exchange: Exchange) -> Fault | None:
        fault = weather(exchange)
        if isinstance(fault, Duplicate) and not self.duplicable(exchange):
            return None
        return fault

    def _calm_life(self, ending: str) -> None:
        code = self._life(ending, None)
        assert code == DONE, f"all went well, and the caller did not:\n{self._grave.read_text()}"

    def _life(self, ending: str, deadly: int | None, weather: Weather | None = None) -> int:
        self.tally.lives += 1
        schedule = self.schedule
        caller = Caller(
            self.world,
            Journal(self._journal, deadly),
            schedule.spec,
            schedule.tasks,
            schedule.chunk,
            ending,
        )
        pid = fork(caller, self._grave)
        if weather:
            weather.pid = pid
        return _wait(pid)

    def _check_tasks(self) -> None:
        facts, keys = self.facts, {task.key for task in self.schedule.tasks}
        assert facts["receipts"].keys() == keys, "receipts are not those of the tasks"
        there = self.world.count_tasks(facts["reference"])
        assert there <= len(keys), f"{there - len(keys)} tasks were sent twice"
        assert there >= len(keys), f"{len(keys) - there} tasks are lost"

    def _check_answers(self) -> None:
        facts, view = self.facts, seen(self.world, self.facts)
        said = Counter((task, label) for (task, _), label in self._people.said.items())
        assert not view.malformed, f"records were not understood: {view.malformed}"
        self._balance("fetched", said, view.labelled().values())
        people = {(answer.key, answer.annotator_id) for answer in view.labelled().values()}
        assert len(people) == said.total(), "one annotator has two answers to a task"
        end, keys = facts["end"], sorted(task.key for task in self.schedule.tasks)
        exported = seen(self.world, {"pages": [end["exported"]], "looks": 1})
        self._balance("exported", said, exported.labelled().values())
        assert end["progress"]["answered"] == said.total(), f"{end['progress']} of {said.total()}"
        assert end["stated_answers"] == said.total(), f"{end['stated_answers']} are stated"
        if self.schedule.ending == "close":
            self._check_tasks()
            assert end["reconciled"] == keys, "the vendor lists other tasks than were sent"

    def _balance(self, how: str, said: Counter[tuple[str, str]], answers: Any) -> None:
        heard = Counter((answer.key, answer.label) for answer in answers)
        assert not said - heard, f"{how}: answers are lost: {dict(said - heard)}"
        assert not heard - said, f"{how}: answers nobody gave, or double: {dict(heard - said)}"

    def _story(self) -> str:
        lines = (f"  {e.method} {e.path} {e.fault or ''} -> {e.status}" for e in self.exchanges)
        return "\n".join((f"seed {self.schedule.seed}: {self.schedule}", *lines))

    def _counted(self) -> Tally:
        own, tally = self.exchanges, self.tally
        tally.schedules, tally.tasks = 1, len(self.schedule.tasks)
        tally.answers, tally.exchanges = len(self._people.said), len(own)
        tally.faults.update(e.fault.kind for e in own if e.fault and not isinstance(e.fault, Cue))
        tally.errors.update(self.facts["errors"])
        tally.endings[self.schedule.ending] += 1
        return tally


def run(
    world: World,
    proxies: Sequence[Proxy],
    seed: int,
    folder: Path,
    duplicable: Callable[[Exchange], bool] = anything,
    most_tasks: int = MOST_TASKS,
) -> Tally:
    """Let one schedule happen in a world; its batch is named after folder and seed.

    Parameters
    ----------
    proxies : sequence of Proxy
        All wires to the vendor.
    duplicable : callable
        Which requests a network may deliver twice.

    Raises
    ------
    AssertionError
        Something was lost or is there twice, or the caller met an error that nobody can get over.
    """
    capabilities = world.vendor.capabilities
    most_copies = min(3, capabilities.max_copies or 3)
    name = f"trees-{folder.name[-12:]}-{seed}"
    schedule = draw(seed, name, most_copies, may_cancel=capabilities.cancel, most_tasks=most_tasks)
    return Run(world, proxies, schedule, folder, duplicable).go()


def warm_up(world: World, folder: Path) -> None:
    """Live once in this process, so that those that come of it need to import nothing any more."""
    schedule = draw(0, f"trees-{folder.name[-12:]}-warm", 1, may_cancel=False)
    journal = Journal(folder / f"{schedule.name}.json")
    Caller(world, journal, schedule.spec, schedule.tasks, schedule.chunk, "close").live()


def play(
    world: World,
    proxies: Sequence[Proxy],
    seeds: Iterable[int],
    folder: Path,
    duplicable: Callable[[Exchange], bool] = anything,
    most_tasks: int = MOST_TASKS,
) -> Tally:
    """`run` a schedule for each seed, all in one world."""
    warm_up(world, folder)
    tally = Tally()
    gc.collect()
    # Else every life has its own copy of all that the collector only looks at.
    gc.freeze()
    try:
        for seed in seeds:
            tally.add(run(world, proxies, seed, folder, duplicable, most_tasks))
    finally:
        gc.unfreeze()
    return tally


def _wait(pid: int) -> int:
    """Wait for a process to end; gives its code, negative if a signal ended it."""
    timer = threading.Timer(PATIENCE, lambda: os.kill(pid, signal.SIGABRT))
    timer.start()
    try:
        _, status = os.waitpid(pid, 0)
    finally:
        timer.cancel()
        timer.join()
    return os.waitstatus_to_exitcode(status)
