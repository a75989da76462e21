"""Laws of processes: whoever dies or comes at the same time, each task is there once."""

import multiprocessing
import time

import pytest

from labelloop_contracts.trial import Trial, deliver
from tasks.domain.errors import VendorError

FORK = multiprocessing.get_context("fork")
N = 30
CHUNK = 10


class ProcessLaws:
    """How several processes of one campaign use an account."""

    @pytest.mark.parametrize("after", [0.0, 0.005, 0.02, 0.1])
    def test_killed_while_sending_it_can_go_on(self, trial: Trial, after: float) -> None:
        tasks = trial.tasks(N)
        reference = trial.account().ensure_batch(trial.spec(tasks=N))
        started = FORK.Event()

        def send() -> None:
            account = trial.world.connect()
            started.set()
            for begin in range(0, N, CHUNK):
                account.submit(reference, tasks[begin : begin + CHUNK])

        process = FORK.Process(target=send)
        process.start()
        started.wait()
        time.sleep(after)
        process.kill()
        process.join()
        # Who starts again does so after a moment.
        trial.world.pass_time()
        deliver(trial.account(), reference, tasks, N)
        assert trial.world.count_tasks(reference) == N
        assert len(trial.account().reconcile(reference)) == N

    def test_killed_while_making_a_batch_it_can_go_on(self, trial: Trial) -> None:
        started = FORK.Event()

        def make() -> None:
            account = trial.world.connect()
            started.set()
            account.ensure_batch(trial.spec())

        process = FORK.Process(target=make)
        process.start()
        started.wait()
        time.sleep(0.003)
        process.kill()
        process.join()
        trial.world.pass_time()
        _, reference, _ = trial.opened(3)
        assert trial.account().ensure_batch(trial.spec()) == reference
        assert trial.world.count_tasks(reference) == 3

    def test_two_that_send_at_once_send_everything_once(self, trial: Trial) -> None:
        tasks = trial.tasks(N)
        trial.account().ensure_batch(trial.spec(tasks=N))
        start, results = FORK.Barrier(2), FORK.SimpleQueue()

        def send() -> None:
            account = trial.world.connect()
            start.wait()
            try:
                reference = account.ensure_batch(trial.spec(tasks=N))
                for begin in range(0, N, CHUNK):
                    deliver(account, reference, tasks[begin : begin + CHUNK], CHUNK)
                results.put(dict(reference))
            except VendorError as error:
                results.put(f"{type(error).__name__}: {error}")

        processes = [FORK.Process(target=send) for _ in range(2)]
        for process in processes:
            process.start()
        one, other = [results.get() for _ in processes]
        for process in processes:
            process.join()
        assert one == other
        assert trial.world.count_tasks(one) == N
        assert len(trial.account().reconcile(one)) == N
