"""Whatever a stranger's campaign may not bring is listed as a whole, and then nothing is read."""

from pathlib import Path

import pytest
from security.openings import clone

from flows.commands.trust import trust
from tasks import campaign as at
from tasks import checks
from tasks.audit.verify import audit
from tasks.domain.errors import CampaignError
from tasks.versions import git

REFUSED = {
    ".git/config": "'core.pager'",
    at.REPORT: "is a symbolic link",
    ".dvc/config": "configpath",
    "suites/pool.json": "'expect_nothing'",
    at.PARAMS: "is not YAML",
}


@pytest.fixture
def stranger(finished: Path, tmp_path: Path) -> Path:
    root = clone(finished, tmp_path)
    (root / at.REPORT).symlink_to(tmp_path / "elsewhere.html")
    (root / ".dvc" / "config").write_text("['remote \"storage\"']\n    configpath = aws.config\n")
    (root / "suites" / "pool.json").write_text('{"expectations": [{"type": "expect_nothing"}]}')
    (root / at.PARAMS).write_text("{")
    git.run(root, "config", "core.pager", "touch pager")
    return root


@pytest.mark.integration
def test_the_audit_lists_it_all(stranger: Path) -> None:
    report = audit(stranger)
    found = {problem.where.split(",")[0].split(" ")[0]: problem for problem in report.problems}
    for name, words in REFUSED.items():
        assert found[name].kind == "refused"
        assert words in f"{found[name].where} {found[name].what}"
    assert report.unchecked == ("everything else: first, what is refused must be gone",)


@pytest.mark.integration
def test_check_lists_what_hinders_it(stranger: Path) -> None:
    said = [found.said for found in checks.check(stranger)]
    assert [line.partition(":")[0] for line in said] == [at.REPORT, ".git/config"]


def test_other_commands_name_the_first(stranger: Path) -> None:
    with pytest.raises(CampaignError, match=r"report\.html: .*audit` lists 1 more"):
        at.find(stranger)


def test_settings_of_git_are_ones_own_to_allow(finished: Path, tmp_path: Path) -> None:
    root = clone(finished, tmp_path)
    git.run(root, "config", "core.pager", "less")
    with pytest.raises(CampaignError, match=r"core\.pager"):
        trust(root, (), lambda question: False)
    assert trust(root, (), lambda question: True)["own"]
    assert at.find(root).is_own
