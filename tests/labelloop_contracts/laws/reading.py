"""Laws of reading: nothing is lost, whatever cursor one goes on from."""

import math
from datetime import UTC, datetime

import pytest

from labelloop_contracts.trial import Json, Trial, View, follow, kept
from labelloop_contracts.world import CLASSES


class ReadingLaws:
    """How answers come to the caller."""

    def test_an_answer_is_what_the_annotator_said(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(3)
        for task, label in zip(tasks, CLASSES, strict=True):
            trial.world.answer(reference, task.key, "ann", label)
        answers = trial.look(account, reference).labelled()
        assert {a.key: a.label for a in answers.values()} == {
            task.key: label for task, label in zip(tasks, CLASSES, strict=True)
        }
        assert len({answer.annotator_id for answer in answers.values()}) == 1
        assert all(answer.annotator_id for answer in answers.values())

    def test_nothing_is_there_before_somebody_answers(self, trial: Trial) -> None:
        account, reference, _ = trial.opened(3)
        assert trial.look(account, reference).answers == {}
        progress = account.poll(reference)
        assert (progress.expected, progress.answered, progress.gone) == (3, 0, 0)
        assert not progress.complete

    def test_every_cursor_can_be_used_again_and_skips_nothing(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(9)
        cursor: Json | None = None
        cursors, seen = [cursor], [View(trial.world.vendor)]
        for begin in (0, 3, 6):
            for task in tasks[begin : begin + 3]:
                trial.world.answer(reference, task.key, "ann", "ash")
            view = trial.look(account, reference, cursor)
            cursor = view.cursors[-1]
            cursors.append(cursor)
            seen.append(view)
        whole = trial.look(account, reference).labelled()
        assert len(whole) == 9
        for number, cursor in reversed(list(enumerate(cursors))):
            rest = follow(trial.world.vendor, trial.account(), reference, cursor)
            before = {k: v for view in seen[: number + 1] for k, v in view.labelled().items()}
            assert before | rest.labelled() == whole

    def test_fetching_again_gives_the_same(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(4)
        for task in tasks:
            trial.world.answer(reference, task.key, "ann", "ash")
        first = trial.look(account, reference)
        again = follow(trial.world.vendor, trial.account(), reference)
        assert again.answers == first.answers
        assert len(first.labelled()) == 4

    def test_nothing_is_lost_among_answers_of_one_instant(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(8)
        with trial.world.same_instant():
            for task in tasks[:4]:
                trial.world.answer(reference, task.key, "ann", "ash")
            first = follow(trial.world.vendor, account, reference)
            for task in tasks[4:]:
                trial.world.answer(reference, task.key, "ann", "birch")
        rest = trial.look(account, reference, first.cursors[-1])
        assert {a.key for a in (first.labelled() | rest.labelled()).values()} == {
            task.key for task in tasks
        }

    def test_polling_agrees_with_fetching_and_changes_nothing(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(4, copies=2)
        for number, task in enumerate(tasks[:3]):
            trial.world.answer(reference, task.key, "ann", CLASSES[number])
        trial.world.answer(reference, tasks[0].key, "ben", "ash")
        view = trial.look(account, reference)
        before = trial.world.count_writes()
        polls = [account.poll(reference), trial.account().poll(reference)]
        assert {poll.answered for poll in polls} == {len(view.labelled())} == {4}
        assert {poll.expected for poll in polls} == {8}
        assert trial.world.count_writes() == before
        assert follow(trial.world.vendor, account, reference).answers == view.answers

    def test_reading_changes_nothing(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(2)
        trial.world.answer(reference, tasks[0].key, "ann", "ash")
        trial.look(account, reference)
        before = trial.world.count_writes()
        account.reconcile(reference)
        account.fetch(reference, None)
        account.export_raw(reference)
        account.statement([reference])
        assert trial.world.count_writes() == before

    def test_the_export_alone_rebuilds_the_same_answers(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(5, copies=2)
        for number, task in enumerate(tasks[:4]):
            trial.world.answer(reference, task.key, "ann", CLASSES[number % 3])
            trial.world.answer(reference, task.key, "ben", "ash")
        view = trial.look(account, reference)
        export = trial.exported(account, reference)
        assert export.malformed == view.malformed == []
        assert export.labelled() == view.labelled()
        assert len(export.labelled()) == 8

    def test_times_are_utc_and_go_forward(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(2)
        hours = [account.poll(reference).hours]
        for task in tasks:
            trial.world.answer(reference, task.key, "ann", "ash")
            view = trial.look(account, reference)
            hours.append(account.poll(reference).hours)
        assert hours == sorted(hours)
        assert all(math.isfinite(one) and one >= 0 for one in hours)
        for answer in view.labelled().values():
            assert answer.answered_at.endswith("+00:00")
            assert datetime.fromisoformat(answer.answered_at).tzinfo == UTC
            assert answer.seconds is None or math.isfinite(answer.seconds)

    def test_references_and_cursors_are_plain_json(self, trial: Trial) -> None:
        account = trial.account()
        reference = account.ensure_batch(trial.spec())
        assert kept(reference) == dict(reference)
        cursor = account.fetch(reference, None).cursor
        assert kept(cursor) == dict(cursor)

    def test_the_bill_is_for_the_answers_that_were_given(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(3)
        statement = account.statement([reference])
        assert (statement.answers, statement.cost) == (0, 0)
        for task in tasks[:2]:
            trial.world.answer(reference, task.key, "ann", "ash")
        trial.look(account, reference)
        statement = trial.account().statement([reference])
        assert statement.answers == 2
        assert statement.tasks.keys() == {task.key for task in tasks}
        assert statement.cost in (0, pytest.approx(2 * trial.price))
