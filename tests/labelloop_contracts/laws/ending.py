"""Laws of ending: a wait comes to its end, and an end touches nothing else."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from labelloop_contracts.trial import Trial
from labelloop_contracts.world import CannotHappenError
from tasks.domain.errors import BatchDeletedError, VendorClosedError
from tasks.domain.outgoing import Decision


def needs(able: bool) -> None:
    """Say that a law cannot apply to a vendor that cannot do the thing."""
    if not able:
        raise CannotHappenError


class EndingLaws:
    """How batches end, and how answers are accepted and paid."""

    def test_a_batch_that_everybody_skipped_is_complete(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(2, copies=2)
        for task in tasks:
            trial.world.skip(reference, task.key, "ann")
            trial.world.skip(reference, task.key, "ben")
        assert trial.look(account, reference).labelled() == {}
        progress = account.poll(reference)
        assert (progress.answered, progress.gone) == (0, 4)
        assert progress.complete

    def test_a_batch_that_was_left_empty_is_complete(self, trial: Trial) -> None:
        account, reference, (task,) = trial.opened(1)
        trial.world.leave_empty(reference, task.key, "ann")
        trial.look(account, reference)
        assert account.poll(reference).complete

    def test_what_expired_ends_the_wait(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(2)
        trial.world.answer(reference, tasks[0].key, "ann", "ash")
        trial.look(account, reference)
        assert not account.poll(reference).complete
        trial.world.expire(reference, tasks[1].key)
        view = trial.look(account, reference)
        progress = account.poll(reference)
        assert (progress.answered, progress.gone) == (1, 1)
        assert {answer.key for answer in view.labelled().values()} == {tasks[0].key}

    def test_cancelling_keeps_what_was_answered_and_ends_the_wait(self, trial: Trial) -> None:
        needs(trial.world.vendor.capabilities.cancel)
        account, reference, tasks = trial.opened(3)
        trial.world.answer(reference, tasks[0].key, "ann", "ash")
        trial.look(account, reference)
        account.cancel(reference)
        trial.account().cancel(reference)
        view = trial.look(trial.account(), reference)
        assert {answer.key for answer in view.labelled().values()} == {tasks[0].key}
        progress = account.poll(reference)
        assert progress.answered == 1
        assert progress.complete
        with pytest.raises(VendorClosedError):
            account.submit(reference, trial.tasks(1, first=7))

    def test_cancelling_and_closing_touch_no_other_batch(self, trial: Trial) -> None:
        account, one, first = trial.opened(2, batch="-1")
        _, other, second = trial.opened(2, batch="-2")
        trial.world.answer(one, first[0].key, "ann", "ash")
        trial.world.answer(other, second[0].key, "ann", "birch")
        trial.look(account, one)
        if trial.world.vendor.capabilities.cancel:
            account.cancel(one)
        account.close(one)
        trial.account().close(one)
        trial.world.answer(other, second[1].key, "ann", "cedar")
        assert len(trial.look(account, other).labelled()) == 2
        assert trial.world.count_tasks(other) == 2
        account.submit(other, trial.tasks(1, first=7, batch="-2"))

    def test_a_closed_batch_can_be_read_and_takes_nothing_more(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(2)
        trial.world.answer(reference, tasks[0].key, "ann", "ash")
        before = trial.look(account, reference).labelled()
        account.close(reference)
        anew = trial.account()
        assert trial.look(anew, reference).labelled() == before
        assert len(anew.export_raw(reference)) >= 1
        assert len(anew.reconcile(reference)) == 2
        assert anew.statement([reference]).answers == 1
        with pytest.raises(VendorClosedError):
            anew.submit(reference, trial.tasks(1, first=7))

    def test_a_batch_that_was_deleted_is_named_as_such_by_every_call(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(2)
        _, other, _ = trial.opened(2, batch="-2")
        trial.world.answer(reference, tasks[0].key, "ann", "ash")
        seen = trial.look(account, reference)
        trial.world.delete_batch(reference)
        before = trial.world.count_writes()
        for one in (account, trial.account()):
            calls: dict[str, Callable[[], Any]] = {
                "submit": partial(one.submit, reference, trial.tasks(1, first=7)),
                "reconcile": partial(one.reconcile, reference),
                "poll": partial(one.poll, reference),
                "fetch": partial(one.fetch, reference, None),
                "fetch more": partial(one.fetch, reference, seen.cursors[-1]),
                "export_raw": partial(one.export_raw, reference),
                "close": partial(one.close, reference),
                "statement": partial(one.statement, [other, reference]),
            }
            if trial.world.vendor.capabilities.cancel:
                calls["cancel"] = partial(one.cancel, reference)
            if trial.world.vendor.capabilities.extend:
                calls["extend"] = partial(one.extend, reference, 24.0)
            for name, call in calls.items():
                with pytest.raises(BatchDeletedError) as told:
                    call()
                assert told.value.what, name
        assert trial.world.count_writes() == before
        assert trial.account().poll(other).expected == 2

    def test_extending_loses_nothing(self, trial: Trial) -> None:
        needs(trial.world.vendor.capabilities.extend)
        account, reference, tasks = trial.opened(2)
        trial.world.answer(reference, tasks[0].key, "ann", "ash")
        trial.look(account, reference)
        account.extend(reference, 48.0)
        account.extend(reference, 48.0)
        trial.world.answer(reference, tasks[1].key, "ann", "birch")
        assert len(trial.look(account, reference).labelled()) == 2

    def test_deciding_twice_pays_once_and_the_first_decision_stands(self, trial: Trial) -> None:
        needs(trial.world.vendor.capabilities.decide)
        account, reference, tasks = trial.opened(2)
        for task in tasks:
            trial.world.answer(reference, task.key, "ann", "ash")
        answers = sorted(trial.look(account, reference).labelled())
        keys = {a.answer_id: a.key for a in trial.look(account, reference).answers.values()}
        accept = [Decision(answer, keys[answer], accept=True) for answer in answers]
        account.decide(reference, accept)
        once = trial.account().statement([reference])
        writes = trial.world.count_writes()
        account.decide(reference, accept)
        refuse = [Decision(one.answer_id, one.key, accept=False, reason="no") for one in accept]
        trial.account().decide(reference, refuse)
        assert trial.account().statement([reference]) == once
        assert trial.world.count_writes() == writes
        assert once.cost == pytest.approx(2 * trial.price)
