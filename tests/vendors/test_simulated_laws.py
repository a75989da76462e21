import pytest
from labelloop_contracts.vendor import VendorLaws
from vendors.simulated_world import SimulatedWorld


class TestSimulated(VendorLaws):
    @pytest.fixture
    def world(self, tmp_path):
        return SimulatedWorld(tmp_path)


class TestSimulatedAndShuffled(VendorLaws):
    @pytest.fixture
    def world(self, tmp_path):
        return SimulatedWorld(tmp_path, shuffle=True, store=str(tmp_path / "shared.sqlite"))
