"""Laws of abilities: what a vendor says that it can do, it can, and nothing else."""

import dataclasses
from typing import Any

import pytest

from labelloop_contracts.trial import Trial
from tasks.domain.errors import CapabilityMissingError
from tasks.domain.outgoing import Decision


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
