"""Laws of answers: nothing is invented, and every change arrives."""

from labelloop_contracts.trial import Trial, pages
from labelloop_contracts.world import CLASSES
from tasks.domain.incoming import RawAnswer

PEOPLE = ("ann", "ben", "cleo")


class AnswerLaws:
    """What counts as an answer, and what does not."""

    def test_several_annotators_answer_one_task(self, trial: Trial) -> None:
        account, reference, (task,) = trial.opened(1, copies=3)
        for person, label in zip(PEOPLE, CLASSES, strict=True):
            trial.world.answer(reference, task.key, person, label)
        view = trial.look(account, reference)
        assert view.labels(task.key) == sorted(CLASSES)
        assert len({answer.annotator_id for answer in view.labelled().values()}) == 3
        assert account.poll(reference).complete

    def test_an_annotator_is_the_same_in_all_batches(self, trial: Trial) -> None:
        seen: list[RawAnswer] = []
        for batch in ("-1", "-2"):
            account, reference, (task,) = trial.opened(1, batch=batch)
            trial.world.answer(reference, task.key, "ann", "ash")
            seen += trial.look(account, reference).labelled().values()
        assert seen[0].annotator_id == seen[1].annotator_id
        assert seen[0].answer_id != seen[1].answer_id

    def test_two_answers_of_one_annotator_can_be_told_apart(self, trial: Trial) -> None:
        account, reference, (task,) = trial.opened(1, copies=2)
        trial.world.answer(reference, task.key, "ann", "ash")
        trial.world.answer(reference, task.key, "ann", "birch")
        view = trial.look(account, reference)
        assert view.labels(task.key) == ["ash", "birch"]
        assert len({answer.annotator_id for answer in view.labelled().values()}) == 1

    def test_more_answers_than_were_asked_for_all_arrive(self, trial: Trial) -> None:
        account, reference, (task,) = trial.opened(1, copies=1)
        for person, label in zip(PEOPLE, CLASSES, strict=True):
            trial.world.answer(reference, task.key, person, label)
        view = trial.look(account, reference)
        assert view.labels(task.key) == sorted(CLASSES)
        progress = account.poll(reference)
        assert progress.answered <= progress.expected == 1
        assert progress.complete

    def test_a_changed_answer_is_a_new_revision_of_it(self, trial: Trial) -> None:
        account, reference, (task,) = trial.opened(1)
        trial.world.answer(reference, task.key, "ann", "ash")
        view = trial.look(account, reference)
        (before,) = view.labelled().values()
        trial.world.edit(reference, task.key, "ann", "birch")
        change = trial.look(account, reference, view.cursors[-1])
        (after,) = change.labelled().values()
        assert (before.answer_id, before.annotator_id) == (after.answer_id, after.annotator_id)
        assert (before.label, after.label) == ("ash", "birch")
        assert after.revision > before.revision
        assert after.answered_at >= before.answered_at
        whole = trial.look(account, reference)
        assert whole.labels(task.key) == ["birch"]
        assert trial.exported(account, reference).labelled() == whole.labelled()
        assert account.poll(reference).answered == 1

    def test_a_deleted_answer_is_withdrawn(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(2)
        for task in tasks:
            trial.world.answer(reference, task.key, "ann", "ash")
        view = trial.look(account, reference)
        trial.world.delete(reference, tasks[0].key, "ann")
        trial.world.pass_time()
        for page in pages(account, reference, view.cursors[-1]):
            view.take(page.records)
        assert {a.key for a in view.labelled().values()} == {tasks[1].key}
        assert trial.look(account, reference).labelled() == view.labelled()
        assert trial.exported(account, reference).labelled() == view.labelled()
        assert account.poll(reference).answered == 1

    def test_a_skip_is_no_label(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(2)
        trial.world.skip(reference, tasks[0].key, "ann")
        trial.world.answer(reference, tasks[1].key, "ann", "ash")
        view = trial.look(account, reference)
        assert {a.key for a in view.labelled().values()} == {tasks[1].key}
        assert trial.exported(account, reference).labelled() == view.labelled()
        assert all(a.note for a in view.answers.values() if a.label is None)
        assert account.poll(reference).answered == 1

    def test_an_empty_answer_is_no_label(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(2)
        trial.world.leave_empty(reference, tasks[0].key, "ann")
        trial.world.answer(reference, tasks[1].key, "ann", "ash")
        view = trial.look(account, reference)
        assert {a.key for a in view.labelled().values()} == {tasks[1].key}
        assert trial.exported(account, reference).labelled() == view.labelled()
        assert all(a.note for a in view.answers.values() if a.label is None)
        assert account.poll(reference).answered == 1

    def test_an_unknown_class_is_not_taken_for_a_known_one(self, trial: Trial) -> None:
        account, reference, (task,) = trial.opened(1)
        trial.world.answer(reference, task.key, "ann", "not ash")
        view = trial.look(account, reference)
        assert not set(CLASSES) & {answer.label for answer in view.answers.values()}
        assert view.answers or view.malformed

    def test_a_prediction_is_no_answer(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(2)
        trial.world.predict(reference, tasks[0].key, "ash")
        trial.world.answer(reference, tasks[1].key, "ann", "birch")
        view = trial.look(account, reference)
        assert {a.key for a in view.labelled().values()} == {tasks[1].key}
        assert trial.exported(account, reference).labelled() == view.labelled()
        assert account.poll(reference).answered == 1

    def test_imported_gold_is_no_answer(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(2)
        trial.world.import_gold(reference, tasks[0].key, "ash")
        trial.world.answer(reference, tasks[1].key, "ann", "birch")
        view = trial.look(account, reference)
        assert {a.key for a in view.labelled().values()} == {tasks[1].key}
        assert trial.exported(account, reference).labelled() == view.labelled()
        assert account.poll(reference).answered == 1
