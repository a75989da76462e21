"""The report runs and loads nothing, and nothing is written through a link that a clone brought."""

import hashlib
import re
from base64 import b64decode
from pathlib import Path

import pytest
from support import labelloop

from tasks.domain.errors import CampaignError
from tasks.exporting import destination


def test_the_reports_policy_allows_its_own_styles_alone(finished: Path) -> None:
    page = (finished / "report.html").read_text()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = hashlib.sha256(style.encode()).digest()
    assert b64decode(rules["style-src-elem"].removeprefix("'sha256-").removesuffix("'")) == digest
    assert rules["default-src"] == rules["script-src"] == rules["connect-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert page.index("Content-Security-Policy") < page.index("<style>") < page.index("<body>")


def test_a_report_that_is_a_link_is_refused(campaign: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    (campaign / "report.html").unlink(missing_ok=True)
    (campaign / "report.html").symlink_to(target)
    done = labelloop("-C", campaign, "report")
    assert done.code == 2
    assert "report.html: is a symbolic link" in done.err + done.out
    assert target.read_text() == "mine"
    assert (campaign / "report.html").is_symlink()


@pytest.mark.parametrize("force", [True, False])
def test_an_export_goes_through_no_link(force: bool, campaign: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    target = outside / "target.csv"
    target.write_text("mine")
    (campaign / "exports").symlink_to(outside)
    (tmp_path / "link.csv").symlink_to(target)
    (tmp_path / "nowhere.csv").symlink_to(tmp_path / "not-there.csv")
    for place in (
        campaign / "exports" / "labels.csv",
        campaign / "exports" / "target.csv",
        tmp_path / "link.csv",
        tmp_path / "nowhere.csv",
    ):
        with pytest.raises(CampaignError, match="is a symbolic link"):
            destination.refuse(place, (".csv",), campaign.resolve(), force=force)


def test_a_users_own_links_outside_the_campaign_are_the_users(
    campaign: Path, tmp_path: Path
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "short").symlink_to(tmp_path / "real")
    destination.refuse(
        tmp_path / "short" / "labels.csv", (".csv",), campaign.resolve(), force=False
    )
