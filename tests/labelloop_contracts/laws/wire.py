"""Laws of the wire: however a call goes wrong, each thing is done once in the end."""

from collections.abc import Callable
from functools import partial
from typing import Any, get_args

import pytest

from labelloop_contracts.laws.ending import needs
from labelloop_contracts.trial import Trial, deliver, failure, follow, insist
from labelloop_contracts.world import Trouble
from tasks.domain.errors import (
    OutcomeUnknownError,
    ThrottledError,
    TransientError,
    VendorAuthError,
    VendorError,
)
from tasks.domain.outgoing import Decision

KINDS = get_args(Trouble)
UNSURE = (OutcomeUnknownError, ThrottledError, TransientError)
DONE = ("timeout_after", "cut_response")
"""The kinds of trouble after which a call is done."""
ALWAYS = 1000
"""More calls than anybody makes."""
N = 12

each_kind = pytest.mark.parametrize("kind", KINDS)


class WireLaws:
    """What becomes of calls when the network or the vendor fails."""

    @each_kind
    def test_sending_that_goes_wrong_sends_each_task_once(
        self, trial: Trial, kind: Trouble
    ) -> None:
        account, tasks = trial.account(), trial.tasks(N)
        reference = account.ensure_batch(trial.spec(tasks=N))
        with trial.world.trouble(kind):
            error = failure(lambda: account.submit(reference, tasks))
        assert error is None or isinstance(error, UNSURE)
        if error is None:
            assert trial.world.count_tasks(reference) == N
        if isinstance(error, ThrottledError | TransientError):
            assert trial.world.count_tasks(reference) == 0, "it says that it took no effect"
        if not isinstance(error, OutcomeUnknownError):
            # It says that nothing was done, so a caller may send the same without asking.
            insist(lambda: account.submit(reference, tasks))
        deliver(trial.account(), reference, tasks, N)
        assert trial.world.count_tasks(reference) == N
        assert len(account.reconcile(reference)) == N
        assert account.poll(reference).expected == N

    @each_kind
    def test_making_a_batch_that_goes_wrong_makes_one(self, trial: Trial, kind: Trouble) -> None:
        account = trial.account()
        with trial.world.trouble(kind):
            error = failure(lambda: account.ensure_batch(trial.spec()))
        assert error is None or isinstance(error, UNSURE)
        _, reference, _ = trial.opened(3)
        assert dict(trial.account().ensure_batch(trial.spec())) == reference
        assert trial.world.count_tasks(reference) == 3

    @each_kind
    def test_reading_that_goes_wrong_gives_an_error_or_the_truth(
        self, trial: Trial, kind: Trouble
    ) -> None:
        account, reference, tasks = trial.opened(4)
        for task in tasks[:3]:
            trial.world.answer(reference, task.key, "ann", "ash")
        truth = trial.look(account, reference).labelled()

        def fetched() -> Any:
            return follow(trial.world.vendor, account, reference).labelled()

        def exported() -> Any:
            return trial.exported(account, reference).labelled()

        reads: list[tuple[Callable[[], Any], Any]] = [
            (fetched, truth),
            (exported, truth),
            (lambda: len(account.reconcile(reference)), 4),
            (lambda: account.poll(reference).answered, 3),
            (lambda: account.statement([reference]).answers, 3),
        ]
        for read, right in reads:
            for times in (1, ALWAYS):
                said, error = attempt(trial, kind, times, read)
                assert said == ([] if error else [right])
                assert error is None or isinstance(error, UNSURE)
            assert read() == right

    @each_kind
    def test_deciding_that_goes_wrong_pays_once(self, trial: Trial, kind: Trouble) -> None:
        needs(trial.world.vendor.capabilities.decide)
        account, reference, (task,) = trial.opened(1)
        trial.world.answer(reference, task.key, "ann", "ash")
        (answer,) = trial.look(account, reference).labelled().values()
        decision = [Decision(answer.answer_id, answer.key, accept=True)]
        with trial.world.trouble(kind):
            error = failure(lambda: account.decide(reference, decision))
        assert error is None or isinstance(error, UNSURE)
        insist(lambda: trial.account().decide(reference, decision))
        assert account.statement([reference]).cost == pytest.approx(trial.price)

    @each_kind
    def test_an_error_is_never_taken_for_success(self, trial: Trial, kind: Trouble) -> None:
        account, tasks = trial.account(), trial.tasks(N)
        reference = account.ensure_batch(trial.spec(tasks=N))
        with trial.world.trouble(kind, times=ALWAYS):
            error = failure(lambda: account.submit(reference, tasks))
        assert error is None or isinstance(error, UNSURE)
        if error is None:
            # Who reads back what was done may know that it was.
            assert kind in DONE
            assert trial.world.count_tasks(reference) == N
        deliver(account, reference, tasks, N)
        assert trial.world.count_tasks(reference) == N

    def test_a_vendor_that_is_down_at_the_start_is_waited_for(self, trial: Trial) -> None:
        account = trial.account()
        with trial.world.trouble("down", writes=False, times=ALWAYS):
            for call in (account.preflight, lambda: account.ensure_batch(trial.spec())):
                assert isinstance(failure(call), UNSURE)
        account.preflight()
        _, reference, _ = trial.opened(3)
        assert trial.world.count_tasks(reference) == 3

    def test_a_vendor_that_is_down_while_one_waits_loses_nothing(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(4)
        trial.world.answer(reference, tasks[0].key, "ann", "ash")
        first = trial.look(account, reference)
        with trial.world.trouble("down", writes=False, times=ALWAYS):
            assert isinstance(failure(lambda: account.poll(reference)), UNSURE)
            fetch = failure(lambda: account.fetch(reference, first.cursors[-1]))
            assert isinstance(fetch, UNSURE)
        trial.world.answer(reference, tasks[1].key, "ann", "birch")
        rest = trial.look(trial.account(), reference, first.cursors[-1])
        assert len(first.labelled() | rest.labelled()) == 2

    def test_being_throttled_says_how_long_to_wait(self, trial: Trial) -> None:
        account, reference, _ = trial.opened(2)
        with trial.world.trouble("throttled", writes=False, times=ALWAYS):
            error = failure(lambda: account.poll(reference))
        assert isinstance(error, ThrottledError)
        assert error.retry_after is None or error.retry_after >= 0
        assert account.poll(reference).expected == 2

    def test_credentials_that_end_can_be_replaced_at_any_time(self, trial: Trial) -> None:
        account, tasks = trial.account(), trial.tasks(6)
        reference = account.ensure_batch(trial.spec(tasks=6))
        account.submit(reference, tasks[:3])
        trial.world.revoke()
        before = trial.world.count_writes()
        for one in (account, trial.account()):
            calls = (
                one.preflight,
                partial(one.submit, reference, tasks),
                partial(one.poll, reference),
                partial(one.reconcile, reference),
            )
            for call in calls:
                assert isinstance(failure(call), VendorAuthError)
        assert trial.world.count_writes() == before
        trial.world.renew()
        trial.account().preflight()
        deliver(trial.account(), reference, tasks, 6)
        assert trial.world.count_tasks(reference) == 6

    def test_a_short_lived_token_is_replaced_without_a_word(self, trial: Trial) -> None:
        account, tasks = trial.account(), trial.tasks(6)
        reference = account.ensure_batch(trial.spec(tasks=6))
        account.submit(reference, tasks[:3])
        trial.world.expire_token()
        account.submit(reference, tasks[3:])
        trial.world.expire_token()
        assert account.poll(reference).expected == 6
        assert trial.world.count_tasks(reference) == 6


def attempt(
    trial: Trial, kind: Trouble, times: int, read: Callable[[], Any]
) -> tuple[list[Any], VendorError | None]:
    """Read while calls go wrong; give what was said, if anything, and the error."""
    said: list[Any] = []
    with trial.world.trouble(kind, writes=False, times=times):
        error = failure(lambda: said.append(read()))
    return said, error
