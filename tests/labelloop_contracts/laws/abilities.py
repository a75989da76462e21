"""Laws of abilities: what a vendor says that it can do, it can, and nothing else."""

import dataclasses
from dataclasses import replace
from typing import Any, cast

import pytest

from labelloop_contracts.trial import Trial, failure
from labelloop_contracts.world import CannotHappenError, Trouble
from tasks.domain.errors import CapabilityMissingError
from tasks.domain.outgoing import Decision, Webhook
from tasks.domain.ports import Subscriber


class AbilityLaws:
    """Whether `Capabilities` is true."""

    @pytest.mark.parametrize("ability", ["decide", "extend", "cancel"])
    def test_what_it_cannot_do_is_refused_before_any_write(
        self, trial: Trial, ability: str
    ) -> None:
        account, reference, tasks = trial.opened(1)
        trial.world.answer(reference, tasks[0].key, "ann", "ash")
        (answer,) = trial.look(account, reference).labelled().values()
        decision = Decision(answer.answer_id, answer.key, accept=True)
        every: dict[str, list[Any]] = {"decide": [[decision]], "extend": [24.0], "cancel": []}
        arguments = every[ability]
        before = trial.world.count_writes()
        if getattr(trial.world.vendor.capabilities, ability):
            getattr(account, ability)(reference, *arguments)
            return
        with pytest.raises(CapabilityMissingError):
            getattr(account, ability)(reference, *arguments)
        assert trial.world.count_writes() == before

    def test_a_webhook_is_registered_once_and_removed_alone(self, trial: Trial) -> None:
        if not trial.world.vendor.capabilities.subscribe:
            raise CannotHappenError
        said: list[bytes] = []
        account, reference, _ = trial.opened(2)
        _, other, _ = trial.opened(2, batch="-2")
        ours = Webhook("http://127.0.0.1:9/webhooks/ours", "X-Webhook-Token", "s3cr3t-" * 4)
        theirs = Webhook("http://127.0.0.1:9/webhooks/theirs", "X-Webhook-Token", "another-" * 4)
        told = trial.account(lambda _, content: said.append(content))
        for each in (account, told, trial.account()):
            subscriber = cast(Subscriber, each)
            subscriber.subscribe(reference, ours)
            subscriber.subscribe(reference, theirs)
            subscriber.subscribe(other, ours)
        assert sorted(trial.world.webhooks(reference)) == sorted([ours, theirs])
        renewed = replace(ours, secret="renewed-" * 4)
        cast(Subscriber, told).subscribe(reference, renewed)
        assert sorted(trial.world.webhooks(reference)) == sorted([renewed, theirs])
        for _ in range(2):
            cast(Subscriber, told).unsubscribe(reference, renewed)
        assert trial.world.webhooks(reference) == [theirs]
        assert trial.world.webhooks(other) == [ours]
        assert ours.secret.encode() not in b"".join(said)
        assert ours.secret not in repr(ours)

    @pytest.mark.parametrize("kind", ["cut_before", "timeout_after", "cut_response"])
    def test_registering_a_webhook_that_goes_wrong_registers_one(
        self, trial: Trial, kind: Trouble
    ) -> None:
        if not trial.world.vendor.capabilities.subscribe:
            raise CannotHappenError
        hook = Webhook("http://127.0.0.1:9/webhooks/ours", "X-Webhook-Token", "s3cr3t-" * 4)
        account, reference, _ = trial.opened(1)
        with trial.world.trouble(kind):
            error = failure(lambda: cast(Subscriber, account).subscribe(reference, hook))
        assert hook.secret not in str(error)
        trial.world.pass_time()
        cast(Subscriber, trial.account()).subscribe(reference, hook)
        assert trial.world.webhooks(reference) == [hook]

    def test_it_is_a_frozen_dataclass_whose_abilities_follow_from_its_options(
        self, trial: Trial
    ) -> None:
        vendor = trial.world.vendor
        assert dataclasses.is_dataclass(vendor)
        assert vendor.__dataclass_params__.frozen
        assert dataclasses.replace(vendor) == vendor
        assert dataclasses.replace(vendor).capabilities == vendor.capabilities
        assert vendor.capabilities.max_tasks >= 1

    def test_connecting_speaks_with_nobody(self, trial: Trial) -> None:
        before = trial.world.count_writes()
        with trial.world.trouble("down", writes=False, times=1000):
            trial.account()
        assert trial.world.count_writes() == before
