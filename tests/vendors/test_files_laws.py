"""The laws of every vendor, for people with a spreadsheet."""

import pytest
from labelloop_contracts.vendor import VendorLaws
from vendors.files_world import FilesWorld


class TestFiles(VendorLaws):
    @pytest.fixture
    def world(self, tmp_path):
        return FilesWorld(tmp_path)
