"""The laws of `tasks.domain.ports.Account` and `tasks.domain.ports.Vendor`.

Who brings a vendor subclasses `VendorLaws` in a test module and gives it a world::

    from labelloop_contracts.vendor import VendorLaws
    from labelloop_contracts.world import World

    class TestMyVendor(VendorLaws):
        @pytest.fixture
        def world(self, tmp_path):
            return MyWorld(tmp_path)

A law whose world says `CannotHappenError` fails, unless `World.exempt` has it with a reason. Then
it is run all the same, is reported as expected to fail with that reason, and fails if the thing
can happen after all: an exemption cannot outlive its reason.
"""

from collections.abc import Iterator

import pytest

from labelloop_contracts.laws.abilities import AbilityLaws
from labelloop_contracts.laws.answers import AnswerLaws
from labelloop_contracts.laws.disorder import DisorderLaws
from labelloop_contracts.laws.ending import EndingLaws
from labelloop_contracts.laws.privacy import PrivacyLaws
from labelloop_contracts.laws.processes import ProcessLaws
from labelloop_contracts.laws.reading import ReadingLaws
from labelloop_contracts.laws.sending import SendingLaws
from labelloop_contracts.laws.wire import WireLaws
from labelloop_contracts.trial import Trial
from labelloop_contracts.world import CannotHappenError, World


class VendorLaws(
    SendingLaws,
    ProcessLaws,
    ReadingLaws,
    AnswerLaws,
    DisorderLaws,
    EndingLaws,
    AbilityLaws,
    PrivacyLaws,
    WireLaws,
):
    """All laws; a subclass gives the fixture `world`."""

    @pytest.fixture
    def world(self) -> World:
        """Give a world with an empty account."""
        raise NotImplementedError("give a fixture named world")

    @pytest.fixture
    def trial(self, world: World, request: pytest.FixtureRequest) -> Iterator[Trial]:
        """Give what laws work with; note the exemption, if there is one."""
        if reason := exemption(world, request.node.name):
            mark = pytest.mark.xfail(raises=CannotHappenError, strict=True, reason=reason)
            request.applymarker(mark)
        trial = Trial(world)
        yield trial
        trial.end()

    def test_every_exemption_names_a_law_and_has_a_reason(self, world: World) -> None:
        laws = {name.removeprefix("test_") for name in dir(type(self)) if name.startswith("test_")}
        assert {name.partition("[")[0] for name in world.exempt} <= laws
        assert all(world.exempt.values())


def exemption(world: World, test: str) -> str | None:
    """Say why a law need not hold; its name may end with one parameter in brackets."""
    name = test.removeprefix("test_")
    return world.exempt.get(name) or world.exempt.get(name.partition("[")[0])
