"""Laws of privacy: no secret is kept anywhere, and all that leaves is known."""

import json

from labelloop_contracts.trial import Trial, failure, payload
from labelloop_contracts.world import CLASSES, CannotHappenError


class PrivacyLaws:
    """What leaves the house, and what is kept."""

    def test_no_secret_is_kept_or_told(self, trial: Trial) -> None:
        if not trial.world.secrets:
            raise CannotHappenError
        secrets = trial.world.secrets
        account, reference, tasks = trial.opened(2)
        trial.world.answer(reference, tasks[0].key, "ann", "ash")
        trial.world.pass_time()
        page = account.fetch(reference, None)
        said = [json.dumps([reference, page.cursor, page.records]), repr(account)]
        said += [json.dumps(account.export_raw(reference)), repr(trial.world.vendor)]
        said += [repr(account.reconcile(reference)), repr(account.statement([reference]))]
        trial.world.revoke()
        error: BaseException | None = failure(lambda: trial.account().submit(reference, tasks))
        while error is not None:
            said.append(f"{error} {error!r} {error.args}")
            error = error.__cause__ or error.__context__
        everything = "\n".join(said).encode() + trial.world.stored()
        assert not [number for number, one in enumerate(secrets) if one.encode() in everything]

    def test_what_leaves_the_house_is_told_before(self, trial: Trial) -> None:
        told: list[bytes] = []
        account = trial.account(lambda target, content: told.append(content))
        tasks = trial.tasks(3)
        reference = account.ensure_batch(trial.spec())
        account.submit(reference, tasks)
        stored = trial.world.stored()
        for content in sorted(told, key=len, reverse=True):
            assert content in stored, "something was told that did not leave"
            stored = stored.replace(content, b"")
        words = [*CLASSES, *(payload(number)["note"] for number in range(3))]
        assert not [word for word in words if word.encode() in stored]
        # Else nothing could be found in what is left.
        assert all(word.encode() in b"".join(told) for word in words)
