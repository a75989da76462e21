"""The laws of vendors, against a real Label Studio."""

from pathlib import Path

import pytest
from faults import Proxy
from label_studio.label_studio_world import LabelStudioWorld
from label_studio_server import LabelStudioServer
from labelloop_contracts.vendor import VendorLaws
from labelloop_contracts.world import World


class TestLabelStudioLaws(VendorLaws):
    @pytest.fixture
    def world(self, server: LabelStudioServer, proxy: Proxy, home: Path) -> World:
        return LabelStudioWorld(server, proxy, home)
