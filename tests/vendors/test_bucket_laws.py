"""The laws of vendors, for a partner with a bucket."""

import pytest
from labelloop_contracts.vendor import VendorLaws
from vendors.bucket_world import FolderWorld, PlainWorld, S3World


class TestFolder(VendorLaws):
    @pytest.fixture
    def world(self, tmp_path):
        return FolderWorld(tmp_path)


class TestPlainFolder(VendorLaws):
    @pytest.fixture
    def world(self, tmp_path):
        return PlainWorld(tmp_path)


@pytest.mark.integration
class TestS3(VendorLaws):
    @pytest.fixture
    def world(self, tmp_path, s3, s3_bucket, monkeypatch):
        world = S3World(tmp_path, s3, s3_bucket, monkeypatch)
        yield world
        world.end()
