"""Personal access tokens, and every way in which a server cannot be spoken with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from faults import Proxy
from label_studio.label_studio_world import REFRESH, PersonalTokenWorld
from label_studio_server import LabelStudioServer
from labelloop_contracts.laws.wire import WireLaws
from labelloop_contracts.trial import Trial, deliver

from tasks.domain.errors import TransientError, VendorAuthError

LAWS = (
    WireLaws.test_credentials_that_end_can_be_replaced_at_any_time,
    WireLaws.test_a_short_lived_token_is_replaced_without_a_word,
)


@pytest.fixture
def world(server: LabelStudioServer, proxy: Proxy, home: Path) -> PersonalTokenWorld:
    return PersonalTokenWorld(server, proxy, home)


@pytest.fixture
def trial(world: PersonalTokenWorld) -> Iterator[Trial]:
    trial = Trial(world)
    yield trial
    world.renew()
    trial.end()


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_law_of_credentials(trial: Trial, law) -> None:
    law(None, trial)


def test_one_access_token_serves_many_calls(trial: Trial, world: PersonalTokenWorld) -> None:
    account, reference, _ = trial.opened(3)
    account.poll(reference)
    refreshed = [each for each in world.proxy.exchanges if each.path == REFRESH]
    assert len(refreshed) == 1
    assert len(world.proxy.exchanges) > 8


def test_an_access_token_that_ends_while_sending_sends_once(
    trial: Trial, world: PersonalTokenWorld
) -> None:
    account, reference, _ = trial.opened(1)
    world.expire_token()
    deliver(account, reference, trial.tasks(3), 3)
    assert world.count_tasks(reference) == 3


@pytest.mark.parametrize("token", ["wrong", "a.b.c"])
def test_a_wrong_token_is_named_by_its_variable_and_never_told(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_TOKEN", token)
    with pytest.raises(VendorAuthError, match="token") as caught:
        trial.account().preflight()
    assert "\n" not in str(caught.value)
    assert token not in str(caught.value)


def test_a_missing_token_says_what_to_export(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABEL_STUDIO_TOKEN")
    with pytest.raises(VendorAuthError, match="export LABEL_STUDIO_TOKEN"):
        trial.account().preflight()


def test_nobody_who_answers_is_said_so(trial: Trial) -> None:
    with trial.world.trouble("down"), pytest.raises(TransientError, match="nobody answers"):
        trial.account().preflight()
