"""The laws of every vendor, for Ground Truth."""

import pytest
from labelloop_contracts.vendor import VendorLaws
from vendors.ground_truth_world import GroundTruthWorld

from tasks.objects import client, patience
from tasks.objects import s3 as s3_module
from tasks.vendors._ground_truth import jobs as jobs_module


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(client, "READ_SECONDS", 2.0)
    monkeypatch.setattr(patience, "LONGEST", 0.0)
    monkeypatch.setattr(s3_module, "READS", 2)
    monkeypatch.setattr(jobs_module, "READS", 2)


def _world(where, s3, tmp_path, monkeypatch):
    world = GroundTruthWorld(s3, tmp_path, monkeypatch.setenv, where)
    yield world
    world.end()


class TestGroundTruth(VendorLaws):
    @pytest.fixture
    def world(self, s3, tmp_path, monkeypatch):
        yield from _world("both", s3, tmp_path, monkeypatch)
