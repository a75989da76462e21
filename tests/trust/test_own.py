"""A campaign that was made here is one's own; a clone of it is a stranger's until it is taken."""

import shutil
from pathlib import Path

from support import in_process

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.trust import own
from tasks.versions import git


def test_what_was_made_here_is_ones_own(campaign: Path) -> None:
    assert Campaign(campaign).is_own


def test_a_clone_is_a_strangers_until_it_is_taken(campaign: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git.run(tmp_path, "clone", "--quiet", str(campaign), str(clone))
    assert not Campaign(clone).is_own
    own.take(clone / at.PRIVATE)
    assert Campaign(clone).is_own


def test_a_token_of_the_authors_own_making_is_worth_nothing(campaign: Path) -> None:
    (campaign / at.PRIVATE / own.TOKEN).write_text("0" * own.LONGEST)
    assert not Campaign(campaign).is_own


def test_a_token_is_worth_nothing_on_another_machine(campaign: Path, tmp_path: Path) -> None:
    def elsewhere() -> None:
        assert not Campaign(campaign).is_own

    assert in_process(elsewhere, LABELLOOP_STATE=str(tmp_path / "other")) == 0


def test_a_link_to_the_token_of_another_campaign_is_not_followed(
    campaign: Path, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger" / at.PRIVATE
    stranger.mkdir(parents=True)
    (stranger / own.TOKEN).symlink_to(campaign / at.PRIVATE / own.TOKEN)
    assert not own.is_own(stranger)
    shutil.rmtree(stranger)
    stranger.symlink_to(campaign / at.PRIVATE)
    assert not own.is_own(stranger)
