"""Laws of sending: nothing is done twice, and all or nothing of a call."""

from collections.abc import Mapping
from typing import Any

import pytest

from labelloop_contracts.trial import Trial, kept, payload
from labelloop_contracts.world import CLASSES, ITEMS, CannotHappenError
from tasks.domain.errors import (
    BatchConflictError,
    CapabilityMissingError,
    RejectedItemError,
    VendorClosedError,
)
from tasks.domain.outgoing import Prelabel, Task

AWKWARD = {
    "note": "Ä\u00a0'\"<&>\\\n\u2028 \u6728 \U0001f333 {{x}} {%y%} ${z} \u202eabc",
    "height": {"none": None, "deep": [{"a": [1, [], {}]}], "big": 2**60, "sum": 0.1 + 0.2},
}


class SendingLaws:
    """How batches and tasks come to a vendor."""

    def test_preflight_changes_nothing(self, trial: Trial) -> None:
        before = trial.world.count_writes()
        trial.account().preflight()
        assert trial.world.count_writes() == before

    def test_a_batch_made_twice_is_one_batch(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(3)
        again = account.ensure_batch(trial.spec())
        anew = trial.account().ensure_batch(trial.spec())
        assert kept(again) == kept(anew) == reference
        assert {one.key for one in account.reconcile(anew)} == {task.key for task in tasks}

    @pytest.mark.parametrize(
        "change",
        [{"classes": (*CLASSES, "elm")}, {"fields": {"note": "text"}}, {"copies": 2}],
        ids=["classes", "fields", "copies"],
    )
    def test_another_batch_of_the_same_name_is_a_conflict(
        self, trial: Trial, change: Mapping[str, Any]
    ) -> None:
        account, reference, _ = trial.opened(3)
        before = trial.world.count_writes()
        with pytest.raises(BatchConflictError):
            trial.account().ensure_batch(trial.spec(**change))
        assert trial.world.count_writes() == before
        assert len(account.reconcile(reference)) == 3

    def test_every_task_gets_a_receipt_in_its_order(self, trial: Trial) -> None:
        account, tasks = trial.account(), trial.tasks(20)
        reference = account.ensure_batch(trial.spec(tasks=20))
        receipts = account.submit(reference, tasks)
        assert [receipt.key for receipt in receipts] == [task.key for task in tasks]
        assert len({receipt.task_id for receipt in receipts}) == len(receipts)
        assert all(isinstance(one.task_id, str) and one.task_id for one in receipts)

    def test_sending_twice_adds_nothing(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(20)
        first = {receipt.key: receipt for receipt in account.reconcile(reference)}
        again = trial.account().submit(reference, tasks[5:][::-1])
        assert again == [first[task.key] for task in tasks[5:][::-1]]
        assert trial.world.count_tasks(reference) == 20
        assert account.poll(reference).expected == 20

    def test_a_later_process_finds_what_was_sent(self, trial: Trial) -> None:
        _, reference, tasks = trial.opened(20)
        receipts = trial.account().reconcile(reference)
        assert [receipt.key for receipt in receipts] == sorted(task.key for task in tasks)
        assert trial.account().statement([reference]).tasks == {
            receipt.key: receipt.task_id for receipt in receipts
        }

    def test_batches_are_told_apart(self, trial: Trial) -> None:
        account, one, first = trial.opened(3)
        _, other, second = trial.opened(2, copies=2, batch="-2")
        assert {receipt.key for receipt in account.reconcile(one)} == {t.key for t in first}
        assert {receipt.key for receipt in account.reconcile(other)} == {t.key for t in second}
        assert (account.poll(one).expected, account.poll(other).expected) == (3, 4)

    def test_no_task_and_one_task_can_be_sent(self, trial: Trial) -> None:
        account, tasks = trial.account(), trial.tasks(1)
        reference = account.ensure_batch(trial.spec(tasks=1))
        assert account.submit(reference, []) == []
        assert account.reconcile(reference) == []
        assert [receipt.key for receipt in account.submit(reference, tasks)] == [tasks[0].key]

    def test_the_most_tasks_of_a_call_are_taken_and_one_more_is_refused(self, trial: Trial) -> None:
        most = trial.world.vendor.capabilities.max_tasks
        tasks = trial.tasks(min(most, len(ITEMS) - 1) + 1)
        account = trial.account()
        reference = account.ensure_batch(trial.spec(tasks=len(tasks)))
        if len(tasks) > most:
            before = trial.world.count_writes()
            with pytest.raises(CapabilityMissingError):
                account.submit(reference, tasks)
            assert trial.world.count_writes() == before
        assert len(account.submit(reference, tasks[:-1])) == len(tasks) - 1
        assert trial.world.count_tasks(reference) == len(tasks) - 1

    def test_more_copies_than_there_can_be_are_refused_unsent(self, trial: Trial) -> None:
        most = trial.world.vendor.capabilities.max_copies
        if most is None:
            raise CannotHappenError
        before = trial.world.count_writes()
        with pytest.raises(CapabilityMissingError):
            trial.account().ensure_batch(trial.spec(copies=most + 1))
        assert trial.world.count_writes() == before

    def test_a_bad_task_is_named_and_none_of_its_call_is_taken(self, trial: Trial) -> None:
        account, tasks = trial.account(), trial.tasks(100)
        reference = account.ensure_batch(trial.spec(tasks=100))
        bad = Task(tasks[42].key, tasks[42].item_id, trial.world.unacceptable())
        with pytest.raises(RejectedItemError) as caught:
            account.submit(reference, [*tasks[:42], bad, *tasks[43:]])
        assert caught.value.reasons.keys() == {bad.key}
        assert trial.world.count_tasks(reference) == 0
        account.submit(reference, [*tasks[:42], *tasks[43:]])
        assert trial.world.count_tasks(reference) == 99

    def test_data_arrive_as_they_were_sent(self, trial: Trial) -> None:
        account = trial.account()
        reference = account.ensure_batch(trial.spec(tasks=2))
        plain, awkward = trial.tasks(2)
        awkward = Task(awkward.key, awkward.item_id, AWKWARD)
        account.submit(reference, [awkward, plain])
        assert trial.world.payload(reference, awkward.key) == AWKWARD
        assert trial.world.payload(reference, plain.key) == payload(0)

    def test_a_task_that_is_there_twice_is_listed_once(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(5)
        trial.world.duplicate_task(reference, tasks[2].key)
        assert [one.key for one in account.reconcile(reference)] == sorted(t.key for t in tasks)
        receipts = account.submit(reference, tasks)
        assert [receipt.key for receipt in receipts] == [task.key for task in tasks]

    def test_nothing_is_sent_to_a_batch_that_was_deleted(self, trial: Trial) -> None:
        _, reference, _ = trial.opened(3)
        trial.world.delete_batch(reference)
        with pytest.raises(VendorClosedError):
            trial.account().submit(reference, trial.tasks(2, first=3))

    def test_the_models_guess_is_shown_or_refused_and_is_no_answer(self, trial: Trial) -> None:
        account, before = trial.account(), trial.world.count_writes()
        spec = trial.spec(prelabels=True, tasks=1)
        if not trial.world.vendor.capabilities.prelabels:
            with pytest.raises(CapabilityMissingError):
                account.ensure_batch(spec)
            assert trial.world.count_writes() == before
            return
        reference = account.ensure_batch(spec)
        guess = Prelabel("birch", 0.7, "0123abcd")
        (plain,) = trial.tasks(1)
        account.submit(reference, [Task(plain.key, plain.item_id, plain.payload, 1, 1, guess)])
        assert trial.look(account, reference).labelled() == {}
        assert account.poll(reference).answered == 0
